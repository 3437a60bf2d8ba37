"""The table of the README: every shipped model in one line, from its manifest."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from zoo import cli, metrics
from zoo.models.registry import Saved

_FILE = "overview.toml"
_HEADINGS = ("mapping", "recipe", "model", "test score", "simple baseline", "published", "training", "MB")


def markdown(models: Sequence[Saved]) -> str:
    """Returns the table as Markdown.

    Args:
        models: those that are here; such as `recipes/overview.toml` does not name are left out.
    """
    found = {saved.name: saved for saved in models}
    rows = ["| " + " | ".join(_HEADINGS) + " |", "|---" * len(_HEADINGS) + "|"]
    for mapping, entries in tomllib.loads(cli.recipes_file(_FILE).read_text(encoding="utf-8")).items():
        shown = f"{entries.pop('drawing')}<br>{mapping}"
        for name, about in entries.items():
            if name in found:
                rows.append("| " + " | ".join([shown, *_cells(found[name], about)]) + " |")
                shown = ""
    return "\n".join(rows) + "\n"


def _cells(saved: Saved, about: Mapping[str, Any]) -> list[str]:
    manifest, figure, part = saved.manifest, about["score"], about.get("part", "test")
    score, recipe = manifest["metrics"][part][figure], manifest["recipe"]
    best = min if about.get("lower") else max
    baseline = best(each[figure] for each in manifest["baselines"][part].values())
    shown = [_figure(value, figure) for value in (score, baseline)]
    winner = 0 if best(score, baseline) == score else 1
    shown[winner] = f"**{shown[winner]}**"
    return [
        f"[`{recipe}`](recipes/{recipe}/README.md)",
        f"`{saved.name}`: {about['what']}",
        f"{metrics.heading(figure)} {shown[0]}",
        shown[1],
        about.get("published", ""),
        _time(manifest["training"]["seconds"]),
        f"{saved.megabytes:.1f}",
    ]


def _figure(value: float, name: str) -> str:
    """Writes a figure with one digit less than the cards do."""
    (written,) = metrics.figures({name: value}).values()
    return f"{value:.{len(written.partition('.')[2]) - 1}f}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 180 else f"{seconds / 60:.0f} min"
