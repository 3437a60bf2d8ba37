"""The bytes of WAV files as samples, within TensorFlow's graph: no file, however damaged, fails a batch.

TensorFlow's own `decode_wav` knows 16 bits only, and fails on what it does not know.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from zoo.sounds.rates import resampled

MOST_SECONDS = 60
"""That are read of a file: memory and time stay bounded."""
_LOWEST, _HIGHEST, _CHANNELS = 1_000, 384_000, 32  # samples a second, and channels, that a header may name
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE  # how samples are written
_CHUNKS = 1_000  # of a file that are looked at
_LOUDEST = 1e6  # of float samples, which should lie in -1..1
_KINDS = ((8, _PCM), (16, _PCM), (24, _PCM), (32, _PCM), (32, _FLOAT), (64, _FLOAT))


class Sounds(NamedTuple):
    """What files hold.

    Attributes:
        samples: float32 ragged (batch, samples), the mean of all channels, mostly in -1..1.
        valid: bool (batch,), whether a file could be read; of others there are no samples.
        truncated: bool (batch,), whether a file went on behind what is read.
    """

    samples: tf.RaggedTensor
    valid: tf.Tensor
    truncated: tf.Tensor


class _Header(NamedTuple):
    """What a file says of itself: numbers (), int32; where samples begin, and how many bytes they take."""

    form: tf.Tensor
    channels: tf.Tensor
    rate: tf.Tensor
    bits: tf.Tensor
    start: tf.Tensor
    size: tf.Tensor


def read(files: tf.Tensor, rate: int, most_seconds: int = MOST_SECONDS) -> Sounds:
    """Reads WAV files of any rate, with 8, 16, 24 or 32 bits or floats, and up to 32 channels.

    A file that ends before its header says so is read as far as it goes. Not valid is what is no WAV file, is
    compressed, has no samples, or one that is no number.

    Args:
        files: their bytes, strings (batch,).
        rate: samples a second of what is returned.
        most_seconds: that are read of each.
    """
    return Sounds(*_reader(rate, most_seconds)(files))


@functools.cache
def _reader(rate: int, most_seconds: int) -> Callable[[tf.Tensor], tuple[tf.Tensor, ...]]:
    """Returns what reads files, traced once: file by file in Python it takes a hundred times as long."""

    def all_of(files: tf.Tensor) -> tuple[tf.Tensor, ...]:
        kinds = (
            tf.RaggedTensorSpec([None], tf.float32, ragged_rank=0),
            tf.TensorSpec([], tf.bool),
            tf.TensorSpec([], tf.bool),
        )
        return tf.map_fn(lambda content: _one(content, rate, most_seconds), files, fn_output_signature=kinds)

    return tf.function(all_of, autograph=False, input_signature=[tf.TensorSpec([None], tf.string)])


def _one(content: tf.Tensor, rate: int, most_seconds: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    header = _header(content)
    each = header.channels * header.bits // 8
    kind = _kind(header)
    known = (kind >= 0) & (header.start > 0) & (header.channels >= 1) & (header.channels <= _CHANNELS)
    known &= (header.rate >= _LOWEST) & (header.rate <= _HIGHEST)
    present = tf.minimum(header.size, tf.strings.length(content) - header.start)
    held = present // tf.maximum(each, 1)
    read_frames = tf.minimum(held, header.rate * min(most_seconds, 3_000))
    frames = tf.where(known, read_frames, 0)
    samples = tf.cond(
        frames > 0,
        lambda: _samples(content, header, kind, frames * each),
        lambda: tf.zeros([0], tf.float32),
    )
    valid = (frames > 0) & tf.reduce_all(tf.abs(samples) < _LOUDEST)  # which no NaN is
    samples = tf.cond(
        valid,
        lambda: resampled(samples, tf.cast(header.rate, tf.float32), rate),
        lambda: tf.zeros([0], tf.float32),
    )
    return samples, valid, valid & (held > read_frames)


def _header(content: tf.Tensor) -> _Header:
    """Goes from chunk to chunk until it has seen the format and the samples."""
    length = tf.strings.length(content)
    streamed = _number(content, 4, 4) <= 0
    is_wave = (_text(content, 0, 4) == "RIFF") & (_text(content, 8, 4) == "WAVE")

    def more(at, count, start, *_):
        return is_wave & (at + 8 <= length) & (start == 0) & (count < _CHUNKS)

    def chunk(at, count, start, size, form, channels, rate, bits):
        name, told = _text(content, at, 4), _number(content, at + 4, 4)
        # Streams are written before anybody knows how long they are: 0 or all ones.
        endless = (told < 0) | ((told == 0) & (name == "data") & streamed)
        told = tf.where(endless, length - at - 8, told)
        told = tf.minimum(told, length - at - 8)
        body = at + 8
        is_format = (name == "fmt ") & (told >= 16)
        written = _number(content, body, 2)
        written = tf.where((written == _EXTENSIBLE) & (told >= 26), _number(content, body + 24, 2), written)
        found = (
            written,
            _number(content, body + 2, 2),
            _number(content, body + 4, 4),
            _number(content, body + 14, 2),
        )
        is_data = name == "data"
        return (
            body + told + told % 2,
            count + 1,
            tf.where(is_data, body, start),
            tf.where(is_data, told, size),
            *(
                tf.where(is_format, new, old)
                for new, old in zip(found, (form, channels, rate, bits), strict=True)
            ),
        )

    zero = tf.constant(0)
    begin = (tf.constant(12), zero, zero, zero, tf.constant(-1), zero, zero, zero)
    _, _, start, size, form, channels, rate, bits = tf.while_loop(more, chunk, begin)
    return _Header(form, channels, rate, bits, start, size)


def _text(content: tf.Tensor, at: tf.Tensor | int, size: int) -> tf.Tensor:
    """Returns some bytes; of what stands behind the end of a file as many as there are."""
    return tf.strings.substr(content, tf.minimum(at, tf.strings.length(content)), size)


def _number(content: tf.Tensor, at: tf.Tensor | int, size: int) -> tf.Tensor:
    """Returns a little-endian number of 2 or 4 bytes as int32; bytes that are not there are 0."""
    padded = tf.strings.substr(tf.strings.join([_text(content, at, size), b"\0" * 4]), 0, 4)
    low = tf.cast(tf.io.decode_raw(padded, tf.uint8), tf.int32)
    if size == 2:
        return low[0] + 256 * low[1]
    return tf.bitwise.left_shift(low[3], 24) + tf.bitwise.left_shift(low[2], 16) + 256 * low[1] + low[0]


def _kind(header: _Header) -> tf.Tensor:
    """Returns which of the ways it is that samples can be written, -1 if none."""
    same = [(header.bits == bits) & (header.form == form) for bits, form in _KINDS]
    return tf.reduce_max(tf.where(same, tf.range(len(_KINDS)), -1))


def _samples(content: tf.Tensor, header: _Header, kind: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Returns the mean of all channels at each moment, (samples,)."""
    raw = tf.strings.substr(content, header.start, size)

    def whole(dtype: tf.DType, bits: int):
        return lambda: tf.cast(tf.io.decode_raw(raw, dtype), tf.float32) / 2.0 ** (bits - 1)

    def of_8():  # the only one without a sign
        return (tf.cast(tf.io.decode_raw(raw, tf.uint8), tf.float32) - 128) / 128

    def of_24():
        low, middle, high = tf.unstack(
            tf.cast(tf.reshape(tf.io.decode_raw(raw, tf.uint8), [-1, 3]), tf.int32), axis=1
        )
        high = tf.where(high > 127, high - 256, high)
        return tf.cast((high * 256 + middle) * 256 + low, tf.float32) / 2.0**23

    def of_floats(dtype: tf.DType):
        return lambda: tf.cast(tf.io.decode_raw(raw, dtype), tf.float32)

    ways = [
        of_8,
        whole(tf.int16, 16),
        of_24,
        whole(tf.int32, 32),
        of_floats(tf.float32),
        of_floats(tf.float64),
    ]
    flat = tf.switch_case(kind, ways)
    return tf.reduce_mean(tf.reshape(flat, [-1, header.channels]), axis=1)
