"""Classifiers of time series that one would use instead: 1-NN with dynamic time warping, and MiniRocket.

A program of its own that needs aeon and numpy alone, since they seldom live in one environment with
TensorFlow: `python aeon_signals.py SIGNALS.npz` prints a line of JSON. `zoo.bench.recognition` writes them.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
from aeon.classification.convolution_based import MiniRocketClassifier
from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier


def main(path: str) -> None:
    """Fits both on the training part, and scores them on the test part."""
    with np.load(path) as held:
        parts = {part: (_rows(held, part), held[f"{part}_labels"]) for part in ("train", "test")}
    longest = max(row.shape[1] for rows, _ in parts.values() for row in rows)
    alike = {part: (_filled(rows, longest), labels) for part, (rows, labels) in parts.items()}
    print(
        json.dumps(
            {
                "1-NN DTW": _scored(KNeighborsTimeSeriesClassifier(distance="dtw"), parts),
                # Which takes rows of one length alone: their last values go on.
                "MiniRocket": _scored(MiniRocketClassifier(random_state=1), alike),
            }
        )
    )


def _rows(held: Any, part: str) -> list[np.ndarray]:
    """Returns signals (channels, time)."""
    ends = np.cumsum(held[f"{part}_lengths"])[:-1]
    return [row.T for row in np.split(held[f"{part}_values"], ends)]


def _filled(rows: list[np.ndarray], longest: int) -> np.ndarray:
    return np.stack([np.pad(row, ((0, 0), (0, longest - row.shape[1])), mode="edge") for row in rows])


def _scored(classifier: Any, parts: dict[str, Any]) -> dict[str, float]:
    began = time.perf_counter()
    found = classifier.fit(*parts["train"]).predict(parts["test"][0])
    seconds = time.perf_counter() - began
    return {"accuracy": float(np.mean(found == parts["test"][1])), "seconds": seconds}


if __name__ == "__main__":
    main(sys.argv[1])
