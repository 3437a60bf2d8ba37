"""Pictures of a line of text, as columns from left to right."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from zoo.images.formats import decode
from zoo.images.pixels import on_background


class Lines(NamedTuple):
    """What pictures hold.

    Attributes:
        frames: columns, float32 ragged (batch, width, height): ink, in standard deviations of the picture,
            0 being paper.
        widths: pixels of the picture itself that a column is wide, (batch,).
        valid: bool (batch,), whether a picture could be decoded; of others there are no columns.
        truncated: bool (batch,), whether there was more to the right.
    """

    frames: tf.RaggedTensor
    widths: tf.Tensor
    valid: tf.Tensor
    truncated: tf.Tensor


def read_lines(encoded: tf.Tensor, height: int, most: int) -> Lines:
    """Decodes pictures, makes them grey and of one height, and tells ink from paper.

    Paper is what most of a picture is; ink may be darker or lighter.

    Args:
        encoded: bytes of files, (batch,).
        height: rows of the result.
        most: columns that are read.
    """
    return Lines(*_reader(height, most)(encoded))


@functools.cache
def _reader(height: int, most: int) -> Callable[[tf.Tensor], tuple[tf.Tensor, ...]]:
    """Returns what reads files, traced once: file by file in Python it takes a hundred times as long."""

    def read(number: tf.Tensor, file: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return number, *_columns(decode(file), height, most)

    def all_of(encoded: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # A dataset is the one construct that goes on after an error; one for each file would take longer than
        # the reading does. In the place of what is missing stands a row more, of nothing.
        count = tf.size(encoded)
        files = tf.data.Dataset.from_tensor_slices((tf.range(count), encoded))
        found = files.map(tf.autograph.experimental.do_not_convert(read)).ignore_errors()
        none = (count, tf.zeros([0, height]), tf.constant(1.0), tf.constant(False))
        all_found = found.concatenate(tf.data.Dataset.from_tensors(none))
        numbers, *values = all_found.ragged_batch(tf.cast(count, tf.int64) + 1).get_single_element()
        last = tf.size(numbers) - 1
        places = tf.tensor_scatter_nd_update(tf.fill([count + 1], last), numbers[:, None], tf.range(last + 1))
        columns, pixels, truncated = (tf.gather(value, places[:-1]) for value in values)
        return columns, pixels, columns.row_lengths() > 0, truncated

    return tf.function(all_of, autograph=False, input_signature=[tf.TensorSpec([None], tf.string)])


def _columns(image: tf.Tensor, height: int, most: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns a picture's columns, how many of its pixels each is wide, and whether some were left out."""
    rows, wide = tf.shape(image)[0], tf.shape(image)[1]
    pixels = tf.cast(rows, tf.float32) / height
    fits = tf.maximum(1, tf.cast(most * pixels, tf.int32))
    grey = tf.reduce_mean(on_background(image[:, :fits]), axis=2, keepdims=True)
    width = tf.clip_by_value(
        tf.cast(tf.round(tf.cast(tf.shape(grey)[1], tf.float32) / pixels), tf.int32), 1, most
    )
    grey = tf.image.resize(grey, [height, width], antialias=True)[..., 0]
    ordered = tf.sort(tf.reshape(grey, [-1]))
    paper = ordered[tf.size(ordered) // 2]
    off = grey - paper
    spread = tf.sqrt(tf.reduce_mean(tf.square(off)))
    ink = off * tf.sign(tf.reduce_mean(off)) / tf.maximum(spread, 1.0)
    return tf.ensure_shape(tf.transpose(ink), [None, height]), pixels, wide > fits
