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

    `of` is the model's own name or a baseline's; `command` repeats it.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_HEADINGS)
    for saved in saved_models:
        manifest = saved.manifest
        versions = " ".join(f"{name}=={number}" for name, number in manifest.versions.items())
        made = (manifest.seed, manifest.hardware, versions, manifest.command)
        for part, of, score in _scores(saved):
            about = (saved.name, manifest.mapping, manifest.dataset.name, part, score.n, of)
            for name, value in score.figures.items():
                writer.writerow((*about, name, figure_of(name).written(value), *made))
    return file.getvalue()


def _scores(saved: Saved) -> Iterator[tuple[str, str, Score]]:
    for part, score in saved.manifest.metrics.items():
        yield part, saved.name, score
        for name, baseline in saved.manifest.baselines.get(part, {}).items():
            yield part, name, baseline
