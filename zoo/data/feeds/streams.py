"""Windows of running text in their order, so that what a network remembers can be carried on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.feeds.batches import as_dataset
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
        texts: numbers of units, one after another, int32 (time,) each.
        start: the number that every text follows; it stands between two unless the first one ends with it.
        padding: target of the steps that are not there, where the last window is not full.
        rows: rows in a batch, over all replicas.
        window: steps in a window, over which gradients flow.
    """

    def __init__(self, texts: Sequence[np.ndarray], start: int, padding: int, rows: int, window: int):
        parts = [np.array([start])]
        for text in texts:
            if len(text):
                # Most texts end with a line break, which is the start already.
                parts += [text] if parts[-1][-1] == start else [np.array([start]), text]
        self.numbers = np.concatenate(parts).astype(np.int32)
        self.padding, self.rows, self.window = padding, rows, window

    def __len__(self) -> int:
        """Number of units that are predicted."""
        return len(self.numbers) - 1

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

        Inputs are `tokens`, int32 (rows, window), and `start`, int32 (rows,): 1 where the row starts anew.
        Keras adds the first batches of several devices up, which it cannot do with bool.

        Args:
            seed: decides the shifts, together with the number of the pass.
            start: number of the first batch, counted from the start of training.
        """

        def batches() -> Iterator:
            number, skipped = divmod(start, self.steps)
            while True:
                shift = int(np.random.default_rng([seed, number]).integers(self.window))
                length = self.steps * self.window
                for step in range(skipped, self.steps):
                    yield self._batch(shift + np.arange(self.rows) * length + step * self.window, step == 0)
                number, skipped = number + 1, 0

        return self._dataset(batches, None)

    def in_order(self) -> tf.data.Dataset:
        """Returns one pass over all units: (inputs, targets, weights).

        Steps behind the end have padding for a target and no loss; weights make up for them, so that the mean
        loss of a step over the pass is that of the real ones.
        """
        windows = -(-len(self) // (self.rows * self.window))
        weight = windows * self.rows * self.window / len(self)

        def batches() -> Iterator:
            for step in range(windows):
                yield self._batch((np.arange(self.rows) * windows + step) * self.window, step == 0, weight)

        return self._dataset(batches, windows)

    def _batch(self, places: np.ndarray, first: bool, weight: float = 1.0):
        places = places[:, None] + np.arange(self.window)
        there = places < len(self)
        places = np.where(there, places, 0)
        targets = np.where(there, self.numbers[places + 1], self.padding)
        inputs = {"tokens": self.numbers[places], "start": np.full(self.rows, first, np.int32)}
        return inputs, targets, np.full(self.rows, weight, np.float32)

    def _dataset(self, batches, steps: int | None) -> tf.data.Dataset:
        import tensorflow as tf

        windows = tf.TensorSpec([self.rows, self.window], tf.int32)
        inputs = {"tokens": windows, "start": tf.TensorSpec([self.rows], tf.int32)}
        signature = (inputs, windows, tf.TensorSpec([self.rows], tf.float32))
        return as_dataset(batches, signature, steps)
