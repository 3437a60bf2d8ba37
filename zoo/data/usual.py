"""How a forecaster reads numbers: by how far they lie from what is usual, in training and in the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from zoo.data.climatologies import Climatologies
from zoo.data.climatology import Climatology, waves
from zoo.data.feeds.windows import Stretch, changes, mask
from zoo.data.own.series import Series
from zoo.data.statics import Statics

if TYPE_CHECKING:
    import tensorflow as tf


class Reading(NamedTuple):
    """What a network is given of windows, and what its answers are counted from.

    Attributes:
        inputs: name -> tensor, as `zoo.data.Windows` gives them.
        last: deviations of the last observation, float32 (batch, columns).
        base: what forecasts lie above or below, float64 (batch, horizon, columns).
        spread: by how much one deviation moves them, float64 (columns,) or (batch, 1, columns).
        valid: whether there is enough to read, bool (batch,).
    """

    inputs: dict[str, tf.Tensor]
    last: tf.Tensor
    base: tf.Tensor
    spread: tf.Tensor
    valid: tf.Tensor


@dataclass(frozen=True)
class Usual:
    """What is usual of each series, what is said of it, and how its columns are read.

    Attributes:
        climatologies: of the series.
        statics: categories that are said of them.
        known: numbers of the columns that are known ahead.
        missing: whether values may be.
        differences: whether changes are read, of columns that are not known ahead.
    """

    climatologies: Climatologies
    statics: Statics
    known: tuple[int, ...] = ()
    missing: bool = False
    differences: bool = False

    @classmethod
    def of(
        cls,
        panel: Sequence[Series],
        cycles: Sequence[tuple[float, int]],
        known: Sequence[int] = (),
        missing: bool = False,
        differences: bool = False,
    ) -> Usual:
        """Takes in what was observed of all; where changes are read, spreads are theirs.

        Args:
            panel: the series.
            cycles: as `Climatology` takes them.
            known, missing, differences: as the attributes.
        """
        drifting = [i for i in range(len(panel[0].columns)) if differences and i not in known]
        climatologies = Climatologies.fit(panel, cycles, drifting, known)
        statics = Statics.of([series.static for series in panel])
        return cls(climatologies, statics, tuple(known), missing, differences)

    def told(self) -> dict[str, Any]:
        """Returns what a manifest says of it, for who reads numbers without the graph: of one series alone.

        Of several, of columns that are known ahead and of missing values it says nothing.
        """
        if self.statics.size or self.known or self.missing:
            return {}
        (only,) = self.climatologies.each
        return {
            "cycles": [list(cycle) for cycle in only.cycles],
            "coefficients": only.coefficients.tolist(),
            "spread": only.spread.tolist(),
            "differences": self.differences,
        }

    def stretches(self, panel: Sequence[Series]) -> list[Stretch]:
        """Returns series as windows of training are cut from them; they are those that it was made of."""
        return [
            Stretch(
                climatology.deviations(series.values, series.times).numpy(),
                waves(series.times, climatology.cycles).numpy(),
                self.statics.encode([series.static]).numpy()[0],
            )
            for series, climatology in zip(panel, self.climatologies.each, strict=True)
        ]

    def read(
        self,
        values: tf.Tensor,
        times: tf.Tensor,
        ahead: tf.Tensor,
        static: tf.Tensor | None = None,
        known: tf.Tensor | None = None,
        before: tf.Tensor | None = None,
    ) -> Reading:
        """Reads windows in the graph.

        Args:
            values: float64 (batch, time, columns).
            times: of them, seconds since 1970, int64 (batch, time).
            ahead: likewise of the steps that are forecast, (batch, horizon).
            static: of several series the name and what else is said, strings (batch, statics).
            known: columns that are known ahead, float64 (batch, horizon, known).
            before: of windows of one step that follow others the deviations of the one before, and 1 where
                there was one, float32 (batch, columns + 1). Without it windows stand for themselves.
        """
        import tensorflow as tf

        climatology, valid = self._climatology(static, values, times, alone=before is not None)
        levels = deviations = climatology.deviations(values, times)
        base = climatology.normal(ahead)
        if self.differences:
            first = levels[:, 0]
            if before is not None:
                first = tf.where(before[:, -1:] > 0, before[:, :-1], first)
            deviations = changes(levels, self.known, first)
            # In float64: what changes by 10 at 5,000,000 would hardly change at all.
            base += (values - climatology.normal(times))[:, -1:]
        inputs = {"deviations": deviations, "waves": waves(times, climatology.cycles)}
        if self.missing:
            inputs |= mask(deviations)
            if before is None:
                valid &= tf.reduce_any(inputs["observed"] > 0, axis=[1, 2])
        if known is not None:
            inputs["ahead"] = self._ahead(climatology, values, known, times, ahead)
        if static is not None:
            inputs["static"] = self.statics.encode(static)
        return Reading(inputs, levels[:, -1], base, climatology.spread, valid)

    def _climatology(
        self, static: tf.Tensor | None, values: tf.Tensor, times: tf.Tensor, alone: bool
    ) -> tuple[Climatology, tf.Tensor]:
        """Returns that of each window, and whether it can be told: not by one row of a strange series."""
        import tensorflow as tf

        if static is None:
            return self.climatologies.each[0], tf.fill([tf.shape(values)[0]], True)
        names = static[:, 0]
        valid = self.climatologies.knows(names) if alone else tf.fill([tf.shape(values)[0]], True)
        return self.climatologies.of(names, values, times), valid

    def _ahead(
        self,
        climatology: Climatology,
        values: tf.Tensor,
        known: tf.Tensor,
        times: tf.Tensor,
        ahead: tf.Tensor,
    ) -> tf.Tensor:
        """Returns what is known ahead of each step, as deviations (batch, time, horizon, known)."""
        import tensorflow as tf

        # The columns that are not known stand as 0 in rows to come, and are not read there.
        padded = tf.pad(known, [[0, 0], [0, 0], [0, 1]])
        zeros = len(self.known)
        places = [self.known.index(i) if i in self.known else zeros for i in range(values.shape[-1])]
        rows = tf.concat([values, tf.gather(padded, places, axis=-1)], axis=1)
        deviations = climatology.deviations(rows, tf.concat([times, ahead], axis=1))
        steps = tf.range(tf.shape(values)[1])[:, None] + tf.range(1, known.shape[1] + 1)
        return tf.gather(tf.gather(deviations, self.known, axis=-1), steps, axis=1)
