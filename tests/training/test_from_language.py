"""Classifiers and taggers that start from what language models have learned of words."""

import json

import keras
import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.recipes import generation, sentiment, tagging
from zoo.text import Known, Vocabulary
from zoo.training.from_language import encoder
from zoo.training.warm_start import known_words, warm_start

WORDS = ["<padding>", "<unknown>", "<start>", "good", "bad"]
SIZES = {"width": 4, "units": 6, "layers": 1}


def write_run(folder, seed, vectors=None, words=WORDS, **settings) -> dict[str, np.ndarray]:
    """Writes what warm starts read of a language model's run, and returns its weights by path."""
    keras.utils.set_random_seed(seed)
    config = generation.Config(**{"level": "token", "tied": True, **SIZES, **settings})
    core = generation.build_model(config, len(words))
    weights = {weight.path: weight.numpy() for weight in core.weights}
    if vectors is not None:
        weights["embedding/embeddings"] = vectors
    folder.mkdir()
    arrays = {f"best/{number}": value for number, value in enumerate(weights.values())}
    np.savez(folder / "checkpoint.npz", _state=np.array(json.dumps({"weights": list(weights)})), **arrays)
    told = {name: getattr(config, name) for name in ("level", "backwards", "width")}
    (folder / "config.json").write_text(json.dumps({"recipe": "generation", **told}))
    Vocabulary(words).write(folder / "vocabulary.txt")
    return weights


@pytest.fixture
def pair(tmp_path, monkeypatch) -> list[dict[str, np.ndarray]]:
    """Two language models, `to` and `fro`, that know words by the same vectors."""
    monkeypatch.chdir(tmp_path)
    to = write_run(tmp_path / "to", 1)
    return [to, write_run(tmp_path / "fro", 2, to["embedding/embeddings"], backwards=True)]


def classifier(**settings) -> keras.Model:
    config = sentiment.Config(**{"word_units": 4, "subword_units": 0, "units": 6, "layers": 1, **settings})
    return sentiment.build_model(config, Known(Vocabulary([*WORDS, "new"])), 2)


def weights_of(model) -> dict[str, np.ndarray]:
    return {weight.path: weight.numpy() for weight in model.weights}


def test_two_start_the_vectors_and_both_halves_of_the_first_layer(pair, capsys):
    model = classifier()
    fresh = weights_of(model)
    warm_start(model, "to+fro", ["word_embedding/embeddings"], ["x", "y"], ["logits"])
    found = weights_of(model)
    # A language model of width 4 reads its vectors twice as long as it keeps them.
    vectors = found["word_embedding/embeddings"]
    np.testing.assert_array_equal(vectors[:5], 2 * pair[0]["embedding/embeddings"])
    np.testing.assert_array_equal(vectors[5:], fresh["word_embedding/embeddings"][5:])
    for half, trained in zip(("forward", "backward"), pair, strict=True):
        for name in ("kernel", "recurrent_kernel", "bias"):
            mine = found[f"both_ways_1/{half}_rnn_1/lstm_cell/{name}"]
            np.testing.assert_array_equal(mine, trained[f"rnn_1/lstm_cell/{name}"], err_msg=f"{half} {name}")
    assert "starts from to+fro: 7 of 9 weights; new: logits/kernel" in capsys.readouterr().out


def test_started_so_the_first_layer_gives_the_states_that_the_language_model_had(pair):
    model = classifier()
    warm_start(model, "to+fro", ["word_embedding/embeddings"], ["x", "y"], ["logits"])
    inside = keras.Model(model.input, model.get_layer("both_ways_1").output)
    tokens = np.array([[2, 3, 4, 1]], np.int32)
    both = inside({"words": tokens}).numpy()[0]
    for half, trained, order in ((slice(0, 6), pair[0], 1), (slice(6, 12), pair[1], -1)):
        core = generation.build_model(generation.Config(level="token", tied=True, **SIZES), len(WORDS))
        core.set_weights([trained[weight.path] for weight in core.weights])
        states = keras.Model(core.input, core.get_layer("rnn_1").output[0])
        given = {"tokens": tokens[:, ::order], "state_0": np.zeros([1, 6]), "state_1": np.zeros([1, 6])}
        np.testing.assert_allclose(both[:, half], states(given).numpy()[0][::order], atol=1e-6)


def test_one_starts_its_half(pair, capsys):
    model = classifier()
    fresh = weights_of(model)
    warm_start(model, "fro", ["word_embedding/embeddings"], ["x", "y"], ["logits"])
    path = "both_ways_1/forward_rnn_1/lstm_cell/kernel"
    np.testing.assert_array_equal(weights_of(model)[path], fresh[path])
    assert "starts from fro: 4 of 9 weights" in capsys.readouterr().out


def test_what_a_tagger_is_told_of_a_word_beside_its_vector_starts_fresh(pair):
    config = tagging.Config(word_units=4, units=6, layers=1, style="prose")
    model = tagging.build_model(config, Known(Vocabulary(WORDS)), ["O", "B-a", "I-a"])
    path = "both_ways_1/forward_rnn_1/lstm_cell/kernel"
    fresh = weights_of(model)[path]
    warm_start(model, "to+fro", ["word_embedding/embeddings"], ["O", "B-a", "I-a"], ["logits", "crf"])
    np.testing.assert_array_equal(weights_of(model)[path][:4], pair[0]["rnn_1/lstm_cell/kernel"])
    np.testing.assert_array_equal(weights_of(model)[path][4:], fresh[4:])


def test_words_are_those_of_both_and_files_that_no_language_model_has_are_empty(pair):
    assert known_words("to+fro") == WORDS
    assert known_words("to", "vectors.txt") == []


def test_what_does_not_go_together_is_refused_with_a_mend(pair, tmp_path):
    def start(names, model=None):
        warm_start(model or classifier(), names, [], ["x", "y"], ["logits"])

    write_run(tmp_path / "other", 3, backwards=True)
    with pytest.raises(ZooError, match="train the second with --init-from to --freeze embedding"):
        start("to+other")
    with pytest.raises(ZooError, match="one direction; give one that was trained with --backwards"):
        start("to+to")
    write_run(tmp_path / "plain", 3)
    (tmp_path / "plain/config.json").write_text(json.dumps({"recipe": "sentiment"}))
    with pytest.raises(ZooError, match="plain: is no language model"):
        start("to+plain")
    write_run(tmp_path / "chars", 3, level="char")
    with pytest.raises(ZooError, match="--level token"):
        start("chars")
    write_run(tmp_path / "more", 3, words=[*WORDS, "more"], backwards=True)
    with pytest.raises(ZooError, match="know different words; train the second with --init-from to"):
        known_words("to+more")
    language = generation.build_model(generation.Config(level="token", tied=True, **SIZES), len(WORDS))
    with pytest.raises(ZooError, match="by twos; give one"):
        start("to+fro", language)


def test_a_path_may_hold_a_plus_itself(pair, tmp_path):
    write_run(tmp_path / "c++", 3)
    assert known_words("c++") == WORDS and known_words(str(tmp_path / "c++")) == WORDS


def test_vectors_that_an_export_rounded_are_the_same(pair, tmp_path):
    rounded = pair[0]["embedding/embeddings"].astype(np.float16).astype(np.float32)
    write_run(tmp_path / "rounded", 2, rounded, backwards=True)
    model = classifier()
    warm_start(model, "to+rounded", ["word_embedding/embeddings"], ["x", "y"], ["logits"])
    found = weights_of(model)["word_embedding/embeddings"][:5]
    np.testing.assert_array_equal(found, 2 * pair[0]["embedding/embeddings"])


def test_of_a_deeper_language_model_the_first_layer_alone_is_taken():
    trained = {"embedding/embeddings": np.ones((5, 4)), "rnn_1/lstm_cell/bias": np.ones(8),
               "rnn_2/lstm_cell/bias": np.ones(8), "readout/bias": np.ones(4)}  # fmt: skip
    found = encoder(["a"], [trained], [{"level": "token", "backwards": False, "width": 9}])
    assert set(found) == {"word_embedding/embeddings", "both_ways_1/forward_rnn_1/lstm_cell/bias"}
    assert (found["word_embedding/embeddings"] == 3).all()
