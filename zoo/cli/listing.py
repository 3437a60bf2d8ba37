"""python -m zoo list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoo import models
from zoo.cli import streams

_FIGURES = 3  # of a model's test scores
_NARROWEST = 80  # columns: on less, lines are broken by the terminal rather than names cut by us


@dataclass(frozen=True)
class List:
    """Lists the saved models that can be found, with their test scores."""

    markdown: bool = False
    """Print the table of the README instead, which sets the shipped models beside published figures."""

    csv: bool = False
    """Print a line for each figure of each model and of its baselines instead: recipes/results.csv."""

    json: bool = False
    """Print an object a line instead: name, recipe, mapping, dataset, test (the figures of the test part),
    parameters, megabytes, path."""

    def run(self) -> None:
        """Prints the table."""
        if self.json:
            for saved in models.list_models():
                streams.say(_told(saved))
            return
        from rich.table import Table

        from zoo.show.console import console

        saved_models = models.list_models()
        if self.csv:
            from zoo.cli import results

            print(results.as_csv(saved_models), end="")
            return
        if self.markdown:
            from zoo.cli import overview

            print(overview.markdown(saved_models), end="")
            return
        if not saved_models:
            print("no saved models yet; train one: python -m zoo.recipes.sentiment")
            return
        table = Table()
        for heading in ("name", "recipe", "data", "test scores", "parameters", "MB"):
            right = heading in ("parameters", "MB")
            # A name that was cut could not be typed.
            table.add_column(heading, justify="right" if right else "left", no_wrap=heading == "name")
        for saved in saved_models:
            manifest = saved.manifest
            row = (manifest.recipe, manifest.dataset.name, _headline(saved), f"{manifest.parameters:,}")
            table.add_row(saved.name, *row, f"{saved.megabytes:.1f}")
        page = console()
        page.width = max(page.width, _NARROWEST)
        page.print(table)


def _told(saved: models.Saved) -> dict[str, Any]:
    manifest = saved.manifest
    score = manifest.metrics.get("test")
    return {
        "name": saved.name,
        "recipe": manifest.recipe,
        "mapping": manifest.mapping,
        "dataset": manifest.dataset.name,
        "test": dict(score.figures) if score else {},
        "parameters": manifest.parameters,
        "megabytes": round(saved.megabytes, 1),
        "path": str(saved.path),
    }


def _headline(saved: models.Saved) -> str:
    from zoo import metrics

    score = saved.manifest.metrics.get("test")
    figures = metrics.listed(score.figures, _FIGURES) if score else {}
    return ", ".join(f"{heading} {figure}" for heading, figure in figures.items())
