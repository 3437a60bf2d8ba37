"""Windows of running text in their order, so that what a network remembers can be carried on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.feeds.datasets import endless, on_host, one_pass
from zoo.data.feeds.spool import Spool
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf


class Streams:
    """Batches of windows for truncated back-propagation through time, as `zoo.training.fit` takes them.

    All texts are one stream, which is cut into as many rows as a batch has. The first batch holds the first
    window of each row, the next one the second, and so on: a row goes on where it stopped a batch ago, so the
    state that it ended with is the one to start from.

        row 1:  w1 w2 w3 | w4 w5 w6 | ...       batch 1: w1 w2 w3     batch 2: w4 w5 w6
        row 2:  v1 v2 v3 | v4 v5 v6 | ...                v1 v2 v3              v4 v5 v6

    Each pass over training text cuts it elsewhere, by a shift of up to a window, drawn from the seed and the
    number of the pass.

    Args:
        texts: numbers of units, one after another, int32 (time,) each; of many none is held in memory.
        start: the number that every text follows; it stands between two unless the first one ends with it.
        padding: target of the steps that are not there, where the last window is not full.
        rows: rows in a batch, over all replicas.
        window: steps in a window, over which gradients flow.
        told: whether `targets` are an input too, for who compares them with a few others alone.
    """

    def __init__(
        self,
        texts: Iterable[np.ndarray],
        start: int,
        padding: int,
        rows: int,
        window: int,
        told: bool = False,
    ):
        self._numbers, self._first = Spool(_following(texts, start)), start
        self.padding, self.rows, self.window, self.told = padding, rows, window, told

    def __len__(self) -> int:
        """Number of units that are predicted."""
        return len(self._numbers) - 1

    @property
    def steps(self) -> int:
        """Batches in one pass of training, in which a few units at the end are left out."""
        return max(0, (len(self) - self.window) // (self.rows * self.window))

    def check(self, name: str, units: str, replicas: int) -> None:
        """Refuses text of training that is too short for a batch, and batches that devices cannot share.

        Args:
            name: of the data set, for the message.
            units: what there is a number for, as in `"words"`.
            replicas: devices that share a batch.

        Raises:
            ZooError: it is.
        """
        if self.rows % replicas:
            raise ZooError(f"--batch-size {self.rows}: {replicas} devices share it; give a multiple of that")
        if not self.steps:
            needed = (self.rows + 1) * self.window
            raise ZooError(
                f"{name}: the training part has {len(self):,} {units}, but a batch takes {needed:,}; "
                "give more text, or lower --batch-size or --window"
            )

    def shuffled(self, seed: int, start: int = 0) -> tf.data.Dataset:
        """Returns an endless dataset of (inputs, targets, weights), pass after pass.

        Inputs are `tokens`, int32 (rows, window), and `start`, int32 (rows,): 1 where the row starts anew;
        and `targets`, if they are told. Keras adds the first batches of several devices up, which it cannot
        do with bool.

        Args:
            seed: decides the shifts, together with the number of the pass.
            start: number of the first batch, counted from the start of training.
        """

        def draw(number: int) -> tuple[np.ndarray]:
            return (np.asarray(np.random.default_rng([seed, number]).integers(self.window)),)

        return endless(draw, self._batching(self.steps), self.steps, start)

    def in_order(self) -> tf.data.Dataset:
        """Returns one pass over all units: (inputs, targets, weights).

        Steps behind the end have padding for a target and no loss; weights make up for them, so that the mean
        loss of a step over the pass is that of the real ones.
        """
        windows = -(-len(self) // (self.rows * self.window))
        weight = windows * self.rows * self.window / len(self)

        return one_pass(self._batching(windows, weight), windows)

    def _batching(self, windows: int, weight: float = 1.0) -> Callable[..., Any]:
        """Returns what makes batches, in the graph: each row goes on for so many windows."""
        import tensorflow as tf

        begins = on_host(np.arange(self.rows) * windows * self.window)
        steps = on_host(np.arange(self.window))
        read = self._numbers.reading(self.window + 1)

        def batch(step: tf.Tensor, shift: Any = 0) -> Any:
            begin = begins + shift + step * self.window
            numbers = read(begin)
            there = begin[:, None] + steps < len(self)
            targets = tf.where(there, numbers[:, 1:], self.padding)
            first = tf.fill([self.rows], tf.cast(step == 0, tf.int32))
            inputs = {"tokens": tf.where(there, numbers[:, :-1], self._first), "start": first}
            if self.told:
                inputs["targets"] = targets
            return inputs, targets, tf.fill([self.rows], weight)

        return batch


def _following(texts: Iterable[np.ndarray], start: int) -> Iterator[np.ndarray]:
    """Yields texts, and the start before each."""
    between = np.array([start])
    yield between
    last = start
    for text in texts:
        if len(text):
            if last != start:  # most texts end with a line break, which is the start already
                yield between
            yield text
            last = text[-1]
