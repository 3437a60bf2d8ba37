"""Pictures as a model reads them: on white, of one size, whatever the files were."""

from __future__ import annotations

import functools

import tensorflow as tf

from zoo.images.formats import (
    COMPRESSED,
    MOST_PIXELS,
    decode,
    decode_all,
    header_size,
    is_picture,
)

_AT_ONCE = 2  # pictures that are decoded; bounds the memory


def on_background(image: tf.Tensor, colour=255.0) -> tf.Tensor:
    """Lays pictures on a background, through which it shows where they are not opaque.

    Args:
        image: 0 to 255, (..., height, width, 4), or (..., height, width, 3), which covers everything.
        colour: of the background, 0 to 255; anything that broadcasts to (..., height, width, 3).

    Returns:
        float32 (..., height, width, 3).
    """
    image = tf.cast(image, tf.float32)
    if image.shape[-1] == 3:
        return image
    opacity = image[..., 3:] / 255.0
    return image[..., :3] * opacity + colour * (1.0 - opacity)


def squash(image: tf.Tensor, size: int) -> tf.Tensor:
    """Makes a picture square, on white, whatever its proportions were.

    Args:
        image: 0 to 255, (height, width, 3 or 4), or all frames of a clip, (time, height, width, 3 or 4).
        size: rows and columns of the result; a picture that has them is not resampled.

    Returns:
        uint8 (size, size, 3), of a clip (time, size, size, 3).
    """
    if image.shape[-1] == 4:  # large photos are opaque, and cost much time and memory in float32
        image = tf.cond(
            tf.reduce_all(image[..., 3] == 255),
            lambda: _resized(image[..., :3], size),
            lambda: _resized(on_background(image), size),
        )
    else:
        image = _resized(image, size)
    return _square(image, size, 3)


def resize(image: tf.Tensor, size: int) -> tf.Tensor:
    """Makes a picture square, as `squash` does, and leaves what is transparent so.

    Args:
        image: as `squash` takes it.
        size: rows and columns of the result.

    Returns:
        uint8 (size, size, 3 or 4), as many channels as the image has, of a clip (time, ...).
    """
    if image.shape[-1] == 3:
        return squash(image, size)
    image = tf.cond(
        _is_square(image, size), lambda: tf.cast(image, tf.uint8), lambda: _resized_with_opacity(image, size)
    )
    return _square(image, size, 4)


def thumbnail(image: tf.Tensor, longest: int) -> tf.Tensor:
    """Shrinks or enlarges a picture, on white, in its own proportions.

    Args:
        image: 0 to 255, (height, width, 3 or 4).
        longest: pixels of the longer side.

    Returns:
        uint8 (height, width, 3).
    """
    image = on_background(image)
    size = tf.cast(tf.shape(image)[:2], tf.float32)
    wanted = tf.cast(tf.maximum(1.0, tf.round(size * longest / tf.reduce_max(size))), tf.int32)
    # A few large pixels stay such, and are not blurred.
    image = tf.cond(
        wanted[0] <= tf.shape(image)[0],
        lambda: tf.image.resize(image, wanted, "area"),
        lambda: tf.image.resize(image, wanted, "nearest"),
    )
    return tf.saturate_cast(tf.round(image), tf.uint8)


def read(encoded: tf.Tensor, size: int, frames: int = 1) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes and squashes pictures or clips; those that cannot be decoded come out white.

    Args:
        encoded: bytes of files, (batch,); no rows at all are fine.
        size: rows and columns of the results.
        frames: that are kept of each clip, an animated GIF or WebP; 1: the files are still pictures.

    Returns:
        Images, uint8 (batch, size, size, 3), of clips (batch, frames, size, size, 3), and which of them are
        valid, bool (batch,).
    """
    return _reader(size, frames)(encoded)


def evenly(clip: tf.Tensor, frames: int) -> tf.Tensor:
    """Returns some frames of a clip, evenly over its length; one that has fewer repeats some.

    Each is the middle one of its share of the clip.

    Args:
        clip: (time, ...), of at least one frame.
        frames: how many.

    Returns:
        (frames, ...).
    """
    places = (2 * tf.range(frames, dtype=tf.int64) + 1) * tf.shape(clip, tf.int64)[0] // (2 * frames)
    return tf.gather(clip, places)


def refusal(encoded: bytes) -> str:
    """Says in a few words why `decode` would refuse a file's bytes, as in "is empty"; "" if it would not."""
    if not encoded:
        return "is empty"
    if not is_picture(encoded):
        return "is no JPEG, PNG, GIF, BMP or WebP picture"
    try:
        size = header_size(encoded).numpy().astype(int)
        if size.prod() > MOST_PIXELS:
            return f"has {size[1]:,} x {size[0]:,} pixels, more than {MOST_PIXELS:,}"
        decode(encoded)
    except tf.errors.InvalidArgumentError as error:
        if COMPRESSED in str(error):
            return "is a BMP picture that is compressed or of an unknown kind"
        return "is damaged or cut off"
    return ""


def _is_square(image, size: int):
    return tf.reduce_all(tf.shape(image)[-3:-1] == size)


def _square(image, size: int, channels: int):
    return tf.ensure_shape(image, [*image.shape[:-3], size, size, channels])


def _resized_with_opacity(image, size: int):
    """Resizes so that a colour counts as much as it is seen: what is transparent has none."""
    opacity = tf.cast(image[..., 3:], tf.float32) / 255.0
    seen = tf.concat([tf.cast(image[..., :3], tf.float32) * opacity, 255.0 * opacity], axis=-1)
    seen = tf.image.resize(seen, (size, size), antialias=True)
    colours = tf.math.divide_no_nan(seen[..., :3], seen[..., 3:] / 255.0)
    return tf.saturate_cast(tf.round(tf.concat([colours, seen[..., 3:]], axis=-1)), tf.uint8)


def _resized(image, size: int):
    image = tf.cond(
        _is_square(image, size),
        lambda: tf.cast(image, tf.float32),
        lambda: tf.image.resize(image, (size, size), antialias=True),
    )
    return tf.saturate_cast(tf.round(image), tf.uint8)


@functools.cache
def _reader(size: int, frames: int):
    shape = [frames, size, size, 3] if frames > 1 else [size, size, 3]

    def read_one(row, file):
        image = decode(file) if frames == 1 else evenly(decode_all(file), frames)
        return row, tf.ensure_shape(squash(image, size), shape)

    def read_all(encoded):
        count = tf.size(encoded)
        # A dataset is the one construct that goes on after an error; its functions are exported like others.
        pictures = tf.data.Dataset.from_tensor_slices((tf.range(count), encoded))
        pictures = pictures.map(tf.autograph.experimental.do_not_convert(read_one), _AT_ONCE)
        decoded = pictures.ignore_errors().batch(tf.cast(tf.maximum(count, 1), tf.int64))
        none = tf.zeros([0], tf.int32), tf.zeros([0, *shape], tf.uint8)
        # Unlike `reduce`, which would do as well, this does not optimise the graph anew at every call.
        either = decoded.concatenate(tf.data.Dataset.from_tensors(none)).take(1)
        rows, images = either.get_single_element()
        white = tf.fill([count, *shape], tf.constant(255, tf.uint8))
        valid = tf.scatter_nd(rows[:, None], tf.ones_like(rows), [count]) > 0
        return tf.tensor_scatter_nd_update(white, rows[:, None], images), valid

    return tf.function(read_all, autograph=False, input_signature=[tf.TensorSpec([None], tf.string)])
