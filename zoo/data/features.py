"""Pictures as arrays, and what a frozen encoder makes of them, computed once and kept on disk."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.cache import cache_dir
from zoo.data.part import Part
from zoo.errors import ZooError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

_ROWS = 32


def read_pictures(
    part: Part, size: int, encoder: keras.Model | None = None, mirror: bool = False, frames: int = 1
) -> np.ndarray:
    """Returns a part's pictures or clips, brought to one size, or what a frozen encoder makes of them.

    Args:
        part: its rows.
        size: rows and columns of a picture, whatever its proportions were.
        encoder: the frozen encoder; None: the pictures themselves are asked for.
        mirror: whether what the encoder makes of the mirrored pictures follows behind.
        frames: of a clip, evenly over its length; 1: stills.

    Returns:
        uint8 (n, size, size, channels), or what `kept_features` returns; of clips (n, frames, ...).

    Raises:
        ZooError: stills are asked for where there are clips, or clips where there are stills.
    """
    from zoo import images  # and with it TensorFlow

    moving = len(part.dataset.element_spec["image"].shape) == 4
    if moving and frames == 1:
        raise ZooError("the data set has moving pictures; read some of their frames, as with --frames 12")
    if frames > 1 and not moving:
        raise ZooError("the data set has still pictures, of which --frames reads none; leave it out")

    def read(row: Mapping[str, Any]) -> Any:
        image = images.evenly(row["image"], frames) if moving else row["image"]
        return images.resize(image, size) if encoder is None else images.squash(image, size)

    squares = part.dataset.map(read, num_parallel_calls=2)
    if encoder is not None:
        return kept_features(encoder, squares, len(part), mirror)
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
        encoder: image (batch, size, size, 3) -> map (batch, rows, columns, channels), or of clips.
        squares: pictures (size, size, 3), or clips (time, size, size, 3), in an order that never changes.
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
    frames = encoder.input_shape[1] if len(encoder.input_shape) == 5 else 1
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
        for batch in squares.batch(max(1, _ROWS // frames)).prefetch(2):
            end = done + len(batch)
            maps[done:end] = run(batch)
            if mirror:
                maps[count + done : count + end] = run(batch[..., ::-1, :])
            done = end
            progress.update(done)
        maps.flush()
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
