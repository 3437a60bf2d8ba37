"""What all converted models share: their files, and what runs their networks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
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
        settings: what else `answer` takes, and the type of each.
    """

    takes: str
    settings: ClassVar[Mapping[str, type]] = {}

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        self.name: str = about["name"]
        self._folder, self._about, self._config = folder, about, about["config"]
        self._arrays = {name: np.load(folder / "arrays" / f"{name}.npy") for name in about["arrays"]}

    def answer(self, *given: Any, **settings: Any) -> Row:
        """Answers one input."""
        raise NotImplementedError

    def of_argument(self, argument: str, **settings: Any) -> Row:
        """Answers what is typed behind `ask.py`."""
        raise NotImplementedError

    def of_line(self, line: bytes, **settings: Any) -> Row:
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

    takes = "texts; without one, lines of standard input"

    def answer(self, text: str | bytes, **settings: Any) -> Row:
        """Answers one text, bytes of UTF-8 or a string; what is no UTF-8 counts as U+FFFD."""
        return self._answer(texts.readable(text), **settings)

    def of_argument(self, argument: str, **settings: Any) -> Row:
        """Answers a text."""
        return self.answer(argument.encode("utf-8", "surrogateescape"), **settings)

    def of_line(self, line: bytes, **settings: Any) -> Row:
        """Answers a text."""
        return self.answer(line, **settings)

    _answer: Callable[..., Row]


class OfFiles(Model):
    """Base of those that read files."""

    def answer_file(self, path: str | Path) -> Row:
        """Answers a file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is none that the model reads; the message says why.
        """
        return self.answer(*self.read(Path(path)))

    def of_argument(self, argument: str, **settings: Any) -> Row:
        """Answers a file."""
        return self.answer_file(argument)

    def of_line(self, line: bytes, **settings: Any) -> Row:
        """Answers the file that a line names."""
        return self.answer_file(os.fsdecode(line))

    def read(self, path: Path) -> tuple[Any, ...]:
        """Reads a file, as the arguments of `answer`."""
        raise NotImplementedError


class OfNumbers(OfFiles):
    """Base of those that read tables of numbers."""

    takes = "CSV files, with names in the first line; without one, lines of standard input: JSON as "
    keys: ClassVar[Mapping[str, str]]
    """What `answer` takes, and an example of each."""

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        super().__init__(folder, about)
        row = ", ".join(about["columns"])
        example = ", ".join(f'"{key}": {value}' for key, value in self.keys.items())
        self.takes = f"{type(self).takes}{{{example}}}, a row being [{row}]"

    def of_line(self, line: bytes, **settings: Any) -> Row:
        """Answers what a line of JSON says: a list of rows, or an object of the arguments by name."""
        given = json.loads(line)
        named = given if isinstance(given, dict) else {"values": given}
        for key in named:
            if key not in self.keys:
                raise ValueError(f"there is no {key!r}; give {', '.join(self.keys)}")
        return self.answer(**{"values": [], **named})


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
