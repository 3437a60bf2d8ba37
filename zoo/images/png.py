"""PNG, whose missing opacity TensorFlow fills in with too small a number."""

import tensorflow as tf

from zoo.images.octets import choose, number, octets, opaque, part


def png_size(encoded):
    """Returns height and width, zeros where the header is damaged."""
    named = part(encoded, 12, 4) == b"IHDR"
    size = tf.stack([number(encoded, place, 4, big_endian=True) for place in (20, 16)])
    return choose(named, size, 0)


def decode_png(encoded):
    """Returns colours and opacity (height, width, 4); of an animation the picture for those who read none."""
    image = tf.io.decode_png(encoded, channels=4)
    # Where a file of 1, 2 or 4 bits a pixel has no opacity, TensorFlow fills in the largest number of as many
    # bits. Nothing else is everywhere as good as invisible.
    bits = tf.cast(octets(encoded, 24, 1)[0], tf.int32)
    filled = tf.cast(tf.bitwise.left_shift(1, tf.minimum(bits, 8)) - 1, tf.uint8)
    return tf.cond(
        (bits < 8) & tf.reduce_all(image[..., 3] == filled),
        lambda: opaque(image[..., :3]),
        lambda: image,
    )
