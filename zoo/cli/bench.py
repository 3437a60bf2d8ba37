"""python -m zoo bench."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro

from zoo import models
from zoo.errors import ZooError


@dataclass(frozen=True)
class Bench:
    """Measures speed, or accuracy on small data, against what one would use instead, on this machine."""

    recipe: Annotated[
        Literal[
            "sentiment",
            "tagging",
            "translation",
            "captioning",
            "generation",
            "recognition",
            "edge",
            "serving",
            "training",
            "gpu",
            "workers",
            "lengths",
        ],
        tyro.conf.Positional,
    ]
    """What to measure: a recipe; or training steps of all recipes, on the CPU (training), or on the GPU and
    on the CPU beside it (gpu), or by several processes (workers); a server under 32 clients (serving); a
    model without TensorFlow (edge); a layer by length of its sequences (lengths)."""
    model: str = ""
    """Of translation, captioning, generation, edge and serving, the saved model to measure; empty for the
    first one that is here, or sentiment_tweets."""
    full: bool = False
    """A longer measurement; of edge 10,000 texts; of sentiment also a training to the end, to compare
    accuracy; of training and gpu also the sizes of the largest presets; of recognition five seeds."""
    output: str = ""
    """Of training and gpu, a CSV to write the figures to."""
    pytorch: str = ""
    """Of training and gpu, a Python that has PyTorch, which is measured beside; empty for this one, if it
    has it."""

    aeon: str = ""
    """Of recognition, a Python that has aeon (pip install aeon); empty for this one, if it has it."""

    def run(self) -> None:
        """Runs the benchmark."""
        import importlib

        if self.model and self.recipe not in ("translation", "captioning", "generation", "edge", "serving"):
            choices = "translation, captioning, generation, edge and serving"
            raise ZooError(f"--model is for {choices}; leave it out for {self.recipe}")
        steps = self.recipe in ("training", "gpu")
        for flag in ("output", "pytorch"):
            if getattr(self, flag) and not steps:
                raise ZooError(f"--{flag} is for training and gpu; leave it out for {self.recipe}")
        if self.aeon and self.recipe != "recognition":
            raise ZooError(f"--aeon is for recognition; leave it out for {self.recipe}")
        models.import_tensorflow()
        given: dict[str, Any] = {"model": self.model} if self.model else {}
        if self.recipe == "recognition":
            given = {"aeon": self.aeon}
        if steps:
            given = {"output": self.output, "pytorch": self.pytorch, "gpu": self.recipe == "gpu"}
        importlib.import_module(f"zoo.bench.{'training' if steps else self.recipe}").main(self.full, **given)
