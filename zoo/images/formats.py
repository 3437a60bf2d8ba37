"""The formats of pictures that TensorFlow reads, told apart by their first bytes: JPEG, PNG, GIF, BMP, WebP.

Each has a file of its own, with what TensorFlow misreads. No loop runs longer than a bound.
"""

from __future__ import annotations

import functools

import tensorflow as tf

from zoo.images.bmp import COMPRESSED, bmp_size, decode_bmp
from zoo.images.gif import decode_gif, decode_gif_clip, gif_frames, gif_size
from zoo.images.jpeg import decode_jpeg, jpeg_size
from zoo.images.octets import MOST_FRAMES, MOST_PIXELS, area, checked, number, opaque, part
from zoo.images.png import decode_png, png_size
from zoo.images.webp import decode_webp, decode_webp_clip, webp_frames, webp_size

__all__ = [
    "COMPRESSED",
    "MOST_FRAMES",
    "MOST_PIXELS",
    "count_frames",
    "decode",
    "decode_all",
    "header_size",
    "is_picture",
]

_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"RIFF")
_KINDS = (0, 1, 2, 2, 3, 4, 5)  # JPEG, PNG, GIF, BMP, WebP, none of them: the order of all branches
_NO_PICTURE = _KINDS[-1]
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # sizes there are; a text may begin with "BM", too

_in_graph = functools.partial(
    tf.function, autograph=False, input_signature=[tf.TensorSpec([], tf.string, name="encoded")]
)


@_in_graph
def header_size(encoded: tf.Tensor) -> tf.Tensor:
    """Reads a picture's size off its header; nothing is decoded.

    Args:
        encoded: bytes of a file, scalar.

    Returns:
        Height and width as stored, before any turning, int32 (2,).

    Raises:
        tf.errors.InvalidArgumentError: the bytes are no picture.
    """
    size = _by_kind(encoded, jpeg_size, png_size, gif_size, bmp_size, webp_size, _no_size)
    with checked((size > 0) & (size < 2**31), "no picture"):
        return tf.cast(size, tf.int32)


@_in_graph
def is_picture(encoded: tf.Tensor) -> tf.Tensor:
    """Returns whether bytes begin as those of a picture do, bool scalar; it may be damaged all the same."""
    return kind(encoded) < _NO_PICTURE


@_in_graph
def decode(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a picture; of an animated one the first frame.

    16 bits are cut to 8. The orientation that cameras note in a JPEG is applied. CMYK becomes RGB by plain
    arithmetic, without a colour profile.

    Args:
        encoded: bytes of a JPEG, PNG, GIF, BMP or WebP file, scalar.

    Returns:
        Red, green, blue and opacity, uint8 (height, width, 4).

    Raises:
        tf.errors.InvalidArgumentError: the bytes are no picture, are cut off or damaged, or have more than
            `MOST_PIXELS` by their header.
    """
    with checked(area(header_size(encoded)) <= MOST_PIXELS, "too many pixels"):
        encoded = tf.identity(encoded)
    image = _by_kind(
        encoded,
        lambda jpeg: opaque(decode_jpeg(jpeg)),
        decode_png,
        decode_gif,
        decode_bmp,
        decode_webp,
        _no_image,
    )
    return tf.ensure_shape(image, [None, None, 4])


@_in_graph
def count_frames(encoded: tf.Tensor) -> tf.Tensor:
    """Returns how many frames an animated GIF or WebP has, int64; of all else 1.

    More than `MOST_FRAMES` are not counted to the end.
    """
    return _by_kind(encoded, _one, _one, gif_frames, _one, webp_frames, _one)


@_in_graph
def decode_all(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes all frames of an animated GIF or WebP.

    Those of a GIF are drawn one over the other, the first on black; what one asks to be cleared behind it
    is left.

    Args:
        encoded: bytes of the file, scalar.

    Returns:
        uint8 (time, height, width, 4), at least two frames.

    Raises:
        tf.errors.InvalidArgumentError: the bytes are no such file or a still picture, are cut off or damaged,
            or have more than `MOST_FRAMES` frames, or more than `MOST_PIXELS` in all of them.
    """
    count = count_frames(encoded)
    sound = [count > 1, count <= MOST_FRAMES, count * area(header_size(encoded)) <= MOST_PIXELS]
    with checked(sound, "no clip, or too long a one"):
        encoded = tf.identity(encoded)
    clip = _by_kind(encoded, _no_clip, _no_clip, decode_gif_clip, _no_clip, decode_webp_clip, _no_clip)
    return tf.ensure_shape(clip, [None, None, None, 4])


def kind(encoded):
    """Returns which of the formats bytes begin as."""
    starts = [part(encoded, 0, len(magic)) == magic for magic in _MAGIC]
    starts[-2] &= tf.reduce_any(number(encoded, 14, 4) == _BMP_HEADERS)
    starts[-1] &= part(encoded, 8, 4) == b"WEBP"
    return tf.gather(_KINDS, tf.argmax(tf.stack([*starts, True])))


def _by_kind(encoded, *branches):
    """Calls that one of the functions for JPEG, PNG, GIF, BMP, WebP and none of them which fits the bytes."""
    return tf.switch_case(kind(encoded), [functools.partial(branch, encoded) for branch in branches])


def _no_size(_):
    return tf.zeros([2], tf.int64)


def _one(_):
    return tf.constant(1, tf.int64)


def _no_clip(_):
    with checked(False, "no clip"):
        return tf.zeros([0, 0, 0, 4], tf.uint8)


def _no_image(_):
    with checked(False, "no picture"):
        return tf.zeros([0, 0, 4], tf.uint8)
