"""Training steps of every recipe's default, in processes of their own; on a GPU, and on the CPU beside it."""

from __future__ import annotations

import csv
import datetime
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
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
    "busy": "{:.0%}",
    "traced": "{:,}",
    "run": "{:,}",
    "pytorch_ms": "{:.1f}",
}
_HEADINGS = (
    "ms a step",
    "CPU ms",
    "page faults",
    "tokens a second",
    "GPU busy",
    "traced",
    "run",
    "PyTorch ms",
)
# The largest preset of each recipe: its sizes, on the data of the default.
_LARGEST = {
    "captioning": "flickr8k",
    "generation": "shakespeare",
    "sentiment": "imdb",
    "tagging": "conll2003",
    "translation": "en_fr",
}
# A program that imports nothing of ours, and those of which it has models.
_PYTORCH = Path(__file__).with_name("pytorch.py")
_BESIDE = ("generation", "sentiment", "translation")


def main(
    full: bool = False, output: str = "", gpu: bool = False, pytorch: str = "", recipes: Sequence[str] = ()
) -> None:
    """Prints a table, and writes it as CSV if asked to.

    Args:
        full: five times as many steps, and the sizes of the largest presets, too.
        output: the CSV.
        gpu: measure on the GPU, and on the CPU beside it.
        pytorch: a Python with PyTorch, which is measured beside; empty: this one, if it has it.
        recipes: which; none for all.

    Raises:
        ZooError: there is no GPU, the file cannot be written, that Python has no PyTorch, or a recipe fails.
    """
    if gpu and not tf.config.list_physical_devices("GPU"):
        raise ZooError("bench gpu: TensorFlow sees no GPU here; `bench training` measures this machine's CPU")
    if output and not Path(output).resolve().parent.is_dir():
        raise ZooError(f"--output {output}: there is no such folder; make it first")
    python, version = _with_pytorch(pytorch)
    steps, rows = _STEPS * (5 if full else 1), []
    print("On the data that come with the installation; nothing is fetched")
    for recipe in recipes or zoo.recipes.names():
        for preset in ("", _LARGEST.get(recipe, ""))[: 1 + (full and recipe in _LARGEST)]:
            for device in ("GPU", "CPU") if gpu else ("CPU",):
                found = _measured(recipe, preset, device, steps, python)
                rows.append({"recipe": recipe, "preset": preset or "default", "on": device, **found})
                print(f"{recipe} {preset} on the {device}: {found['step_ms']:.1f} ms a step", flush=True)
    for on in dict.fromkeys(row["on"] for row in rows):
        print(f"{on}: {next(row['device'] for row in rows if row['on'] == on)}")
    _print(rows, steps)
    if output:
        _write(output, rows, version)


def _with_pytorch(python: str) -> tuple[str, str]:
    """Returns the Python that has PyTorch, and its version; nothing if none was named and this has none."""
    asked = [python or sys.executable, "-c", "import torch; print(torch.__version__)"]
    try:
        result = subprocess.run(asked, capture_output=True, text=True)
    except OSError as error:
        raise ZooError(f"--pytorch {python}: {error.strerror}; give the path of a Python") from error
    if result.returncode and python:
        raise ZooError(f"--pytorch {python}: it has no PyTorch; install it there, or give another")
    return ("", "") if result.returncode else (asked[0], result.stdout.strip())


def _measured(recipe: str, preset: str, device: str, steps: int, python: str) -> dict[str, Any]:
    hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if device == "CPU" else {}
    environment = {**os.environ, **hidden}
    flags = []
    if preset:
        config = importlib.import_module(f"zoo.recipes.{recipe}").Config
        flags = ["--preset", preset, "--dataset", config().dataset]
    with tempfile.TemporaryDirectory() as folder:
        batches = str(Path(folder) / "batches.npz") if python and recipe in _BESIDE else ""
        step = [sys.executable, "-m", "zoo.bench.step", recipe, str(steps), batches, *flags]
        found = _said(step, f"{recipe} on the {device}", environment)
        beside = _said([python, str(_PYTORCH), batches], "PyTorch", environment) if batches else None
    return {**found, "pytorch_ms": beside and beside["step_ms"]}


def _said(command: Sequence[str], what: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Runs a program that ends with a line of JSON."""
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    if result.returncode:
        raise ZooError(f"{what}: {result.stderr.strip()[-300:]}")
    return json.loads(result.stdout.splitlines()[-1])


def _print(rows: Sequence[Mapping[str, Any]], steps: int) -> None:
    columns = [
        (heading, ["" if row[name] is None else form.format(row[name]) for row in rows])
        for heading, (name, form) in zip(_HEADINGS, _COLUMNS.items(), strict=True)
    ]
    columns = [("", [f"{row['recipe']}, {row['preset']}, {row['on']}" for row in rows]), *columns]
    headings, cells = zip(*((heading, column) for heading, column in columns if any(column)), strict=True)
    title = f"Training steps: median of {steps}; operations traced, and run"
    print_table(title, headings, list(zip(*cells, strict=True)))


def _write(output: str, rows: Sequence[Mapping[str, Any]], pytorch: str) -> None:
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__, "pytorch": pytorch}
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    with Path(output).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["recipe", "preset", "on", "device", *_COLUMNS, *versions, "date"])
        writer.writeheader()
        writer.writerows({**row, **versions, "date": date} for row in rows)
    print(output)
