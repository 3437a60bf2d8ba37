"""python -m zoo bench."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from zoo import models
from zoo.errors import ZooError


@dataclass(frozen=True)
class Bench:
    """Measures speed against what one would use instead, on this machine."""

    recipe: Annotated[
        Literal["sentiment", "tagging", "translation", "captioning", "generation"], tyro.conf.Positional
    ]
    """What to measure."""
    model: str = ""
    """Of translation, captioning and generation, the saved model to measure; empty for the first one that is
    here."""
    full: bool = False
    """A longer measurement; of sentiment also a training to the end, to compare accuracy."""

    def run(self) -> None:
        """Runs the benchmark."""
        import importlib

        if self.model and self.recipe not in ("translation", "captioning", "generation"):
            choices = "translation, captioning and generation"
            raise ZooError(f"--model is for {choices}; leave it out for {self.recipe}")
        models.import_tensorflow()
        given = {"model": self.model} if self.model else {}
        importlib.import_module(f"zoo.bench.{self.recipe}").main(self.full, **given)
