"""The user's own files: CSV, TSV and JSONL with a `text` and a `label` column."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zoo.data.examples import Examples
from zoo.data.splits import fingerprint, split_of
from zoo.errors import ZooError

SUFFIXES = (".csv", ".tsv", ".jsonl")
_SPLITS = ("train", "validation", "test")
csv.field_size_limit(2**31 - 1)  # a text may be longer than the 128 kB that the module allows by itself


def load(path: Path, mapping: str) -> Examples:
    """Loads one file, split 80 / 10 / 10 by a hash of the text, or a folder with a file for each split.

    Labels may be any strings; they are numbered in sorted order.

    Raises:
        ZooError: a file is missing, not UTF-8, empty or malformed, a row is blank, or one label stands alone.
    """
    import tensorflow as tf

    if mapping != "classification":
        raise ZooError(f"{path}: own files are read for classification, not for {mapping}")
    if path.is_dir():
        parts = {split: read_rows(_file_of(path, split)) for split in _SPLITS}
    else:
        parts = {split: [] for split in _SPLITS}
        for text, label in read_rows(path):
            parts[split_of(fingerprint(text) or text)].append((text, label))
    for split, rows in parts.items():
        if not rows:
            raise ZooError(
                f"{path}: too few rows to give a {split} part; give more rows, or a folder with "
                "train, validation and test files"
            )
    label_names = sorted({label for _, label in parts["train"]})
    if len(label_names) < 2:
        raise ZooError(f"{path}: only one label ({label_names[0]!r}) in the training part; give at least two")
    number = {name: index for index, name in enumerate(label_names)}
    for split, rows in parts.items():
        for _, label in rows:
            if label not in number:
                raise ZooError(f"{path}: label {label!r} of the {split} part is not in the training part")

    def dataset(split: str) -> tf.data.Dataset:
        texts, labels = zip(*parts[split], strict=True)
        numbers = tf.constant([number[label] for label in labels], tf.int64)
        return tf.data.Dataset.from_tensor_slices({"text": tf.constant(texts), "label": numbers})

    return Examples(
        name=str(path),
        train=dataset("train"),
        validation=dataset("validation"),
        test=dataset("test"),
        label_names=tuple(label_names),
        source=path.name,
        licence="the user's own",
        version="",
    )


def read_rows(path: Path) -> list[tuple[str, str]]:
    """Reads the (text, label) rows of a file.

    Raises:
        ZooError: as `read_table`, or a text or label is blank, or there are no rows.
    """
    rows = []
    for line, row in read_table(path, ("text", "label")):
        text, label = ("" if row[name] is None else str(row[name]).strip() for name in ("text", "label"))
        if not text or not label:
            blank = "text" if not text else "label"
            raise ZooError(f"{path}: line {line} has a blank {blank}; fill it in or remove the row")
        rows.append((text, label))
    if not rows:
        raise ZooError(f"{path}: has no rows below its first line; add some")
    return rows


def read_table(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (line number, row) of a CSV, TSV or JSONL file.

    Args:
        path: the file; its suffix tells the format.
        needed: columns that must be there.

    Raises:
        ZooError: the file is missing, empty, not UTF-8 or malformed, or lacks a column.
    """
    if path.suffix not in SUFFIXES:
        raise ZooError(f"{path}: unknown kind of file; give one that ends in {', '.join(SUFFIXES)}")
    text = read_text(path).rstrip()  # blank lines at the end are no rows
    if not text:
        raise ZooError(f"{path}: the file is empty; it needs the columns {' and '.join(needed)}")
    yield from (_jsonl if path.suffix == ".jsonl" else _csv)(path, text, needed)


def read_text(path: Path) -> str:
    """Reads a UTF-8 file, with or without a byte-order mark.

    Raises:
        ZooError: the file cannot be read or is not UTF-8; the message names the line.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ZooError(f"{path}: no such file") from None
    except OSError as error:
        raise ZooError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ZooError(f"{path}: line {line} is not UTF-8; save the file as UTF-8") from None


def _csv(path, text, needed):
    delimiter = "\t" if path.suffix == ".tsv" else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader)]
        _check_columns(f"{path}: the first line", header, needed)
        if len(set(header)) < len(header):
            raise ZooError(f"{path}: two columns of the first line share a name; rename one")
        for cells in reader:
            if len(cells) > len(header):
                raise ZooError(
                    f"{path}: line {reader.line_num} has {len(cells)} cells, the header has {len(header)}; "
                    "quote texts that hold the separator"
                )
            yield reader.line_num, dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True))
    except csv.Error as error:
        raise ZooError(f"{path}: line {reader.line_num} is malformed ({error}); mend its quotes") from None


def _jsonl(path, text, needed):
    for number, line in enumerate(text.split("\n"), 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise ZooError(f"{path}: line {number} is not a JSON object; write one object on each line")
        _check_columns(f"{path}: line {number}", row, needed)
        if not isinstance(row["text"], str | None):
            raise ZooError(f"{path}: line {number} has a text that is not a string; put it in quotes")
        try:
            json.dumps(row, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ZooError(f"{path}: line {number} holds half of a surrogate pair; remove it") from None
        yield number, row


def _check_columns(where: str, found, needed: Sequence[str]) -> None:
    missing = [column for column in needed if column not in found]
    if missing:
        raise ZooError(
            f"{where} has no column {' and '.join(repr(name) for name in missing)}, but "
            f"{', '.join(map(repr, found))}; name the columns {' and '.join(needed)}"
        )


def _file_of(folder: Path, split: str) -> Path:
    found = [folder / f"{split}{suffix}" for suffix in SUFFIXES if (folder / f"{split}{suffix}").exists()]
    if len(found) != 1:
        raise ZooError(f"{folder}: needs one file {split}.csv, {split}.tsv or {split}.jsonl")
    return found[0]
