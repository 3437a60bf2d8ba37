"""Starting from trained weights: what is copied and what starts fresh."""

import json

import keras
import numpy as np
import pytest

from zoo.warm_start import warm_start


def network(words: int, labels: int) -> keras.Model:
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(words, 3, name="word_embedding")(inputs)
    return keras.Model(inputs, keras.layers.Dense(labels, name="logits")(x))


@pytest.fixture
def trained(tmp_path) -> keras.Model:
    """A model of 4 words and the labels a and b, and its run in the folder `run`."""
    model = network(4, 2)
    folder = tmp_path / "run"
    folder.mkdir()
    state = {"weights": [weight.path for weight in model.weights]}
    arrays = {f"best/{i}": weight.numpy() for i, weight in enumerate(model.weights)}
    np.savez(folder / "checkpoint.npz", _state=np.array(json.dumps(state)), **arrays)
    (folder / "config.json").write_text(json.dumps({"recipe": "x", "labels": ["a", "b"]}))
    return model


def started(tmp_path, words: int, labels: list[str]) -> keras.Model:
    model = network(words, len(labels))
    warm_start(model, str(tmp_path / "run"), "word_embedding/embeddings", labels, ["logits"])
    return model


def test_with_the_same_labels_everything_is_copied(trained, tmp_path, capsys):
    model = started(tmp_path, 4, ["a", "b"])
    for mine, theirs in zip(model.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert "3 of 3 weights" in capsys.readouterr().out


def test_a_vocabulary_that_has_grown_keeps_its_first_rows(trained, tmp_path):
    rows = started(tmp_path, 6, ["a", "b"]).get_weights()[0]
    np.testing.assert_array_equal(rows[:4], trained.get_weights()[0])


@pytest.mark.parametrize("labels", [["b", "a"], ["a", "c"], ["a", "b", "c"]])
def test_with_other_labels_their_weights_start_fresh_even_if_they_would_fit(
    trained, tmp_path, capsys, labels
):
    model = started(tmp_path, 4, labels)
    np.testing.assert_array_equal(model.get_weights()[0], trained.get_weights()[0])
    if len(labels) == 2:
        assert not np.array_equal(model.get_weights()[1], trained.get_weights()[1])
    assert "1 of 3 weights; new: logits/kernel, logits/bias" in capsys.readouterr().out
