"""python -m zoo inspect: what there is to see, and what each takes; TensorFlow is imported when needed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import tyro

from zoo import models
from zoo.cli.parse import from_shell, one_line_errors
from zoo.errors import ZooError


@dataclass(frozen=True)
class Reading:
    """Draws how a classifier's answer grows word by word, or a recogniser's moment by moment."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    text: Annotated[str, tyro.conf.Positional]
    """The text to read, in quotes; for a recogniser the path of a table that holds a signal."""
    output: str = "reading.png"
    """File to draw: .png, .svg or .pdf."""

    def run(self) -> None:
        """Draws the picture."""
        from zoo import tasks

        saved = models.find(self.model)
        reads = tasks.of(saved.manifest).reads
        if reads == "signals":
            from zoo.inspection.signals import draw_reading as draw

            _tell(draw(models.Model(saved), Path(self.text), Path(self.output)), self.output)
            return
        if reads != "texts":
            raise ZooError(f"{saved.name}: reads no text; choose a classifier, or inspect its attention")
        from zoo.inspection.reading import draw_reading

        _tell(draw_reading(models.Model(saved), from_shell(self.text), Path(self.output)), self.output)


@dataclass(frozen=True)
class Attention:
    """Draws where a translator or captioner looks while it writes."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    text: Annotated[str, tyro.conf.Positional]
    """The text to read, in quotes; for a captioning model the path of a picture."""
    output: str = "attention.png"
    """File to draw: .png, .svg or .pdf."""

    def run(self) -> None:
        """Draws the picture, and prints what it shows."""
        from zoo import tasks

        saved, path = models.find(self.model), Path(self.output)
        if tasks.of(saved.manifest).reads == "pictures":
            from zoo.inspection.looking import draw_looking

            _tell(draw_looking(models.Model(saved), Path(self.text), path), path)
            return
        from zoo.inspection.attention import draw_attention

        _tell(draw_attention(models.Model(saved), from_shell(self.text), path), path)


@dataclass(frozen=True)
class Alignment:
    """Draws what a transcriber says at each moment of a recording or line: each symbol, and the blank."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    file: Annotated[str, tyro.conf.Positional]
    """Path of a WAV file or a picture."""
    output: str = "alignment.png"
    """File to draw: .png, .svg or .pdf."""

    def run(self) -> None:
        """Draws the picture, and prints the text."""
        saved = models.find(self.model)
        models.import_tensorflow()
        from zoo.inspection.alignment import draw_alignment

        _tell(draw_alignment(models.Model(saved), Path(self.file), Path(self.output)), self.output)


@dataclass(frozen=True)
class States:
    """Draws each unit's activation over a text or a signal, and ranks units by what they keep track of.

    Of a text, a page beside the picture, of the same name but ending in .html, shows every unit.
    """

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a language model, tagger or recogniser."""
    text: Annotated[str, tyro.conf.Positional]
    """The text to read, in quotes, or the path of a text file; for a recogniser of a table with a signal."""
    probe: str = ""
    """A longer text file that units are ranked on; empty: part of the model's own test data."""
    units: tuple[int, ...] = ()
    """Numbers of the units to draw, eight at most; empty: the best of each thing tracked."""
    output: str = "states.png"
    """File to draw: .png, .svg or .pdf."""

    def run(self) -> None:
        """Draws the picture and the page, and prints the ranking."""
        from zoo import tasks

        saved = models.find(self.model)
        models.import_tensorflow()
        if tasks.of(saved.manifest).reads == "signals":
            from zoo.inspection.signals import draw_states as draw

            if self.probe:
                raise ZooError(f"--probe: {saved.name} reads a signal, which its units are ranked on alone")
            _tell(draw(models.Model(saved), Path(self.text), Path(self.output), self.units), self.output)
            return
        from zoo.inspection.states import draw_states

        given = (from_shell(self.text), Path(self.output), self.probe, self.units)
        _tell(draw_states(models.Model(saved), *given), self.output)
        print(Path(self.output).with_suffix(".html"))


@dataclass(frozen=True)
class Order:
    """Measures how much a model's score owes to the order of tokens: as it is, shuffled, reversed."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a classifier, tagger, translator or language model."""
    rows: int = 500
    """Most rows of the test part that are scored."""
    seed: int = 1
    """Of which rows are drawn, and of the shuffling."""
    output: str = "order.png"
    """File to draw: .png, .svg or .pdf."""

    def run(self) -> None:
        """Prints the table, draws the bars, and says what they mean."""
        saved = models.find(self.model)
        models.import_tensorflow()
        from zoo.inspection.order import draw_order

        _tell(draw_order(models.Model(saved), Path(self.output), self.rows, self.seed), self.output)


@dataclass(frozen=True)
class Gradients:
    """Measures how far back gradients reach: by cell, at the start and trained, by recurrent matrix and
    forget-gate bias, with and without clipping, and the longest memory that is learned.

    It takes five minutes on two cores; what is measured is kept in runs/, and the same command continues
    after Ctrl-C.
    """

    seeds: int = 3
    """Networks of each kind."""
    units: int = 32
    """Size of their states."""
    back: int = 100
    """Steps that gradients are followed back through networks as they start."""
    distance: int = 20
    """Steps of noise in the task that networks are trained on before they are measured again."""
    updates: int = 1500
    """Most updates of each training."""
    distances: tuple[int, ...] = (10, 20, 40, 80, 160, 320)
    """Steps of noise that networks try to learn, rising."""
    name: str = "gradients"
    """Of the folder in runs/ that keeps what is measured."""
    output: str = ""
    """File to draw: .png, .svg or .pdf; empty: gradients.png in that folder."""
    fresh: bool = False
    """Discard what was measured before under this name."""

    def run(self) -> None:
        """Measures, prints tables and draws the sheet."""
        with one_line_errors("the same command continues"):
            self._check()
            models.import_tensorflow()
            from zoo.inspection.gradients import Settings
            from zoo.inspection.sweep import draw_gradients

            settings = Settings(**{field.name: getattr(self, field.name) for field in fields(Settings)})
            path = Path(self.output) if self.output else None
            print(draw_gradients(settings, self.name, path, self.fresh))

    def _check(self) -> None:
        for name, least in {"seeds": 1, "units": 2, "back": 1, "distance": 1, "updates": 1}.items():
            if getattr(self, name) < least:
                raise ZooError(f"--{name} {getattr(self, name)}: give at least {least}")
        if self.back < self.distance:
            raise ZooError(f"--back {self.back}: give at least as many steps as --distance, {self.distance}")
        tried = self.distances
        if not tried or tried[0] < 1 or any(a >= b for a, b in itertools.pairwise(tried)):
            raise ZooError(f"--distances {' '.join(map(str, tried))}: give rising numbers, from 1 on")


@dataclass(frozen=True)
class Inspect:
    """Draws what goes on in a model."""

    what: tyro.conf.OmitArgPrefixes[
        tyro.conf.OmitSubcommandPrefixes[Reading | Attention | Alignment | States | Order | Gradients]
    ]

    def run(self) -> None:
        """Runs what was chosen."""
        self.what.run()


def _tell(said: str, path: str | Path) -> None:
    if said:
        print(said, end="\n\n")
    print(path)
