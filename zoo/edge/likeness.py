"""Whether a converted model answers as the saved one: what both are asked, and what their answers say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from zoo import models, sounds, tasks

Row = dict[str, Any]
_TEXTS = ("", "I can't wait: 3 of us met Ada in Rome!", "STOP it NOW, Zoë", "x = f(1)  # ünïcode ☀ 日本")


@dataclass(frozen=True)
class Likeness:
    """How a converted model is compared with the saved one.

    Attributes:
        said: what an answer says, of either, without numbers.
        numbers: those of an answer.
        tried: what both are asked, so that a model is refused which answers otherwise.
        given: turns what the saved model is asked into the arguments of a converted one.
        signature: of the saved model, as which the converted one answers.
        settings: with which both are asked.
    """

    said: Callable[[Row], Any]
    numbers: Callable[[Row], list[float]]
    tried: Callable[[models.Model], Sequence[Any]] = lambda _: _TEXTS
    given: Callable[[models.Model, Any], Sequence[Any]] = lambda _, asked: [asked]
    signature: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def _signals(model: models.Model) -> list[np.ndarray]:
    """Returns signals such as training had, and of less."""
    about, random = tasks.AboutSignals.of(model.manifest), np.random.default_rng(0)
    low, high = np.array(about.seen).T
    rows = [random.uniform(low, high, (time, len(low))) for time in (about.longest, 7, 1)]
    rows[0][::5] = np.nan
    return rows


def _observations(model: models.Model) -> list[tasks.Window]:
    """Returns windows of what training had."""
    about, random = tasks.About.of(model.manifest), np.random.default_rng(0)
    low, high = np.array(about.seen).T
    lengths = (model.manifest.config["window"], 1)
    return [tasks.Window(random.uniform(low, high, (time, len(low))), "2020-02-29") for time in lengths]


def _recordings(model: models.Model) -> list[bytes]:
    """Returns a file with noise in it, and pictures of bars."""
    random, config = np.random.default_rng(0), model.manifest.config
    if config["reads"] == "sound":
        samples = random.normal(0, 0.1, (config["rate"], 1)).astype(np.float32)
        return [tf.audio.encode_wav(samples, config["rate"]).numpy()]
    bars = 255 * (random.random((3 * config["height"] // 2, 200, 1)) > 0.2).repeat(3, axis=2)
    return [tf.io.encode_png(bars.astype(np.uint8)).numpy()]


def _decoded(model: models.Model, content: bytes) -> list[np.ndarray]:
    """Returns the samples, or the pixels, of a file."""
    config = model.manifest.config
    if config["reads"] == "print":
        return [tf.io.decode_png(content).numpy()]
    return [sounds.read(tf.constant([content]), config["rate"]).samples[0].numpy()]


def _tagged(row: Row) -> Any:
    return [(token["token"], token["tag"]) for token in row["tokens"]]


def _tag_scores(row: Row) -> list[float]:
    return [token["score"] for token in row["tokens"]]


def _forecasts(row: Row) -> list[float]:
    """Returns forecasts and their bounds."""
    return [number for step in row["forecasts"] for number in step.values() if isinstance(number, float)]


def _scores(row: Row) -> list[float]:
    return [*row["scores"].values()]


def _of(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name]


def _one(name: str) -> Callable[[Row], list[float]]:
    return lambda row: [row[name]]


LIKENESS: Mapping[str, Likeness] = {
    "classification": Likeness(_of("label"), _scores),
    "tagging": Likeness(_tagged, _tag_scores),
    "translation": Likeness(_of("translation"), _one("score"), signature="greedy"),
    "recognition": Likeness(_of("label"), _scores, _signals),
    "series": Likeness(_of("valid"), _forecasts, _observations, lambda _, window: window[:2]),
    "transcription": Likeness(_of("text"), _one("score"), _recordings, _decoded),
    "text": Likeness(_of("text"), _one("log_probability"), settings={"length": 20, "seed": 1}),
}
"""Of each mapping."""
