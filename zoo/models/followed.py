"""A series that is forecast on while it is observed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.own.series import following
from zoo.data.own.times import Moment, moment_of, written
from zoo.errors import ZooError, one_line
from zoo.tasks import About, Window

if TYPE_CHECKING:
    from zoo.models.loaded import Model

_SHOWN = 8  # names in a message
_APART = 0.1  # share of the model's interval by which one between two rows may differ: months do, by 8 %


class Follower:
    """Takes in one row after the other, and forecasts what follows each: see `Model.follow`.

    Args:
        model: a forecaster.
        series: of a model of several series, the name of this one.

    Attributes:
        columns: names of the values of a row, in their order.
        state: what the model keeps of all rows so far, float32 (1, units).

    Raises:
        ZooError: the model is no forecaster, or the series is none of those that it has learned.
    """

    def __init__(self, model: Model, series: str = ""):
        self._step = model.signatures.get("step")
        needed = {"values", "time", "state"}
        if self._step is None or not needed <= set(self._step.structured_input_signature[1]):
            raise ZooError(f"{model.name}: only forecasters follow; this model has no step for rows")
        self._model, self._about = model, About.of(model.manifest)
        if series not in (self._about.said or {"": []}):
            learned = ", ".join(list(self._about.said)[:_SHOWN])
            raise ZooError(
                f"{model.name}: has not learned a series {series!r}"
                + (f", but {learned} ...; of a strange one give predict whole windows" if learned else "")
            )
        self._static = (series, *self._about.said[series]) if self._about.static else ()
        self.columns = tuple(self._about.columns)
        self.state = np.zeros([1, self._step.structured_input_signature[1]["state"].shape[1]], np.float32)
        self._last: Moment | None = None
        self._times: list[int] = []

    def __call__(self, time: Any, values: Any, known: Any = None) -> dict[str, Any]:
        """Takes in a row, and forecasts.

        Args:
            time: when it was observed: an ISO date, with or without a time of day, or what is written as one.
            values: a number for each column, or column -> number; of one column the number itself.
            known: for a model that reads columns which are known ahead, these of all steps that follow:
                (horizon, known).

        Returns:
            `forecasts` and `valid`, as `predict` answers for a window of all rows so far. A row that lacks a
            number (NaN) is not `valid`, unless the model learned that some are missing, and what is known of
            those before it stays.

        Raises:
            ZooError: the row has other values than the model reads, or is not as far behind the one before as
                the rows that it was trained on.
        """
        import tensorflow as tf

        row, moment, ahead_of = self._row(values), self._moment(time), self._known(known)
        horizon = self._model.manifest.config["horizon"]
        times = [*self._times, moment.wall]
        ahead = [written(seconds) for seconds in following(times, self._about.interval, horizon)]
        window = Window(row[None], written(moment.wall), ahead, static=self._static, known=ahead_of)
        assert self._step is not None
        further = {
            **({"static": tf.constant([self._static])} if self._static else {}),
            **({"known": tf.constant(ahead_of[None])} if ahead_of is not None else {}),
        }
        state = tf.constant(self.state)
        found = self._step(
            values=tf.constant(row[None]), time=tf.constant([window.time]), state=state, **further
        )
        outputs = {name: value.numpy() for name, value in found.items()}
        self.state, self._last, self._times = outputs["state"], moment, times
        (answer,) = self._model.task.answers(outputs, [window], self._model.manifest)
        return answer

    def _row(self, values: Any) -> np.ndarray:
        name, wanted = self._model.name, ", ".join(self.columns)
        if isinstance(values, Mapping):
            if missing := [column for column in self.columns if column not in values]:
                raise ZooError(f"{name}: the row has no {missing[0]!r}; give all of {wanted}")
            values = [values[column] for column in self.columns]
        try:
            row = np.asarray(values, np.float64).reshape(-1)
        except (TypeError, ValueError):
            shown = one_line(str(values))[:60]
            raise ZooError(f"{name}: {shown} are no numbers; give one for each of {wanted}") from None
        if len(row) != len(self.columns):
            raise ZooError(f"{name}: a row of {len(row)} values; give one for each of {wanted}")
        return row

    def _known(self, known: Any) -> np.ndarray | None:
        shape = (self._model.manifest.config["horizon"], len(self._about.known))
        if known is None and not shape[1]:
            return None
        told = np.zeros(0) if known is None else np.asarray(known, np.float64)
        if told.shape != shape:
            columns = f"of {', '.join(self._about.known)}" if shape[1] else "none"
            raise ZooError(f"{self._model.name}: known has the shape {told.shape}; give {shape}, {columns}")
        return told

    def _moment(self, time: Any) -> Moment:
        name, moment, last = self._model.name, moment_of(str(time)), self._last
        if moment is None:
            raise ZooError(
                f"{name}: the time {str(time)[:40]!r} is no date; write it as 2015-01-31 or 2015-01-31T13:00"
            )
        if last and (moment.ahead is None) != (last.ahead is None):
            raise ZooError(f"{name}: {moment.cell} and {last.cell}: one has a zone; write all alike")
        apart = _seconds(moment) - _seconds(last) if last else self._about.interval
        if abs(apart / self._about.interval - 1) > _APART:
            raise ZooError(
                f"{name}: {moment.cell} follows {last.cell if last else ''}, but rows are "
                f"{self._about.interval / 3600:g} hours apart; give each once and in order, or follow anew"
            )
        return moment


def _seconds(moment: Moment) -> int:
    """Returns when it was by a clock that no season changes, where the zone is known."""
    return moment.wall - (moment.ahead or 0)
