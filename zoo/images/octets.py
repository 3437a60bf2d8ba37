"""The bytes of files, read by whole vectors, so that all of it is a graph."""

import tensorflow as tf

MOST_PIXELS = 64_000_000
"""Larger pictures are refused, since decoding them takes gigabytes."""

MOST_FRAMES = 1_000
"""Of a clip; longer ones are refused."""

MOST_SEGMENTS = 1_000
"""Parts of a file that are searched: one of millions of tiny ones should not hold up anybody."""


def checked(condition, message: str):
    """Returns a context whose operations fail unless all of the condition holds."""
    return tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(condition), [message])])


def area(size):
    """Returns how many pixels a size, (height, width), makes."""
    return tf.reduce_prod(tf.cast(size, tf.int64))


def byte_count(encoded):
    """Returns how many bytes there are, int64."""
    return tf.cast(tf.strings.length(encoded), tf.int64)


def part(encoded, start, count):
    """Returns at most `count` bytes, fewer at the end and none beyond it."""
    start = tf.minimum(tf.cast(start, tf.int64), byte_count(encoded))
    return tf.strings.substr(encoded, start, tf.cast(count, tf.int64))


def octets(encoded, start, count: int):
    """Returns bytes as int64 (count,); beyond the end stand zeros."""
    padded = tf.strings.join([part(encoded, start, count), b"\0" * count])
    values = tf.io.decode_raw(tf.strings.substr(padded, 0, count), tf.uint8)
    return tf.cast(tf.ensure_shape(values, [count]), tf.int64)


def number(encoded, start, count: int, big_endian=False):
    """Returns the unsigned number in `count` bytes."""
    return combined(octets(encoded, start, count), big_endian)


def combined(values, big_endian=False):
    """Returns the numbers that bytes (..., count) make up."""
    values = tf.cast(values, tf.int64)
    values = choose(big_endian, tf.reverse(values, [-1]), values)
    weights = tf.constant([1, 2**8, 2**16, 2**24], tf.int64)[: tf.shape(values)[-1]]
    return tf.reduce_sum(values * weights, axis=-1)


def choose(condition, first, second):
    """Returns one of two numbers, int64."""
    return tf.where(condition, tf.cast(first, tf.int64), tf.cast(second, tf.int64))


def opaque(rgb):
    """Adds full opacity to colours (..., 3)."""
    return tf.concat(
        [rgb, tf.fill(tf.concat([tf.shape(rgb)[:-1], [1]], axis=0), tf.constant(255, tf.uint8))], axis=-1
    )
