"""The drawer that we ship, on kanji that it never saw and on what people type."""

from pathlib import Path

import numpy as np
import pytest

from zoo import metrics, models
from zoo.data.own.strokes import parted
from zoo.data.sets import kanji_strokes as kanji

SHIPPED = Path(__file__).parents[2] / "saved_models"


@pytest.fixture(scope="module")
def drawer() -> models.Model:
    return models.load(SHIPPED / "drawing_kanji")


@pytest.fixture(scope="module")
def characters() -> dict[str, list[kanji.Character]]:
    return kanji.split(kanji.read_characters())


def strokes(answer) -> np.ndarray:
    return np.array(answer["strokes"]).reshape(-1, 3)


def test_kanji_never_seen_are_drawn_so_that_they_are_recognised(drawer, characters):
    held_out = characters["test"][:40]
    shapes = metrics.Shapes([row[2] for part in ("test", "validation", "train") for row in characters[part]])
    texts = [text for _, text, _ in held_out]
    drawn = drawer.predict(texts, temperature=0.1, seed=list(range(len(texts))))
    distances = [shapes.distances(strokes(answer)) for answer in drawn]
    near = [(row < row[i]).sum() < 20 for i, row in enumerate(distances)]
    stored = drawer.manifest.metrics["test"]
    assert stored["recognised"] >= 30
    assert np.mean(near) == pytest.approx(stored["recognised"] / 100, abs=0.2)
    answers = drawer.predict([(text, lines) for _, text, lines in held_out], "score")
    nats = -sum(row["log_probability"] for row in answers) / sum(row["points"] for row in answers)
    assert nats == pytest.approx(stored["nats"], abs=0.4)


def test_a_kanji_stands_for_its_parts_and_what_is_typed_is_drawn_to_its_end(drawer, characters):
    asked = ["休", "⿰亻木", " 休 ", "明", "⿰木木", "あ", "A"]
    drawn = drawer.predict(asked, temperature=0.1, seed=[1] * len(asked))
    assert all(row["finished"] and row["known"] for row in drawn)
    assert drawn[0]["svg"] == drawn[1]["svg"] == drawn[2]["svg"]
    true = {name: len(parted(lines)) for rows in characters.values() for name, _, lines in rows}
    counts = [len(parted(strokes(row))) for row in drawn]
    for name, count in zip("休明林あA", (counts[0], *counts[3:]), strict=True):
        assert abs(count - true[name]) <= 1, name


def test_what_was_never_seen_is_said_so(drawer):
    (row,) = drawer.predict(["⿰亻\u2603"])
    assert not row["known"] and len(row["strokes"])
