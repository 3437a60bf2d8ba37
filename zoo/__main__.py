"""python -m zoo: what can be done with saved models, without a recipe."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from zoo import cli, registry
from zoo.errors import ZooError
from zoo.quiet import import_tensorflow

_PROGRAM = """Recurrent sequence models: train them by recipe, use them as SavedModels.

Train:   python -m zoo.recipes.sentiment
Use:     python -m zoo predict sentiment_tweets "what a lovely day"
"""


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
            table.add_column(heading, justify="right" if heading in ("parameters", "MB") else "left")
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
    """Runs a model on texts from the command line, or on the rows of a file."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    texts: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Texts, each in quotes."""
    input: str = ""
    """File of texts: .txt with one a line, or CSV, TSV or JSONL with a column text."""
    output: str = ""
    """File to write: CSV, TSV or JSONL; by default the answers are printed."""

    def run(self) -> None:
        """Predicts, then prints or writes whole."""
        if bool(self.texts) == bool(self.input):
            raise ZooError('give texts in quotes, or --input FILE: python -m zoo predict NAME "a text"')
        if self.output and Path(self.output).suffix not in _WRITERS:
            raise ZooError(f"--output {self.output}: give a file that ends in {', '.join(_WRITERS)}")
        if self.output and not Path(self.output).absolute().parent.is_dir():
            raise ZooError(f"--output {self.output}: no such folder; make it first")
        texts = list(self.texts) or _read_texts(Path(self.input))
        model = registry.load(self.model)
        rows = [{"text": text, **row} for text, row in zip(texts, model.predict(texts), strict=True)]
        if not self.output:
            _print_predictions(rows)
            return
        from zoo.run import write_atomically

        path = Path(self.output)
        try:
            write_atomically(path, _WRITERS[path.suffix](rows).encode("utf-8"))
        except OSError as error:
            raise ZooError(f"--output {path}: cannot be written ({error.strerror})") from None
        print(f"{path}: {len(rows):,} rows")


@dataclass(frozen=True)
class Evaluate:
    """Scores a model on a data set, beside the baselines of its training."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    dataset: str = ""
    """Name of a data set, or a CSV, TSV or JSONL file; by default what the model was trained on."""
    split: str = "test"
    """test, validation or train; of a single file all rows are scored."""

    def run(self) -> None:
        """Predicts and prints scores."""
        from zoo.evaluation import evaluate

        evaluate(registry.load(self.model), self.dataset, self.split)


@dataclass(frozen=True)
class Inspect:
    """Draws what a model does: `reading` shows how its answer grows word by word."""

    what: Annotated[Literal["reading"], tyro.conf.Positional]
    """What to draw."""
    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    text: Annotated[str, tyro.conf.Positional]
    """The text to read, in quotes."""
    output: str = "reading.png"
    """File to draw: .png, .svg or .pdf."""

    def run(self) -> None:
        """Draws the picture."""
        from zoo.inspection.reading import draw_reading

        draw_reading(registry.load(self.model), self.text, Path(self.output))
        print(self.output)


@dataclass(frozen=True)
class Bench:
    """Measures speed against what one would use instead, on this machine."""

    recipe: Annotated[str, tyro.conf.Positional]
    """What to measure: sentiment."""
    full: bool = False
    """Also train to the end and compare accuracy: minutes more."""

    def run(self) -> None:
        """Runs the benchmark."""
        import importlib.util

        name = f"zoo.bench.{self.recipe}"
        if not self.recipe.isalpha() or importlib.util.find_spec(name) is None:
            raise ZooError(f"no benchmark {self.recipe!r}; there is: sentiment")
        import_tensorflow()
        importlib.import_module(name).main(self.full)


def main() -> None:
    """Parses the command line and runs the command."""
    with cli.one_line_errors():
        commands = List | Info | Predict | Evaluate | Inspect | Bench
        cli.parse_commands(commands, sys.argv[1:], "python -m zoo", _PROGRAM).run()


def _headline(manifest: dict[str, Any]) -> str:
    scores = manifest.get("metrics", {}).get("test", {})
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.3f}" for name, value in scores.items() if isinstance(value, float)
    )


def _read_texts(path: Path) -> list[str]:
    from zoo.data import files

    if path.suffix == ".txt":
        text = files.read_text(path)
        if not text.strip():
            raise ZooError(f"{path}: the file is empty; it needs one text on each line")
        return text.removesuffix("\n").split("\n")
    texts = [row["text"] or "" for _, row in files.read_table(path, ("text",))]
    if not texts:
        raise ZooError(f"{path}: has no rows below its first line; add some")
    return texts


def _print_predictions(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(*(Text(_shown(value)) for value in row.values()))
    Console(markup=False, emoji=False).print(table)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {score:.2f}" for name, score in value.items())
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Spreads nested scores over columns of their own."""
    flat = {name: value for name, value in row.items() if not isinstance(value, dict)}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": score for key, score in value.items()}
    return flat


def _table(rows: list[dict[str, Any]], separator: str) -> str:
    flat = [_flat(row) for row in rows]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(flat[0]), delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


_WRITERS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    ".csv": lambda rows: _table(rows, ","),
    ".tsv": lambda rows: _table(rows, "\t"),
    ".jsonl": lambda rows: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
}


if __name__ == "__main__":
    main()
