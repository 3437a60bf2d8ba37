"""Windows of a series, each with what follows every one of its steps, for training forecasters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.feeds.base import filling
from zoo.data.feeds.datasets import endless, filled, on_host, one_pass
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

_BLOCK = 32  # batches drawn at a time


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
        self._steps = np.arange(window + horizon)

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

        def draw(block: int) -> tuple[np.ndarray, np.ndarray]:
            drawn = [self._drawn([seed, block * _BLOCK + step]) for step in range(_BLOCK)]
            rows, stretches = zip(*drawn, strict=True)
            return np.stack(rows), np.stack(stretches)

        batch = self._batching()
        return endless(draw, lambda step, rows, drawn: batch(rows[step], drawn[step]), _BLOCK, start)

    def in_order(self) -> tf.data.Dataset:
        """Returns one pass of (inputs, targets, weights) over all windows, as they are.

        They weigh as rows do in `zoo.data.Batches.in_order`.
        """
        import tensorflow as tf

        full, rest = divmod(len(self), self.batch_size)
        whole, last = (rows + filling(rows, self.replicas) for rows in (self.batch_size, rest))
        padded = full * whole + last
        deviations, steps = on_host(self.deviations), on_host(self._steps)
        batch = self._batching(padded / len(self))

        def made(step: tf.Tensor) -> Any:
            first = step * self.batch_size
            rows = tf.range(first, tf.minimum(first + self.batch_size, len(self)))
            return batch(rows, tf.gather(deviations, rows[:, None] + steps))

        return one_pass(made, self.steps)

    def _stretches(self, rows: np.ndarray) -> np.ndarray:
        """Returns the deviations of windows and of the horizon behind them."""
        return self.deviations[rows[:, None] + self._steps]

    def _drawn(self, seed: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Draws the windows of a batch, and varies them."""
        draw = np.random.default_rng(seed)
        rows = draw.integers(0, len(self), self.batch_size)
        return rows, self._varied(rows, draw)

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

    def _batching(self, weight: float | None = None) -> Callable[[tf.Tensor, tf.Tensor], Any]:
        """Returns what makes a batch of windows, by number, and their stretches, in the graph."""
        import tensorflow as tf

        waves, steps = on_host(self.waves), on_host(self._steps[: self.window])
        ahead = on_host(self._steps[: self.window, None] + np.arange(1, self.horizon + 1))
        counts = on_host(np.arange(self.window)[:, None, None] >= self.warm_up)

        def batch(rows: tf.Tensor, stretches: tf.Tensor) -> Any:
            places, weights = filled(rows, self.replicas, weight)
            rows, stretches = tf.gather(rows, places), tf.gather(stretches, places)
            targets = tf.gather(tf.gather(stretches, self.targets, axis=2), ahead, axis=1)
            inputs = {
                "deviations": stretches[:, : self.window],
                "waves": tf.gather(waves, rows[:, None] + steps),
            }
            return inputs, tf.where(counts, targets, np.nan), weights

        return batch
