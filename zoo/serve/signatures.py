"""Signatures as a server shows them: each output has one row for each row that came in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import ZooError
from zoo.models import Model
from zoo.models.asked import Function, run

Columns = dict[str, np.ndarray]
_FLAT, _SPLITS, _LENGTH = "flat_", "row_splits", "length"


class Signature:
    """One signature of a loaded model.

    Args:
        model: it.
        name: the signature's.
        function: what it computes.

    Attributes:
        name: the signature's.
        inputs: name -> shape and type of what it takes; the first dimension is the batch's.
        outputs: likewise of what it gives.
        defaults: inputs that may be left out, and what they are then.
        merges: whether rows of several requests may go through together. They may where the shape of an
            answer is its own: not where it is padded to that of the longest neighbour.
    """

    def __init__(self, model: Model, name: str, function: Function):
        self.name, self._model, self._function = name, model, function
        self.inputs, self.outputs = function.inputs, function.outputs
        self.defaults = {
            key: model.manifest.defaults[key] for key in self.inputs if key in model.manifest.defaults
        }
        inner = (spec.shape[1:].is_fully_defined() for spec in self.outputs.values())
        self.merges = not self.whole and all(inner)

    @classmethod
    def of(cls, model: Model, name: str) -> Signature:
        """Returns a signature of a model, in the way that its outputs ask for."""
        function = model.functions[name]
        if _SPLITS in function.outputs:
            return _Flat(model, name, function)
        if _LENGTH in function.outputs:
            return _Padded(model, name, function)
        return cls(model, name, function)

    @property
    def whole(self) -> list[str]:
        """Outputs that are one for all rows."""
        return sorted(
            key for key, spec in self.outputs.items() if not spec.shape.rank or spec.shape[0] is not None
        )

    def __call__(self, columns: Columns) -> Columns:
        """Runs rows.

        Raises:
            ZooError: the model refuses them.
        """
        import tensorflow as tf

        tensors = {key: tf.constant(column, self.inputs[key].dtype) for key, column in columns.items()}
        outputs = run(self._model.name, self._function, tensors)
        return {key: value.numpy() for key, value in outputs.items()}

    def warm_up(self) -> None:
        """Runs a row of next to nothing: the first call of a signature takes longer than all others."""
        row: Columns = {}
        for key, spec in self.inputs.items():
            shape = [1, *(size or 1 for size in spec.shape[1:])]
            kind = spec.dtype.as_numpy_dtype
            row[key] = np.full(shape, self.defaults.get(key, b"a" if kind is object else 0), kind)
        with contextlib.suppress(ZooError):  # which refuses such a row, and is warm
            self(row)

    def cut(self, outputs: Columns, rows: Sequence[int]) -> Iterator[Columns]:
        """Yields the outputs of each request, of which each has so many rows."""
        if len(rows) == 1:
            yield self._between(outputs, 0, rows[0])
            return
        for start, count in zip(np.cumsum([0, *rows]), rows, strict=False):
            yield self._between(outputs, start, start + count)

    def _between(self, outputs: Columns, start: int, stop: int) -> Columns:
        whole = set(self.whole)
        return {key: value if key in whole else value[start:stop] for key, value in outputs.items()}


class _Padded(Signature):
    """Outputs that are padded along time, and the length of each row."""

    def __init__(self, model: Model, name: str, function: Function):
        super().__init__(model, name, function)
        self._timed = [
            key for key, spec in self.outputs.items() if spec.shape.rank > 1 and spec.shape[1] is None
        ]
        fixed = (self.outputs[key].shape[2:].is_fully_defined() for key in self._timed)
        self.merges = not self.whole and all(fixed)

    def _between(self, outputs: Columns, start: int, stop: int) -> Columns:
        cut = super()._between(outputs, start, stop)
        longest = int(cut[_LENGTH].max(initial=0))
        return {key: value[:, :longest] if key in self._timed else value for key, value in cut.items()}


class _Flat(Signature):
    """Outputs in which rows follow each other without padding: here they are padded, with their lengths."""

    def __init__(self, model: Model, name: str, function: Function):
        super().__init__(model, name, function)
        import tensorflow as tf

        flat = {
            key.removeprefix(_FLAT): spec for key, spec in function.outputs.items() if key.startswith(_FLAT)
        }
        self._flat = sorted(flat)
        self.outputs = {
            key: tf.TensorSpec([None, None, *spec.shape[1:]], spec.dtype) for key, spec in flat.items()
        }
        self.outputs[_LENGTH] = tf.TensorSpec([None], function.outputs[_SPLITS].dtype)
        self.merges = True

    def _between(self, outputs: Columns, start: int, stop: int) -> Columns:
        splits = outputs[_SPLITS][start : stop + 1]
        lengths = np.diff(splits)
        longest = int(lengths.max(initial=0))
        real = np.arange(longest) < lengths[:, np.newaxis]
        cut: dict[str, Any] = {_LENGTH: lengths}
        for key in self._flat:
            values = outputs[_FLAT + key][splits[0] : splits[-1]]
            empty: Any = b"" if values.dtype == object else 0
            cut[key] = np.full([len(lengths), longest, *values.shape[1:]], empty, values.dtype)
            cut[key][real] = values
        return cut


def signatures(model: Model) -> Mapping[str, Signature]:
    """Returns name -> signature of everything that a model can be asked."""
    return {name: Signature.of(model, name) for name in sorted(model.functions)}
