"""Models without TensorFlow beside the saved ones: size, time, and how often they answer alike."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from zoo import edge, export, metrics, models
from zoo.bench.saved import first_of
from zoo.bench.timing import print_table
from zoo.data import Part, load
from zoo.edge import runtime
from zoo.errors import ZooError

_TEXTS, _MANY = 500, 10_000
_WAYS: dict[str, tuple[edge.To, bool]] = {
    "ONNX Runtime": ("onnx", False),
    "ONNX Runtime, 8 bits": ("onnx", True),
    "LiteRT": ("litert", False),
    "LiteRT, 8 bits": ("litert", True),
}
Row = dict[str, Any]


def main(full: bool = False, model: str = "") -> None:
    """Prints a row for each way to run a model: megabytes, seconds to load, milliseconds for each, likeness.

    Args:
        full: 10,000 inputs, of the other parts where the test part has fewer, instead of 500.
        model: a classifier, tagger, translator, recogniser or language model; empty for the first classifier
            that is here.
    """
    saved = models.load(model) if model else first_of(("sentiment_tweets",), "sentiment")
    texts, truth = _inputs(saved, _MANY if full else _TEXTS)
    like, where = edge.LIKENESS[saved.manifest.mapping], f"{export.hardware()}, TensorFlow {tf.__version__}"
    print(f"{where}; {saved.name}, {len(texts):,} inputs, one by one")
    started = time.perf_counter()
    loaded = models.load(str(saved.path))
    opened = time.perf_counter() - started
    answers, each = _asked(lambda text: loaded.predict([text], like.signature, **like.settings)[0], texts)
    right = _judged(saved, truth)
    size = models.find(str(saved.path)).megabytes
    rows = [("SavedModel", f"{size:.1f}", *_line(opened, each), "", "", right(answers))]
    with tempfile.TemporaryDirectory() as folder:
        for name, (to, int8) in _WAYS.items():
            target = Path(folder) / f"{to}{int8}"
            edge.convert(saved, target, to, int8)
            size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file()) / 1e6
            started = time.perf_counter()
            converted = runtime.load(target)
            opened = time.perf_counter() - started
            ask = functools.partial(converted.answer, **like.settings)
            found, each = _asked(ask, texts)
            alike, apart = _compared(like, answers, found)
            likeness = (f"{100 * alike:.2f} %", f"{apart:.0e}", right(found))
            rows.append((name, f"{size:.1f}", *_line(opened, each), *likeness))
    headings = ("", "MB", "s to load", "ms each", "same answers", "scores differ by", "figure")
    print_table(f"{saved.name} with and without TensorFlow", headings, rows)


def _line(opened: float, each: Sequence[float]) -> tuple[str, str]:
    return f"{opened:.1f}", f"{1000 * float(np.median(each)):.2f}"


def _inputs(saved: models.Model, most: int) -> tuple[list[Any], Any]:
    """Returns inputs of the model's test part, then of the others, and the right answers of the former."""
    manifest = saved.manifest
    if manifest.mapping not in _READ:
        kinds = "classifiers, taggers, translators, recognisers and language models"
        raise ZooError(f"bench edge: compares {kinds}; {saved.name} is none of these")
    named, read, right = _READ[manifest.mapping]
    options = {name: manifest.config.get(name, "") for name in named}
    examples = load(manifest.dataset.name, manifest.mapping, **options)
    truth = right(examples.test.first(most)) if right else None
    found: list[Any] = []
    for split in ("test", "validation", "train"):
        found += read(examples.split(split).first(most - len(found)))[: most - len(found)]
        if len(found) == most:
            break
    return found, truth


def _sentences(part: Part) -> list[Any]:
    return [" ".join(tokens) for tokens in part.rows_of_strings("tokens")]


def _lines(part: Part) -> list[Any]:
    texts = part.one_by_one("text")
    return [line.decode("utf-8", "replace") for text in texts for line in text.split(b"\n") if line]


def _labels(part: Part) -> Any:
    return part.column("label")


# Mapping -> the settings that its data depend on, what reads inputs from a part, and the right answers.
_READ: dict[str, tuple[tuple[str, ...], Callable[[Part], list[Any]], Callable[[Part], Any] | None]] = {
    "classification": ((), lambda part: part.strings("text"), _labels),
    "tagging": (("tags",), _sentences, None),
    "translation": (
        ("source", "target"),
        lambda part: part.strings("source"),
        lambda part: [[target] for target in part.strings("target")],
    ),
    "recognition": (("columns",), lambda part: [row.numpy() for row in part.column("values")], _labels),
    "text": ((), _lines, None),
}


def _asked(ask: Callable[[str], Row], texts: Sequence[str]) -> tuple[list[Row], list[float]]:
    """Returns the answers, and how long each took, after some that do not count."""
    for text in texts[:20]:
        ask(text)
    answers, seconds = [], []
    for text in texts:
        started = time.perf_counter()
        answers.append(ask(text))
        seconds.append(time.perf_counter() - started)
    return answers, seconds


def _compared(like: edge.Likeness, saved: Sequence[Row], converted: Sequence[Row]) -> tuple[float, float]:
    """Returns the share of answers that are the same, and by how much scores of those differ at most."""
    same, apart = 0, 0.0
    for ours, theirs in zip(converted, saved, strict=True):
        if like.said(ours) == like.said(theirs):
            same += 1
            pairs = zip(like.numbers(ours), like.numbers(theirs), strict=True)
            apart = max([apart, *(abs(a - b) for a, b in pairs)])
    return same / len(saved), apart


def _judged(saved: models.Model, truth: Any) -> Callable[[Sequence[Row]], str]:
    """Returns what says how good answers are, where the right ones are known."""
    labels = list(saved.manifest.labels)

    def figure(answers: Sequence[Row]) -> str:
        if truth is None:
            return ""
        if "label" in answers[0]:
            predicted = [labels.index(row["label"]) for row in answers[: len(truth)]]
            score = metrics.classification(truth, np.array(predicted), labels)
        else:
            score = metrics.translation(truth, [row["translation"] for row in answers[: len(truth)]])
        ((heading, value),) = metrics.listed(score.figures, 1).items()
        return f"{heading} {value}"

    return figure
