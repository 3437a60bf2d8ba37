"""python -m zoo predict."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from zoo import models
from zoo.cli import streams
from zoo.cli.parse import from_shell, needs_beam
from zoo.errors import ZooError

_SETTINGS = ("length", "temperature", "top_k", "top_p", "seed")


@dataclass(frozen=True)
class Predict:
    """Runs a model on texts or pictures from the command line, or on the rows of a file."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    texts: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Texts, each in quotes; for a captioning model paths of pictures, clips, or folders of them; for one
    that transcribes, of pictures or WAV files; for one that recognises signals, of tables."""
    input: str = ""
    """File of texts, or - for standard input: .txt with one a line, CSV, TSV, JSONL or Parquet with a column
    text, or a .py file, one text. For a captioning model it lists paths of pictures, from its own folder:
    .txt, or a column image; for one that transcribes, a column file. For a forecasting model it is a table
    with dates in its first column, and the columns that the model reads; for one that recognises signals a
    table or .ts file of them."""
    output: str = ""
    """File to write: CSV, TSV, JSONL, Parquet, or SVG, a picture, in which clips play; - is standard output,
    as JSONL. By default the answers are printed for people, or in a pipe as lines, where a model has one line
    for each text."""
    json: bool = False
    """Print an object a line, with the fields of JSONL and Parquet files, and nothing else: what was given,
    text or image, and what was answered."""
    signature: str = ""
    """What to run of the model, such as beam of a translator or captioner; empty: serving_default."""
    length: int | None = None
    """Of a generator: how many characters or words to write. This and the next as the model's card says, if
    left out."""
    temperature: float | None = None
    """Of a generator: 1 draws as often as the model thinks, less draws the likely more often, 0 always."""
    top_k: int | None = None
    """Of a generator: draw from so many of the likeliest only; 0: from all."""
    top_p: float | None = None
    """Of a generator: draw from the likeliest only, so many that their shares add up to this."""
    rescale: tuple[float, float] | None = None
    """Of a forecaster: how the table's numbers come from the unit that the model knows: a factor, and what is
    then added, as 1.8 32 for Fahrenheit of Celsius. Forecasts are in the table's unit."""
    min_confidence: float | None = None
    """Of a translator or captioner: an answer that is right with less probability is marked as doubtful; 0.5,
    if left out. Files then have a field doubtful."""
    language_model: str = ""
    """Of a transcriber: a generator that helps to choose among the texts of its beam."""
    language_weight: float | None = None
    """How much it counts; 0: not at all; 0.3, if left out."""
    seed: int | None = None
    """Of a generator: what is drawn; the same seed draws the same. Each text has a seed one higher."""
    runner: str = ""
    """Answer more rows than one machine holds, by Apache Beam (needs the extra beam): DirectRunner, which is
    this machine, DataflowRunner, FlinkRunner, SparkRunner ... --input is then a pattern of .txt or .jsonl
    files, as gs://my-bucket/*.jsonl, and --output what the names of written files begin with."""
    runner_options: str = ""
    """Options of the runner, in one string: --runner-options="--project=mine --region=europe-west1"."""

    def run(self) -> None:
        """Predicts, then prints or writes whole."""
        if self.runner_options and not self.runner:
            raise ZooError("--runner-options is for --runner; give both, or neither")
        if self.runner:
            self._in_a_pipeline()
            return
        if bool(self.texts) == bool(self.input):
            raise ZooError(
                'give texts in quotes or pictures, or --input FILE: python -m zoo predict NAME "a text"'
            )
        if self.language_weight is not None and not self.language_model:
            raise ZooError("--language-weight is for --language-model; give both, or neither")
        if self.min_confidence is not None and not 0 <= self.min_confidence <= 1:
            raise ZooError(f"--min-confidence {self.min_confidence:g}: must be from 0 to 1")
        if self.json and self.output:
            raise ZooError("--json prints, and --output writes; give one of them")
        from zoo.data.own import tables
        from zoo.show import answers
        from zoo.show.progress import rows_bar
        from zoo.tasks import of

        streams.check_output(self.output, (*tables.SUFFIXES, ".svg"))
        saved = models.find(self.model)
        # What a file lacks is found before TensorFlow is imported.
        task = of(saved.manifest)
        if self.min_confidence is not None:
            task.check_confidence(saved.manifest, self.signature)
        with streams.as_file(
            self.input, ".csv" if task.reads in ("series", "signals", "files") else ".txt"
        ) as file:
            given = task.given(
                self.texts if task.reads in ("pictures", "files") else _texts(self.texts), file, saved
            )
            if self.rescale:
                given = task.rescaled(given, self.rescale)
            settings = task.chosen(self._settings(), self.signature, len(given.inputs), saved.manifest)
            model: Any = models.Model(saved)
            if self.language_model:
                model = models.fused(model, self.language_model, self.language_weight)
            if self._is_watched(task, given):
                _show_live(model, given.inputs[0], settings)
                return
            with rows_bar(len(given.inputs)) as model.progress:
                rows = model.predict(given.inputs, self.signature, **settings)
        answered = task.answered(given, rows, saved.manifest)
        if self.min_confidence is not None:
            answered = task.marked(answered, self.min_confidence)
        if self.json or self.output == streams.STANDARD:
            print(answers.write(task, answered.rows, ".jsonl"), end="")
            answers.tell(task, answered)
        elif self.output:
            path = Path(self.output)
            if path.suffix == ".svg":
                content = answers.draw(task, answered, saved.name).encode("utf-8")
            else:
                content = answers.content(task, answered.rows, path.suffix)
            streams.write(path, content)
            print(f"{path}: {len(answered.rows):,} rows")
            answers.tell(task, answered)
        else:
            answers.show(task, answered)

    def _in_a_pipeline(self) -> None:
        """Answers by Apache Beam.

        Raises:
            ZooError: it is not installed, or a flag is for one machine alone.
        """
        alone = {
            "--json": self.json,
            "--min-confidence": self.min_confidence is not None,
            "--language-model": self.language_model,
            "--language-weight": self.language_weight is not None,
            "--rescale": self.rescale,
            "--seed, by which rows would need an order,": self.seed is not None,
            "a text on the command line": self.texts,
        }
        if left_out := next((flag for flag, value in alone.items() if value), ""):
            raise ZooError(f"{left_out} is not for --runner; leave one of them out")
        if not (self.input and self.output):
            raise ZooError("--runner: needs --input, a pattern of .txt or .jsonl files, and --output")
        with needs_beam("--runner"):
            from zoo import beam
        options = shlex.split(self.runner_options)
        beam.predict_files(
            self.model, self.input, self.output, self.runner, self.signature, options, **self._settings()
        )
        print(f"{self.output}-*.jsonl: written; rows that had no answer: {self.output}-refused-*.jsonl")

    def _settings(self) -> dict[str, Any]:
        """Returns what was said of how texts are drawn."""
        return {name: value for name in _SETTINGS if (value := getattr(self, name)) is not None}

    def _is_watched(self, task: Any, given: Any) -> bool:
        """Tells whether somebody looks on while one text is written."""
        elsewhere = self.json or self.output or self.signature or not sys.stdout.isatty()
        return "length" in task.settings and len(given.inputs) == 1 and not elsewhere


def _show_live(model: models.Model, prompt: str, settings: dict[str, Any]) -> None:
    from zoo.show.answers import safe
    from zoo.show.console import console
    from zoo.text.units import between

    page, (seed, *_) = console(highlight=False), settings.pop("seed")
    page.print(safe(prompt), style="bold", end="")
    for number, piece in enumerate(model.stream(prompt, **settings, seed=seed)):
        apart = "" if number else between(model.manifest.config["level"], prompt, piece)
        page.print(apart + safe(piece), style="cyan", end="", soft_wrap=True)
    page.print()


def _texts(typed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(from_shell, typed))
