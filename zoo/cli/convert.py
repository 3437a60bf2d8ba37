"""python -m zoo convert."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from zoo import models

_TEXT = '"a text"'
_ASKED = {"recognition": "FILE.csv", "series": "FILE.csv", "transcription": "FILE"}


@dataclass(frozen=True)
class Convert:
    """Writes a folder that answers as a model does, without TensorFlow.

    python FOLDER/ask.py "a text" answers, or FILE.csv, FILE.wav, FILE.png in its place, by what the model
    reads; a program says from zoo_edge import load. Classifiers, taggers, translators, language models,
    recognisers, transcribers, and forecasters of one series can be converted. It needs the extra edge; the
    folder needs numpy, and onnxruntime or ai-edge-litert.
    """

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    to: Literal["onnx", "litert"] = "onnx"
    """What runs the networks: ONNX Runtime, or LiteRT, which phones and boards have."""
    output: str = ""
    """Folder to write; empty: the model's name and -onnx, -litert or -onnx-int8."""
    int8: bool = False
    """Round the networks' matrices to 8 bits, a quarter of their size, at the price of some accuracy. ONNX
    leaves those of GRUs as they are."""

    def run(self) -> None:
        """Converts, and says what was written."""
        saved = models.find(self.model)  # what is mistyped is told at once
        print(f"{self.model} is converted, and both are compared: half a minute", file=sys.stderr)
        model: Any = models.load(self.model)
        from zoo import edge

        folder = Path(self.output or f"{model.name}-{self.to}{'-int8' if self.int8 else ''}")
        edge.convert(model, folder, self.to, self.int8)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
        print(f"{folder}: {size:.1f} MB (the SavedModel has {saved.megabytes:.1f})")
        print(f"Try: python {folder / 'ask.py'} {_ASKED.get(model.manifest.mapping, _TEXT)}")
