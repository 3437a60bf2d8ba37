"""Trains a recipe once for each recurrent cell, alike in all else, and sets the results side by side.

Beside the command line this is a place that reaches recipes, by name and when asked.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

import keras
import numpy as np

import zoo.recipes
from zoo import export
from zoo.cli.parse import parse
from zoo.errors import ZooError
from zoo.inspection import pictures
from zoo.metrics import Score, figure_of, written
from zoo.tasks import Manifest
from zoo.training.folder import CONFIG, RUNS, Folder

_FIGURES = 2  # of the test scores, those that stand first


@dataclasses.dataclass(frozen=True)
class Result:
    """What one training left.

    Attributes:
        validation: figures of the best epoch.
        test: the score.
        parameters: how many the model has.
        seconds: of an epoch.
        data: fingerprint of what was learned from.
        directory: of the run.
    """

    validation: dict[str, float]
    test: Score
    parameters: int
    seconds: float
    data: str
    directory: Path


Results = dict[str, list[Result]]


def compare_cells(
    recipe: str,
    flags: Sequence[str] = (),
    cells: Sequence[str] = (),
    seeds: Sequence[int] = (),
    name: str = "",
    output: str = "",
) -> None:
    """Trains, prints a table and draws a picture; what was trained before is not trained again.

    Each training is a run of its own, `runs/<name>_<cell>`, which continues after a kill as any other. The
    exported models go to `runs/<name>/`, beside the picture, and not among the saved models.

    Args:
        recipe: the recipe's name.
        flags: the recipe's own, `--preset` among them, alike for all cells.
        cells: which cells; none for all that the recipe knows.
        seeds: each cell is trained with each of them; none for the recipe's own.
        name: of the comparison; empty for `compare_<recipe>`.
        output: the picture; empty for `cells.png` in the comparison's folder.

    Raises:
        ZooError: a name or flag is not known, a folder holds something else, or a training fails.
    """
    module = _recipe(recipe)
    config = parse(recipe, module.Config, list(flags))
    known = get_args(get_type_hints(module.Config)["cell"])
    for cell in cells:
        if cell not in known:
            raise ZooError(f"--cells {cell}: {recipe} has no such cell; choose {', '.join(known)}")
    name, seeds = name or f"compare_{recipe}", tuple(dict.fromkeys(seeds or (config.seed,)))
    configs = {
        cell: [_with(config, name, cell, seed) for seed in seeds] for cell in dict.fromkeys(cells or known)
    }
    folder = RUNS / name
    # All is looked at before the first training, not hours later.
    if output:
        pictures.check_path(Path(output))
    if (folder / CONFIG).exists():
        raise ZooError(f"{folder}: holds a training; choose another --name")
    for variant in (variant for group in configs.values() for variant in group):
        Folder(recipe, variant)
        export.check_target(folder / variant.name, recipe)

    results = {
        cell: [_trained(module, variant, folder) for variant in group] for cell, group in configs.items()
    }
    _check_same_data(results)
    title = f"{recipe} on {config.dataset}, seed{'s'[: len(seeds) - 1]} {', '.join(map(str, seeds))}"
    print_table(results, title)
    path = Path(output) if output else folder / "cells.png"
    draw(results, title, path)
    print(path)


def _recipe(name: str) -> Any:
    known = zoo.recipes.names()
    if name not in known:
        raise ZooError(f"--recipe {name}: there is none; choose {', '.join(known)}")
    module = importlib.import_module(f"zoo.recipes.{name}")
    if not hasattr(module.Config, "cell"):
        raise ZooError(f"--recipe {name}: has no choice of cells; choose another recipe")
    return module


def _with(config: Any, name: str, cell: str, seed: int) -> Any:
    own = f"{name}_{cell}" + (f"_seed_{seed}" if seed != config.seed else "")
    return _settled(dataclasses.replace(config, cell=cell, seed=seed, name=own))


def _settled(config: Any) -> Any:
    """Takes over what a recipe settled itself where its config says `auto`, if its run is there and stays."""
    if config.fresh:
        return config
    try:
        stored = json.loads((RUNS / config.name / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no run, or one that is refused later
        return config
    open_fields = [field for field, value in vars(config).items() if value == "auto" and field in stored]
    return dataclasses.replace(config, **{field: stored[field] for field in open_fields})


def _trained(module: Any, config: Any, folder: Path) -> Result:
    """Returns what a training left, which is run if it has not been; `folder` gets the exported model."""
    recipe = module.__name__.rpartition(".")[2]
    run = Folder(recipe, config)
    manifest = Manifest.read(folder / run.name)
    if config.fresh or manifest is None or manifest.config != json.loads(json.dumps(run.config)):
        print(f"\n{run.directory}")
        keras.utils.clear_session()  # else all models stay in memory
        try:
            with _exporting_to(folder):
                module.main(config)
        except ZooError as error:
            raise ZooError(f"{error} ({run.directory})") from error
        manifest = Manifest.read(folder / run.name)
    else:
        print(f"{run.directory}: was trained before; --fresh trains it anew")
    checkpoint = run.load_checkpoint()
    assert manifest is not None and checkpoint is not None  # which every training leaves
    _, state = checkpoint
    best = state["history"][state["best_epoch"] - 1]
    data = json.loads((run.directory / CONFIG).read_text(encoding="utf-8"))["data"]
    return Result(
        validation=_validation(best),
        test=manifest.metrics["test"],
        parameters=manifest.parameters,
        seconds=manifest.training.seconds / manifest.training.epochs,
        data=data,
        directory=run.directory,
    )


def _validation(epoch: Mapping[str, float]) -> dict[str, float]:
    """Returns the score of an epoch, or whatever else stands beside its loss; of nothing else the loss."""
    scores = {key.removeprefix("val_"): value for key, value in epoch.items() if key.startswith("val_")}
    return {key: value for key, value in scores.items() if key != "loss"} or scores


@contextlib.contextmanager
def _exporting_to(folder: Path) -> Iterator[None]:
    before, export.SAVED_MODELS = export.SAVED_MODELS, folder
    try:
        yield
    finally:
        export.SAVED_MODELS = before


def _check_same_data(results: Results) -> None:
    first, *others = (result for group in results.values() for result in group)
    for other in others:
        if other.data != first.data:
            raise ZooError(
                f"{first.directory} and {other.directory}: were trained on different data under one "
                "name; --fresh trains all anew"
            )


def print_table(results: Results, title: str) -> None:
    """Prints one row for each cell; of several seeds the mean and the standard deviation.

    Args:
        results: cell -> its trainings, as `compare_cells` collects them.
        title: what stands above.
    """
    from rich.table import Table

    from zoo.show.console import console

    table = Table(title=title, title_justify="left")
    table.add_column("cell", no_wrap=True)
    first = next(iter(results.values()))[0]
    validation = [f"validation\n{figure_of(key).heading}" for key in first.validation][:_FIGURES]
    test = [f"test\n{heading}" for heading in first.test.written()][:_FIGURES]
    for heading in (*validation, *test, "parameters", "seconds\n/ epoch"):
        widest = max(map(len, heading.split("\n")))
        table.add_column(heading, justify="right", min_width=widest)
    for cell, group in results.items():
        parts = ([result.validation for result in group], [result.test.figures for result in group])
        figures = [figure for part in parts for figure in _figures(part)[:_FIGURES]]
        seconds = np.mean([result.seconds for result in group])
        table.add_row(cell, *figures, f"{group[0].parameters:,}", f"{seconds:.1f}")
    console().print(table)


def _figures(group: Sequence[Mapping[str, float]]) -> list[str]:
    """Returns each figure as tables write it; of several trainings the mean and the deviation."""
    columns = {key: [figures[key] for figures in group] for key in group[0]}
    means = written({key: float(np.mean(column)) for key, column in columns.items()}).values()
    if len(group) == 1:
        return list(means)
    spread = written({key: float(np.std(column, ddof=1)) for key, column in columns.items()})
    return [f"{mean} ± {around}" for mean, around in zip(means, spread.values(), strict=True)]


def draw(results: Results, title: str, path: Path) -> None:
    """Draws the first test score over parameters and over seconds per epoch; a dot for each training.

    Args:
        results: cell -> its trainings.
        title: what stands above.
        path: the picture.
    """
    from matplotlib.figure import Figure

    key = next(iter(results.values()))[0].test.headline
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(1, 2, sharey=True)
    for axis, across, label in zip(
        axes, ("parameters", "seconds"), ("parameters", "seconds per epoch"), strict=True
    ):
        for number, (cell, group) in enumerate(results.items()):
            x, y = (
                [getattr(result, across) for result in group],
                [result.test.figures[key] for result in group],
            )
            axis.plot(x, y, "o", color=f"C{number}", alpha=0.7, label=cell)
            if len(group) > 1:
                axis.plot(np.mean(x), np.mean(y), "_", color=f"C{number}", markersize=24)
        axis.set(xlabel=label, ylabel=f"test {figure_of(key).heading}" if axis is axes[0] else "")
        axis.margins(0.15)
        axis.grid(color="0.92")
        axis.set_axisbelow(True)
    axes[0].xaxis.set_major_formatter("{x:,.0f}")
    axes[0].locator_params(axis="x", nbins=5)  # long numbers
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(results))
    pictures.save(figure, path)
