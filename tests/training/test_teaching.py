"""Teachers of a classifier."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.data import Examples, Part
from zoo.errors import ZooError
from zoo.training import taught, teaching

TEXTS = ["good day", "bad day", "good soup", "bad soup"] * 5
LABELS = np.array([1, 0, 1, 0] * 5)


@pytest.fixture
def examples(zoo_cache):
    part = Part({"text": TEXTS, "label": LABELS})
    return Examples("made up", part, part.first(4), part, ("negative", "positive"), "", "", "",
                    unlabelled=lambda: Part({"text": ["good good", "bad bad", "good bad"]}))  # fmt: skip


def rows(part) -> list[tuple[str, list[float]]]:
    return list(zip(part.strings("text"), part.column("label").tolist(), strict=True))


def test_without_teachers_labels_are_sure(examples):
    train, validation = taught(examples, (), 0.5, 100)
    assert rows(train) == [
        (text, [0, 1] if label else [1, 0]) for text, label in zip(TEXTS, LABELS, strict=True)
    ]
    assert rows(validation) == rows(train)[:4]


def test_the_linear_model_says_its_share_and_all_of_what_has_no_label(examples):
    train, validation = taught(examples, ("ngrams",), 0.4, 2)
    assert train.strings("text") == [*TEXTS, "good good", "bad bad"]
    targets = train.column("label")
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    right = targets[np.arange(20), LABELS]
    assert (right > 0.6 + 0.4 * 0.5).all()  # others of its kind were in the other folds
    assert (right < 1).all()
    assert targets[20, 1] > 0.6
    assert targets[21, 0] > 0.6
    assert rows(validation)[0] == ("good day", [0, 1])


def test_saved_models_are_asked_of_what_has_no_label_only(examples, monkeypatch):
    class Said:
        class manifest:  # noqa: N801
            labels, files = ("positive", "negative"), {"a": "1"}

        def predict(self, texts):
            assert texts == ["good good", "bad bad", "good bad"]
            return [{"scores": {"positive": 0.9, "negative": 0.1}}] * 3

    monkeypatch.setattr(teaching.models, "load", lambda name: Said())
    train, _ = taught(examples, ("someone",), 0.5, 100)
    np.testing.assert_allclose(train.column("label")[20:], [[0.1, 0.9]] * 3)
    assert train.column("label")[:20].max(axis=1).tolist() == [1] * 20
    monkeypatch.setattr(Said.manifest, "labels", ("good", "bad"))
    with pytest.raises(ZooError, match=r"--teachers someone: knows other labels \(good, bad\)"):
        taught(examples, ("someone",), 0.5, 100)


def test_rare_labels_may_count_as_much_as_common_ones(examples):
    part = Part({"text": ["a", "b", "c", "d"], "label": np.array([0, 0, 0, 1])})
    few = replace(examples, train=part)
    for balance, expected in ((0, [1, 1, 1, 1]), (1, [2 / 3, 2 / 3, 2 / 3, 2])):
        train, validation = taught(few, balance=balance)
        np.testing.assert_allclose(train.column("weight"), expected, rtol=1e-6)
        assert set(validation.column("weight")) == {1}


def test_sets_of_a_mix_count_as_they_are_told_to(examples):
    columns = {"text": ["a", "b", "c"], "label": np.array([0, 1, 1]), "set": np.array([0, 1, 1])}
    mix = replace(examples, train=Part(columns))
    train, _ = taught(mix, set_weights=(2, 0.5))
    np.testing.assert_allclose(train.column("weight"), [2, 0.5, 0.5])
    for weights in ((1,), (1, 2, 3)):
        with pytest.raises(ZooError, match=rf"--set-weights has {len(weights)} numbers, and the data are 2"):
            taught(mix, set_weights=weights)
    with pytest.raises(ZooError, match="the data are 1 sets"):
        taught(examples, set_weights=(1, 2))


def test_what_was_said_is_kept(examples, monkeypatch):
    first, _ = taught(examples, ("ngrams",), 0.5, 100)
    for name in ("out_of_fold", "NaiveBayesRuns"):
        monkeypatch.setattr(teaching, name, None)
    again, _ = taught(examples, ("ngrams",), 0.5, 100)
    assert rows(first) == rows(again)
