"""BMP, of which TensorFlow knows neither tables of colours nor masks, and reads unused bytes as opacity."""

import tensorflow as tf

from zoo.images.octets import byte_count, checked, choose, combined, number, octets, opaque, part

COMPRESSED = "compressed BMP"
"""Part of the error's message if that is what the bytes are; such pictures are not decoded."""


def bmp_size(encoded):
    """Returns height and width."""
    height, width, _ = _bmp_shape(encoded)
    return tf.stack([height, width])


def _bmp_shape(encoded):
    """Returns height, width, and whether the top row comes first."""
    old = number(encoded, 14, 4) == 12
    width, height = (
        choose(old, number(encoded, places[0], 2), number(encoded, places[1], 4))
        for places in ((18, 18), (20, 22))
    )
    downwards = height >= 2**31
    return choose(downwards, 2**32 - height, height), width, downwards


def decode_bmp(encoded):
    """Returns colours and opacity (height, width, 4)."""
    height, width, downwards = _bmp_shape(encoded)
    start, header = number(encoded, 10, 4), number(encoded, 14, 4)
    bits = choose(header == 12, number(encoded, 24, 2), number(encoded, 28, 2))
    compression = choose(header == 12, 0, number(encoded, 30, 4))
    plain, masked = compression == 0, (compression == 3) | (compression == 6)
    stride = (width * bits + 31) // 32 * 4
    known = plain & tf.reduce_any(bits == (1, 4, 8, 16, 24, 32)) | masked & tf.reduce_any(bits == (16, 32))
    with checked(known, COMPRESSED), checked(start + height * stride <= byte_count(encoded), "cut off"):
        rows = tf.io.decode_raw(part(encoded, start, height * stride), tf.uint8)
    rows = tf.reshape(rows, [height, stride])
    rows = tf.cond(downwards, lambda: rows, lambda: tf.reverse(rows, [0]))

    def by_table():
        shifts = tf.cast(tf.range(8 - bits, -1, -bits), tf.uint8)
        numbers = tf.bitwise.right_shift(rows[..., None], shifts) & tf.cast(2**bits - 1, tf.uint8)
        numbers = tf.reshape(numbers, [height, -1])[:, :width]
        table = part(encoded, 14 + header, tf.maximum(start - 14 - header, 0))
        table = octets(table, 0, 1024)[: choose(header == 12, 768, 1024)]
        table = tf.cast(tf.reshape(table, [256, -1])[:, 2::-1], tf.uint8)
        return opaque(tf.gather(table, tf.cast(numbers, tf.int32)))

    def pixels():
        return tf.reshape(rows[:, : width * bits // 8], [height, width, bits // 8])

    def by_mask():
        numbers = combined(pixels())
        masks = tf.stack([number(encoded, 54 + 4 * field, 4) for field in range(4)])
        # The opacity's mask came last to the format.
        masks *= tf.stack([1, 1, 1, choose((header >= 56) | (compression == 6), 1, 0)])
        masks = choose(plain, [0x7C00, 0x3E0, 0x1F, 0], masks)
        opaque = tf.stack([0.0, 0.0, 0.0, 255.0 * tf.cast(masks[3] == 0, tf.float64)])
        levels = tf.math.divide_no_nan(
            tf.cast(numbers[..., None] & masks, tf.float64), tf.cast(masks, tf.float64)
        )
        return tf.cast(tf.round(255 * levels + opaque), tf.uint8)

    way = choose(bits <= 8, 0, choose(plain & (bits >= 24), 1, 2))
    return tf.switch_case(tf.cast(way, tf.int32), [by_table, lambda: opaque(pixels()[..., 2::-1]), by_mask])
