"""WAV files as a network hears them."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from zoo.sounds.mel import Ear
from zoo.sounds.wav import read


class Spectrograms(NamedTuple):
    """What files hold.

    Attributes:
        frames: float32 ragged (batch, frames, bands), 0 being the mean of a band, in standard deviations of
            the file.
        widths: seconds from frame to frame, (batch,).
        valid: bool (batch,), whether a file could be read; of others there are no frames.
        truncated: bool (batch,), whether a file went on.
    """

    frames: tf.RaggedTensor
    widths: tf.Tensor
    valid: tf.Tensor
    truncated: tf.Tensor


def spectrograms(files: tf.Tensor, ear: Ear, most: int) -> Spectrograms:
    """Reads WAV files, and takes from each its own loudness and colour: near and far sound alike.

    Args:
        files: their bytes, (batch,).
        ear: how they are heard.
        most: frames that are read of each.
    """
    heard = read(files, ear.rate, max(1, -(-most * ear.step // ear.rate)))
    counts = ear.frames(tf.cast(heard.samples.row_lengths(), tf.int32))
    # A last frame more is that of the very end, which the one before it has seen.
    truncated = heard.truncated | (heard.valid & (counts > most + 1))
    counts = tf.where(heard.valid, tf.minimum(counts, most), 0)
    bands = ear(heard.samples.to_tensor())[:, :most]
    real = tf.cast(tf.sequence_mask(counts, tf.shape(bands)[1]), tf.float32)[..., None]
    many = tf.maximum(tf.reduce_sum(real, axis=1, keepdims=True), 1.0)
    centred = (bands - tf.reduce_sum(bands * real, axis=1, keepdims=True) / many) * real
    power = tf.reduce_sum(tf.square(centred), axis=[1, 2], keepdims=True) / (many * ear.bands)
    scaled = centred / tf.sqrt(power + 1e-3)
    frames = tf.RaggedTensor.from_tensor(scaled, counts)
    return Spectrograms(frames, tf.fill([tf.size(files)], ear.step / ear.rate), heard.valid, truncated)
