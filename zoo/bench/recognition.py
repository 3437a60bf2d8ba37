"""Recognisers beside what one would use instead on small sets of signals."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from zoo.data import Part, load
from zoo.data.part import joined
from zoo.errors import ZooError
from zoo.show.console import console
from zoo.tasks import Recognition

_SETS = {
    "japanese_vowels": ("--preset", "vowels"),
    "basic_motions": ("--preset", "motions"),
    "gun_point": ("--preset", "hands"),
}
_OTHERS = Path(__file__).with_name("aeon_signals.py")


def main(full: bool = False, aeon: str = "") -> None:
    """Scores the recipe, 1-NN with dynamic time warping, and MiniRocket on the archive's own split.

    All learn from the whole training part but ours, which leaves a tenth of it for validation.

    Args:
        full: five seeds of ours, not one.
        aeon: a Python with aeon (`pip install aeon`); empty: this one.

    Raises:
        ZooError: it has no aeon.
    """
    python = _with_aeon(aeon)
    table = Table(title="Accuracy on the test part, and seconds", title_justify="left")
    for heading in ("data", "of", "accuracy", "seconds"):
        table.add_column(heading, justify="left" if heading in ("data", "of") else "right")
    for name, flags in _SETS.items():
        for of, scored in {**_of_others(name, python), **_of_ours(name, flags, 5 if full else 1)}.items():
            table.add_row(name, of, scored["accuracy"], scored["seconds"])
        table.add_section()
    console().print(table)


def _with_aeon(python: str) -> str:
    try:
        asked = subprocess.run(
            [python or sys.executable, "-c", "import aeon"], capture_output=True, check=False
        )
    except OSError as error:
        raise ZooError(f"--aeon {python}: {error.strerror}; give the path of a Python") from error
    if asked.returncode:
        where = f"--aeon {python}: it has" if python else "this Python has"
        raise ZooError(f"{where} no aeon; pip install aeon, there or in another, and give that by --aeon")
    return python or sys.executable


def _of_others(name: str, python: str) -> dict[str, dict[str, str]]:
    examples = load(name, Recognition.name)
    parts = {"train": joined([examples.train, examples.validation]), "test": examples.test}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signals.npz"
        held: Any = {f"{part}_{key}": value for part, rows in parts.items() for key, value in _arrays(rows)}
        np.savez(path, **held)
        asked = subprocess.run([python, str(_OTHERS), str(path)], capture_output=True, text=True, check=False)
    if asked.returncode:
        raise ZooError(f"aeon failed on {name}: {asked.stderr.strip()[-300:]}")
    found = json.loads(asked.stdout.splitlines()[-1])
    return {of: _shown([scored["accuracy"]], scored["seconds"]) for of, scored in found.items()}


def _arrays(part: Part) -> list[tuple[str, np.ndarray]]:
    values = part.column("values")
    return [
        ("values", values.values.numpy()),
        ("lengths", values.row_lengths().numpy()),
        ("labels", np.asarray(part.column("label"))),
    ]


def _of_ours(name: str, flags: Sequence[str], seeds: int) -> dict[str, dict[str, str]]:
    found, seconds = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, seeds + 1):
            command = [sys.executable, "-m", "zoo.recipes.recognition", *flags, "--dataset", name]
            asked = subprocess.run(
                [*command, "--seed", str(seed), "--name", f"seed_{seed}"],
                cwd=folder, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if asked.returncode:
                raise ZooError(asked.stderr.strip().splitlines()[-1])
            manifest = json.loads((Path(folder) / f"saved_models/seed_{seed}/zoo.json").read_text())
            found.append(manifest["metrics"]["test"]["accuracy"])
            seconds += manifest["training"]["seconds"]
    return {f"recognition, {seeds} seed{'s' * (seeds > 1)}": _shown(found, seconds / seeds)}


def _shown(accuracies: Sequence[float], seconds: float) -> dict[str, str]:
    spread = f" ± {np.std(accuracies, ddof=1):.3f}" if len(accuracies) > 1 else ""
    return {"accuracy": f"{np.mean(accuracies):.3f}{spread}", "seconds": f"{seconds:.1f}"}
