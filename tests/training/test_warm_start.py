"""Starting from trained weights: what is copied and what starts fresh."""

import json

import keras
import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.training.warm_start import known_words, warm_start


def network(words: int, labels: int) -> keras.Model:
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(words, 3, name="word_embedding")(inputs)
    return keras.Model(inputs, keras.layers.Dense(labels, name="logits")(x))


def write_run(tmp_path, model: keras.Model, labels: list[str]) -> None:
    """Writes what warm starts read of a run into the folder `run`."""
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    state = {"weights": [weight.path for weight in model.weights]}
    arrays = {f"best/{i}": weight.numpy() for i, weight in enumerate(model.weights)}
    np.savez(folder / "checkpoint.npz", _state=np.array(json.dumps(state)), **arrays)
    (folder / "config.json").write_text(json.dumps({"recipe": "x", "labels": labels}))


@pytest.fixture
def trained(tmp_path) -> keras.Model:
    """A model of 4 words and the labels a and b, and its run in the folder `run`."""
    model = network(4, 2)
    write_run(tmp_path, model, ["a", "b"])
    return model


def started(tmp_path, words: int, labels: list[str]) -> keras.Model:
    model = network(words, len(labels))
    warm_start(model, str(tmp_path / "run"), ["word_embedding/embeddings"], labels, ["logits"])
    return model


def test_with_the_same_labels_everything_is_copied(trained, tmp_path, capsys):
    model = started(tmp_path, 4, ["a", "b"])
    for mine, theirs in zip(model.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert "3 of 3 weights" in capsys.readouterr().out


def test_a_vocabulary_that_has_grown_keeps_its_first_rows(trained, tmp_path):
    rows = started(tmp_path, 6, ["a", "b"]).get_weights()[0]
    np.testing.assert_array_equal(rows[:4], trained.get_weights()[0])


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["b", "a"], "3 of 3 weights\n"),
        (["b"], "3 of 3 weights\n"),
        (["a", "c"], "3 of 3 weights; new labels: c\n"),
        (["c", "b", "d", "a"], "3 of 3 weights; new labels: c, d\n"),
        (["c", "d"], "1 of 3 weights; new: logits/kernel, logits/bias; new labels: c, d\n"),
    ],
)
def test_labels_that_both_have_keep_their_columns_wherever_they_stand(
    trained, tmp_path, capsys, labels, said
):
    trained.layers[-1].set_weights([np.arange(6.0).reshape(3, 2), np.array([6.0, 7.0])])
    write_run(tmp_path, trained, ["a", "b"])
    model = network(4, len(labels))
    before = model.get_weights()
    warm_start(model, str(tmp_path / "run"), ["word_embedding/embeddings"], labels, ["logits"])
    words, *head = model.get_weights()
    np.testing.assert_array_equal(words, trained.get_weights()[0])
    for mine, theirs, fresh in zip(head, trained.get_weights()[1:], before[1:], strict=True):
        for place, label in enumerate(labels):
            expected = theirs[..., "ab".index(label)] if label in "ab" else fresh[..., place]
            np.testing.assert_array_equal(mine[..., place], expected)
    assert capsys.readouterr().out.endswith(said)


def test_what_belongs_to_all_labels_together_starts_fresh_with_others_even_if_it_would_fit(
    trained, tmp_path, capsys
):
    for labels, said in (
        (["a", "b"], "3 of 3 weights\n"),
        (["b", "a"], "1 of 3 weights; new: logits/kernel, "),
    ):
        model = network(4, 2)
        warm_start(model, str(tmp_path / "run"), [], labels, whole=["logits"])
        assert said in capsys.readouterr().out
        assert np.array_equal(model.get_weights()[1], trained.get_weights()[1]) == (labels == ["a", "b"])


def test_a_head_of_other_sizes_starts_fresh(trained, tmp_path, capsys):
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(4, 3, name="word_embedding")(inputs)
    wider = keras.layers.Concatenate()([x, x])
    model = keras.Model(inputs, keras.layers.Dense(3, name="logits")(wider))
    warm_start(model, str(tmp_path / "run"), [], ["a", "b", "c"], ["logits"])
    assert "2 of 3 weights; new: logits/kernel; new labels: c\n" in capsys.readouterr().out


SIDES = ["source_embedding/embeddings", "target_embedding/embeddings"]


def translator(sources: int, targets: int) -> keras.Model:
    """Returns a model with two vocabularies, the second of which also gives its output."""
    source, target = (keras.Input((None,), dtype="int32", name=side) for side in ("source", "target"))
    embedding = keras.layers.ReversibleEmbedding(targets, 3, name="target_embedding")
    x = keras.layers.Embedding(sources, 3, name="source_embedding")(source) + embedding(target)
    return keras.Model([source, target], embedding(keras.layers.Dense(3, name="mix")(x), reverse=True))


def test_of_two_vocabularies_each_may_have_grown(tmp_path, capsys):
    trained = translator(4, 5)
    write_run(tmp_path, trained, [])
    for sizes in ((4, 7), (6, 5), (6, 7)):
        model = translator(*sizes)
        before = {weight.path: weight.numpy() for weight in model.weights}
        warm_start(model, str(tmp_path / "run"), SIDES)
        for mine, theirs in zip(model.weights, trained.weights, strict=True):
            rows = theirs.shape[0]
            np.testing.assert_array_equal(mine[:rows], theirs)
            np.testing.assert_array_equal(mine[rows:], before[mine.path][rows:])
        assert capsys.readouterr().out.endswith("4 of 4 weights\n")


def test_a_vocabulary_that_is_not_named_or_has_shrunk_starts_fresh(tmp_path, capsys):
    write_run(tmp_path, translator(4, 5), [])
    warm_start(translator(6, 7), str(tmp_path / "run"), SIDES[:1])
    assert "3 of 4 weights; new: target_embedding/embeddings\n" in capsys.readouterr().out
    warm_start(translator(3, 5), str(tmp_path / "run"), SIDES)
    assert "3 of 4 weights; new: source_embedding/embeddings\n" in capsys.readouterr().out


def test_each_vocabulary_of_a_run_is_read_from_its_own_file(trained, tmp_path):
    (tmp_path / "run/source.txt").write_text("<padding>\n le\n\u2028é\n", encoding="utf-8")
    (tmp_path / "run/target.txt").write_text("<padding>\n", encoding="utf-8")
    folder = str(tmp_path / "run")
    assert known_words(folder, "source.txt") == ["<padding>", " le", "\u2028é"]
    assert known_words(folder, file="target.txt") == ["<padding>"]
    assert known_words("", "source.txt") == []
    with pytest.raises(ZooError, match=r"run: holds no vocabulary\.txt; give a model of the same recipe"):
        known_words(folder)


def test_a_readout_has_grown_by_columns(tmp_path, capsys):
    def build(words: int, width: int = 3) -> keras.Model:
        tokens = keras.Input((None,), dtype="int32")
        embedding = keras.layers.ReversibleEmbedding(words, width, tie_weights=False, name="embedding")
        return keras.Model(tokens, embedding(embedding(tokens), reverse=True))

    rows, readout = "embedding/embeddings", "embedding/reverse_embeddings"
    trained = build(4)
    write_run(tmp_path, trained, [])
    model = build(6)
    before = {weight.path: weight.numpy() for weight in model.weights}
    warm_start(model, str(tmp_path / "run"), [rows], by_column=[readout])
    (mine, mine_read), (theirs, theirs_read) = model.get_weights(), trained.get_weights()
    np.testing.assert_array_equal(mine, np.concatenate([theirs, before[rows][4:]]))
    np.testing.assert_array_equal(mine_read, np.concatenate([theirs_read, before[readout][:, 4:]], axis=1))
    assert "2 of 2 weights" in capsys.readouterr().out
    with pytest.raises(ZooError, match="no weight fits"):
        warm_start(build(6, width=5), str(tmp_path / "run"), [rows], by_column=[readout])
