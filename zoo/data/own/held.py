"""Rows that a program holds in memory, as the file that they would be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.cache import cache_dir
from zoo.errors import ZooError
from zoo.files import write_atomically


def as_file(rows: Any) -> Path:
    """Returns the file that holds rows; those in memory are written to one, which the same rows share.

    So whatever is said of files holds for them too: how they are split, checked and gone on with.

    Args:
        rows: the path of a file or folder; or a pandas or Polars frame, a `tf.data.Dataset` of dicts, or
            dicts, with the columns that a file would have. Of a tagger, dicts of the lists `tokens`, `tags`.

    Raises:
        ZooError: they are something else, or there are none.
    """
    if isinstance(rows, str | Path):
        return Path(rows)
    found = [plain(row) for row in _dicts(rows)]
    if not found:
        raise ZooError("there are no rows; give some")
    tagged = all(isinstance(row.get("tokens"), list) for row in found)
    content = (
        _columns(found) if tagged else "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in found)
    )
    encoded = content.encode("utf-8", "replace")
    name = f"{hashlib.sha256(encoded).hexdigest()[:16]}{'.conll' if tagged else '.jsonl'}"
    path = cache_dir() / "own" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        write_atomically(path, encoded)
    return path


def _dicts(rows: Any) -> Iterable[Mapping[str, Any]]:
    for method, arguments in (("to_dicts", ()), ("as_numpy_iterator", ())):  # Polars, tf.data
        if hasattr(rows, method):
            return list(getattr(rows, method)(*arguments))
    if hasattr(rows, "to_dict"):  # pandas
        return list(rows.to_dict("records"))
    if isinstance(rows, Mapping) or not isinstance(rows, Iterable):
        raise ZooError(
            f"rows are a {type(rows).__name__}; give a path, a list of dicts, a frame or a tf.data.Dataset"
        )
    return list(rows)


def plain(row: Any) -> dict[str, Any]:
    """Returns a row of strings, numbers, and lists and dicts of them, as JSON has them."""
    if not isinstance(row, Mapping):
        raise ZooError(
            f'a row is a {type(row).__name__}; give each as a dict, as {{"text": "...", "label": "..."}}'
        )
    return {str(name): _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, np.ndarray | list | tuple):
        return [_value(each) for each in (value.tolist() if isinstance(value, np.ndarray) else value)]
    if isinstance(value, np.generic):
        return _value(value.item())
    if value is None or isinstance(value, str | int | float | bool):
        return None if value != value else value  # frames write what is missing as NaN
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _columns(rows: Iterable[Mapping[str, Any]]) -> str:
    """Returns a token and its tag on each line, and a blank line behind each sentence."""
    blocks = []
    for number, row in enumerate(rows, start=1):
        tokens, tags = row["tokens"], row.get("tags")
        if not isinstance(tags, list) or len(tags) != len(tokens):
            raise ZooError(f"row {number} has {len(tokens)} tokens and not as many tags; give each token one")
        if strange := next((cell for cell in (*tokens, *tags) if len(str(cell).split()) != 1), None):
            raise ZooError(
                f"row {number} has a token or tag {strange!r}; leave out what is blank, and split at spaces"
            )
        blocks.append("".join(f"{token} {tag}\n" for token, tag in zip(tokens, tags, strict=True)))
    return "\n".join(blocks)
