"""Length-bucketed batches of cached token ids, in an order that depends on seed and epoch alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.feeds.base import filling
from zoo.data.feeds.columns import Ragged, Rows, RowTable, Shared, taking
from zoo.data.feeds.datasets import endless, filled, on_host, one_pass
from zoo.devices import Fastest
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

_POOL = 50  # batches that are sorted by length together: enough to lose little padding, few enough to mix


class Batches:
    """Batches of rows of like length, for `zoo.training.fit` and for evaluation.

    Rows are padded on the right, as the fused cuDNN kernels ask, to the longest row of their own batch.
    Training order is drawn anew for each epoch from the seed and the epoch's number, so that a training
    that starts again in the middle sees what it would have seen.

    Args:
        inputs: feature name -> `Ragged` or `Shared` rows, or a dense array (rows, ...).
        targets: dense array (rows, ...) or `Ragged`.
        batch_size: rows in a batch, over all replicas.
        replicas: devices that share a batch. Batches are filled up to a multiple of it with copies of a
            real row that carry no weight.
        pool: batches whose rows are sorted by length together. More lose less padding; 1 leaves each batch
            a random sample, as batch normalisation asks.
        weights: how much each row counts in training, (rows,); None: all alike.
    """

    def __init__(
        self,
        inputs: Mapping[str, Ragged | Shared | np.ndarray],
        targets: Ragged | np.ndarray,
        batch_size: int,
        replicas: int = 1,
        pool: int = _POOL,
        weights: np.ndarray | None = None,
    ):
        self.inputs = dict(inputs)
        self.targets = targets
        self.batch_size = batch_size
        self.replicas = replicas
        self.pool = pool
        self.weights = weights
        ragged = next(column for column in self.inputs.values() if isinstance(column, Ragged))
        self._lengths = ragged.lengths

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._lengths)

    @property
    def steps(self) -> int:
        """Batches in one pass over the rows."""
        return -(-len(self) // self.batch_size)

    def shuffled(self, seed: int, start: int = 0) -> tf.data.Dataset:
        """Returns an endless dataset of (inputs, targets, weights), pass after pass.

        The mean of weights x losses over a batch, filling rows included, is the mean loss of its real rows,
        each times its own weight, however many devices share it: that is what Keras's losses compute.

        Args:
            seed: decides the order, together with the number of the pass.
            start: number of the first batch, counted from the start of training.
        """

        def draw(number: int) -> tuple[np.ndarray, np.ndarray]:
            return _joined(self._shuffled_rows(np.random.default_rng([seed, number])))

        return endless(draw, self._batching(), self.steps, start)

    def in_order(self) -> tf.data.Dataset:
        """Returns one pass of (inputs, targets, weights).

        All real rows weigh the same, so that the mean over the pass, filling rows included, is that of the
        real rows; on one device they weigh 1.
        """
        batches = self._sorted_rows()
        padded = sum(len(rows) + filling(len(rows), self.replicas) for rows in batches)
        order, splits = (on_host(array) for array in _joined(batches))
        batch = self._batching(weight=padded / len(self))
        return one_pass(lambda step: batch(step, order, splits), self.steps)

    @classmethod
    def encoded(
        cls,
        blocks: Iterable[tuple[Any, ...]],
        encode: Callable[..., tuple[Any, ...]],
        batch_size: int,
        replicas: int = 1,
        *,
        padding: int = 0,
        weights: np.ndarray | None = None,
    ) -> Batches:
        """Encodes every row once.

        Args:
            blocks: of the features that are encoded, for some rows at a time: `Part.blocks`.
            encode: takes what a block holds of each feature, gives inputs, name -> ragged rows or `Rows`, and
                targets, ragged or dense.
            batch_size: rows in a batch, over all replicas.
            replicas: devices that share a batch.
            padding: fills short targets up.
            weights: how much each row counts in training, (rows,); None: all alike.
        """
        inputs: dict[str, Any] = {}
        targets: list[Any] = []
        for block in blocks:
            columns, wanted = encode(*block)
            for name, column in columns.items():
                if isinstance(column, Rows):
                    inputs.setdefault(name, RowTable()).add(*column)
                else:
                    inputs.setdefault(name, []).append(column)
            targets.append(wanted)
        ready = {
            name: rows.ragged() if isinstance(rows, RowTable) else Ragged.concatenate(rows)
            for name, rows in inputs.items()
        }
        dense = isinstance(targets[0], np.ndarray)
        wanted = np.concatenate(targets) if dense else replace(Ragged.concatenate(targets), padding=padding)
        return cls(ready, wanted, batch_size, replicas, weights=weights)

    @classmethod
    def of_tensors(
        cls,
        inputs: Mapping[str, tf.RaggedTensor],
        targets: tf.RaggedTensor,
        batch_size: int,
        replicas: int = 1,
        fits: tf.Tensor | None = None,
        none_fits: str = "",
    ) -> Batches:
        """Makes batches of tensors that hold all rows.

        Args:
            inputs: feature name -> ragged (rows, time, ...).
            targets: ragged (rows, time, ...).
            batch_size: rows in a batch, over all replicas.
            replicas: devices that share a batch.
            fits: which rows are taken, (rows,); None: all.
            none_fits: what is told if none is.

        Raises:
            ZooError: none is.
        """
        import tensorflow as tf

        if fits is not None and not tf.reduce_any(fits):
            raise ZooError(none_fits)

        def taken(rows: tf.RaggedTensor) -> Ragged:
            return Ragged.concatenate([rows if fits is None else tf.ragged.boolean_mask(rows, fits)])

        return cls({name: taken(rows) for name, rows in inputs.items()}, taken(targets), batch_size, replicas)

    def answering(self, function: Callable[[dict[str, tf.Tensor]], tf.Tensor]) -> Callable[[], list[Any]]:
        """Returns what runs a function of the inputs over all rows.

        Args:
            function: inputs -> (rows, ...). It is traced once, for batches of any size.

        Returns:
            A function of nothing that gives one answer for each row, in the order of the data.
        """
        import tensorflow as tf

        signature = [self.in_order().element_spec[0]]
        run = Fastest(tf.function(function, signature, autograph=False).get_concrete_function())

        def run_all() -> list[Any]:
            return self.restore_order([row for inputs, *_ in self.in_order() for row in run(inputs).numpy()])

        return run_all

    def restore_order(self, outputs: Sequence[Any]) -> list[Any]:
        """Puts rows that `in_order` yielded, filling rows included, back into their first order."""
        restored: list[Any] = [None] * len(self)
        start = 0
        for rows in self._sorted_rows():
            for place, row in enumerate(rows, start):
                restored[row] = outputs[place]
            start += len(rows) + filling(len(rows), self.replicas)
        return restored

    def _sorted_rows(self) -> list[np.ndarray]:
        order = np.argsort(self._lengths, kind="stable")
        return [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]

    def _shuffled_rows(self, random: np.random.Generator) -> list[np.ndarray]:
        order = random.permutation(len(self))
        batches = []
        for start in range(0, len(order), self.pool * self.batch_size):
            pool = order[start : start + self.pool * self.batch_size]
            pool = pool[np.argsort(self._lengths[pool], kind="stable")]
            batches += [pool[i : i + self.batch_size] for i in range(0, len(pool), self.batch_size)]
        return [batches[i] for i in random.permutation(len(batches))]

    def _batching(self, weight: float | None = None) -> Callable[..., Any]:
        """Returns what makes a batch of rows that `_joined` holds, in the graph."""
        import tensorflow as tf

        inputs = {name: taking(column) for name, column in self.inputs.items()}
        targets = taking(self.targets)
        own = None if weight or self.weights is None else on_host(self.weights.astype(np.float32))

        def batch(step: tf.Tensor, order: tf.Tensor, splits: tf.Tensor) -> Any:
            rows = order[splits[step] : splits[step + 1]]
            places, weights = filled(rows, self.replicas, weight)
            rows = tf.gather(rows, places)
            weights = weights if own is None else weights * tf.gather(own, rows)
            return {name: take(rows) for name, take in inputs.items()}, targets(rows), weights

        return batch


def _joined(batches: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows of batches one after another, and where each batch begins and ends."""
    return np.concatenate(batches), np.cumsum([0, *map(len, batches)])
