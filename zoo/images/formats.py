"""The formats of pictures that TensorFlow reads, and where it misreads them: JPEG, PNG, GIF and BMP.

Files are read by whole vectors of bytes, so that all of it is a graph, and no loop runs longer than a bound.
"""

from __future__ import annotations

import functools

import tensorflow as tf

MOST_PIXELS = 64_000_000
"""Larger pictures are refused, since decoding them takes gigabytes."""

COMPRESSED = "compressed BMP"
"""Part of the error's message if that is what the bytes are; such pictures are not decoded."""

_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM")
_KINDS = (0, 1, 2, 2, 3, 4)  # JPEG, PNG, GIF, BMP, none of them: the order of all branches
_NO_PICTURE = _KINDS[-1]
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # sizes there are; a text may begin with "BM", too


_in_graph = functools.partial(
    tf.function, autograph=False, input_signature=[tf.TensorSpec([], tf.string, name="encoded")]
)

# For use ----------------------------------------------------------------------------------------------------


@_in_graph
def header_size(encoded: tf.Tensor) -> tf.Tensor:
    """Reads a picture's size off its header; nothing is decoded.

    Args:
        encoded: bytes of a file, scalar.

    Returns:
        Height and width as stored, before any turning, int32 (2,).

    Raises:
        tf.errors.InvalidArgumentError: the bytes are no picture.
    """
    size = _by_kind(encoded, _jpeg_size, _png_size, _gif_size, _bmp_size, lambda _: tf.zeros([2], tf.int64))
    with _checked((size > 0) & (size < 2**31), "no picture"):
        return tf.cast(size, tf.int32)


@_in_graph
def is_picture(encoded: tf.Tensor) -> tf.Tensor:
    """Returns whether bytes begin as those of a picture do, bool scalar; it may be damaged all the same."""
    return _kind(encoded) < _NO_PICTURE


@_in_graph
def decode(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a picture; of an animated one the first frame.

    16 bits are cut to 8. The orientation that cameras note in a JPEG is applied. CMYK becomes RGB by plain
    arithmetic, without a colour profile.

    Args:
        encoded: bytes of a JPEG, PNG, GIF or BMP file, scalar.

    Returns:
        Red, green, blue and opacity, uint8 (height, width, 4).

    Raises:
        tf.errors.InvalidArgumentError: the bytes are no picture, are cut off or damaged, or have more than
            `MOST_PIXELS` by their header.
    """
    with _checked(_pixels(header_size(encoded)) <= MOST_PIXELS, "too many pixels"):
        encoded = tf.identity(encoded)
    image = _by_kind(
        encoded, lambda jpeg: _opaque(_decode_jpeg(jpeg)), _decode_png, _decode_gif, _decode_bmp, _no_image
    )
    return tf.ensure_shape(image, [None, None, 4])


# Bytes ------------------------------------------------------------------------------------------------------


def _kind(encoded):
    starts = [_part(encoded, 0, len(magic)) == magic for magic in _MAGIC]
    starts[-1] &= tf.reduce_any(_number(encoded, 14, 4) == _BMP_HEADERS)
    return tf.gather(_KINDS, tf.argmax(tf.stack([*starts, True])))


def _by_kind(encoded, *branches):
    """Calls that one of the functions for JPEG, PNG, GIF, BMP and none of them which fits the bytes."""
    return tf.switch_case(_kind(encoded), [functools.partial(branch, encoded) for branch in branches])


def _checked(condition, message: str):
    """Returns a context whose operations fail unless all of the condition holds."""
    return tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(condition), [message])])


def _pixels(size):
    return tf.reduce_prod(tf.cast(size, tf.int64))


def _length(encoded):
    return tf.cast(tf.strings.length(encoded), tf.int64)


def _part(encoded, start, count):
    """Returns at most `count` bytes, fewer at the end and none beyond it."""
    start = tf.minimum(tf.cast(start, tf.int64), _length(encoded))
    return tf.strings.substr(encoded, start, tf.cast(count, tf.int64))


def _bytes(encoded, start, count: int):
    """Returns bytes as int64 (count,); beyond the end stand zeros."""
    padded = tf.strings.join([_part(encoded, start, count), b"\0" * count])
    values = tf.io.decode_raw(tf.strings.substr(padded, 0, count), tf.uint8)
    return tf.cast(tf.ensure_shape(values, [count]), tf.int64)


def _number(encoded, start, count: int, big_endian=False):
    """Returns the unsigned number in `count` bytes."""
    return _combined(_bytes(encoded, start, count), big_endian)


def _combined(values, big_endian=False):
    """Returns the numbers that bytes (..., count) make up."""
    values = tf.cast(values, tf.int64)
    values = _choose(big_endian, tf.reverse(values, [-1]), values)
    weights = tf.constant([1, 2**8, 2**16, 2**24], tf.int64)[: tf.shape(values)[-1]]
    return tf.reduce_sum(values * weights, axis=-1)


def _choose(condition, first, second):
    return tf.where(condition, tf.cast(first, tf.int64), tf.cast(second, tf.int64))


def _opaque(rgb):
    return tf.pad(rgb, [[0, 0], [0, 0], [0, 1]], constant_values=255)


def _no_image(_):
    with _checked(False, "no picture"):
        return tf.zeros([0, 0, 4], tf.uint8)


# JPEG -------------------------------------------------------------------------------------------------------

_SEGMENTS = 1_000  # most that are searched: a file of millions of tiny ones should not hold up anybody


def _jpeg_size(encoded):
    # Unlike TensorFlow's own, this says nothing on the console if the file is cut off.
    frame, _, _ = _jpeg_segments(encoded)
    size = tf.reshape(_bytes(encoded, frame + 5, 4), [2, 2])
    return _choose(frame > 0, _combined(size, big_endian=True), 0)


def _decode_jpeg(encoded):
    _, exif, scan = _jpeg_segments(encoded)
    coded = tf.io.decode_raw(_part(encoded, scan, _length(encoded)), tf.uint8)
    # The decoder finds this out, too, but speaks of it on the console.
    with _checked(tf.reduce_any((coded[:-1] == 0xFF) & (coded[1:] == 0xD9)), "cut off"):
        encoded = tf.identity(encoded)
    # The fast transform, TensorFlow's default, is several levels off.
    image = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    length = _choose(exif > 0, _number(encoded, exif + 2, 2, big_endian=True) - 8, 0)
    orientation = _orientation(_part(encoded, exif + 10, tf.maximum(length, 0)))
    across, down, aside = (
        tf.reduce_any(orientation == those) for those in ((2, 3, 6, 7), (3, 4, 7, 8), (5, 6, 7, 8))
    )
    image = tf.cond(aside, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    return tf.cond(
        across | down, lambda: tf.reverse(image, tf.boolean_mask([0, 1], [down, across])), lambda: image
    )


def _jpeg_segments(encoded):
    """Returns where the size, Exif data and the pixels begin, 0 where there are none."""

    def more(place, *_):
        first, marker = tf.unstack(_bytes(encoded, place, 2))
        # These have no length: the pixels follow, or the file is damaged.
        bare = (marker <= 1) | (marker >= 0xD0) & (marker <= 0xDA)
        return (first == 0xFF) & ~bare

    def step(place, frame, exif):
        head = _bytes(encoded, place, 10)
        marker = head[1]
        is_frame = (marker & 0xF0 == 0xC0) & tf.reduce_all(marker != (0xC4, 0xC8, 0xCC))
        is_exif = (marker == 0xE1) & tf.reduce_all(head[4:] == tuple(b"Exif\0\0")) & (exif == 0)
        # Any number of 0xFF may stand before a marker.
        length = _choose(marker == 0xFF, 1, 2 + _combined(head[2:4], big_endian=True))
        return place + length, _choose(is_frame, place, frame), _choose(is_exif, place, exif)

    start = [tf.constant(place, tf.int64) for place in (2, 0, 0)]
    place, frame, exif = tf.while_loop(more, step, start, maximum_iterations=_SEGMENTS)
    complete = _part(encoded, place, 2) == b"\xff\xda"
    return _choose(complete, frame, 0), exif, _choose(complete, place, 0)


def _orientation(exif):
    """Returns the orientation, 1 to 8, that Exif data in TIFF's format give; 1 where they give none."""
    start = _part(exif, 0, 4)
    big_endian = start == b"MM\0*"
    directory = _number(exif, 4, 4, big_endian)
    count = _number(exif, directory, 2, big_endian)
    entries = tf.io.decode_raw(_part(exif, directory + 2, count * 12), tf.uint8)
    entries = tf.reshape(entries[: tf.size(entries) // 12 * 12], [-1, 12])
    tag, kind, short, long = (
        _combined(entries[:, first:last], big_endian) for first, last in ((0, 2), (2, 4), (8, 10), (8, 12))
    )
    value = tf.boolean_mask(_choose(kind == 4, long, short), tag == 0x0112)
    value = tf.concat([value, [1]], axis=0)[0]
    sound = (big_endian | (start == b"II*\0")) & (value >= 1) & (value <= 8)
    return _choose(sound, value, 1)


# PNG --------------------------------------------------------------------------------------------------------


def _png_size(encoded):
    named = _part(encoded, 12, 4) == b"IHDR"
    size = tf.stack([_number(encoded, place, 4, big_endian=True) for place in (20, 16)])
    return _choose(named, size, 0)


def _decode_png(encoded):
    image = tf.io.decode_png(encoded, channels=4)
    # Where a file of 1, 2 or 4 bits a pixel has no opacity, TensorFlow fills in the largest number of as many
    # bits. Nothing else is everywhere as good as invisible.
    bits = tf.cast(_bytes(encoded, 24, 1)[0], tf.int32)
    filled = tf.cast(tf.bitwise.left_shift(1, tf.minimum(bits, 8)) - 1, tf.uint8)
    return tf.cond(
        (bits < 8) & tf.reduce_all(image[..., 3] == filled),
        lambda: _opaque(image[..., :3]),
        lambda: image,
    )


# GIF --------------------------------------------------------------------------------------------------------

_BLOCKS = 10_000  # most that are searched, runs of equal length counting as one


def _gif_size(encoded):
    return tf.stack([_number(encoded, place, 2) for place in (8, 6)])


def _decode_gif(encoded):
    """Decodes the first frame, from a GIF that is made of nothing else.

    It holds the frame twice: first in white, which shows what is opaque, since TensorFlow leaves all else
    black; then in its colours. Where the pixels are cut off, the second one is missing.
    """
    place, control = _gif_image(encoded)
    head = _bytes(encoded, place, 10)
    common, own = _bytes(encoded, 10, 1)[0], head[9]  # of the tables of colours
    has_own = _table_size(own) > 0
    table, start = _choose(has_own, own, common), _choose(has_own, place + 10, 13)
    data = place + 10 + _table_size(own)
    end = _after_blocks(encoded, data + 1)
    sound = [head[0] == 0x2C, _table_size(table) > 0, end <= _length(encoded)]
    sound.append(_pixels(_combined(tf.reshape(head[5:9], [2, 2]))) <= MOST_PIXELS)

    colours = _part(encoded, start, _table_size(table))
    white = _part(b"\xff" * 768, 0, _table_size(table))
    flags = tf.gather(_GIF_FLAGS, (own & 0x40) // 8 + (table & 7))  # interlaced or not, size of the table
    # Transparency is noted before the image, and TensorFlow misplaces an image that is not in the corner.
    before = [
        _part(encoded, control, _choose(control > 0, 8, 0)),
        b",\0\0\0\0",
        _part(encoded, place + 5, 4),
        flags,
    ]
    pixels = _part(encoded, data, end - data)
    with _checked(sound, "no frame"):
        whole = tf.strings.join(
            [_part(encoded, 0, 10), b"\0\0\0", *before, white, pixels, *before, colours, pixels, b";"]
        )
    frames = tf.io.decode_gif(whole)
    with _checked(tf.shape(frames)[0] == 2, "damaged frame"):
        frame = tf.concat([frames[1], frames[0, :, :, :1]], axis=-1)
    size = _gif_size(encoded)
    corner = tf.minimum(_combined(tf.reshape(head[1:5], [2, 2]))[::-1], size)
    room = size - corner
    frame = frame[: room[0], : room[1]]
    after = room - tf.shape(frame, tf.int64)[:2]
    return tf.pad(frame, tf.concat([tf.stack([corner, after], axis=1), [[0, 0]]], axis=0))


_GIF_FLAGS = [bytes([0x80 | interlaced | size]) for interlaced in (0, 0x40) for size in range(8)]


def _table_size(flags):
    """Returns the bytes of a table of colours, 0 where there is none."""
    return _choose(flags & 0x80 > 0, 3 * tf.bitwise.left_shift(tf.constant(2, tf.int64), flags & 7), 0)


def _gif_image(encoded):
    """Returns where the first image begins, and where the control block before it does, if there is one."""

    def is_extension(place, _):
        return _bytes(encoded, place, 1)[0] == 0x21

    def skip(place, control):
        is_control = _part(encoded, place + 1, 2) == b"\xf9\4"
        return _after_blocks(encoded, place + 2), _choose(is_control, place, control)

    first = 13 + _table_size(_bytes(encoded, 10, 1)[0])
    return tf.while_loop(is_extension, skip, (first, tf.constant(0, tf.int64)), maximum_iterations=_SEGMENTS)


def _after_blocks(encoded, place):
    """Returns what follows a chain of blocks, each led by its length, the last one empty."""

    def more(place):
        return _bytes(encoded, place, 1)[0] > 0

    def skip(place):
        step = _bytes(encoded, place, 1)[0] + 1
        # Nearly all blocks are as long as the one before them: these are passed at once.
        ahead = tf.io.decode_raw(_part(encoded, place, 2**16), tf.uint8)
        alike = tf.cast(tf.cast(ahead[::step], tf.int64) + 1 == step, tf.int64)
        return place + tf.reduce_sum(tf.math.cumprod(alike)) * step

    (place,) = tf.while_loop(more, lambda place: (skip(place),), (place,), maximum_iterations=_BLOCKS)
    return _choose(more(place), _length(encoded), place) + 1


# BMP --------------------------------------------------------------------------------------------------------
# TensorFlow's own decoder knows neither tables of colours nor masks, and reads unused bytes as opacity.


def _bmp_size(encoded):
    height, width, _ = _bmp_shape(encoded)
    return tf.stack([height, width])


def _bmp_shape(encoded):
    """Returns height, width, and whether the top row comes first."""
    old = _number(encoded, 14, 4) == 12
    width, height = (
        _choose(old, _number(encoded, places[0], 2), _number(encoded, places[1], 4))
        for places in ((18, 18), (20, 22))
    )
    downwards = height >= 2**31
    return _choose(downwards, 2**32 - height, height), width, downwards


def _decode_bmp(encoded):
    height, width, downwards = _bmp_shape(encoded)
    start, header = _number(encoded, 10, 4), _number(encoded, 14, 4)
    bits = _choose(header == 12, _number(encoded, 24, 2), _number(encoded, 28, 2))
    compression = _choose(header == 12, 0, _number(encoded, 30, 4))
    plain, masked = compression == 0, (compression == 3) | (compression == 6)
    stride = (width * bits + 31) // 32 * 4
    known = plain & tf.reduce_any(bits == (1, 4, 8, 16, 24, 32)) | masked & tf.reduce_any(bits == (16, 32))
    with _checked(known, COMPRESSED), _checked(start + height * stride <= _length(encoded), "cut off"):
        rows = tf.io.decode_raw(_part(encoded, start, height * stride), tf.uint8)
    rows = tf.reshape(rows, [height, stride])
    rows = tf.cond(downwards, lambda: rows, lambda: tf.reverse(rows, [0]))

    def by_table():
        shifts = tf.cast(tf.range(8 - bits, -1, -bits), tf.uint8)
        numbers = tf.bitwise.right_shift(rows[..., None], shifts) & tf.cast(2**bits - 1, tf.uint8)
        numbers = tf.reshape(numbers, [height, -1])[:, :width]
        table = _part(encoded, 14 + header, tf.maximum(start - 14 - header, 0))
        table = _bytes(table, 0, 1024)[: _choose(header == 12, 768, 1024)]
        table = tf.cast(tf.reshape(table, [256, -1])[:, 2::-1], tf.uint8)
        return _opaque(tf.gather(table, tf.cast(numbers, tf.int32)))

    def pixels():
        return tf.reshape(rows[:, : width * bits // 8], [height, width, bits // 8])

    def by_mask():
        numbers = _combined(pixels())
        masks = tf.stack([_number(encoded, 54 + 4 * field, 4) for field in range(4)])
        # The opacity's mask came last to the format.
        masks *= tf.stack([1, 1, 1, _choose((header >= 56) | (compression == 6), 1, 0)])
        masks = _choose(plain, [0x7C00, 0x3E0, 0x1F, 0], masks)
        opaque = tf.stack([0.0, 0.0, 0.0, 255.0 * tf.cast(masks[3] == 0, tf.float64)])
        levels = tf.math.divide_no_nan(
            tf.cast(numbers[..., None] & masks, tf.float64), tf.cast(masks, tf.float64)
        )
        return tf.cast(tf.round(255 * levels + opaque), tf.uint8)

    way = _choose(bits <= 8, 0, _choose(plain & (bits >= 24), 1, 2))
    return tf.switch_case(tf.cast(way, tf.int32), [by_table, lambda: _opaque(pixels()[..., 2::-1]), by_mask])
