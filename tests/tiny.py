"""A data set and a trained model small enough for tests, made by the recipe's own command line."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

_GOOD = ("lovely", "delicious", "friendly", "bright", "calm", "clever")
_BAD = ("dreadful", "stale", "rude", "gloomy", "noisy", "clumsy")
_THINGS = ("soup", "waiter", "garden", "train", "room", "film", "song", "bridge", "market", "lamp")
_FRAMES = ("the {} was {}", "such a {}: {} again", "our {} felt {} today", "{}? so {}!", "i call this {} {}")


def write_reviews(path: Path) -> Path:
    """Writes 600 made-up reviews of two kinds."""
    rows = ["text,label"]
    for words, label in ((_GOOD, "praise"), (_BAD, "blame")):
        rows += [f'"{f.format(t, w)}",{label}' for f, t, w in product(_FRAMES, _THINGS, words)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


TINY = ("--word-units", "8", "--subword-units", "8", "--subword-buckets", "500", "--units", "8",
        "--batch-size", "32", "--learning-rate", "0.01", "--epochs", "8")  # fmt: skip


def run(*arguments: str, cwd: Path, code: int = 0, **environment: str) -> subprocess.CompletedProcess:
    """Runs `python ARGUMENTS` in a folder and checks its exit code."""
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == code, result.stdout[-2000:] + result.stderr[-2000:]
    return result


@pytest.fixture(scope="session")
def reviews(tmp_path_factory) -> Path:
    """The made-up reviews as a CSV file."""
    return write_reviews(tmp_path_factory.mktemp("data") / "reviews.csv")


@pytest.fixture(scope="session")
def trained(tmp_path_factory, reviews) -> Path:
    """A folder in which the recipe was run as `tiny`: it holds runs/tiny and saved_models/tiny."""
    folder = tmp_path_factory.mktemp("work")
    run("-m", "zoo.recipes.sentiment", "--dataset", str(reviews), "--name", "tiny", *TINY, cwd=folder)
    return folder
