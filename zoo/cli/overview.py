"""The table of the README: every shipped model in one line, from its manifest."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from zoo.metrics import Figure, figure_of
from zoo.models import Saved, recipes_file
from zoo.tasks import Manifest

_FILE = "overview.toml"
_HEADINGS = (
    "mapping",
    "recipe",
    "model",
    "test score",
    "simple baseline",
    "elsewhere",
    "published",
    "training",
    "MB",
)


def markdown(saved_models: Sequence[Saved]) -> str:
    """Returns the table as Markdown.

    Args:
        saved_models: those that are here; such as `recipes/overview.toml` does not name are left out.
    """
    by_name = {saved.name: saved for saved in saved_models}
    file = recipes_file(_FILE)
    overview = tomllib.loads(file.read_text(encoding="utf-8")) if file else {}
    rows = ["| " + " | ".join(_HEADINGS) + " |", "|---" * len(_HEADINGS) + "|"]
    for mapping, entries in overview.items():
        shown = f"{entries.pop('drawing')}<br>{mapping}"
        for name, about in entries.items():
            if name not in by_name:
                continue
            try:
                cells = _cells(by_name[name], about)
            except (KeyError, ValueError):  # somebody else's model of that name, without these scores
                continue
            rows.append("| " + " | ".join([shown, *cells]) + " |")
            shown = ""
    return "\n".join(rows) + "\n"


def _cells(saved: Saved, about: Mapping[str, Any]) -> list[str]:
    manifest, part = saved.manifest, about.get("part", "test")
    figure, recipe = figure_of(about["score"]), manifest.recipe
    score = manifest.metrics[part].figures[figure.name]
    baselines = (baseline.figures[figure.name] for baseline in manifest.baselines[part].values())
    both = (score, max(baselines, key=figure.merit))
    # With one digit less than the cards have.
    shown = [figure.written(value, fewer=1) for value in both]
    winner = both.index(max(both, key=figure.merit))
    shown[winner] = f"**{shown[winner]}**"
    return [
        f"[`{recipe}`](recipes/{recipe}/README.md)",
        f"`{saved.name}`: {about['what']}",
        f"{figure.heading} {shown[0]}",
        shown[1],
        _elsewhere(manifest, figure, about),
        about.get("published", ""),
        _time(manifest.training.seconds),
        f"{saved.megabytes:.1f}",
    ]


def _elsewhere(manifest: Manifest, figure: Figure, about: Mapping[str, Any]) -> str:
    """Writes how a model does on data that differs from what it learned, and what that is."""
    if "elsewhere" not in about:
        return ""
    data, what = about["elsewhere"]
    # Of another set, or of a part of the model's own that was made to differ.
    score = manifest.elsewhere.get(data) or manifest.metrics.get(data)
    # A model that was trained anew has not been there yet.
    return f"{figure.written(score.figures[figure.name], fewer=1)} ({what})" if score else ""


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 180 else f"{seconds / 60:.0f} min"
