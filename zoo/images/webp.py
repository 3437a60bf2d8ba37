"""WebP, stills and animations."""

import functools

import tensorflow as tf

from zoo.images.octets import MOST_FRAMES, byte_count, choose, number, octets, opaque, part

_LOSSY, _LOSSLESS, _EXTENDED = b"VP8 ", b"VP8L", b"VP8X"
_HAS_OPACITY = 0x10  # of the flags of either header
_OCTETS = [bytes([value]) for value in range(256)]


def webp_size(encoded):
    """Returns height and width of the canvas, zeros where the header is damaged."""
    first = part(encoded, 12, 4)
    extended = tf.stack([number(encoded, place, 3) + 1 for place in (27, 24)])
    lossy = tf.stack([number(encoded, place, 2) & 0x3FFF for place in (28, 26)])
    both = number(encoded, 21, 4)  # 14 bits of each
    lossless = tf.stack([tf.bitwise.right_shift(both, 14), both]) & 0x3FFF
    size = choose(first == _LOSSY, lossy, choose(first == _LOSSLESS, lossless + 1, 0))
    return choose(first == _EXTENDED, extended, size)


def webp_frames(encoded):
    """Returns how many frames there are, 1 of a still; more than `MOST_FRAMES` where it cannot be told."""

    def goes_on(place, count):
        return (place < byte_count(encoded)) & (count <= MOST_FRAMES)

    def skip(place, count):
        is_frame = part(encoded, place, 4) == b"ANMF"
        # What a frame holds is looked into too: the decoder finds frames there.
        size = choose(is_frame, 16, number(encoded, place + 4, 4))
        return place + 8 + size + size % 2, count + choose(is_frame, 1, 0)

    start = tf.constant(12, tf.int64), tf.constant(0, tf.int64)
    place, count = tf.while_loop(goes_on, skip, start, maximum_iterations=4 * MOST_FRAMES)
    return choose(goes_on(place, 0), MOST_FRAMES + 1, tf.maximum(count, 1))


def decode_webp(encoded):
    """Returns a picture, or the first frame, uint8 (height, width, 4)."""
    read = functools.partial(tf.io.decode_image, expand_animations=False)
    return tf.ensure_shape(_by_opacity(encoded, read), [None, None, 4])


def decode_webp_clip(encoded):
    """Returns all frames, uint8 (time, height, width, 4); a still has one."""
    return tf.ensure_shape(_by_opacity(encoded, tf.io.decode_webp), [None, None, None, 4])


def _by_opacity(encoded, read):
    """Reads four channels, or three where there is no opacity.

    TensorFlow 2.21 writes opacity beyond the end of its memory where an animation's header promises none: it
    is told that there is some.
    """
    flags = tf.cast(octets(encoded, 20, 1)[0] | _HAS_OPACITY, tf.int32)
    rest = part(encoded, 21, byte_count(encoded))
    flagged = tf.strings.join([part(encoded, 0, 20), tf.gather(_OCTETS, flags), rest])
    first = part(encoded, 12, 4)
    has_opacity = (first == _LOSSLESS) & (octets(encoded, 24, 1)[0] & _HAS_OPACITY > 0)
    return tf.case(
        [
            (first == _EXTENDED, lambda: read(flagged, channels=4)),
            (has_opacity, lambda: read(encoded, channels=4)),
        ],
        default=lambda: opaque(read(encoded, channels=3)),
    )
