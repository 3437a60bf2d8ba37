"""What is usual of each of several related series, and of one that was not among them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.climatology import Climatology
from zoo.data.own.series import Series

if TYPE_CHECKING:
    import tensorflow as tf


_LEAST = 1e-6  # share of the spread of a column that its changes have at least


@dataclass(frozen=True)
class Climatologies:
    """The climatology of each series, by its name; of one series without a name that one alone.

    Attributes:
        names: of the series.
        each: theirs, all of the same cycles.
        drifting: numbers of the columns whose spread is the size of their changes.
        known: numbers of the columns that are known ahead: an offer is one in any series, also in one that
            was never seen, and in whose window there was none.
    """

    names: tuple[str, ...]
    each: tuple[Climatology, ...]
    drifting: tuple[int, ...] = ()
    known: tuple[int, ...] = ()

    @functools.cached_property
    def _stacked(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Coefficients and spread of all series; the mean shape, and the least scatter."""
        coefficients = np.stack([one.coefficients for one in self.each])
        spread = np.stack([one.spread for one in self.each])[:, None]
        # A strange series goes through the year as all do, and scatters at least as little as the calmest.
        shape = (coefficients[:, 1:] / spread).mean(axis=0)
        level = np.maximum(np.abs(coefficients[:, :1]), spread)
        return coefficients, spread, shape, (spread / level).min(axis=0)

    @classmethod
    def fit(
        cls,
        panel: Sequence[Series],
        cycles: Sequence[tuple[float, int]],
        drifting: Sequence[int] = (),
        known: Sequence[int] = (),
    ) -> Climatologies:
        """Fits that of each series; a column that never changes in one scatters as it does in the others.

        Args:
            panel: the series.
            cycles: as of `Climatology`.
            drifting: numbers of columns whose spread is the size of their changes from one step to the next.
            known: numbers of columns that are known ahead.
        """
        each = [Climatology.fit(series.values, series.times, cycles) for series in panel]
        spreads = np.stack([one.spread for one in each])
        for row, (one, series) in enumerate(zip(each, panel, strict=True)):
            changes = np.diff(series.values - one.normal(series.times), axis=0)[:, list(drifting)]
            # About 0, and not their mean: of a straight line it is its rise.
            size = np.sqrt(np.nanmean(changes**2, axis=0))
            spreads[row, list(drifting)] = np.maximum(size, _LEAST * one.spread[list(drifting)])
        still = np.stack([np.nanmin(series.values, 0) == np.nanmax(series.values, 0) for series in panel])
        usual = np.nanmedian(np.where(still, np.nan, spreads), axis=0) if still.any() else 0
        fitted = [
            Climatology(one.cycles, one.coefficients, np.where(none, usual, spread))
            for one, spread, none in zip(each, spreads, still, strict=True)
        ]
        return cls(tuple(series.name for series in panel), tuple(fitted), tuple(drifting), tuple(known))

    @property
    def cycles(self) -> tuple[tuple[float, int], ...]:
        """Those of all."""
        return self.each[0].cycles

    def of(self, names: tf.Tensor, values: tf.Tensor, times: tf.Tensor) -> Climatology:
        """Returns what is usual of the series of some windows, in the graph.

        Of a series by another name the level and the scatter are those of its window.

        Args:
            names: strings (batch,).
            values: float64 (batch, time, columns); NaN where one is missing.
            times: int64 (batch, time).
        """
        import tensorflow as tf

        coefficients, spread, _, _ = self._stacked
        alike = names[:, None] == tf.constant(self.names)
        found, place = tf.reduce_any(alike, axis=1)[:, None, None], tf.argmax(alike, axis=1)
        strange = self._strange(values, times)
        return Climatology(
            self.cycles,
            tf.where(found, tf.gather(coefficients, place), strange.coefficients),
            tf.where(found, tf.gather(spread, place), strange.spread),
        )

    def knows(self, names: tf.Tensor) -> tf.Tensor:
        """Returns which of some names are of series that are known, bool (batch,)."""
        import tensorflow as tf

        return tf.reduce_any(names[:, None] == tf.constant(self.names), axis=1)

    def _strange(self, values: tf.Tensor, times: tf.Tensor) -> Climatology:
        """Returns that of windows of strange series: the mean shape, laid through what was observed."""
        import tensorflow as tf

        learned, spreads, shape, least = self._stacked
        seen = tf.cast(tf.math.is_finite(values), tf.float64)
        count = tf.maximum(tf.reduce_sum(seen, axis=1, keepdims=True), 1)

        def mean(x: Any) -> tf.Tensor:
            return tf.reduce_sum(tf.where(seen > 0, x, 0), axis=1, keepdims=True) / count

        zeros = np.zeros([1, shape.shape[1]])
        cycle = Climatology(self.cycles, np.concatenate([zeros, shape]), np.ones_like(zeros)).normal(times)
        level, middle = mean(values), mean(cycle)
        scatter = tf.sqrt(mean((values - level) ** 2) / (1 + mean((cycle - middle) ** 2)))
        if self.drifting:
            changes = values - tf.concat([values[:, :1], values[:, :-1]], axis=1)
            of_changes = tf.sqrt(mean(tf.where(tf.math.is_finite(changes), changes, 0) ** 2))
            drifts = np.isin(np.arange(shape.shape[1]), self.drifting)
            scatter = tf.where(drifts, of_changes, scatter)
        tiny = np.finfo(np.float64).tiny
        spread = tf.maximum(scatter, tf.maximum(least * tf.abs(level), tiny))
        coefficients = tf.concat([level - spread * middle, spread * shape], axis=1)
        alike = np.isin(np.arange(shape.shape[1]), self.known)
        spread = tf.where(alike, spreads.mean(axis=0), spread)
        coefficients = tf.where(alike, learned.mean(axis=0), coefficients)
        return Climatology(self.cycles, coefficients, spread)
