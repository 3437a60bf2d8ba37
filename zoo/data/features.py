"""Pictures as arrays, and what a frozen encoder makes of them, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.cache import cache_dir
from zoo.data.part import Part
from zoo.errors import ZooError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

_ROWS = 32


def read_pictures(
    part: Part, size: int, encoder: keras.Model | None = None, mirror: bool = False
) -> np.ndarray:
    """Returns a part's pictures, brought to one size, or what a frozen encoder makes of them.

    Args:
        part: its rows.
        size: rows and columns of a picture, whatever its proportions were.
        encoder: the frozen encoder; None: the pictures themselves are asked for.
        mirror: whether what the encoder makes of the mirrored pictures follows behind.

    Returns:
        uint8 (n, size, size, channels), or what `kept_features` returns.
    """
    from zoo import images  # and with it TensorFlow

    if encoder is not None:
        squares = part.dataset.map(lambda row: images.squash(row["image"], size), num_parallel_calls=2)
        return kept_features(encoder, squares, len(part), mirror)
    squares = part.dataset.map(lambda row: images.resize(row["image"], size), num_parallel_calls=2)
    pictures = np.empty((len(part), *squares.element_spec.shape), np.uint8)
    for row, picture in enumerate(squares.as_numpy_iterator()):
        pictures[row] = picture
    return pictures


def kept_features(
    encoder: keras.Model, squares: tf.data.Dataset, count: int, mirror: bool = False
) -> np.ndarray:
    """Returns the maps of pictures, as an array that is read from disk where it is needed.

    Kept in `cache_dir() / "features"`, 2 bytes a number; many photographs take gigabytes. The folder may be
    emptied at any time. The same pictures and the same weights are found again, whatever else has changed.

    Args:
        encoder: image (batch, size, size, 3) -> map (batch, rows, columns, channels).
        squares: pictures (size, size, 3), in an order that never changes.
        count: how many there are.
        mirror: whether the maps of the mirrored pictures follow behind.

    Returns:
        float16 (n, rows, columns, channels), with `mirror` (2 * n, ...).

    Raises:
        ZooError: the disk has not the room, or the folder cannot be written.
    """
    digest = hashlib.sha256(repr((encoder.input_shape, count, mirror)).encode())
    for image in squares.as_numpy_iterator():
        digest.update(image.tobytes())
    for weight in encoder.weights:
        digest.update(weight.numpy().tobytes())
    path = cache_dir() / "features" / f"{digest.hexdigest()[:32]}.npy"
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(encoder, squares, count, path, mirror)
        return np.load(path, mmap_mode="r")
    except OSError as error:
        raise ZooError(
            f"{path.parent}: cannot be used ({error.strerror or error}); set ZOO_CACHE to a folder that can "
            "be written"
        ) from error


def _write(encoder, squares, count: int, path: Path, mirror: bool) -> None:
    import keras
    import tensorflow as tf

    shape = (count * (1 + mirror), *encoder.output_shape[1:])
    needed = 2 * int(np.prod(shape))
    if shutil.disk_usage(path.parent).free < needed:
        raise ZooError(
            f"{path.parent}: the features take {needed / 1e9:.1f} GB, more than is free; make room, or set "
            "ZOO_CACHE to a folder on a larger disk"
        )
    run = tf.function(lambda batch: tf.cast(encoder(batch, training=False), tf.float16))
    # Under another name until it is whole.
    temporary = path.with_suffix(f".part{os.getpid()}")
    try:
        maps = np.lib.format.open_memmap(temporary, "w+", np.float16, shape)
        print(f"encoding {count:,} pictures; {needed / 1e9:.1f} GB in {path.parent}")
        progress, done = keras.utils.Progbar(count), 0
        for batch in squares.batch(_ROWS).prefetch(2):
            end = done + len(batch)
            maps[done:end] = run(batch)
            if mirror:
                maps[count + done : count + end] = run(batch[:, :, ::-1])
            done = end
            progress.update(done)
        maps.flush()
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
