"""How much a model owes to the order of its tokens: its score as it is, shuffled, and reversed."""

from __future__ import annotations

import random
from pathlib import Path

from zoo import data
from zoo.errors import ZooError
from zoo.inspection import pictures
from zoo.metrics import Score, figure_of
from zoo.models import Model
from zoo.show import print_scores
from zoo.tasks import Reordered

ORDERS = ("as it is", "shuffled", "reversed")


def scores_by_order(model: Model, most: int = 500, seed: int = 1) -> tuple[Reordered, dict[str, Score]]:
    """Scores a model on rows of its data's test part whose tokens stand in three orders.

    Args:
        model: a classifier, tagger, translator or language model.
        most: rows that are scored; if there are more, so many are drawn.
        seed: of the draw, and of the shuffling, which stays within each row.

    Returns:
        What was scored, and order -> scores.

    Raises:
        ZooError: the model reads no tokens, `most` is less than 1, or its data is not to be had.
    """
    if most < 1:
        raise ZooError(f"--rows {most}: give at least 1")
    if model.task.reads != "texts" or not model.manifest.mapping:
        raise ZooError(
            f"{model.name}: reads no tokens whose order could change; "
            "choose a classifier, tagger, translator or language model"
        )
    draw = random.Random(seed)
    # Loaded as when the model was trained.
    own, reader = model.manifest.config, model.task
    options = {name: own[name] for name in reader.options if own.get(name)}
    part = data.load(model.manifest.dataset.name, model.manifest.mapping, **options).test
    read = reader.reordered(model, part)
    assert read is not None  # of what reads texts
    rows = [row for row in read.rows if row[0]]
    if len(rows) > most:
        rows = [rows[i] for i in sorted(draw.sample(range(len(rows)), most))]
    changed = {
        "as it is": rows,
        "shuffled": [(draw.sample(tokens, len(tokens)), truth) for tokens, truth in rows],
        "reversed": [(tokens[::-1], truth) for tokens, truth in rows],
    }
    return read._replace(rows=rows), {order: read.score(changed[order]) for order in ORDERS}


def draw_order(model: Model, path: Path, most: int = 500, seed: int = 1) -> str:
    """Draws `scores_by_order` as bars into a PNG, SVG or PDF file, and prints the table.

    Returns:
        What the drop means.
    """
    pictures.check_path(path)
    read, scores = scores_by_order(model, most, seed)
    print_scores(scores, f"Order of {read.tokens} ({len(read.rows):,} rows of test)")
    draw(read, scores, model.name, path)
    return meaning(read, scores)


def meaning(read: Reordered, scores: dict[str, Score]) -> str:
    """Says in words how much of a figure comes from the order of tokens."""
    figure = figure_of(read.figure)
    values = [scores[order].figures[figure.name] for order in ORDERS]
    before, after, backwards = map(figure.written, values)
    change = values[1] - values[0]
    lost, whole = figure.merit(values[0]) - figure.merit(values[1]), abs(values[0])
    if lost <= 0.005 * whole:
        told = f"which {read.tokens} there are is all that this model uses here: order does not matter to it"
    else:
        by = f" by {abs(change) / whole:.0%}" if whole else " from 0"  # of which there is no share
        moves = "rises" if figure.lower_is_better else "drops"
        told = (
            f"it {moves}{by}: that much the model owes to the order of "
            f"{read.tokens}, the rest to which of them there are"
        )
    return f"{figure.heading} {before} as it is, {after} shuffled, {backwards} reversed; {told}"


def draw(read: Reordered, scores: dict[str, Score], name: str, path: Path) -> None:
    """Draws a bar for each order."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    axis = figure.subplots()
    what = figure_of(read.figure)
    heights = [scores[order].figures[what.name] for order in ORDERS]
    labels = [what.written(height) for height in heights]
    bars = axis.bar(ORDERS, heights, color=("#0072B2", "#E69F00", "#999999"), width=0.6)
    axis.bar_label(bars, labels, padding=2, fontsize=11)
    better = "lower is better" if what.lower_is_better else "higher is better"
    axis.set(ylabel=f"{what.heading} ({better})", xlabel=f"order of {read.tokens}")
    if read.figure == "perplexity":
        axis.set_yscale("log")
    axis.margins(y=0.12)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(pictures.wrapped(f"{name}: what order is worth", 52))
    pictures.save(figure, path)
