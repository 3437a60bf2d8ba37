"""The transcribers that we ship, on the test parts of their data and on what people send."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import zoo.data
from zoo import metrics, models
from zoo.data.sets import printed_lines

SHIPPED = Path(__file__).parents[2] / "saved_models"


def shipped(name: str) -> models.Model:
    return models.load(SHIPPED / name)


@pytest.fixture(scope="module")
def lines() -> models.Model:
    return shipped("transcription_lines")


@pytest.fixture(scope="module")
def digits() -> models.Model:
    return shipped("transcription_digits")


def wav(samples: np.ndarray, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, rate, 0, "NONE", ""))
        written.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


@pytest.mark.parametrize(("part", "most"), [("test", 2.5), ("test_fonts", 3.5)])
def test_lines_are_read_about_as_well_as_the_manifest_says(lines, part, most):
    fonts, some = printed_lines.read_fonts(), printed_lines.lines()[part][:200]
    files = [printed_lines.as_png(printed_lines.nth(n, text, part, fonts)) for n, text in enumerate(some)]
    read = [answer["text"] for answer in lines.predict(files)]
    found = metrics.transcription(some, read)["character_error_rate"]
    stored = lines.manifest.metrics[part]["character_error_rate"]
    assert 0 < stored < most
    assert found == pytest.approx(stored, abs=1)


def test_digits_score_what_the_manifest_says(mirror, zoo_cache, digits):
    examples = zoo.data.load("spoken_digits", "transcription")
    assert (
        examples.fingerprint(splits=("test_single",)) == digits.manifest.dataset.further_tests["test_single"]
    )
    found = digits.task.evaluate(digits, examples, "test_single").score
    stored = digits.manifest.metrics
    assert found["character_error_rate"] == stored["test_single"]["character_error_rate"] < 1.5
    assert stored["test"]["character_error_rate"] < 0.5


def test_what_a_page_offers_is_read(lines):
    tries = lines.task.to_try(lines.manifest)
    found = lines.predict([given for _, given in tries])
    assert sum(answer["text"] == name for (name, _), answer in zip(tries, found, strict=True)) >= 2


def test_silence_one_sample_and_half_an_hour_have_answers(digits):
    silence, one = wav(np.zeros(16_000)), wav(np.zeros(1))
    noise = wav(np.random.default_rng(1).normal(0, 300, 30 * 60 * 8000))
    found = digits.predict([silence, one, noise, noise[:100], b""])
    assert [answer["text"] for answer in found[:2]] == ["", ""]
    assert [answer["valid"] for answer in found] == [True, True, True, True, False]
    assert [answer["truncated"] for answer in found] == [False, False, True, False, False]


def test_ten_seconds_of_sound_are_25_steps_a_second(digits):
    ten = tf.constant([wav(np.random.default_rng(1).normal(0, 300, 80_000))])
    assert digits.signatures["alignment"](file=ten)["steps"].numpy().tolist() == [250]
