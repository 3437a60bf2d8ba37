"""What a person sees of a classifier's scores: figures, a confusion matrix, the surest mistakes."""

from collections.abc import Sequence

import numpy as np
from rich.table import Table
from rich.text import Text

from zoo.metrics import Score, Scores
from zoo.show.console import console, print_figures, shown, titled


def print_classification(
    scores: Scores,
    texts: Sequence[str],
    truth: np.ndarray,
    probabilities: np.ndarray,
    label_names: Sequence[str],
    mistakes: int = 5,
    what: str = "text",
    title: str = "Scores",
) -> None:
    """Prints one table of scores, a confusion matrix, and the mistakes that the model was surest of.

    Args:
        scores: name -> what `zoo.metrics.classification` returns; the model itself last.
        texts: inputs (n,).
        truth: right label numbers (n,).
        probabilities: the model's (n, labels).
        label_names: name of each number.
        mistakes: how many to show.
        what: an input is called.
        title: of the table of scores.
    """
    figures = {name: s.written() | _f1_by_label(s, label_names) for name, s in scores.items()}
    print_figures(figures, title)
    console().print(_confusion(list(scores.values())[-1]["confusion"], label_names))
    console().print(_worst(texts, truth, probabilities, label_names, mistakes, what))


def _confusion(counts: Sequence[Sequence[int]], label_names: Sequence[str]) -> Table:
    table = titled("Confusion (rows: right label; columns: predicted)", "", *label_names, left=1)
    for i, (name, row) in enumerate(zip(label_names, counts, strict=True)):
        cells = [Text(str(count), style="bold" if i == j else "") for j, count in enumerate(row)]
        table.add_row(name, *cells)
    return table


def _worst(
    texts: Sequence[str],
    truth: np.ndarray,
    probabilities: np.ndarray,
    label_names: Sequence[str],
    mistakes: int,
    what: str,
) -> Table:
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != truth)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:mistakes]
    table = titled("Worst mistakes", "right", "predicted", "sure", what, left=4)
    for i in surest:
        sure = f"{probabilities[i].max():.2f}"
        table.add_row(label_names[truth[i]], label_names[predicted[i]], sure, shown(texts[i]))
    return table


def _f1_by_label(score: Score, label_names: Sequence[str]) -> dict[str, str]:
    f1 = score["f1"]  # of the labels that occur
    return {f"F1 {name}": f"{f1[name]:.4f}" if name in f1 else "-" for name in label_names}
