"""The picture of a training: each figure over the epochs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def draw_learning_curve(history: Sequence[Mapping[str, float]], best_epoch: int, path: Path) -> None:
    """Draws each metric of training and validation over the epochs, the best epoch marked.

    Args:
        history: figures of each epoch.
        best_epoch: from 1.
        path: the picture.
    """
    from matplotlib.figure import Figure

    names = dict.fromkeys(name.removeprefix("val_") for name in history[0] if name != "learning_rate")
    figure = Figure(figsize=(5 * len(names), 3.6), layout="constrained")
    epochs = range(1, len(history) + 1)
    for axis, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
        for column, label in ((name, "training"), (f"val_{name}", "validation")):
            if column in history[0]:
                axis.plot(epochs, [row[column] for row in history], "o-", label=label)
        axis.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
        axis.set(title=name.replace("_", " "), xlabel="epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend()
    figure.savefig(path, dpi=120)
