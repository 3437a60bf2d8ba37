"""Tables of the user: CSV, TSV, JSONL and Parquet files whose columns have names."""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from zoo.data.examples import SPLITS
from zoo.data.splits import fingerprint, split_of
from zoo.data.utf8 import read_text
from zoo.errors import ZooError

_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
Row = TypeVar("Row")
csv.field_size_limit(2**31 - 1)  # a text may be longer than the 128 kB that the module allows by itself


def filled(path: Path, needed: Sequence[str], texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Reads some columns of a table, none of whose cells may be blank.

    Args:
        path, needed, texts: as `read_table` takes them.

    Raises:
        ZooError: as `read_table`, or a cell is blank, or there are no rows.
    """
    table = read_table(path, needed, texts)
    rows = [filled_cells(f"{path}: line {line}", row, needed) for line, row in table]
    if not rows:
        raise ZooError(f"{path}: has no rows below its first line; add some")
    return rows


def filled_cells(where: str, row: dict[str, Any], needed: Sequence[str]) -> tuple[str, ...]:
    """Returns some cells of a row of `read_table`.

    Raises:
        ZooError: one is blank, or holds several things; the message begins with `where`.
    """
    for name in needed:
        if isinstance(row.get(name), list | dict):
            raise ZooError(
                f"{where} has a {name} that is {json.dumps(row[name], ensure_ascii=False)[:40]}, no string "
                f"or number; give each row one {name}, by a row for each or by joining their names"
            )
    cells = tuple("" if row.get(name) is None else str(row[name]).strip() for name in needed)
    if "" in cells:
        raise ZooError(f"{where} has a blank {needed[cells.index('')]}; fill it in or remove the row")
    return cells


def read_table(
    path: Path, needed: Sequence[str], texts: Sequence[str] = ("text",)
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (line number, row) of a CSV, TSV or JSONL file; of a Parquet file the numbers are those of rows.

    Args:
        path: the file; its suffix tells the format.
        needed: columns that must be there.
        texts: those of them that must hold strings, also in JSON and Parquet.

    Raises:
        ZooError: the file is missing, empty, not UTF-8 or malformed, or lacks a column.
    """
    if path.suffix not in SUFFIXES:
        raise ZooError(f"{path}: unknown kind of file; give one that ends in {', '.join(SUFFIXES)}")
    if path.suffix == ".parquet":
        from zoo.data.own import parquet

        names, rows = parquet.read(path, [name for name in texts if name in needed])
        _check_columns(f"{path}: the table", names, needed)
        yield from rows
        return
    text = read_text(path).rstrip()  # blank lines at the end are no rows
    if not text:
        what = f"the columns {' and '.join(needed)}" if needed else "rows"
        raise ZooError(f"{path}: the file is empty; it needs {what}")
    read = {".csv": _csv, ".tsv": _tsv}.get(path.suffix)
    yield from read(path, text, needed) if read else json_lines(path, text, needed, texts)


def _tsv(path, text, needed):
    """Tables of tabs have seldom quotes that mean something: those of a text are a part of it."""
    if _is_quoted(text):
        yield from _csv(path, text, needed, "\t")
        return
    lines = _by_tabs(text)
    header = _header(path, lines[0], needed, "\t")
    for number, cells in enumerate(lines[1:], 2):
        if cells != [""]:
            yield number, _row(path, number, cells, header)


def _by_tabs(text: str) -> list[list[str]]:
    """Parts a text into lines of cells, by line ends and tabs alone."""
    return [line.split("\t") for line in re.split("\r\n|\n|\r", text)]


def _is_quoted(text: str) -> bool:
    """Tells whether a table of tabs was written with quotes around cells, as no text by itself has them."""
    if '"' not in text:
        return False
    lines = _by_tabs(text)
    marked = [cell for cells in lines for cell in cells if cell.startswith('"')]
    well_formed = all(re.fullmatch('"(?:[^"]|"")*"', cell) for cell in marked)
    if all(len(cells) == len(lines[0]) for cells in lines if cells != [""]):
        inside = any('""' in cell[1:-1] for cell in marked)
        return well_formed and (inside or any(cell.startswith('"') for cell in lines[0]))
    # Lines are of unlike lengths: either rows are torn, or cells run over lines, which makes them all alike.
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True))
    except csv.Error:
        return False
    return all(len(cells) == len(rows[0]) for cells in rows if cells)


def _csv(path, text, needed, delimiter=","):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    several: list[tuple[int, int]] = []  # lines that one row takes, where each of them could be a row
    try:
        header = _header(path, next(reader), needed, delimiter)
        last = reader.line_num
        for cells in reader:
            first, last = last + 1, reader.line_num
            inner = [line for cell in cells for line in cell.splitlines()[1:-1]]
            if any(line.count(delimiter) == len(header) - 1 > 0 for line in inner):
                several.append((first, last))
            if cells:  # else the line is blank
                yield last, _row(path, last, cells, header)
    except csv.Error as error:
        raise ZooError(f"{path}: line {reader.line_num} is malformed ({error}); mend its quotes") from None
    if several:
        first, last = several[0]
        what = f"{len(several)} quoted cells run" if len(several) > 1 else "a quoted cell runs"
        warnings.warn(
            f"{path}: {what} over lines that look like rows, the first from line {first} to {last}; if a "
            "quotation mark stands alone there, double it",
            stacklevel=2,
        )


def _header(path: Path, cells: list[str], needed: Sequence[str], delimiter: str) -> list[str]:
    header = [name.strip() for name in cells]
    other = next((sign for sign in ";\t|," if sign != delimiter and sign in cells[0]), "")
    if len(header) == 1 and other and header[0] not in needed:
        raise ZooError(
            f"{path}: its columns are parted by {_SIGNS[other]}, not by {_SIGNS[delimiter]}; save it with "
            f"{_SIGNS[delimiter]}, and numbers with a decimal point"
        )
    _check_columns(f"{path}: the first line", header, needed)
    if len(set(header)) < len(header):
        raise ZooError(f"{path}: two columns of the first line share a name; rename one")
    return header


def _row(path: Path, line: int, cells: list[str], header: list[str]) -> dict[str, str]:
    if len(cells) > len(header):
        raise ZooError(
            f"{path}: line {line} has {len(cells)} cells, the header has {len(header)}; "
            + (
                "take the tabs out of its texts"
                if path.suffix == ".tsv"
                else "quote texts that hold the separator"
            )
        )
    return dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True))


def json_lines(
    path: Path, text: str, needed: Sequence[str], texts: Sequence[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (line number, object) of a text that has one on each line: see `read_table`."""
    for number, line in enumerate(text.split("\n"), 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise ZooError(f"{path}: line {number} is not a JSON object; write one object on each line")
        _check_columns(f"{path}: line {number}", row, needed)
        for column in texts:
            if not isinstance(row[column], str | None):
                raise ZooError(f"{path}: line {number} has a {column} that is not a string; put it in quotes")
        try:
            json.dumps(row, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ZooError(f"{path}: line {number} holds half of a surrogate pair; remove it") from None
        yield number, row


def _check_columns(where: str, columns, needed: Sequence[str]) -> None:
    missing = [column for column in needed if column not in columns]
    if missing:
        raise ZooError(
            f"{where} has no column {' and '.join(repr(name) for name in missing)}, but "
            f"{', '.join(map(repr, columns))}; name the columns {' and '.join(needed)}"
        )


def split_parts(
    path: Path,
    suffixes: Sequence[str],
    read: Callable[[Path], Sequence[Row]],
    text_of: Callable[[Row], str],
    what: str = "rows",
) -> dict[str, list[Row]]:
    """Reads a folder's files `train`, `validation` and `test`, or one file, split 80 / 10 / 10.

    Args:
        path: the file or folder.
        suffixes: of the files in the folder.
        read: reads a file.
        text_of: what of a row decides, by a hash, which part it is in; equal texts are never in two.
        what: what messages call rows.

    Returns:
        Split -> rows.

    Raises:
        ZooError: a file is missing, or a part has no rows.
    """
    if not path.is_dir():
        return parted(path, read(path), text_of, what)
    return _none_empty(path, {split: list(read(_file_of(path, split, suffixes))) for split in SPLITS}, what)


def parted(
    path: Path, rows: Sequence[Row], text_of: Callable[[Row], str], what: str = "rows"
) -> dict[str, list[Row]]:
    """Splits rows 80 / 10 / 10: see `split_parts`."""
    parts: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for row in rows:
        text = text_of(row)
        parts[split_of(fingerprint(text) or text)].append(row)
    return _none_empty(path, parts, what)


def _none_empty(path: Path, parts: dict[str, list[Row]], what: str) -> dict[str, list[Row]]:
    for split, rows in parts.items():
        if not rows:
            raise ZooError(
                f"{path}: too few {what} to give a {split} part; give more {what}, or a folder with "
                "train, validation and test files"
            )
    return parts


def _file_of(folder: Path, split: str, suffixes: Sequence[str]) -> Path:
    names = [f"{split}{suffix}" for suffix in suffixes]
    present = [folder / name for name in names if (folder / name).exists()]
    if len(present) != 1:
        raise ZooError(f"{folder}: needs one file {', '.join(names[:-1])} or {names[-1]}")
    return present[0]
