"""The user's own files: tables of texts and labels or of pairs of texts, and columns of tokens and tags."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.examples import Examples, of_user
from zoo.data.own import conll
from zoo.data.splits import fingerprint, split_of
from zoo.data.tags import with_both_prefixes
from zoo.data.utf8 import read_text
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

_TABLES = (".csv", ".tsv", ".jsonl")
SUFFIXES: dict[str, tuple[str, ...]] = {
    "classification": _TABLES,
    "tagging": conll.SUFFIXES,
    "translation": _TABLES,
    "captioning": _TABLES,  # read by zoo.data.own.pictures
    "series": _TABLES,  # read by zoo.data.own.series
    "text": (".txt",),  # and any other: read by zoo.data.own.plain_text
}
KINDS: dict[str, str] = {
    "classification": "a CSV, TSV or JSONL file",
    "tagging": f"a file of columns ({', '.join(conll.SUFFIXES)})",
    "translation": "a CSV, TSV or JSONL file",
    "captioning": "a folder of pictures with captions.csv",
    "series": "a CSV, TSV or JSONL file",
    "text": "a text file, or a folder of text files",
}
_SPLITS = ("train", "validation", "test")
csv.field_size_limit(2**31 - 1)  # a text may be longer than the 128 kB that the module allows by itself


def load(path: Path, mapping: str, tags: str = "", source: str = "", target: str = "") -> Examples:
    """Loads one file, split 80 / 10 / 10 by a hash of the text, or a folder with a file for each split.

    Labels may be any strings; they are numbered in sorted order. A sentence's text is its tokens, a pair's is
    its source. Options as in `zoo.data.load`.

    Raises:
        ZooError: a file is missing, not UTF-8, empty or malformed, a row is blank, or one label stands alone.
    """
    if mapping not in SUFFIXES:
        raise ZooError(f"{path}: own files are read for {', '.join(SUFFIXES)}, not for {mapping}")
    if mapping == "tagging":
        parts = _parts(path, mapping, lambda file: conll.read_columns(file, tags), _sentence_text)
        label_names = _tag_names(path, parts)
        datasets = {split: _tagging(rows, _all_have_text(parts)) for split, rows in parts.items()}
    elif mapping == "translation":
        parts = _parts(path, mapping, lambda file: read_pairs(file, source, target), lambda row: row[0])
        label_names = []
        datasets = {split: _translation(rows) for split, rows in parts.items()}
    else:
        parts = _parts(path, mapping, read_rows, lambda row: row[0])
        label_names = _label_names(path, parts)
        datasets = {split: _classification(rows, label_names) for split, rows in parts.items()}
    return of_user(path, datasets, label_names)


def read_rows(path: Path) -> list[tuple[str, str]]:
    """Reads the (text, label) rows of a file.

    Raises:
        ZooError: as `read_table`, or a text or label is blank, or there are no rows.
    """
    return filled(path, ("text", "label"), texts=("text",))


def read_pairs(path: Path, source: str = "", target: str = "") -> list[tuple[str, str]]:
    """Reads the (source, target) rows of a file.

    Args:
        path: a CSV, TSV or JSONL file.
        source: column of the texts to translate; empty for `source`.
        target: column of their translations; empty for `target`.

    Raises:
        ZooError: as `read_table`, or one side is blank, or both are one column, or there are no rows.
    """
    needed = (source or "source", target or "target")
    if needed[0] == needed[1]:
        raise ZooError(f"{path}: source and target are both the column {needed[0]!r}; choose two columns")
    return filled(path, needed, texts=needed)


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
        ZooError: one is blank; the message begins with `where`.
    """
    cells = tuple("" if row[name] is None else str(row[name]).strip() for name in needed)
    if "" in cells:
        raise ZooError(f"{where} has a blank {needed[cells.index('')]}; fill it in or remove the row")
    return cells


def read_table(
    path: Path, needed: Sequence[str], texts: Sequence[str] = ("text",)
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (line number, row) of a CSV, TSV or JSONL file.

    Args:
        path: the file; its suffix tells the format.
        needed: columns that must be there.
        texts: those of them that must hold strings, also in JSON.

    Raises:
        ZooError: the file is missing, empty, not UTF-8 or malformed, or lacks a column.
    """
    if path.suffix not in _TABLES:
        raise ZooError(f"{path}: unknown kind of file; give one that ends in {', '.join(_TABLES)}")
    text = read_text(path).rstrip()  # blank lines at the end are no rows
    if not text:
        what = f"the columns {' and '.join(needed)}" if needed else "rows"
        raise ZooError(f"{path}: the file is empty; it needs {what}")
    yield from _jsonl(path, text, needed, texts) if path.suffix == ".jsonl" else _csv(path, text, needed)


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


def _jsonl(path, text, needed, texts):
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


def _check_columns(where: str, found, needed: Sequence[str]) -> None:
    missing = [column for column in needed if column not in found]
    if missing:
        raise ZooError(
            f"{where} has no column {' and '.join(repr(name) for name in missing)}, but "
            f"{', '.join(map(repr, found))}; name the columns {' and '.join(needed)}"
        )


def _parts(path: Path, mapping: str, read: Callable, text_of: Callable) -> dict[str, list]:
    """Returns split -> rows, of a folder's files or of one file that is split."""
    if path.is_dir():
        parts = {split: read(_file_of(path, split, SUFFIXES[mapping])) for split in _SPLITS}
    else:
        parts = {split: [] for split in _SPLITS}
        for row in read(path):
            text = text_of(row)
            parts[split_of(fingerprint(text) or text)].append(row)
    for split, rows in parts.items():
        if not rows:
            what = "sentences" if mapping == "tagging" else "rows"
            raise ZooError(
                f"{path}: too few {what} to give a {split} part; give more {what}, or a folder with "
                "train, validation and test files"
            )
    return parts


def _file_of(folder: Path, split: str, suffixes: Sequence[str]) -> Path:
    names = [f"{split}{suffix}" for suffix in suffixes]
    found = [folder / name for name in names if (folder / name).exists()]
    if len(found) != 1:
        raise ZooError(f"{folder}: needs one file {', '.join(names[:-1])} or {names[-1]}")
    return found[0]


def _label_names(path: Path, parts: dict[str, list[tuple[str, str]]]) -> list[str]:
    known = {label for _, label in parts["train"]}
    label_names = sorted(known)
    if len(label_names) < 2:
        raise ZooError(f"{path}: only one label ({label_names[0]!r}) in the training part; give at least two")
    for split, rows in parts.items():
        for _, label in rows:
            if label not in known:
                raise ZooError(f"{path}: label {label!r} of the {split} part is not in the training part")
    return label_names


def _classification(rows: list[tuple[str, str]], label_names: list[str]) -> tf.data.Dataset:
    import tensorflow as tf

    number = {name: index for index, name in enumerate(label_names)}
    texts, labels = zip(*rows, strict=True)
    numbers = tf.constant([number[label] for label in labels], tf.int64)
    return tf.data.Dataset.from_tensor_slices({"text": tf.constant(texts), "label": numbers})


def _translation(rows: list[tuple[str, str]]) -> tf.data.Dataset:
    import tensorflow as tf

    sources, targets = zip(*rows, strict=True)
    return tf.data.Dataset.from_tensor_slices(
        {"source": tf.constant(sources), "target": tf.constant(targets)}
    )


def _tag_names(path: Path, parts: dict[str, list[conll.Sentence]]) -> list[str]:
    # Unlike a label, a rare tag that only another part holds is no mistake: it counts as missed there.
    found = {tag for sentence in parts["train"] for tag in sentence.tags}
    if len(found) < 2:
        raise ZooError(f"{path}: only one tag ({min(found)!r}) in the training part; give at least two")
    return sorted(with_both_prefixes(found))


def _tagging(sentences: list[conll.Sentence], with_text: bool) -> tf.data.Dataset:
    import tensorflow as tf

    def ragged(rows: list[list[str]]) -> tf.RaggedTensor:
        return tf.RaggedTensor.from_row_lengths(
            [cell for row in rows for cell in row], [len(row) for row in rows]
        )

    features = {
        "tokens": ragged([sentence.tokens for sentence in sentences]),
        "tags": ragged([sentence.tags for sentence in sentences]),
    }
    if with_text:
        features["text"] = tf.constant([sentence.text for sentence in sentences])
    dataset = tf.data.Dataset.from_tensor_slices(features)
    # The rows of a ragged tensor are dense, which their type does not yet say.
    return dataset.map(lambda row: {name: tf.convert_to_tensor(value) for name, value in row.items()})


def _all_have_text(parts: dict[str, list[conll.Sentence]]) -> bool:
    return all(sentence.text for sentences in parts.values() for sentence in sentences)


def _sentence_text(sentence: conll.Sentence) -> str:
    return " ".join(sentence.tokens)
