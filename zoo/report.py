"""What a person sees after a training: tables of scores, confusion and mistakes, and the learning curve."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_classification(
    scores: Mapping[str, Mapping[str, Any]],
    texts: Sequence[str],
    truth: np.ndarray,
    probabilities: np.ndarray,
    label_names: Sequence[str],
    mistakes: int = 5,
) -> None:
    """Prints one table of scores, a confusion matrix, and the mistakes that the model was surest of.

    Args:
        scores: name -> what `zoo.metrics.classification` returns; the model itself last.
        texts: inputs (n,).
        truth: right label numbers (n,).
        probabilities: the model's (n, labels).
        label_names: name of each number.
        mistakes: how many to show.
    """
    console = Console(markup=False, emoji=False)  # labels are the user's own strings
    table = Table(title="Scores", title_justify="left")
    for heading in ("", "accuracy", "macro-F1", *(f"F1 {name}" for name in label_names)):
        table.add_column(heading, justify="right" if heading else "left")
    for name, score in scores.items():
        values = (score["accuracy"], score["macro_f1"], *score["f1"].values())
        table.add_row(name, *(f"{value:.4f}" for value in values))
    console.print(table)
    console.print(_confusion(list(scores.values())[-1]["confusion"], label_names))
    console.print(_worst(texts, truth, probabilities, label_names, mistakes))


def _confusion(counts: Sequence[Sequence[int]], label_names: Sequence[str]) -> Table:
    table = Table(title="Confusion (rows: right label; columns: predicted)", title_justify="left")
    table.add_column("")
    for name in label_names:
        table.add_column(name, justify="right")
    for i, (name, row) in enumerate(zip(label_names, counts, strict=True)):
        cells = [Text(str(count), style="bold" if i == j else "") for j, count in enumerate(row)]
        table.add_row(name, *cells)
    return table


def _worst(texts, truth, probabilities, label_names, mistakes) -> Table:
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != truth)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:mistakes]
    table = Table(title="Worst mistakes", title_justify="left")
    for heading in ("right", "predicted", "sure", "text"):
        table.add_column(heading)
    for i in surest:
        text = " ".join(texts[i].split())
        table.add_row(
            label_names[truth[i]],
            label_names[predicted[i]],
            f"{probabilities[i].max():.2f}",
            Text(text if len(text) <= 160 else f"{text[:159]}…"),
        )
    return table


def draw_learning_curve(outcome: Mapping[str, Any], path: Path) -> None:
    """Draws each metric of training and validation over the epochs, the best epoch marked.

    Args:
        outcome: what `zoo.training.fit` returned.
        path: the picture.
    """
    from matplotlib.figure import Figure

    history, best_epoch = outcome["history"], outcome["best_epoch"]
    names = [name for name in history[0] if not name.startswith("val_") and name != "learning_rate"]
    figure = Figure(figsize=(5 * len(names), 3.6), layout="constrained")
    epochs = range(1, len(history) + 1)
    for axis, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
        axis.plot(epochs, [row[name] for row in history], "o-", label="training")
        axis.plot(epochs, [row[f"val_{name}"] for row in history], "o-", label="validation")
        axis.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
        axis.set(title=name.replace("_", " "), xlabel="epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend()
    figure.savefig(path, dpi=120)
