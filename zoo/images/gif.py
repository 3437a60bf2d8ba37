"""GIF: the first frame with its transparency, which TensorFlow paints black, and the frames of a clip."""

import tensorflow as tf

from zoo.images.octets import (
    MOST_FRAMES,
    MOST_PIXELS,
    MOST_SEGMENTS,
    area,
    byte_count,
    checked,
    choose,
    combined,
    number,
    octets,
    opaque,
    part,
)

_BLOCKS = 10_000  # most that are searched, runs of equal length counting as one


def gif_size(encoded):
    """Returns height and width of the canvas."""
    return tf.stack([number(encoded, place, 2) for place in (8, 6)])


def decode_gif(encoded):
    """Decodes the first frame, from a GIF that is made of nothing else.

    It holds the frame twice: first in white, which shows what is opaque, since TensorFlow leaves all else
    black; then in its colours. Where the pixels are cut off, the second one is missing.
    """
    place, control = _gif_image(encoded)
    head = octets(encoded, place, 10)
    common, own = octets(encoded, 10, 1)[0], head[9]  # of the tables of colours
    has_own = _table_size(own) > 0
    table, start = choose(has_own, own, common), choose(has_own, place + 10, 13)
    data = place + 10 + _table_size(own)
    end = _after_blocks(encoded, data + 1)
    sound = [head[0] == 0x2C, _table_size(table) > 0, end <= byte_count(encoded)]
    sound.append(area(combined(tf.reshape(head[5:9], [2, 2]))) <= MOST_PIXELS)

    colours = part(encoded, start, _table_size(table))
    white = part(b"\xff" * 768, 0, _table_size(table))
    flags = tf.gather(_GIF_FLAGS, (own & 0x40) // 8 + (table & 7))  # interlaced or not, size of the table
    # Transparency is noted before the image, and TensorFlow misplaces an image that is not in the corner.
    before = [
        part(encoded, control, choose(control > 0, 8, 0)),
        b",\0\0\0\0",
        part(encoded, place + 5, 4),
        flags,
    ]
    pixels = part(encoded, data, end - data)
    with checked(sound, "no frame"):
        whole = tf.strings.join(
            [part(encoded, 0, 10), b"\0\0\0", *before, white, pixels, *before, colours, pixels, b";"]
        )
    frames = tf.io.decode_gif(whole)
    with checked(tf.shape(frames)[0] == 2, "damaged frame"):
        frame = tf.concat([frames[1], frames[0, :, :, :1]], axis=-1)
    size = gif_size(encoded)
    corner = tf.minimum(combined(tf.reshape(head[1:5], [2, 2]))[::-1], size)
    room = size - corner
    frame = frame[: room[0], : room[1]]
    after = room - tf.shape(frame, tf.int64)[:2]
    return tf.pad(frame, tf.concat([tf.stack([corner, after], axis=1), [[0, 0]]], axis=0))


_GIF_FLAGS = [bytes([0x80 | interlaced | size]) for interlaced in (0, 0x40) for size in range(8)]


def _table_size(flags):
    """Returns the bytes of a table of colours, 0 where there is none."""
    return choose(flags & 0x80 > 0, 3 * tf.bitwise.left_shift(tf.constant(2, tf.int64), flags & 7), 0)


def gif_frames(encoded):
    """Returns how many frames there are; more than `MOST_FRAMES` if it cannot be told, or they are too large.

    A frame may be larger than the canvas, and each is decoded at its own size.
    """

    def goes_on(place, count, pixels, steps):
        first = octets(encoded, place, 1)[0]
        bounded = (count <= MOST_FRAMES) & (pixels <= MOST_PIXELS) & (steps < _BLOCKS)
        return ((first == 0x21) | (first == 0x2C)) & bounded

    def skip(place, count, pixels, steps):
        head = octets(encoded, place, 10)
        is_image = head[0] == 0x2C
        blocks = place + choose(is_image, 11 + _table_size(head[9]), 2)
        own = choose(is_image, area(combined(tf.reshape(head[5:9], [2, 2]))), 0)
        place, more = _chain(encoded, blocks)
        return place, count + choose(is_image, 1, 0), pixels + own, steps + more

    zero = tf.constant(0, tf.int64)
    start = 13 + _table_size(octets(encoded, 10, 1)[0]), zero, zero, zero
    state = tf.while_loop(goes_on, skip, start, maximum_iterations=4 * MOST_FRAMES)
    place, count, pixels, steps = state
    unknown = goes_on(place, zero, zero, zero) | (place > byte_count(encoded))
    return choose(unknown | (pixels > MOST_PIXELS) | (steps >= _BLOCKS), MOST_FRAMES + 1, count)


def decode_gif_clip(encoded):
    """Returns all frames, uint8 (time, height, width, 4), each drawn over the one before, the first on black.

    What a frame asks to be cleared behind it is left, which no operation of TensorFlow's does otherwise.
    """
    return opaque(tf.io.decode_gif(encoded))


def _gif_image(encoded):
    """Returns where the first image begins, and where the control block before it does, if there is one."""

    def is_extension(place, _):
        return octets(encoded, place, 1)[0] == 0x21

    def skip(place, control):
        is_control = part(encoded, place + 1, 2) == b"\xf9\4"
        return _after_blocks(encoded, place + 2), choose(is_control, place, control)

    first = 13 + _table_size(octets(encoded, 10, 1)[0])
    return tf.while_loop(
        is_extension, skip, (first, tf.constant(0, tf.int64)), maximum_iterations=MOST_SEGMENTS
    )


def _after_blocks(encoded, place):
    """Returns what follows a chain of blocks."""
    return _chain(encoded, place)[0]


def _chain(encoded, place):
    """Returns what follows a chain of blocks, each led by its length, the last one empty; and how many steps
    were taken to its end, which lies behind that of the file where there were too many.
    """

    def more(place, _):
        return octets(encoded, place, 1)[0] > 0

    def skip(place, steps):
        step = octets(encoded, place, 1)[0] + 1
        # Nearly all blocks are as long as the one before them: these are passed at once.
        ahead = tf.io.decode_raw(part(encoded, place, 2**16), tf.uint8)
        alike = tf.cast(tf.cast(ahead[::step], tf.int64) + 1 == step, tf.int64)
        return place + tf.reduce_sum(tf.math.cumprod(alike)) * step, steps + 1

    start = place, tf.constant(0, tf.int64)
    place, steps = tf.while_loop(more, skip, start, maximum_iterations=_BLOCKS)
    return choose(more(place, steps), byte_count(encoded), place) + 1, steps
