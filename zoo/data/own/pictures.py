"""The user's own pictures: a folder with a table of captions."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.examples import SPLITS
from zoo.data.own import clip_files
from zoo.data.own.picture_files import on_disk
from zoo.data.own.tables import filled_cells, read_table
from zoo.data.splits import split_of
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

TABLE = "captions.csv"
_COLUMNS = ("image", "caption")

Row = tuple[Path, list[str]]


@dataclass
class _Picture:
    line: int
    """Of the table, where the picture is named first."""
    split: str
    captions: list[str] = field(default_factory=list)


def read_captions(path: Path, frames: int = 1) -> dict[str, list[Row]]:
    """Reads which captions the pictures of a folder have, and checks that each picture can be decoded.

    Args:
        path: a folder that holds `captions.csv`, or a CSV, TSV, JSONL or Parquet file. It has the columns
            `image`, a path from the file's folder, and `caption`; a picture with several captions has several
            rows.
            A column `split` says `train`, `validation` or `test`; without it pictures are split 80 / 10 / 10
            by a hash of their names.
        frames: that are read of each; more than one: `image` names clips, files or folders of frames.

    Returns:
        Split -> pictures, each with its captions, in the order of the file.

    Raises:
        ZooError: the table is missing or malformed, has a blank cell, an unknown split, a split without
            pictures or a picture in two of them, or a picture is missing or cannot be decoded.
    """
    table = path / TABLE if path.is_dir() else path
    if path.is_dir() and not table.is_file():
        raise ZooError(f"{path}: holds no {TABLE}; write one with the columns {' and '.join(_COLUMNS)}")
    pictures: dict[Path, _Picture] = {}
    for line, row in read_table(table, _COLUMNS, texts=_COLUMNS):
        where = f"{table}: line {line}"
        name, caption = filled_cells(where, row, _COLUMNS)
        name = os.path.normpath(name)
        file = on_disk(table.parent / name)
        split = _split(where, row, name)
        there = os.path.exists if frames > 1 else os.path.isfile
        if file not in pictures and not there(file):  # not pathlib's, which raise on names that are too long
            what = "clip" if frames > 1 else "picture"
            raise ZooError(f"{where} names a {what} that is missing, {file}; add it or remove the row")
        picture = pictures.setdefault(file, _Picture(line, split))
        if picture.split != split:
            raise ZooError(
                f"{where} puts {name} into {split}, but line {picture.line} into {picture.split}; choose one"
            )
        picture.captions.append(caption)
    parts = _parts(table, pictures)  # before the pictures are opened, which takes longer
    _check_decodable(table, pictures, frames)
    return parts


def dataset(rows: Sequence[Row], frames: int = 1) -> tf.data.Dataset:
    """Returns a dataset that decodes pictures when they are asked for.

    Args:
        rows: pictures with their captions, as `read_captions` returns them.
        frames: of each clip; 1: they are stills.

    Returns:
        Unbatched dicts: `image` uint8 (height, width, 4), red, green, blue and opacity, of clips (frames,
        height, width, 4), and `captions` string (n,); in the order of the rows.
    """
    import tensorflow as tf

    files, captions = zip(*rows, strict=True)
    lengths = [len(own) for own in captions]
    flat = tf.constant([caption for own in captions for caption in own])
    slices = tf.data.Dataset.from_tensor_slices(
        {
            "image": tf.constant([str(file) for file in files]),
            "captions": tf.RaggedTensor.from_row_lengths(flat, lengths),
        }
    )

    @tf.autograph.experimental.do_not_convert
    def decoded(row):
        # The rows of a ragged tensor are dense, which their type does not yet say.
        return {"image": _decode(frames)(row["image"]), "captions": tf.convert_to_tensor(row["captions"])}

    return slices.map(decoded, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


@functools.cache
def _decode(frames: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a function from a file's name to its picture, which is traced once: that takes a second."""
    import tensorflow as tf

    from zoo import images

    def decode(file):
        if frames == 1:
            return tf.ensure_shape(images.decode(tf.io.read_file(file)), [None, None, 4])
        clip = tf.numpy_function(
            lambda name: clip_files.packed(Path(name.decode()), frames), [file], tf.string
        )
        return tf.ensure_shape(images.decode_all(clip), [None, None, None, 4])

    return tf.function(decode, input_signature=[tf.TensorSpec([], tf.string)], autograph=False)


def _split(where: str, row: dict[str, Any], name: str) -> str:
    split = row.get("split")
    if split is None:
        return split_of(name)
    split = str(split).strip()
    if split not in SPLITS:
        raise ZooError(f"{where} has the unknown split {split!r}; write train, validation or test")
    return split


def _check_decodable(table: Path, pictures: dict[Path, _Picture], frames: int) -> None:
    """Refuses a picture that training would stumble over; all are decoded once, without keeping them."""
    import tensorflow as tf

    from zoo import images

    @tf.autograph.experimental.do_not_convert
    def decoded(file):
        # Unless something of the picture is asked for, it would not be decoded.
        return file, tf.size(_decode(frames)(file))

    files = tf.data.Dataset.from_tensor_slices([str(file) for file in pictures])
    sizes = files.map(decoded, num_parallel_calls=tf.data.AUTOTUNE).ignore_errors()
    good = {file.decode() for file, _ in sizes.as_numpy_iterator()}
    for file, picture in pictures.items():
        if str(file) not in good:
            try:
                told = clip_files.refusal(file, frames) if frames > 1 else images.refusal(file.read_bytes())
                reason = told or "cannot be decoded"
            except OSError as error:
                reason = f"cannot be read ({error.strerror})"
            raise ZooError(
                f"{table}: line {picture.line} names {file}, which {reason}; replace it or remove the row"
            )


def _parts(table: Path, pictures: dict[Path, _Picture]) -> dict[str, list[Row]]:
    parts: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for file, picture in pictures.items():
        parts[picture.split].append((file, picture.captions))
    for split, rows in parts.items():
        if not rows:
            raise ZooError(
                f"{table}: has no pictures for the {split} part; add some, or say in a column 'split' "
                "which are for train, validation and test"
            )
    return parts
