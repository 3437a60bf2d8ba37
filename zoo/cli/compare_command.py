"""python -m zoo compare: what is asked; TensorFlow is imported when needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from zoo import models
from zoo.cli.parse import one_line_errors
from zoo.errors import ZooError


@dataclass(frozen=True)
class Compare:
    """Trains a recipe once for each recurrent cell, alike in all else, and compares the results.

    Each training is a run of its own in runs/, and continues after Ctrl-C by the same command. A table and a
    picture set the test scores beside parameters and time per epoch (all epochs, their validation included,
    divided by how many). The trained models stay in runs/, and can be used by their paths.
    """

    what: Annotated[Literal["cells"], tyro.conf.Positional]
    """What to vary."""
    flags: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """The recipe's own flags, behind --, alike for all: -- --dataset mine.csv --units 32."""
    recipe: str = "sentiment"
    """What to train: sentiment, tagging ..."""
    preset: str = ""
    """Name of a preset of the recipe, or a .toml file; empty: the recipe's defaults."""
    epochs: int = 0
    """Most epochs of each training; 0: as the recipe or preset says."""
    cells: tuple[str, ...] = ()
    """Which cells, such as lstm gru; empty: all that the recipe knows."""
    seeds: tuple[int, ...] = ()
    """Each cell is trained with each seed, and the spread is shown: 1 2 3; empty: the recipe's one."""
    name: str = ""
    """Name of the comparison, with which those of its runs begin; empty: compare_RECIPE."""
    output: str = ""
    """Picture to draw: .png, .svg or .pdf; empty: cells.png in the comparison's folder."""
    fresh: bool = False
    """Discard what was trained before under this name, and train all anew."""

    def run(self) -> None:
        """Trains, prints the table and draws the picture."""
        settings = {"--preset": self.preset, "--epochs": self.epochs and str(self.epochs)}
        flags = [part for flag, value in settings.items() if value for part in (flag, value)]
        for flag in ("--cell", "--name", "--fresh"):
            if flag in (given.split("=")[0] for given in self.flags):
                raise ZooError(f"-- {flag}: goes before --, or is set by the comparison; leave it out there")
        if "workers" in self.flags:
            raise ZooError("-- --strategy workers: trains one model and ends; leave it out of a comparison")
        with one_line_errors("the same command continues where the last whole epoch ended"):
            models.import_tensorflow()
            from zoo.cli.compare import compare_cells

            flags = [*flags, *(["--fresh"] if self.fresh else []), *self.flags]
            compare_cells(self.recipe, flags, self.cells, self.seeds, self.name, self.output)
