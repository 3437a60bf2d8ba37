"""Tables of the user in Parquet files, whose columns have types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zoo.data.own.held import plain
from zoo.data.utf8 import read_bytes
from zoo.errors import ZooError, one_line


def read(path: Path, texts: Sequence[str]) -> tuple[list[str], Iterator[tuple[int, dict[str, Any]]]]:
    """Returns the names of all columns; and of each row its number, from 1 on, and cells, as JSONL has them.

    Args:
        path: the file.
        texts: columns that must hold strings where they are there.

    Raises:
        ZooError: the file is missing or damaged, has no rows or two columns of one name, or a text is null or
            no string.
    """
    import pyarrow
    import pyarrow.parquet

    content = read_bytes(path)
    try:
        table = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content)).read()
        rows = [plain(row) for row in table.to_pylist()]
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = one_line(str(error))[:150]
        raise ZooError(f"{path}: cannot be read as Parquet ({reason}); write it anew") from None
    names = table.column_names
    if len(set(names)) < len(names):
        raise ZooError(f"{path}: two columns share a name; rename one")
    if not rows:
        raise ZooError(f"{path}: has no rows; add some")
    return names, _checked(path, rows, [name for name in texts if name in names])


def _checked(
    path: Path, rows: Sequence[dict[str, Any]], texts: Sequence[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in enumerate(rows, 1):
        for name in texts:
            if row[name] is None:
                raise ZooError(
                    f"{path}: row {number} has a {name} that is null; fill it in or remove the row"
                )
            if not isinstance(row[name], str):
                raise ZooError(
                    f"{path}: row {number} has a {name} that is not a string; store the column as strings"
                )
        yield number, row
