"""JPEG, which TensorFlow leaves as it lies: turned here as cameras note."""

import tensorflow as tf

from zoo.images.octets import MOST_SEGMENTS, byte_count, checked, choose, combined, number, octets, part


def jpeg_size(encoded):
    """Returns height and width as stored, zeros where the header is damaged."""
    # Unlike TensorFlow's own, this says nothing on the console if the file is cut off.
    frame, _, _ = _jpeg_segments(encoded)
    size = tf.reshape(octets(encoded, frame + 5, 4), [2, 2])
    return choose(frame > 0, combined(size, big_endian=True), 0)


def decode_jpeg(encoded):
    """Returns colours (height, width, 3), turned as the file says."""
    _, exif, scan = _jpeg_segments(encoded)
    coded = tf.io.decode_raw(part(encoded, scan, byte_count(encoded)), tf.uint8)
    # The decoder finds this out, too, but speaks of it on the console.
    with checked(tf.reduce_any((coded[:-1] == 0xFF) & (coded[1:] == 0xD9)), "cut off"):
        encoded = tf.identity(encoded)
    # The fast transform, TensorFlow's default, is several levels off.
    image = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    length = choose(exif > 0, number(encoded, exif + 2, 2, big_endian=True) - 8, 0)
    orientation = _orientation(part(encoded, exif + 10, tf.maximum(length, 0)))
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
        first, marker = tf.unstack(octets(encoded, place, 2))
        # These have no length: the pixels follow, or the file is damaged.
        bare = (marker <= 1) | (marker >= 0xD0) & (marker <= 0xDA)
        return (first == 0xFF) & ~bare

    def step(place, frame, exif):
        head = octets(encoded, place, 10)
        marker = head[1]
        is_frame = (marker & 0xF0 == 0xC0) & tf.reduce_all(marker != (0xC4, 0xC8, 0xCC))
        is_exif = (marker == 0xE1) & tf.reduce_all(head[4:] == tuple(b"Exif\0\0")) & (exif == 0)
        # Any number of 0xFF may stand before a marker.
        size = choose(marker == 0xFF, 1, 2 + combined(head[2:4], big_endian=True))
        return place + size, choose(is_frame, place, frame), choose(is_exif, place, exif)

    start = [tf.constant(place, tf.int64) for place in (2, 0, 0)]
    place, frame, exif = tf.while_loop(more, step, start, maximum_iterations=MOST_SEGMENTS)
    complete = part(encoded, place, 2) == b"\xff\xda"
    return choose(complete, frame, 0), exif, choose(complete, place, 0)


def _orientation(exif):
    """Returns the orientation, 1 to 8, that Exif data in TIFF's format give; 1 where they give none."""
    start = part(exif, 0, 4)
    big_endian = start == b"MM\0*"
    directory = number(exif, 4, 4, big_endian)
    count = number(exif, directory, 2, big_endian)
    entries = tf.io.decode_raw(part(exif, directory + 2, count * 12), tf.uint8)
    entries = tf.reshape(entries[: tf.size(entries) // 12 * 12], [-1, 12])
    tag, kind, short, long = (
        combined(entries[:, first:last], big_endian) for first, last in ((0, 2), (2, 4), (8, 10), (8, 12))
    )
    value = tf.boolean_mask(choose(kind == 4, long, short), tag == 0x0112)
    value = tf.concat([value, [1]], axis=0)[0]
    sound = (big_endian | (start == b"II*\0")) & (value >= 1) & (value <= 8)
    return choose(sound, value, 1)
