"""Training steps of every recipe's default, in processes of their own; on a GPU, and on the CPU beside it."""

from __future__ import annotations

import csv
import datetime
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

import zoo.recipes
from zoo.bench.timing import print_table
from zoo.errors import ZooError

_STEPS = 40
_COLUMNS = {
    "step_ms": "{:.1f}",
    "cpu_ms": "{:.1f}",
    "faults": "{:,.0f}",
    "tokens_per_second": "{:,.0f}",
    "traced": "{:,}",
    "run": "{:,}",
}


def main(full: bool = False, output: str = "", gpu: bool = False, recipes: Sequence[str] = ()) -> None:
    """Prints a table, and writes it as CSV if asked to.

    Args:
        full: five times as many steps.
        output: the CSV.
        gpu: measure on the GPU, and on the CPU beside it.
        recipes: which; none for all.

    Raises:
        ZooError: there is no GPU, the file cannot be written, or a recipe fails.
    """
    if gpu and not tf.config.list_physical_devices("GPU"):
        raise ZooError("bench gpu: TensorFlow sees no GPU here; `bench training` measures this machine's CPU")
    if output and not Path(output).resolve().parent.is_dir():
        raise ZooError(f"--output {output}: there is no such folder; make it first")
    steps, rows = _STEPS * (5 if full else 1), []
    print("The recipes' defaults, on the data that come with the installation")
    for recipe in recipes or zoo.recipes.names():
        for device in ("GPU", "CPU") if gpu else ("CPU",):
            rows.append({"recipe": recipe, "on": device, **_measured(recipe, device, steps)})
            print(f"{recipe} on the {device}: {rows[-1]['step_ms']:.1f} ms a step", flush=True)
    shown = [
        [f"{row['recipe']}, {row['on']}", *(form.format(row[name]) for name, form in _COLUMNS.items())]
        for row in rows
    ]
    headings = ("", "ms a step", "CPU ms", "page faults", "tokens a second", "traced", "run")
    for on in dict.fromkeys(row["on"] for row in rows):
        print(f"{on}: {next(row['device'] for row in rows if row['on'] == on)}")
    print_table(f"Training steps: median of {steps}; operations traced, and run", headings, shown)
    if output:
        versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
        date = datetime.datetime.now(datetime.UTC).date().isoformat()
        with Path(output).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["recipe", "on", "device", *_COLUMNS, *versions, "date"])
            writer.writeheader()
            writer.writerows({**row, **versions, "date": date} for row in rows)
        print(output)


def _measured(recipe: str, device: str, steps: int) -> dict[str, Any]:
    hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if device == "CPU" else {}
    result = subprocess.run(
        [sys.executable, "-m", "zoo.bench.step", recipe, str(steps)],
        capture_output=True,
        text=True,
        env={**os.environ, **hidden},
    )
    if result.returncode:
        raise ZooError(f"{recipe} on the {device}: {result.stderr.strip()[-300:]}")
    return json.loads(result.stdout.splitlines()[-1])
