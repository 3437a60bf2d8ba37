"""The user's own texts: one file, which may be larger than memory, or a folder of them."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from zoo.data.examples import SPLITS
from zoo.data.part import Part
from zoo.data.splits import split_of
from zoo.data.utf8 import not_utf8, read_text
from zoo.errors import ZooError

_LEAST = 1_000  # characters; fewer teach nothing
_LARGE = 32_000_000  # bytes; files of more are read in passages
_PASSAGE = 1 << 14  # bytes that are read at a time
_MOST_HELD = 8_000_000  # bytes of such a file's validation and test parts


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
        _check(path, split, (len(text.strip()) for text in parts[split]))
    return parts


def is_large(path: Path) -> bool:
    """Tells whether a file is read in passages, by `stream_parts`."""
    return path.is_file() and path.stat().st_size > _LARGE


def stream_parts(path: Path) -> dict[str, Part]:
    """Returns the parts of a large file: its passages, which are read whenever they are asked for.

    The last tenth of it is the test part, the tenth before validates; of very much text less, as much as can
    be held and scored. A passage ends with a line, so that one after another they are the file's text; where
    lines are longer than a passage it ends behind a word.

    Raises:
        ZooError: the file cannot be read or is not UTF-8, or there is too little text for a part.
    """
    ends = np.fromiter(_passage_ends(path), np.int64)
    begins, held = np.concatenate([[0], ends[:-1]]), min(ends[-1] // 10, _MOST_HELD)
    first, second = np.searchsorted(ends, [ends[-1] - 2 * held, ends[-1] - held]).tolist()
    cuts = {"train": (0, first), "validation": (first, second), "test": (second, len(ends))}
    parts = {
        split: _passages(path, begins[start:end], ends[start:end], streamed=split == "train")
        for split, (start, end) in cuts.items()
    }
    for split, part in parts.items():
        _check(path, split, (len(text.strip()) for text in part.one_by_one("text")))
    return parts


def _check(path: Path, split: str, lengths: Iterable[int]) -> None:
    """Refuses a part with too little text; of much only the beginning is looked at."""
    least, characters = _LEAST if split == "train" else 1, 0
    for length in lengths:
        characters += length
        if characters >= least:
            return
    raise ZooError(
        f"{path}: too little text for a {split} part ({characters:,} characters); give more, "
        "at least some ten thousand characters in all"
    )


def _passage_ends(path: Path) -> Iterator[int]:
    """Yields where each passage of a file ends, in bytes, and looks whether all of it is UTF-8."""
    place, line, rest = 0, 1, b""
    with path.open("rb") as file:
        while block := rest + file.read(_PASSAGE):
            end = _cut(block) if len(block) > len(rest) else len(block)
            passage, rest = block[:end], block[end:]
            try:
                passage.decode("utf-8")
            except UnicodeDecodeError as error:
                raise not_utf8(path, line + passage.count(b"\n", 0, error.start)) from None
            place, line = place + end, line + passage.count(b"\n")
            yield place


def _cut(block: bytes) -> int:
    """Returns where the last line of a block ends, or else the last word, or the last letter."""
    # Behind "\r", if it is the last, "\n" may come.
    for end, behind in ((b"\n", len(block)), (b"\r", len(block) - 1), (b" ", len(block))):
        if (place := block.rfind(end, 0, behind)) >= 0:
            return place + 1
    last = len(block) - 1
    while last > 0 and block[last] & 0xC0 == 0x80:  # within a letter
        last -= 1
    return last or len(block)


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
