"""What is usual for the time of year, week or day, and how far each observation lies from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

DAY = 86_400
YEAR = 365.2425 * DAY  # of the Gregorian calendar
CYCLES = {"year": YEAR, "week": 7 * DAY, "day": DAY}


@dataclass(frozen=True)
class Climatology:
    """Smooth cycles of each column, fitted by least squares, and how widely observations scatter about them.

    A cycle is a sum of sines and cosines; the fewer, the smoother it is. Without cycles it is the mean.

    Attributes:
        cycles: (length in seconds, number of harmonics), one for each cycle.
        coefficients: of 1 and of all `waves`, float64 (1 + waves, columns), or (batch, 1 + waves, columns) of
            a series each.
        spread: standard deviation of what is left of each column, float64 (columns,) or (batch, 1, columns).
    """

    cycles: tuple[tuple[float, int], ...]
    coefficients: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(
        cls, values: np.ndarray, times: np.ndarray, cycles: Sequence[tuple[float, int]] = ()
    ) -> Climatology:
        """Fits the cycles.

        Args:
            values: observations (time, columns), none of which may be constant; NaN where one is missing.
            times: when they were made, seconds since 1970, int64 (time,).
            cycles: as the attribute.
        """
        values = values.astype(np.float64)
        basis = np.concatenate([np.ones((len(times), 1)), _waves(times, cycles).numpy()], axis=1)
        if np.isnan(values).any():
            seen = ~np.isnan(values.T)
            each = [_fitted(basis[s], column[s]) for s, column in zip(seen, values.T, strict=True)]
            coefficients, spread = (np.stack(parts, axis=-1) for parts in zip(*each, strict=True))
        else:
            coefficients, spread = _fitted(basis, values)
        return cls(tuple(cycles), coefficients, spread)

    def normal(self, times: tf.Tensor) -> tf.Tensor:
        """Returns the usual values, float64 (..., columns), at times (...), seconds since 1970.

        Of a series each, times are (batch, time).
        """
        import tensorflow as tf

        if len(self.coefficients.shape) == 3:
            first, others = self.coefficients[:, :1], self.coefficients[:, 1:]
            return first + tf.matmul(_waves(times, self.cycles), others)
        return self.coefficients[0] + tf.tensordot(_waves(times, self.cycles), self.coefficients[1:], 1)

    def deviations(self, values: tf.Tensor, times: tf.Tensor) -> tf.Tensor:
        """Returns how far values (..., columns) lie from the usual, in standard deviations, float32."""
        import tensorflow as tf

        # In float32 only once they are small: what changes by 10 at 5,000,000,000 would not change at all.
        return tf.cast((tf.cast(values, tf.float64) - self.normal(times)) / self.spread, tf.float32)


def _fitted(basis: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the coefficients of values (time, ...), and the spread of what is left."""
    coefficients = np.linalg.lstsq(basis, values, rcond=None)[0]
    spread = np.std(values - basis @ coefficients, axis=0)
    # Of a series that is all cycle nothing is left but rounding, or not even that.
    return coefficients, np.maximum(spread, np.finfo(np.float64).eps * np.abs(values).max(axis=0, initial=0))


def waves(times: tf.Tensor, cycles: Sequence[tuple[float, int]]) -> tf.Tensor:
    """Returns sine and cosine of each harmonic, float32 (..., waves), at times (...), seconds since 1970."""
    import tensorflow as tf

    return tf.cast(_waves(times, cycles), tf.float32)


def _waves(times: tf.Tensor, cycles: Sequence[tuple[float, int]]) -> tf.Tensor:
    import tensorflow as tf

    # Seconds have more digits than float32.
    times = tf.cast(times, tf.float64)
    angles = [
        2 * np.pi * number * (times / length - tf.floor(times / length))
        for length, harmonics in cycles
        for number in range(1, harmonics + 1)
    ]
    columns = [wave(angle) for angle in angles for wave in (tf.sin, tf.cos)]
    if not columns:
        return tf.zeros([*tf.unstack(tf.shape(times)), 0], tf.float64)
    return tf.stack(columns, axis=-1)


def check_cycles(harmonics: Mapping[str, int], times: np.ndarray, interval: int) -> None:
    """Refuses cycles that a training part cannot show.

    Args:
        harmonics: `year`, `week` and `day` -> how many are asked for.
        times: of the part, seconds since 1970.
        interval: seconds between two rows.

    Raises:
        ZooError: the part is shorter than two of a cycle, or its rows lie too far apart.
    """
    span = int(times[-1] - times[0]) + interval
    for name, number in harmonics.items():
        if number and (span < 2 * CYCLES[name] or CYCLES[name] < 2 * number * interval):
            raise ZooError(
                f"--{name} {number}: the training part shows no such cycle, since it is shorter than two of "
                f"them, or its rows lie too far apart; set --{name} 0"
            )


def cycles_of(year: int, week: int, day: int) -> tuple[tuple[float, int], ...]:
    """Returns length in seconds and harmonics of each cycle that has any."""
    harmonics = {"year": year, "week": week, "day": day}
    return tuple((CYCLES[name], number) for name, number in harmonics.items() if number)
