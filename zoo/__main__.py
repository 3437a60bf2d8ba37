"""python -m zoo: what can be done with saved models, without a recipe."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from zoo import cli
from zoo.cli.inspect import Inspect
from zoo.data.own import picture_files
from zoo.errors import ZooError
from zoo.models import registry
from zoo.models.quiet import import_tensorflow

_PROGRAM = """Recurrent sequence models: train them by recipe, use them as SavedModels.

Train:   python -m zoo.recipes.sentiment (or tagging, translation, captioning, generation, forecasting)
Use:     python -m zoo predict sentiment_tweets "what a lovely day"
         python -m zoo predict tagging_conll2003 "Ada Lovelace met Charles Babbage in London."
         python -m zoo predict translation_cldr_en_fr "three weeks ago"
         python -m zoo predict captioning_flickr8k photo.jpg
         python -m zoo predict generation_python "def main(" --temperature 0.5
         python -m zoo predict forecasting_seattle --input my.csv
Compare: python -m zoo compare cells --recipe sentiment
"""
_FIGURES = 3  # of a model's test scores in the list
_STEPS_TO = ("bleu_1", "bleu_2", "bleu_3")  # BLEU-4, which says enough there


@dataclass(frozen=True)
class List:
    """Lists the saved models that can be found, with their test scores."""

    markdown: bool = False
    """Print the table of the README instead, which sets the shipped models beside published figures."""

    def run(self) -> None:
        """Prints the table."""
        from rich.console import Console
        from rich.table import Table

        models = registry.list_models()
        if self.markdown:
            from zoo.cli import overview

            print(overview.markdown(models), end="")
            return
        if not models:
            print("no saved models yet; train one: python -m zoo.recipes.sentiment")
            return
        table = Table()
        for heading in ("name", "recipe", "data", "test scores", "parameters", "MB"):
            right = heading in ("parameters", "MB")
            # A name that was cut could not be typed.
            table.add_column(heading, justify="right" if right else "left", no_wrap=heading == "name")
        for saved in models:
            manifest = saved.manifest
            scores = _headline(manifest)
            parameters = f"{manifest.get('parameters', 0):,}"
            row = (
                manifest.get("recipe", ""),
                manifest.get("dataset", {}).get("name", ""),
                scores,
                parameters,
            )
            table.add_row(saved.name, *row, f"{saved.megabytes:.1f}")
        Console(markup=False, emoji=False).print(table)


@dataclass(frozen=True)
class Info:
    """Shows a model's card and checks its files."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""

    def run(self) -> None:
        """Prints the card and checks."""
        from rich.console import Console
        from rich.markdown import Markdown

        saved = registry.find(self.model)
        card = saved.path / registry.CARD
        if card.exists():
            Console().print(Markdown(card.read_text(encoding="utf-8")))
        print(
            f"\n{saved.path}: {len(saved.manifest.get('files', {}))} files, {saved.megabytes:.1f} MB", end=""
        )
        print(f"; {saved.problem}" if saved.problem else ", as the manifest says")


@dataclass(frozen=True)
class Predict:
    """Runs a model on texts or pictures from the command line, or on the rows of a file."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    texts: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Texts, each in quotes; for a captioning model paths of pictures, or of folders of pictures."""
    input: str = ""
    """File of texts: .txt with one a line, CSV, TSV or JSONL with a column text, or a .py file, one text.
    For a captioning model it lists paths of pictures, from its own folder: .txt, or a column image. For a
    forecasting model it is a table with dates in its first column, and the columns that the model reads."""
    output: str = ""
    """File to write: CSV, TSV, JSONL, or SVG, a picture; by default the answers are printed."""
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
    seed: int | None = None
    """Of a generator: what is drawn; the same seed draws the same. Each text has a seed one higher."""

    def run(self) -> None:
        """Predicts, then prints or writes whole."""
        if bool(self.texts) == bool(self.input):
            raise ZooError(
                'give texts in quotes or pictures, or --input FILE: python -m zoo predict NAME "a text"'
            )
        from zoo.show.answers import WRITERS, draw, show, tell, write

        path = Path(self.output)
        if self.output and path.suffix not in (*WRITERS, ".svg"):
            raise ZooError(f"--output {path}: give a file that ends in {', '.join(WRITERS)} or .svg")
        if self.output and not path.absolute().parent.is_dir():
            raise ZooError(f"--output {path}: no such folder; make it first")
        saved = registry.find(self.model)
        rows, refused = self._captioned(saved) if saved.captions else (self._answered(saved), {})
        config = saved.manifest.get("config", {})
        about = {
            "labels": saved.manifest.get("labels", []),
            "code": config.get("style") == "code",
            "max_pieces": config.get("max_pieces", 0),
            "refused": refused,
        }
        if not self.output:
            show(rows, **about)
            return
        from zoo.training.run import write_atomically

        picture = path.suffix == ".svg"
        content = draw(rows, **about, title=saved.name) if picture else write(rows, path.suffix)
        try:
            write_atomically(path, content.encode("utf-8"))
        except OSError as error:
            raise ZooError(f"--output {path}: cannot be written ({error.strerror})") from None
        print(f"{path}: {len(rows):,} rows")
        tell(rows, about["max_pieces"], refused)

    def _answered(self, saved: registry.Saved) -> list[dict[str, Any]]:
        if saved.manifest.get("mapping") == "series":
            return self._forecast(saved)
        texts = [cli.from_shell(text) for text in self.texts] or _read_texts(Path(self.input))
        answers = registry.Model(saved).predict(texts, self.signature, **self._settings(saved, len(texts)))
        return [{"text": text, **row} for text, row in zip(texts, answers, strict=True)]

    def _forecast(self, saved: registry.Saved) -> list[dict[str, Any]]:
        if self.texts or self.signature:
            raise ZooError(
                f"{saved.name}: forecasts what follows a table of observations, by its serving_default; "
                f"give one: python -m zoo predict {saved.name} --input SERIES.csv"
            )
        self._settings(saved, 0)
        from zoo.tasks.forecasts import predict

        return predict(registry.Model(saved), Path(self.input))

    def _settings(self, saved: registry.Saved, rows: int) -> dict[str, Any]:
        """Returns the flags given that tell a generator how to write."""
        names = ("length", "temperature", "top_k", "top_p", "seed")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if saved.manifest.get("mapping") != "text" or self.signature:
            if given:
                raise ZooError(f"--{next(iter(given)).replace('_', '-')}: is for generators; leave it out")
            return {}
        first = given.get("seed", saved.manifest.get("defaults", {}).get("seed", 0))
        return {**given, "seed": [first + row for row in range(rows)]}

    def _captioned(self, saved: registry.Saved) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Returns answers, and picture -> why it cannot be read."""
        pictures = picture_files.given(self.texts) or picture_files.listed(Path(self.input))
        answers = registry.Model(saved).predict([picture.file for picture in pictures], self.signature)
        pairs = list(zip(pictures, answers, strict=True))
        refused = {
            picture.name: picture_files.refusal(picture.file)
            for picture, row in pairs
            if not row.get("valid", True)
        }
        if len(refused) == len({picture.name for picture in pictures}):
            (name, reason), *others = refused.items()
            more = f", and {len(others):,} more cannot be read" if others else ""
            raise ZooError(f"{name} {reason}{more}; give pictures in JPEG, PNG, GIF or BMP")
        return [{"image": picture.name, **row} for picture, row in pairs], refused


@dataclass(frozen=True)
class Evaluate:
    """Scores a model on a data set, beside the baselines of its training."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    dataset: str = ""
    """Name of a data set, or a file; by default what the model was trained on."""
    split: str = "test"
    """test, validation, train, or a further test part of the set; of a single file all rows are scored."""
    tags: str = ""
    """For taggers, the column of tags: a name (ner, upos ...), of a file a number; empty: the model's own."""
    source: str = ""
    """For translators, the language to translate from, of a file its column; empty: the model's own."""
    target: str = ""
    """Likewise the language to translate into."""

    def run(self) -> None:
        """Predicts and prints scores."""
        from zoo.tasks.evaluation import evaluate

        evaluate(registry.load(self.model), self.dataset, self.split, self.tags, self.source, self.target)


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
        import_tensorflow()
        given = {"model": self.model} if self.model else {}
        importlib.import_module(f"zoo.bench.{self.recipe}").main(self.full, **given)


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
        with cli.one_line_errors("the same command continues where the last whole epoch ended"):
            import_tensorflow()
            from zoo.cli.compare import compare_cells

            flags = [*flags, *(["--fresh"] if self.fresh else []), *self.flags]
            compare_cells(self.recipe, flags, self.cells, self.seeds, self.name, self.output)


def main() -> None:
    """Parses the command line and runs the command."""
    with cli.one_line_errors():
        commands = List | Info | Predict | Evaluate | Inspect | Compare | Bench
        cli.parse_commands(commands, sys.argv[1:], "python -m zoo", _PROGRAM).run()


def _headline(manifest: dict[str, Any]) -> str:
    from zoo.metrics.labels import figures

    scores = manifest.get("metrics", {}).get("test", {})
    found = figures({name: score for name, score in scores.items() if name not in _STEPS_TO})
    return ", ".join(f"{name} {figure}" for name, figure in list(found.items())[:_FIGURES])


def _read_texts(path: Path) -> list[str]:
    from zoo.data.own import tables

    if path.suffix in (".txt", ".py"):
        text = tables.read_text(path)
        if not text.strip():
            raise ZooError(f"{path}: the file is empty; it needs one text on each line")
        return [text] if path.suffix == ".py" else text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if path.suffix not in (suffixes := tables.SUFFIXES["classification"]):
        raise ZooError(
            f"{path}: unknown kind of file; give one that ends in .txt, .py, {', '.join(suffixes)}"
        )
    texts = [row["text"] or "" for _, row in tables.read_table(path, ("text",))]
    if not texts:
        raise ZooError(f"{path}: has no rows below its first line; add some")
    return texts


if __name__ == "__main__":
    main()
