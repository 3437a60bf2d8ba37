"""python -m zoo: what can be done with saved models, without a recipe."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from zoo import cli, picture_files, registry
from zoo.errors import ZooError
from zoo.quiet import import_tensorflow

_PROGRAM = """Recurrent sequence models: train them by recipe, use them as SavedModels.

Train:   python -m zoo.recipes.sentiment (or tagging, translation, captioning)
Use:     python -m zoo predict sentiment_tweets "what a lovely day"
         python -m zoo predict tagging_conll2003 "Ada Lovelace met Charles Babbage in London."
         python -m zoo predict translation_cldr_en_fr "three weeks ago"
         python -m zoo predict captioning_flickr8k photo.jpg
"""
_FIGURES = 3  # of a model's test scores in the list
_STEPS_TO = ("bleu_1", "bleu_2", "bleu_3")  # BLEU-4, which says enough there


@dataclass(frozen=True)
class List:
    """Lists the saved models that can be found, with their test scores."""

    def run(self) -> None:
        """Prints the table."""
        from rich.console import Console
        from rich.table import Table

        models = registry.list_models()
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
    For a captioning model it lists paths of pictures, from its own folder: .txt, or a column image."""
    output: str = ""
    """File to write: CSV, TSV, JSONL, or SVG, a picture; by default the answers are printed."""
    signature: str = ""
    """What to run of the model, such as beam of a translator or captioner; empty: serving_default."""

    def run(self) -> None:
        """Predicts, then prints or writes whole."""
        if bool(self.texts) == bool(self.input):
            raise ZooError(
                'give texts in quotes or pictures, or --input FILE: python -m zoo predict NAME "a text"'
            )
        from zoo.predictions import WRITERS, draw, show, tell, write

        path = Path(self.output)
        if self.output and path.suffix not in (*WRITERS, ".svg"):
            raise ZooError(f"--output {path}: give a file that ends in {', '.join(WRITERS)} or .svg")
        if self.output and not path.absolute().parent.is_dir():
            raise ZooError(f"--output {path}: no such folder; make it first")
        saved = registry.find(self.model)
        rows, refused = self._captioned(saved) if _captions(saved) else (self._answered(saved), {})
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
        from zoo.run import write_atomically

        picture = path.suffix == ".svg"
        content = draw(rows, **about, title=saved.name) if picture else write(rows, path.suffix)
        try:
            write_atomically(path, content.encode("utf-8"))
        except OSError as error:
            raise ZooError(f"--output {path}: cannot be written ({error.strerror})") from None
        print(f"{path}: {len(rows):,} rows")
        tell(rows, about["max_pieces"], refused)

    def _answered(self, saved: registry.Saved) -> list[dict[str, Any]]:
        texts = [_from_shell(text) for text in self.texts] or _read_texts(Path(self.input))
        answers = registry.Model(saved).predict(texts, self.signature)
        return [{"text": text, **row} for text, row in zip(texts, answers, strict=True)]

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
        from zoo.evaluation import evaluate

        evaluate(registry.load(self.model), self.dataset, self.split, self.tags, self.source, self.target)


@dataclass(frozen=True)
class Inspect:
    """Draws what a model does with a text or a picture."""

    what: Annotated[Literal["reading", "attention"], tyro.conf.Positional]
    """reading: how a classifier's answer grows word by word; attention: where other models look."""
    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    text: Annotated[str, tyro.conf.Positional]
    """The text to read, in quotes; for a captioning model the path of a picture."""
    output: str = ""
    """File to draw: .png, .svg or .pdf; empty: named after what is drawn."""

    def run(self) -> None:
        """Draws the picture, and prints what it shows."""
        import importlib

        path = Path(self.output or f"{self.what}.png")
        saved, what, given = registry.find(self.model), self.what, _from_shell(self.text)
        if _captions(saved):
            if self.what == "reading":
                raise ZooError(f"{saved.name}: reads no text; choose a classifier, or inspect its attention")
            what, given = "looking", Path(self.text)
        draw = getattr(importlib.import_module(f"zoo.inspection.{what}"), f"draw_{what}")
        if said := draw(registry.Model(saved), given, path):
            print(said, end="\n\n")
        print(path)


@dataclass(frozen=True)
class Bench:
    """Measures speed against what one would use instead, on this machine."""

    recipe: Annotated[Literal["sentiment", "tagging", "translation", "captioning"], tyro.conf.Positional]
    """What to measure."""
    model: str = ""
    """Of translation and captioning, the saved model to measure; empty for the first one that is here."""
    full: bool = False
    """A longer measurement; of sentiment also a training to the end, to compare accuracy."""

    def run(self) -> None:
        """Runs the benchmark."""
        import importlib

        if self.model and self.recipe not in ("translation", "captioning"):
            raise ZooError(f"--model is for translation and captioning; leave it out for {self.recipe}")
        import_tensorflow()
        given = {"model": self.model} if self.model else {}
        importlib.import_module(f"zoo.bench.{self.recipe}").main(self.full, **given)


def main() -> None:
    """Parses the command line and runs the command."""
    with cli.one_line_errors():
        commands = List | Info | Predict | Evaluate | Inspect | Bench
        cli.parse_commands(commands, sys.argv[1:], "python -m zoo", _PROGRAM).run()


def _headline(manifest: dict[str, Any]) -> str:
    from zoo.metrics import figures

    scores = manifest.get("metrics", {}).get("test", {})
    found = figures({name: score for name, score in scores.items() if name not in _STEPS_TO})
    return ", ".join(f"{name} {figure}" for name, figure in list(found.items())[:_FIGURES])


def _captions(saved: registry.Saved) -> bool:
    return saved.manifest.get("mapping") == "captioning"


def _from_shell(text: str) -> str:
    """Replaces what the shell passed on that is not UTF-8 by U+FFFD, as in any other text."""
    return os.fsencode(text).decode("utf-8", "replace")


def _read_texts(path: Path) -> list[str]:
    from zoo.data import files

    if path.suffix in (".txt", ".py"):
        text = files.read_text(path)
        if not text.strip():
            raise ZooError(f"{path}: the file is empty; it needs one text on each line")
        return [text] if path.suffix == ".py" else text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if path.suffix not in (tables := files.SUFFIXES["classification"]):
        raise ZooError(f"{path}: unknown kind of file; give one that ends in .txt, .py, {', '.join(tables)}")
    texts = [row["text"] or "" for _, row in files.read_table(path, ("text",))]
    if not texts:
        raise ZooError(f"{path}: has no rows below its first line; add some")
    return texts


if __name__ == "__main__":
    main()
