"""Windows of one series or several, each with what follows each of its steps, for training forecasters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

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


class Stretch(NamedTuple):
    """One series as a network reads it.

    Attributes:
        deviations: float32 (time, columns); NaN where one is missing.
        waves: of the time of year and the like, float32 (time, waves).
        static: of the series as a whole, float32 (static,).
    """

    deviations: np.ndarray
    waves: np.ndarray
    static: np.ndarray = np.zeros(0, np.float32)


class Windows:
    """Batches of windows, as `zoo.training.fit` takes them; none goes from one series into the next.

    Inputs are `deviations`, float32 (rows, window, columns), and `waves`, (rows, window, waves); of several
    series `static`, (rows, static); where some columns are known ahead, `ahead`, (rows, window, horizon,
    known), and where values may be missing, `observed`, (rows, window, columns), 1 for those that are not:
    deviations are 0 in their place. With `differences` deviations that are not known ahead are changes from
    one step to the next, and targets are counted from the step that they are behind. Targets are the next
    `horizon` deviations behind each step, float32 (rows, window, horizon, targets), NaN behind steps that do
    not count and where one is missing.

    Args:
        stretches: the series.
        targets: the numbers of the columns to forecast.
        window: steps in a window.
        horizon: steps to forecast.
        warm_up: first steps of a window that do not count, since little has been seen there.
        batch_size: windows in a batch, over all replicas.
        replicas: devices that share a batch, which is filled up to a multiple of it with rows of no weight.
        augmentation: how windows of training are varied.
        known: the numbers of the columns that are known ahead.
        missing: whether values may be.
        differences: whether changes are read.

    Raises:
        ZooError: no step of a window counts, or behind none anything was observed.
    """

    def __init__(
        self,
        stretches: Sequence[Stretch],
        targets: Sequence[int],
        window: int,
        horizon: int,
        warm_up: int = 0,
        batch_size: int = 32,
        replicas: int = 1,
        augmentation: Augmentation | None = None,
        known: Sequence[int] = (),
        missing: bool = False,
        differences: bool = False,
    ):
        if warm_up >= window:
            raise ZooError(f"--warm-up {warm_up}: must be at least 0 and at most {window - 1}")
        self.deviations = np.concatenate([stretch.deviations for stretch in stretches])
        self.waves = np.concatenate([stretch.waves for stretch in stretches])
        self.static = np.stack([stretch.static for stretch in stretches])
        self.targets, self.known = list(targets), list(known)
        self.missing, self.differences = missing, differences
        self.window, self.horizon, self.warm_up = window, horizon, warm_up
        self.batch_size, self.replicas = batch_size, replicas
        self.augmentation = augmentation or Augmentation()
        self._steps = np.arange(window + horizon)
        # Of each window its first row, and its series.
        ends = np.cumsum([len(stretch.deviations) for stretch in stretches])
        fits = [
            np.arange(end - len(stretch.deviations), end - window - horizon + 1)
            for stretch, end in zip(stretches, ends, strict=True)
        ]
        starts, series = np.concatenate(fits), np.repeat(np.arange(len(fits)), [len(rows) for rows in fits])
        counted = np.isfinite(self.deviations[:, self.targets]).any(axis=1)
        behind = np.concatenate([[0], np.cumsum(counted)])
        useful = behind[starts + window + horizon] > behind[starts + warm_up + 1]
        self.starts, self.series = starts[useful], series[useful]
        if missing and len(starts) and not len(self.starts):
            raise ZooError(
                "no window of this length is followed by anything that was observed; give more rows"
            )

    def __len__(self) -> int:
        """Number of windows that end early enough for a whole horizon."""
        return len(self.starts)

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
        deviations, steps, starts = (on_host(x) for x in (self.deviations, self._steps, self.starts))
        batch = self._batching(padded / len(self))

        def made(step: tf.Tensor) -> Any:
            first = step * self.batch_size
            rows = tf.range(first, tf.minimum(first + self.batch_size, len(self)))
            return batch(rows, tf.gather(deviations, tf.gather(starts, rows)[:, None] + steps))

        return one_pass(made, self.steps)

    def _stretches(self, rows: np.ndarray) -> np.ndarray:
        """Returns the deviations of windows and of the horizon behind them."""
        return self.deviations[self.starts[rows][:, None] + self._steps]

    def _drawn(self, seed: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Draws the windows of a batch, and varies them."""
        draw = np.random.default_rng(seed)
        rows = draw.integers(0, len(self), self.batch_size)
        return rows, self._varied(rows, draw)

    def _varied(self, rows: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        stretches = self._stretches(rows)
        shape = (len(rows), 1, 1)
        if self.augmentation.blend:
            other = self._stretches(self._others(rows, draw))
            angle = draw.uniform(0, 2 * np.pi, shape)
            stretches = np.cos(angle) * stretches + np.sin(angle) * other
        if self.augmentation.shift:
            columns = stretches.shape[2]
            zeros = np.zeros(columns)
            shifts = draw.multivariate_normal(zeros, self._together, len(rows), method="eigh")
            shifts[:, self.known] = 0  # what is known ahead tells why a year is unlike another
            stretches = stretches + self.augmentation.shift * shifts[:, None]
        return stretches.astype(np.float32)

    @functools.cached_property
    def _together(self) -> np.ndarray:
        """How columns vary together, by rows in which none is missing."""
        complete, columns = (
            self.deviations[np.isfinite(self.deviations).all(axis=1)],
            self.deviations.shape[1],
        )
        return np.cov(complete.T).reshape(columns, columns) if len(complete) > 1 else np.eye(columns)

    def _others(self, rows: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        """Draws for each window another one of its series, of which the windows follow each other."""
        if len(self.static) == 1:
            return draw.integers(0, len(self), len(rows))
        firsts = np.searchsorted(self.series, np.arange(len(self.static)))
        counts = np.bincount(self.series, minlength=len(self.static))
        of = self.series[rows]
        return firsts[of] + draw.integers(0, counts[of])

    def _batching(self, weight: float | None = None) -> Callable[[tf.Tensor, tf.Tensor], Any]:
        """Returns what makes a batch of windows, by number, and their stretches, in the graph."""
        import tensorflow as tf

        waves, steps = on_host(self.waves), on_host(self._steps[: self.window])
        starts, series, static = (on_host(x) for x in (self.starts, self.series, self.static))
        ahead = on_host(self._steps[: self.window, None] + np.arange(1, self.horizon + 1))
        counts = on_host(np.arange(self.window)[:, None, None] >= self.warm_up)

        def batch(rows: tf.Tensor, stretches: tf.Tensor) -> Any:
            places, weights = filled(rows, self.replicas, weight)
            rows, stretches = tf.gather(rows, places), tf.gather(stretches, places)
            targets = tf.gather(tf.gather(stretches, self.targets, axis=2), ahead, axis=1)
            inputs = {
                "deviations": stretches[:, : self.window],
                "waves": tf.gather(waves, tf.gather(starts, rows)[:, None] + steps),
            }
            if self.known:
                inputs["ahead"] = tf.gather(tf.gather(stretches, self.known, axis=2), ahead, axis=1)
            if self.static.size:
                inputs["static"] = tf.gather(static, tf.gather(series, rows))
            if self.differences:
                levels = inputs["deviations"]
                targets -= tf.gather(levels, self.targets, axis=2)[:, :, None]
                inputs["deviations"] = changes(levels, self.known, levels[:, 0])
            if self.missing:
                inputs |= mask(inputs["deviations"])
            return inputs, tf.where(counts, targets, np.nan), weights

        return batch


def changes(levels: tf.Tensor, known: Sequence[int], before: tf.Tensor) -> tf.Tensor:
    """Returns changes from one step to the next, (batch, time, columns); known columns stay as they are.

    Args:
        levels: (batch, time, columns).
        known: numbers of the columns that are known ahead.
        before: levels of the step before the first, (batch, columns).
    """
    import tensorflow as tf

    steps = levels - tf.concat([before[:, None], levels[:, :-1]], axis=1)
    return tf.where(np.isin(np.arange(levels.shape[-1]), known), levels, steps)


def mask(deviations: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns `deviations` with 0 for what is missing (NaN), and `observed`, 1 for what is not, float32."""
    import tensorflow as tf

    missing = tf.math.is_nan(deviations)
    return {
        "deviations": tf.where(missing, 0.0, deviations),
        "observed": 1 - tf.cast(missing, tf.float32),
    }
