"""Windows of a series, each with what follows every one of its steps, for training forecasters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.feeds.batches import as_dataset
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Augmentation:
    """How windows are varied, all in standard deviations from the usual; what follows is varied alike."""

    shift: float = 0.0
    """Whole windows are shifted by a random amount of this size, columns as they vary together: one year is
    warmer than another, of which a training part of a few years says little."""
    blend: bool = False
    """Two windows are added up, with weights of either sign whose squares add up to 1: of processes that are
    linear and Gaussian, as weather nearly is, this draws a new window of the same process."""


class Windows:
    """Batches of windows, as `zoo.training.fit` takes them.

    Inputs are `deviations`, float32 (rows, window, columns), and `waves`, (rows, window, waves); targets are
    the next `horizon` deviations behind each step, float32 (rows, window, horizon, targets), NaN behind steps
    that do not count.

    Args:
        deviations: float32 (time, columns).
        waves: of the time of year and the like, float32 (time, waves).
        targets: the numbers of the columns to forecast.
        window: steps in a window.
        horizon: steps to forecast.
        warm_up: first steps of a window that do not count, since little has been seen there.
        batch_size: windows in a batch, over all replicas.
        replicas: devices that share a batch, which is filled up to a multiple of it with rows of no weight.
        augmentation: how windows of training are varied.

    Raises:
        ZooError: no step of a window counts.
    """

    def __init__(
        self,
        deviations: np.ndarray,
        waves: np.ndarray,
        targets: Sequence[int],
        window: int,
        horizon: int,
        warm_up: int = 0,
        batch_size: int = 32,
        replicas: int = 1,
        augmentation: Augmentation | None = None,
    ):
        if warm_up >= window:
            raise ZooError(f"--warm-up {warm_up}: must be at least 0 and at most {window - 1}")
        self.deviations, self.waves, self.targets = deviations, waves, list(targets)
        self.window, self.horizon, self.warm_up = window, horizon, warm_up
        self.batch_size, self.replicas = batch_size, replicas
        self.augmentation = augmentation or Augmentation()

    def __len__(self) -> int:
        """Number of windows that end early enough for a whole horizon."""
        return max(0, len(self.deviations) - self.window - self.horizon + 1)

    @property
    def steps(self) -> int:
        """Batches in which as many windows are drawn as there are."""
        return -(-len(self) // self.batch_size)

    def shuffled(self, seed: int, start: int = 0) -> tf.data.Dataset:
        """Returns an endless dataset of (inputs, targets, weights): windows drawn at random, and varied.

        Args:
            seed: decides each batch, together with its number.
            start: number of the first batch, counted from the start of training.
        """

        def batches() -> Iterator:
            number = start
            while True:
                draw = np.random.default_rng([seed, number])
                rows = draw.integers(0, len(self), self.batch_size)
                yield self._batch(rows, self._varied(rows, draw))
                number += 1

        return self._dataset(batches, None)

    def in_order(self) -> tf.data.Dataset:
        """Returns one pass of (inputs, targets, weights) over all windows, as they are.

        They weigh as rows do in `zoo.data.Batches.in_order`.
        """
        every = np.arange(len(self))
        blocks = [every[start : start + self.batch_size] for start in every[:: self.batch_size]]
        padded = sum(len(rows) + self._filling(rows) for rows in blocks)

        def batches() -> Iterator:
            for rows in blocks:
                yield self._batch(rows, self._stretches(rows), weight=padded / len(self))

        return self._dataset(batches, len(blocks))

    def _filling(self, rows: np.ndarray) -> int:
        return -len(rows) % self.replicas

    def _stretches(self, rows: np.ndarray) -> np.ndarray:
        """Returns the deviations of windows and of the horizon behind them."""
        return self.deviations[rows[:, None] + np.arange(self.window + self.horizon)]

    def _varied(self, rows: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        stretches = self._stretches(rows)
        shape = (len(rows), 1, 1)
        if self.augmentation.blend:
            other = self._stretches(draw.integers(0, len(self), len(rows)))
            angle = draw.uniform(0, 2 * np.pi, shape)
            stretches = np.cos(angle) * stretches + np.sin(angle) * other
        if self.augmentation.shift:
            columns = stretches.shape[2]
            together = np.cov(self.deviations.T).reshape(columns, columns)
            shifts = draw.multivariate_normal(np.zeros(columns), together, len(rows), method="eigh")
            stretches = stretches + self.augmentation.shift * shifts[:, None]
        return stretches.astype(np.float32)

    def _batch(self, rows: np.ndarray, stretches: np.ndarray, weight: float | None = None):
        filling = self._filling(rows)
        size = len(rows) + filling
        # Of equal rows, those of a filled batch weigh as Keras's mean over all rows needs.
        weights = np.full(size, weight or size / len(rows), np.float32)
        weights[len(rows) :] = 0
        rows, stretches = (
            np.concatenate([part, np.repeat(part[:1], filling, 0)]) for part in (rows, stretches)
        )
        ahead = np.arange(self.window)[:, None] + np.arange(1, self.horizon + 1)
        targets = stretches[:, ahead][..., self.targets]
        targets[:, : self.warm_up] = np.nan
        inputs = {
            "deviations": stretches[:, : self.window],
            "waves": self.waves[rows[:, None] + np.arange(self.window)],
        }
        return inputs, targets, weights

    def _dataset(self, batches, steps: int | None) -> tf.data.Dataset:
        import tensorflow as tf

        def windows(*shape: int) -> tf.TensorSpec:
            return tf.TensorSpec([None, self.window, *shape], tf.float32)

        inputs = {
            "deviations": windows(self.deviations.shape[1]),
            "waves": windows(self.waves.shape[1]),
        }
        signature = (inputs, windows(self.horizon, len(self.targets)), tf.TensorSpec([None], tf.float32))
        return as_dataset(batches, signature, steps)
