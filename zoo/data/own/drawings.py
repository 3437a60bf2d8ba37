"""The user's own drawings: a folder of SVG files, or a file of strokes."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np

from zoo.data.examples import SPLITS
from zoo.data.own.strokes import Line, Pen, boxed, sampled
from zoo.data.own.tables import json_lines, parted
from zoo.data.utf8 import read_text
from zoo.errors import ZooError

SUFFIXES = (".jsonl", ".ndjson", ".npz")
_MOST = 100_000  # points of a drawing that are looked at
_NPZ = {"train": "train", "validation": "valid", "test": "test"}


class Drawn(NamedTuple):
    """A drawing: what is drawn, and its strokes (time, 3)."""

    text: str
    strokes: np.ndarray


def read_parts(path: Path) -> dict[str, list[Drawn]]:
    """Reads drawings, split into parts.

    Args:
        path: a folder of SVG files, each called what is drawn (`cat.svg`, `cat 2.svg`), or with folders that
            are; a `.jsonl` or `.ndjson` file with an object on each line, `text` (or `word`), and `strokes`,
            a list of lists of [x, y] (or `drawing`, of [[x, ...], [y, ...]], as Quick, Draw! has it); or a
            `.npz` file with `train`, `valid` and `test`, arrays of moves and lifts as sketch-rnn has them,
            which is called what is drawn.

    Raises:
        ZooError: nothing is there, a drawing is none, or there are too few for a part.
    """
    if path.suffix == ".npz":
        return _npz(path)
    rows = read_all(path)
    return parted(path, rows, lambda row: f"{row.text} {row.strokes.tobytes().hex()}", "drawings")


def read_all(path: Path) -> list[Drawn]:
    """Reads all drawings of a folder or file: see `read_parts`."""
    if path.suffix == ".npz":
        return [row for rows in _npz(path).values() for row in rows]
    found = list(_folder(path) if path.is_dir() else _lines(path))
    if not found:
        raise ZooError(f"{path}: holds no drawings; give SVG files, or {', '.join(SUFFIXES)}")
    return found


def read_svg(path: Path) -> np.ndarray:
    """Reads the strokes of an SVG file, (time, 3), within the box from 0 to 1.

    Raises:
        ZooError: it is none, or nothing is drawn in it.
    """
    from fontTools.svgLib.path import SVGPath

    pen = Pen()
    try:
        SVGPath.fromstring(path.read_bytes()).draw(pen)
    except OSError as error:
        raise ZooError(f"{path}: {error.strerror}; give a file that can be read") from error
    except (ElementTree.ParseError, SyntaxError, ValueError, TypeError, IndexError, KeyError) as error:
        raise ZooError(f"{path}: is no SVG file, or is damaged; give one with paths") from error
    if not pen.lines:
        raise ZooError(f"{path}: nothing is drawn in it that has a line; give one with paths")
    return _strokes(str(path), pen.lines)


def _folder(folder: Path) -> Iterator[Drawn]:
    for path in sorted(folder.rglob("*.svg")):
        name = path.stem if path.parent == folder else path.parent.name
        yield Drawn(name.rstrip("0123456789 _-") or name, read_svg(path))


def _lines(path: Path) -> Iterator[Drawn]:
    if path.suffix not in SUFFIXES:
        raise ZooError(
            f"{path}: unknown kind of file; give one that ends in {', '.join(SUFFIXES)}, or a folder"
        )
    content = read_text(path).rstrip()
    if not content:
        raise ZooError(f"{path}: the file is empty; it needs an object with text and strokes on each line")
    for number, row in json_lines(path, content, (), ()):
        where = f"{path}: line {number}"
        text = row.get("text", row.get("word"))
        if not isinstance(text, str) or not text.strip():
            raise ZooError(f"{where} has no text of what is drawn; put it under 'text'")
        try:
            lines = [np.array(stroke, float) for stroke in _lists(row) if len(stroke)]
            if any(line.ndim != 2 or line.shape[1] != 2 for line in lines):
                raise ValueError
        except (TypeError, ValueError):
            raise ZooError(
                f"{where} has strokes that are no lists of [x, y]; write [[[x, y], ...], ...]"
            ) from None
        if not lines:
            raise ZooError(f"{where} has no strokes; remove it, or put lists of [x, y] under 'strokes'")
        yield Drawn(text.strip(), _strokes(where, lines))


def _lists(row: dict[str, Any]) -> Any:
    """Returns the strokes of a row as lists of points, whichever way they are written."""
    if "strokes" in row or not isinstance(axes := row.get("drawing"), list):
        return row.get("strokes")
    return [list(zip(*stroke[:2], strict=False)) if isinstance(stroke, list) else 0 for stroke in axes]


def _strokes(where: str, lines: list[Line]) -> np.ndarray:
    if not all(np.isfinite(line).all() for line in lines):
        raise ZooError(f"{where} has a point that is no number; remove it")
    if sum(map(len, lines)) > _MOST:
        raise ZooError(f"{where} has more than {_MOST:,} points; give a simpler drawing")
    return sampled(boxed(lines))


class _Arrays(pickle.Unpickler):
    """Reads arrays, and nothing that could run."""

    _KNOWN = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy", "_codecs")
    _NAMES = ("_reconstruct", "ndarray", "dtype", "encode")

    def find_class(self, module: str, name: str) -> Any:
        """Returns what makes an array."""
        if module in self._KNOWN and name in self._NAMES:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"{module}.{name}")


def _npz(path: Path) -> dict[str, list[Drawn]]:
    damaged = (
        f"{path}: is no .npz of train, valid and test as sketch-rnn has it, or is damaged; fetch it anew"
    )
    parts: dict[str, list[Drawn]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for split in SPLITS:
                rows = _object_array(archive.read(f"{_NPZ[split]}.npy"))
                parts[split] = [
                    Drawn(path.stem, _of_moves(f"{path}: {split} {i}", row)) for i, row in enumerate(rows)
                ]
    except OSError as error:
        raise ZooError(
            f"{path}: {error.strerror or 'cannot be read'}; give a file that can be read"
        ) from error
    except (
        KeyError,
        ValueError,
        EOFError,
        zipfile.BadZipFile,
        pickle.UnpicklingError,
        AttributeError,
    ) as error:
        raise ZooError(damaged) from error
    if empty := [split for split, rows in parts.items() if not rows]:
        raise ZooError(f"{path}: its {empty[0]} part has no drawings; add some")
    return parts


def _object_array(content: bytes) -> Any:
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    read(file)
    return _Arrays(file, encoding="latin1").load()


def _of_moves(where: str, moves: Any) -> np.ndarray:
    try:
        rows = np.asarray(moves, float)
    except (TypeError, ValueError):
        rows = np.zeros(0)
    if rows.ndim != 2 or rows.shape[1] != 3 or not len(rows):
        raise ZooError(f"{where} is no array of (points, 3); remove it")
    places = np.cumsum(rows[:, :2], axis=0)
    lines = [line for line in np.split(places, np.flatnonzero(rows[:, 2] > 0.5) + 1) if len(line)]
    return _strokes(where, lines)
