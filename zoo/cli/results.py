"""Every figure of every model, as a table that other programs read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from zoo.metrics import Score, figure_of
from zoo.models import Saved

_HEADINGS = (
    "model",
    "mapping",
    "dataset",
    "part",
    "rows",
    "of",
    "figure",
    "value",
    "seed",
    "hardware",
    "versions",
    "command",
)


def as_csv(saved_models: Sequence[Saved]) -> str:
    """Returns CSV: a line for each figure of a model, and of what it is compared with.

    `of` is the model's own name or a baseline's; `part` is empty for a data set that the model never saw;
    `command` repeats the training.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_HEADINGS)
    for saved in saved_models:
        manifest = saved.manifest
        versions = " ".join(f"{name}=={number}" for name, number in manifest.versions.items())
        made = (manifest.seed, manifest.hardware, versions, manifest.command)
        for data, part, of, score in _scores(saved):
            about = (saved.name, manifest.mapping, data, part, score.n, of)
            for name, value in score.figures.items():
                writer.writerow((*about, name, figure_of(name).written(value), *made))
    return file.getvalue()


def _scores(saved: Saved) -> Iterator[tuple[str, str, str, Score]]:
    manifest = saved.manifest
    for part, score in manifest.metrics.items():
        yield manifest.dataset.name, part, saved.name, score
        for name, baseline in manifest.baselines.get(part, {}).items():
            yield manifest.dataset.name, part, name, baseline
    for title, score in manifest.elsewhere.items():
        yield title, "", saved.name, score
