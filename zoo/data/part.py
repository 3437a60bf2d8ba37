"""One part of a data set: its rows read once and held as columns, or streamed where a row is large."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.splits import fingerprint

if TYPE_CHECKING:
    import tensorflow as tf

_ROWS = 4096  # of a block
_STREAMED_ROWS = 64  # which may be long
LARGE = ("image",)  # features that are never held


class Part:
    """Rows of named features, of training, validation or test.

    A text, a label, tokens, captions: these are read once, in one pass, and then held. Pictures are read
    anew whenever they are asked for.

    Args:
        rows: a dataset of dicts, in an order that never changes; or the columns themselves, name -> strings
            or numbers (n,) as an array, or rows of strings as lists.
        streamed: whether rows of a dataset are too many to be held: `blocks` reads them anew each time.

    Attributes:
        streamed: likewise.
    """

    def __init__(
        self,
        rows: tf.data.Dataset | Mapping[str, np.ndarray | Sequence[Sequence[str]]],
        streamed: bool = False,
    ):
        self.streamed = streamed and not isinstance(rows, Mapping)
        self._columns: dict[str, Any] = {}
        self._dataset = None
        if isinstance(rows, Mapping):
            self._columns = {name: _column(values) for name, values in rows.items()}
            self.features = tuple(sorted(rows))
        else:
            self._dataset = rows
            self.features = tuple(sorted(rows.element_spec))

    def __len__(self) -> int:
        name = self._small[0]
        if self.streamed:
            return sum(_length(column) for (column,) in self.blocks(name))
        return _length(self.column(name))

    @property
    def _small(self) -> list[str]:
        return [name for name in self.features if name not in LARGE]

    def column(self, feature: str) -> Any:
        """Returns all rows of a feature: an array (n, ...), strings as bytes, or ragged strings (n, time)."""
        if not self._columns:
            self._columns = _read(self._dataset, self._small)
        return self._columns[feature]

    def blocks(self, *features: str, rows: int = 0) -> Iterator[tuple[Any, ...]]:
        """Yields columns of the named features, as `column` gives them, for up to `rows` rows at a time."""
        if self.streamed and self._dataset is not None:
            for block in _blocks(self._dataset, features, min(rows or _STREAMED_ROWS, _STREAMED_ROWS)):
                yield tuple(block[name] for name in features)
            return
        rows = rows or _ROWS
        columns = [self.column(feature) for feature in features]
        for start in range(0, len(self), rows):
            yield tuple(column[start : start + rows] for column in columns)

    def one_by_one(self, feature: str) -> Iterator[bytes]:
        """Yields the strings of a feature of one each, but for empty ones."""
        for (block,) in self.blocks(feature):
            yield from filter(None, block)

    def strings(self, feature: str) -> list[str]:
        """Returns a feature of one string each (n,); what is no UTF-8 is U+FFFD."""
        return [string.decode("utf-8", "replace") for string in self.column(feature)]

    def fingerprints(self, feature: str) -> list[str]:
        """Returns what copies of each text share (n,): see `zoo.data.splits.fingerprint`."""
        known: dict[str, str] = {}  # equal ones are worked out once
        return [
            known.get(text) or known.setdefault(text, fingerprint(text)) for text in self.strings(feature)
        ]

    def without(self, feature: str, marks: Set[str]) -> Part:
        """Leaves out the rows of whose text the fingerprint is one of the marks."""
        kept = np.array([mark not in marks for mark in self.fingerprints(feature)], bool)
        return self if kept.all() else self.taken(kept)

    def with_column(self, feature: str, values: Any) -> Part:
        """Returns the rows with one feature more, or another one in its place, as a part that is held."""
        return Part({**{name: self.column(name) for name in self.features}, feature: values})

    def rows_of_strings(self, feature: str) -> list[list[str]]:
        """Returns a feature of several strings each."""
        column = self.column(feature)
        rows = column.tolist() if isinstance(column, np.ndarray) else column.to_list()
        return [[string.decode("utf-8", "replace") for string in row] for row in rows]

    @functools.cached_property
    def dataset(self) -> tf.data.Dataset:
        """The rows one by one, as dicts of tensors."""
        if self._dataset is not None:
            return self._dataset
        import tensorflow as tf

        slices = tf.data.Dataset.from_tensor_slices(self._columns)
        # The rows of a ragged tensor are dense, which their type does not yet say.
        return slices.map(lambda row: {name: tf.convert_to_tensor(value) for name, value in row.items()})

    def each(self, function: Callable[..., Any], *features: str, rows: int = 64) -> list[Any]:
        """Returns what a function makes of each block of some rows, in order; blocks run side by side.

        Args:
            function: takes the columns of a block, and leaves Python to TensorFlow meanwhile.
            *features: which columns.
            rows: of a block.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda block: function(*block), self.blocks(*features, rows=rows)))

    def first(self, most: int) -> Part:
        """Returns the first rows, as a part that is held."""
        return self.taken(np.arange(min(most, len(self))))

    def taken(self, chosen: np.ndarray) -> Part:
        """Returns some of the rows, by a mask (n,) or by their numbers, as a part that is held."""
        numbers = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return Part({name: _gathered(self.column(name), numbers) for name in self.features})


def joined(parts: Sequence[Part]) -> Part:
    """Returns the rows of several parts one after another; all have the same features."""
    return Part({name: _concatenated([part.column(name) for part in parts]) for name in parts[0].features})


def _column(values: Any) -> Any:
    """Turns lists of strings into ragged bytes; all else is a column already."""
    if not isinstance(values, list | tuple):
        return values
    if not values or not isinstance(values[0], list | tuple):
        return np.array([_bytes(value) for value in values], object)
    import tensorflow as tf

    flat = np.array([_bytes(cell) for row in values for cell in row], object)
    return tf.RaggedTensor.from_row_lengths(tf.constant(flat, tf.string), [len(row) for row in values])


def _bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8") if isinstance(value, str) else value


def _length(column: Any) -> int:
    return len(column) if isinstance(column, np.ndarray) else int(column.nrows())


def _read(dataset: Any, features: Sequence[str]) -> dict[str, Any]:
    blocks = list(_blocks(dataset, features, _ROWS))
    if not blocks:
        specs = dataset.element_spec
        return {
            name: np.zeros([0, *specs[name].shape[1:]], specs[name].dtype.as_numpy_dtype) for name in features
        }
    return {name: _concatenated([block[name] for block in blocks]) for name in features}


def _blocks(dataset: Any, features: Sequence[str], rows: int) -> Iterator[dict[str, Any]]:
    chosen = dataset.map(lambda row: {name: row[name] for name in features})
    for block in chosen.ragged_batch(rows):
        yield {name: _numpy(column) for name, column in block.items()}


def _numpy(column: Any) -> Any:
    import tensorflow as tf

    return column if isinstance(column, tf.RaggedTensor) else column.numpy()


def _concatenated(columns: Sequence[Any]) -> Any:
    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns)
    import tensorflow as tf

    return columns[0] if len(columns) == 1 else tf.concat(columns, axis=0)


def _gathered(column: Any, numbers: np.ndarray) -> Any:
    if isinstance(column, np.ndarray):
        return column[numbers]
    import tensorflow as tf

    return tf.gather(column, numbers)
