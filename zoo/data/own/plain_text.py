"""The user's own texts: one file, which may be larger than memory, or a folder of them."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zoo.data.examples import SPLITS
from zoo.data.part import Part
from zoo.data.splits import split_of
from zoo.data.utf8 import not_utf8, read_text
from zoo.errors import ZooError

_LEAST = 1_000  # characters; fewer teach nothing
_LARGE = 32_000_000  # bytes; files of more are read in passages
_PASSAGE = 1 << 14  # bytes, and up to the next line break


def read_parts(path: Path) -> dict[str, list[str]]:
    """Reads texts: split -> texts.

    A file is split by place: its first 80 % are for training, what follows is validated and tested on, 10 %
    each; the cuts are at line breaks. Of a folder, files `train`, `validation` and `test`, of any suffix,
    are the parts; else each file, at any depth, is a text, and a hash of its place decides about its part.
    Hidden files are left out, line ends become "\\n".

    Raises:
        ZooError: nothing is there, a file is not UTF-8, or there is too little text for a part.
    """
    parts = _folder(path) if path.is_dir() else _file(path)
    for split in SPLITS:
        characters = sum(len(text.strip()) for text in parts[split])
        if characters < (_LEAST if split == "train" else 1):
            raise ZooError(
                f"{path}: too little text for a {split} part ({characters:,} characters); give more, "
                "at least some ten thousand characters in all"
            )
    return parts


def is_large(path: Path) -> bool:
    """Tells whether a file is read in passages, by `stream_parts`."""
    return path.is_file() and path.stat().st_size > _LARGE


def stream_parts(path: Path) -> dict[str, Part]:
    """Returns the parts of a large file: its passages, which are read whenever they are asked for.

    It is split as a small one is. Passages end with a line break, so that one after another they are the
    file's text.

    Raises:
        ZooError: the file cannot be read or is not UTF-8.
    """
    ends = np.fromiter(_passage_ends(path), np.int64)
    cuts = [len(ends) * share // 10 for share in (0, 8, 9, 10)]
    begins = np.concatenate([[0], ends[:-1]])
    return {
        split: _passages(path, begins[first:behind], ends[first:behind], streamed=split == "train")
        for split, first, behind in zip(SPLITS, cuts, cuts[1:], strict=False)
    }


def _passage_ends(path: Path) -> Iterator[int]:
    """Yields where each passage of a file ends, in bytes, and looks whether all of it is UTF-8."""
    begin = place = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                raise not_utf8(path, number) from None
            place += len(line)
            if place - begin >= _PASSAGE:
                yield place
                begin = place
    if place > begin:
        yield place


def _passages(path: Path, begins: np.ndarray, ends: np.ndarray, streamed: bool) -> Part:
    import tensorflow as tf

    def read(begin: np.int64, end: np.int64) -> bytes:
        with path.open("rb") as file:
            file.seek(int(begin))
            passage = file.read(int(end - begin))
        if begin == 0:
            passage = passage.removeprefix(codecs.BOM_UTF8)
        return passage.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def row(begin: tf.Tensor, end: tf.Tensor) -> dict[str, tf.Tensor]:
        text = tf.numpy_function(read, [begin, end], tf.string, stateful=False)
        return {"text": tf.ensure_shape(text, [])}

    return Part(tf.data.Dataset.from_tensor_slices((begins, ends)).map(row), streamed=streamed)


def _file(path: Path) -> dict[str, list[str]]:
    text = _read(path)
    if not text.strip():
        raise ZooError(f"{path}: the file is empty; it needs text")
    first, second = (_line_end(text, len(text) * share // 10) for share in (8, 9))
    pieces = text[:first], text[first:second], text[second:]
    return {split: [piece] if piece else [] for split, piece in zip(SPLITS, pieces, strict=True)}


def _line_end(text: str, place: int) -> int:
    """Returns where the next line begins; where there is none soon, the place itself."""
    end = text.find("\n", place, place + len(text) // 100 + 1)
    return place if end < 0 else end + 1


def _folder(folder: Path) -> dict[str, list[str]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _hidden(path, folder)]
    named = {
        split: [path for path in files if path.parent == folder and path.stem == split] for split in SPLITS
    }
    if all(len(paths) == 1 for paths in named.values()):
        return {split: [_read(path) for path in paths] for split, paths in named.items()}
    if any(named.values()):
        raise ZooError(f"{folder}: of files called {', '.join(SPLITS)} give one of each, or none")
    texts: dict[str, list[str]] = {split: [] for split in SPLITS}
    for path in files:
        if text := _read(path):
            texts[split_of(path.relative_to(folder).as_posix())].append(text)
    return texts


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _read(path: Path) -> str:
    return read_text(path).replace("\r\n", "\n").replace("\r", "\n")
