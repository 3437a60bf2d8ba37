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

    def columns_of(content: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return _columns(decode(content), height, most)

    def one(file: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # A dataset is the one construct that goes on after an error.
        none = (tf.zeros([0, height]), tf.constant(1.0), tf.constant(False))
        read = tf.data.Dataset.from_tensors(file).map(tf.autograph.experimental.do_not_convert(columns_of))
        found = read.ignore_errors().concatenate(tf.data.Dataset.from_tensors(none)).take(1)
        return found.get_single_element()

    def all_of(encoded: tf.Tensor) -> tuple[tf.Tensor, ...]:
        kinds = (
            tf.RaggedTensorSpec([None, height], tf.float32, ragged_rank=0),
            tf.TensorSpec([], tf.float32),
            tf.TensorSpec([], tf.bool),
        )
        # One more, since of no rows at all TensorFlow forgets the height.
        found = tf.map_fn(one, tf.pad(encoded, [[0, 1]]), fn_output_signature=kinds)
        columns, pixels, truncated = (values[:-1] for values in found)
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
