"""Columns of rows that are encoded once and batched many times."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from zoo.data.feeds.datasets import on_host
from zoo.devices import Fastest

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Ragged:
    """Rows of unequal length in one flat array, so that a million rows cost two arrays.

    `values` is (sum of lengths, ...); row i is `values[splits[i]:splits[i + 1]]`. With a `table` (n, ...)
    the values are row numbers of it, and a batch holds those rows: what many words share is stored once.
    Row 0 of the table is padding. `padding` fills short rows up.
    """

    values: np.ndarray
    splits: np.ndarray
    table: np.ndarray | None = None
    padding: int = 0

    @classmethod
    def concatenate(cls, parts: Sequence[tf.RaggedTensor]) -> Ragged:
        """Joins the rows of ragged tensors (rows, time, ...)."""
        lengths = np.concatenate([part.row_lengths().numpy() for part in parts])
        values = np.concatenate([part.values.numpy() for part in parts])
        return cls(values, np.concatenate([[0], np.cumsum(lengths)]))

    @property
    def lengths(self) -> np.ndarray:
        """Length of each row."""
        return np.diff(self.splits)

    @functools.cached_property
    def taking(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """What takes rows: their numbers -> (rows, longest, ...), padded on the right."""
        import tensorflow as tf

        splits = on_host(self.splits)
        # Steps that are not there are those of one more value.
        padding = np.full_like(self.values, self.padding, shape=(1, *self.values.shape[1:]))
        values = on_host(np.concatenate([self.values, padding]))
        table = None if self.table is None else on_host(self.table)

        def take(rows: tf.Tensor) -> tf.Tensor:
            starts = tf.gather(splits, rows)
            lengths = tf.gather(splits, rows + 1) - starts
            longest = tf.maximum(tf.reduce_max(lengths), 1)  # Keras's loops need one step at least
            steps = tf.range(longest)
            places = tf.where(steps < lengths[:, None], starts[:, None] + steps, len(self.values))
            batch = tf.gather(values, places)
            return batch if table is None else tf.gather(table, batch)

        return take

    def padded(self, rows: np.ndarray) -> np.ndarray:
        """Returns the rows as one array (rows, longest, ...), padded on the right."""
        return self.taking(on_host(rows)).numpy()


@dataclass(frozen=True)
class Shared:
    """Rows that many examples share, such as a picture and its captions: stored once.

    Example i has row `rows[i]` of `table` (n, ...), which may be a file on disk that is mapped into memory.
    """

    table: np.ndarray
    rows: np.ndarray

    @functools.cached_property
    def taking(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """What takes the rows of examples: their numbers -> (examples, ...)."""
        import tensorflow as tf

        numbers = on_host(self.rows)
        if not isinstance(self.table, np.memmap):
            table = on_host(self.table)
            return lambda examples: tf.gather(table, tf.gather(numbers, examples))

        def take(examples: tf.Tensor) -> tf.Tensor:
            rows = tf.numpy_function(
                lambda rows: self.table[rows], [tf.gather(numbers, examples)], self.table.dtype
            )
            rows.set_shape([None, *self.table.shape[1:]])
            return rows

        return take


def taking(column: Ragged | Shared | np.ndarray) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns what takes rows of a column: their numbers -> (rows, ...)."""
    import tensorflow as tf

    if isinstance(column, Ragged | Shared):
        return column.taking
    values = on_host(column)
    return lambda rows: tf.gather(values, rows)


class RowTable:
    """Collects, block by block, the rows of a table and which row stands at each step."""

    def __init__(self) -> None:
        self._steps: list[tf.RaggedTensor] = []
        self._rows: list[np.ndarray] = []
        self._size = 1  # row 0 is padding

    def add(self, steps: tf.RaggedTensor, rows: tf.Tensor) -> None:
        """Adds a block.

        Args:
            steps: for each step (batch, time) the number of its row, counted from 0.
            rows: (n, ...).
        """
        self._steps.append(steps + self._size)
        self._rows.append(rows.numpy())
        self._size += len(self._rows[-1])

    def ragged(self) -> Ragged:
        """Returns everything as one column."""
        steps = Ragged.concatenate(self._steps)
        padding = np.zeros_like(self._rows[0], shape=(1, *self._rows[0].shape[1:]))
        return Ragged(steps.values, steps.splits, np.concatenate([padding, *self._rows]))


class Rows(NamedTuple):
    """What many steps share, such as the spelling of a word: a table, and the row of each step.

    Attributes:
        numbers: ragged (batch, time).
        table: (rows, ...).
    """

    numbers: tf.RaggedTensor
    table: tf.Tensor


def gathered(inputs: Mapping[str, Any]) -> dict[str, tf.RaggedTensor]:
    """Returns inputs with the rows themselves, ragged (batch, time, ...), in the place of their numbers."""
    import tensorflow as tf

    return {
        name: column.numbers.with_values(tf.gather(column.table, column.numbers.values))
        if isinstance(column, Rows)
        else column
        for name, column in inputs.items()
    }


def answering(
    function: Callable[[tf.Tensor], tf.Tensor], rows: np.ndarray, at_once: int = 64
) -> Callable[[], list[Any]]:
    """Returns what runs a function of some rows, (rows, ...) to (rows, ...), over all of an array."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *rows.shape[1:]), tf.as_dtype(rows.dtype))]
    run = Fastest(tf.function(function, signature, autograph=False).get_concrete_function())

    def run_all() -> list[Any]:
        blocks = (run(tf.constant(rows[start : start + at_once])) for start in range(0, len(rows), at_once))
        return [answer for block in blocks for answer in block.numpy()]

    return run_all
