"""The user's own recordings and lines of print: a folder with a table of what is said or written in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zoo.data.examples import SPLITS
from zoo.data.own import picture_files
from zoo.data.own.picture_files import in_folder, on_disk
from zoo.data.own.tables import filled_cells, read_table
from zoo.data.splits import split_of
from zoo.errors import ZooError

TABLE = "transcripts.csv"
SUFFIXES = (".wav", ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
_COLUMNS = ("file", "text")


class Transcript(NamedTuple):
    """A file, as its table calls it, and its text."""

    name: str
    file: Path
    text: str


def read_transcripts(path: Path) -> dict[str, list[Transcript]]:
    """Reads which text each file has, split into parts.

    Args:
        path: a folder that holds `transcripts.csv`, or a CSV, TSV, JSONL or Parquet file, with the columns
            `file`, a path from the table's folder, and `text`. A column `split` says `train`, `validation` or
            `test`; without it files are split 80 / 10 / 10 by a hash of their names.

    Raises:
        ZooError: the table is missing or malformed, has a blank cell, an unknown split, a file that is named
            twice or missing, or a split without files.
    """
    table, rows = read_all(path)
    parts: dict[str, list[Transcript]] = {split: [] for split in SPLITS}
    for row, split in rows:
        parts[split].append(row)
    for split, found in parts.items():
        if not found:
            raise ZooError(
                f"{table}: has no files for the {split} part; add some, or say in a column 'split' which are "
                "for train, validation and test"
            )
    return parts


def read_all(path: Path) -> tuple[Path, list[tuple[Transcript, str]]]:
    """Returns the table, and its files with the part that each is for: see `read_transcripts`."""
    table = path / TABLE if os.path.isdir(path) else path  # noqa: PTH112 - see below
    if table != path and not table.is_file():
        raise ZooError(f"{path}: holds no {TABLE}; write one with the columns {' and '.join(_COLUMNS)}")
    lines: dict[Path, int] = {}
    rows = []
    for line, row in read_table(table, _COLUMNS, texts=_COLUMNS):
        where = f"{table}: line {line}"
        name, text = filled_cells(where, row, _COLUMNS)
        file = on_disk(table.parent / os.path.normpath(name))
        if lines.setdefault(file, line) != line:
            raise ZooError(f"{where} names {name}, as line {lines[file]} does; give each file one text")
        if not os.path.isfile(file):  # noqa: PTH113 - which does not raise on a name that is too long
            raise ZooError(f"{where} names a file that is missing, {file}; add it or remove the row")
        rows.append((Transcript(name, file, text), _split(where, row, os.path.normpath(name))))
    if not rows:
        raise ZooError(f"{table}: has no rows below its first line; add some")
    return table, rows


def listed(paths: Sequence[str]) -> list[Path]:
    """Returns the files that paths name; a folder stands for the recordings and pictures in it, by name.

    Raises:
        ZooError: a file is missing, or a folder holds none.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if os.path.isdir(path):  # noqa: PTH112
            files += in_folder(path, SUFFIXES, "WAV files or pictures")
        else:
            files.append(path)
    check(files)
    return files


def check(files: Sequence[Path]) -> None:
    """Refuses files that are not there.

    Raises:
        ZooError: names the first of them.
    """
    picture_files.check(files, "a WAV file or a picture", "files")


def _split(where: str, row: dict[str, Any], name: str) -> str:
    split = row.get("split")
    if split is None or not str(split).strip():
        return split_of(name)
    split = str(split).strip()
    if split not in SPLITS:
        raise ZooError(f"{where} has the unknown split {split!r}; write train, validation or test")
    return split
