"""What all converted models share: their files, and what runs their networks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from . import texts

Row = dict[str, Any]
Array = np.ndarray
Network = Callable[[Mapping[str, Array]], dict[str, Array]]


class Model:
    """Base of converted models.

    Attributes:
        name: of the model that was converted.
        takes: what `ask.py` is given, in words.
    """

    takes: ClassVar[str]

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        self.name: str = about["name"]
        self._folder, self._about, self._config = folder, about, about["config"]
        self._arrays = {name: np.load(folder / "arrays" / f"{name}.npy") for name in about["arrays"]}

    def answer(self, *given: Any, **settings: Any) -> Row:
        """Answers one input."""
        raise NotImplementedError

    def of_arguments(self, arguments: Iterable[str]) -> Iterable[Row]:
        """Answers what is typed behind `ask.py`."""
        raise NotImplementedError

    def of_line(self, line: bytes) -> Row:
        """Answers a line of standard input."""
        raise NotImplementedError

    def _network(self, name: str) -> Network:
        """Returns a network: inputs by name -> outputs by name."""
        file = self._folder / name
        if self._about["to"] == "litert":
            return _litert(file.with_suffix(".tflite"))
        return _onnx(file.with_suffix(".onnx"))


class OfText(Model):
    """Base of those that read a text."""

    takes = "texts, or lines of standard input"

    def answer(self, text: str | bytes, **settings: Any) -> Row:
        """Answers one text, bytes of UTF-8 or a string; what is no UTF-8 counts as U+FFFD."""
        return self._answer(texts.readable(text), **settings)

    def of_arguments(self, arguments: Iterable[str]) -> Iterable[Row]:
        """Answers texts."""
        return (self.answer(text.encode("utf-8", "surrogateescape")) for text in arguments)

    def of_line(self, line: bytes) -> Row:
        """Answers a text."""
        return self.answer(line)

    _answer: Callable[..., Row]


class OfNumbers(Model):
    """Base of those that read a table of numbers."""

    takes = "CSV files; or lines of standard input, each the arguments of answer as JSON"

    def of_arguments(self, arguments: Iterable[str]) -> Iterable[Row]:
        """Answers tables."""
        return (self.answer(*self.read(Path(path))) for path in arguments)

    def of_line(self, line: bytes) -> Row:
        """Answers what a line of JSON says: a list of the arguments, or an object of them by name."""
        given = json.loads(line)
        return self.answer(**given) if isinstance(given, dict) else self.answer(given)

    def read(self, path: Path) -> tuple[Any, ...]:
        """Reads a CSV file, with names in its first line, as the arguments of `answer`."""
        raise NotImplementedError


def _onnx(file: Path) -> Network:
    import onnxruntime

    session = onnxruntime.InferenceSession(file)
    outputs = [output.name for output in session.get_outputs()]

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        return dict(zip(outputs, session.run(outputs, dict(inputs)), strict=True))

    return run


def _litert(file: Path) -> Network:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(file)).get_signature_runner()
    return lambda inputs: runner(**inputs)
