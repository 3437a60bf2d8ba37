"""Several processes that train together beside one, each on a core of its own; and many, on paper."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import keras

from zoo import cli, export, training
from zoo.bench.timing import print_table
from zoo.errors import ZooError
from zoo.recipes import sentiment

_WORKERS = (1, 2, 4)
_ROWS, _STEPS, _FULL_STEPS = 256, 30, 200
_SKIPPED = 5  # first steps, in which graphs are traced and memory is taken
_FIGURES = "BENCH_WORKERS_FIGURES"  # the file that the first of them writes
# A cluster of machines like this one: bits a second, and seconds for a message to arrive.
_CLUSTER, _NETWORKS = 64, {"1 Gbit/s": (1e9, 5e-4), "10 Gbit/s": (1e10, 1e-4)}


class Clock(keras.callbacks.Callback):
    """Writes down how long steps take, and ends the first process, and so all, once enough are done."""

    def __init__(self, file: Path, steps: int):
        super().__init__()
        self._file, self._steps, self._times = file, steps, [0.0]

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Looks at the clock."""
        self._times.append(time.perf_counter())
        if len(self._times) <= self._steps:
            return
        spent = [after - before for before, after in zip(self._times, self._times[1:], strict=False)]
        weights = sum(weight.shape.num_elements() for weight in self.model.trainable_variables)
        told = {"seconds": statistics.median(spent[_SKIPPED:]), "bytes": 4 * weights}
        self._file.write_text(json.dumps(told))
        os._exit(0)  # and the others with it, who miss it


def main(full: bool = False) -> None:
    """Prints milliseconds of a training step by 1, 2 and 4 workers, and what 64 machines could do.

    These share either as many texts a step as one has, or each of them takes as many.

    Args:
        full: more steps.
    """
    print(export.hardware())
    cores = os.cpu_count() or 1
    steps = _FULL_STEPS if full else _STEPS
    measured = {count: _measured(count, steps, _ROWS) for count in _WORKERS}
    alone, share = measured[1]["seconds"], _measured(1, steps, _ROWS // _CLUSTER)["seconds"]
    rows = []
    for count, told in measured.items():
        speed = alone / told["seconds"]
        rows.append(
            [
                str(count),
                f"{min(1, cores / count):.2g}",
                f"{1000 * told['seconds']:.1f}",
                f"{_ROWS / told['seconds']:,.0f}",
                f"{speed:.2f}",
                f"{speed / count:.2f}",
            ]
        )
    heading = ["workers", "cores each", "ms a step", "texts a second", "times as fast", "efficiency"]
    print_table(f"sentiment, {_ROWS} texts a step", heading, rows)
    most = f"{measured[1]['bytes'] / 1e6:.1f} MB"
    print(f"Each step at most {most} of gradients are added up; of vectors of words only those of its texts.")
    print_table(
        f"On paper: {_CLUSTER} machines with a core like these, on a ring",
        ["network", "texts a step", "ms for the sum", "ms for the rest", "times as fast"],
        [
            [
                name,
                f"{texts:,}",
                f"{1000 * (summed := _ring(measured[1]['bytes'], *network)):.1f}",
                f"{1000 * rest:.1f}",
                f"{texts / _ROWS * alone / (summed + rest):.1f}",
            ]
            for name, network in _NETWORKS.items()
            for texts, rest in ((_ROWS, share), (_ROWS * _CLUSTER, alone))
        ],
    )


def _ring(size: float, bits: float, latency: float) -> float:
    """Returns the seconds for a sum of so many bytes: each machine sends nearly all of them twice."""
    hops = 2 * (_CLUSTER - 1)
    return hops * (size / _CLUSTER * 8 / bits + latency)


def _measured(count: int, steps: int, rows: int) -> dict[str, float]:
    """Trains by so many workers, each on one core, on so many texts a step."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        flags = ["--batch-size", str(rows), "--steps-per-epoch", str(steps), "--epochs", "2"]
        done = subprocess.run(
            [sys.executable, "-m", "zoo", "launch", "--workers", str(count), "--", __file__, *flags],
            cwd=folder,
            env={
                **os.environ,
                _FIGURES: str(figures),
                "TF_NUM_INTRAOP_THREADS": "1",
                "TF_NUM_INTEROP_THREADS": "1",
            },
            capture_output=True,
            text=True,
        )
        if not figures.exists():
            raise ZooError(f"the workers ended early: {done.stderr.strip()[-300:]}")
        told: dict[str, float] = json.loads(figures.read_text())
        return told


def _work() -> None:
    """Is one of the workers."""
    number = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})
    steps = int(sys.argv[sys.argv.index("--steps-per-epoch") + 1])
    with training.called_too([Clock(Path(os.environ[_FIGURES]), steps)]):
        cli.run(sentiment.Config, sentiment.main, presets="sentiment")


if __name__ == "__main__":
    _work()
