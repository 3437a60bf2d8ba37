import numpy as np
import pytest
import tensorflow as tf
from tiny import assert_same_answers, tensorflow_alone

import zoo
from zoo.decoding import Writer
from zoo.rebuilt import translation as as_keras
from zoo.recipes import translation
from zoo.text import Pieces
from zoo.text.pieces import PADDING

LONG = "The red dog sees " + "the black cat " * 1665 + "."  # 5,000 words
TEXTS = [
    "The red dog hears the black bird.",
    "",
    " \t\n ",
    b"\xff\xfe dog \xc3",
    "NUL \x00 and \x1f inside",
    "東京で犬 👩🏽‍🚀",
    "<padding> <end> <0x41>",
    LONG,
    "The green horse follows the yellow horse.",
]
IN_DOMAIN = [TEXTS[0], TEXTS[-1], "The yellow cat sees the red bird."]
PIECE = 260  # number of one of the pieces
SIGNATURES = ("serving_default", "greedy", "beam", "attention")


@pytest.fixture(scope="module")
def model(trained_translator):
    return zoo.load(f"{trained_translator}/saved_models/tiny")


@pytest.fixture(scope="module")
def rebuilt(model):
    """What was exported, made again from the recipe and the stored weights."""
    config, pieces, network = as_keras(model)
    assert [weight.path for weight in network.weights] == model.manifest.weights
    module = translation.Translation(config, network, pieces)
    module.confidence.weights.assign(tf.saved_model.load(str(model.path)).confidence.weights)
    return module


def searched(config, network, writer, source, beam_size):
    return translation.search(config, network, writer, source, beam_size)[1]


def ask(model, signature: str, texts) -> dict[str, np.ndarray]:
    found = model.signatures[signature](text=tf.constant(texts, tf.string))
    return {name: value.numpy() for name, value in found.items()}


@pytest.fixture(scope="module")
def answers(model):
    return {signature: ask(model, signature, TEXTS) for signature in SIGNATURES}


def encoded(rebuilt, texts) -> tf.Tensor:
    """Returns sources as the model reads them, padded."""
    numbers = rebuilt.source.encode(tf.constant(texts))
    return tf.concat([numbers, tf.fill([len(texts), 1], Pieces.END)], axis=1).to_tensor(PADDING)


def log_probabilities(rebuilt, source, target) -> np.ndarray:
    """Returns those of each next piece, (time + 1, pieces), by teacher forcing of one pair."""
    so_far = tf.constant([[Pieces.START, *target]], tf.int32)
    logits = rebuilt.model({"source": source, "target": so_far}, training=False)
    return tf.nn.log_softmax(logits[0]).numpy()


# The export -----------------------------------------------------------------------------------------------


def test_tensorflow_alone_gives_the_keras_models_answers(model, rebuilt, tmp_path):
    found = tensorflow_alone(model.path, "text", TEXTS, tmp_path)
    assert set(found) == set(SIGNATURES)
    methods = (
        rebuilt.translate,
        rebuilt.translate_greedily,
        rebuilt.translate_n_best,
        rebuilt.show_attention,
    )
    for signature, method in zip(SIGNATURES, methods, strict=True):
        assert_same_answers(found[signature], method(tf.constant(TEXTS)))


@pytest.mark.parametrize("row", [0, 1, 3, 5, 8])
def test_a_row_has_the_same_answer_alone_and_beside_5000_words(model, answers, row):
    for signature, together in answers.items():
        for name, alone in ask(model, signature, TEXTS[row : row + 1]).items():
            # Tokens and weights are filled up to the longest row.
            expected = together[name][(row, *map(slice, alone.shape[1:]))]
            if alone.dtype == np.float32:
                np.testing.assert_allclose(alone[0], expected, rtol=1e-5, atol=1e-5)
            else:
                np.testing.assert_array_equal(alone[0], expected)


def test_a_batch_of_no_rows_gives_no_rows(model):
    for signature in SIGNATURES:
        for value in ask(model, signature, []).values():
            assert value.shape[0] == 0


def test_empty_texts_have_an_empty_translation_of_score_0(answers):
    for row in (1, 2):
        for signature in ("serving_default", "greedy", "attention"):
            found = {name: value[row] for name, value in answers[signature].items()}
            assert (found["translation"], found["score"], found["finished"]) == (b"", 0, True)
            assert not found["truncated"]
        assert answers["beam"]["translations"][row, 0] == b""
        assert answers["beam"]["scores"][row, 0] == 0
        assert not answers["attention"]["attention"][row].any()


def test_every_text_has_a_translation_in_utf_8_and_a_finite_score(answers):
    for found in answers.values():
        best = found.get("translation", found.get("translations"))
        assert "\x00" not in "".join(text.decode("utf-8") for text in best.ravel().tolist())
        for scores in (found.get("score", found.get("scores"))[..., :1],):
            assert np.isfinite(scores).all()
            assert (scores <= 0).all()


def test_what_is_longer_than_the_limit_is_cut_and_said_to_be(model, answers):
    for found in answers.values():
        assert found["truncated"].tolist() == [row == TEXTS.index(LONG) for row in range(len(TEXTS))]
    exact, more = "1" * 29, "1" * 30  # the space that stands for the start, and digits, are one piece each
    assert ask(model, "greedy", [exact, more])["truncated"].tolist() == [False, True]


def test_the_beam_holds_the_best_first_and_the_first_is_served(answers):
    beam, best = answers["beam"], answers["serving_default"]
    assert beam["scores"].shape == beam["translations"].shape == beam["finished"].shape == (len(TEXTS), 3)
    for name in ("translation", "score"):
        np.testing.assert_array_equal(beam[f"{name}s"][:, 0], best[name])
        if name == "translation":
            np.testing.assert_array_equal(answers["attention"][name], best[name])
    np.testing.assert_array_equal(beam["finished"][:, 0], best["finished"])
    # Finished ones first, each kind by score.
    kinds = np.where(beam["finished"], 1, 0)
    assert (np.diff(kinds) <= 0).all()
    alike = kinds[:, 1:] == kinds[:, :-1]
    real = alike & (np.arange(len(TEXTS)) != 1)[:, None] & (np.arange(len(TEXTS)) != 2)[:, None]
    assert (beam["scores"][:, 1:] <= beam["scores"][:, :-1])[real].all()


# Truths about the search ----------------------------------------------------------------------------------


def test_greedy_takes_the_most_probable_piece_under_teacher_forcing(rebuilt):
    for text in IN_DOMAIN:
        source = encoded(rebuilt, [text])
        target, score = [], 0.0
        while True:
            last = log_probabilities(rebuilt, source, target)[-1]
            score += last.max()
            if last.argmax() == Pieces.END:
                break
            target.append(int(last.argmax()))
        found = searched(rebuilt.config, rebuilt.model, rebuilt.writer, source, 1)
        assert found.tokens[0, 0].numpy().tolist() == target
        assert found.log_probabilities[0, 0].numpy() == pytest.approx(score, rel=1e-4, abs=1e-5)


def test_scores_of_the_beam_are_penalised_probabilities_under_teacher_forcing(rebuilt):
    source = encoded(rebuilt, IN_DOMAIN)
    found = searched(rebuilt.config, rebuilt.model, rebuilt.writer, source, 3)
    assert found.finished.numpy().all()
    for row, column in np.ndindex(3, 3):
        target = found.tokens[row, column][: found.lengths[row, column]].numpy().tolist()
        each = log_probabilities(rebuilt, source[row : row + 1], target)
        total = sum(each[t, piece] for t, piece in enumerate([*target, Pieces.END]))
        expected = total / ((5 + len(target)) / 6) ** 0.6
        assert found.scores[row, column].numpy() == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_of_a_sure_model_greedy_search_finds_what_the_beam_finds(rebuilt, answers):
    # In general neither need be the better one: a beam may lose the greedy text half-way.
    for row in (0, 8):
        greedy, best = answers["greedy"], answers["serving_default"]
        assert greedy["translation"][row] == best["translation"][row]
        assert best["score"][row] == pytest.approx(greedy["score"][row], rel=1e-4, abs=1e-5)
    assert answers["greedy"]["translation"][0] == b"Le chien rouge entend l'oiseau noir."


def test_a_model_that_never_ends_stops_at_twice_the_source_and_says_so(rebuilt):
    config, pieces = rebuilt.config, {"source": rebuilt.source, "target": rebuilt.writer.pieces}
    network = translation.build_model(config, {side: len(inventory) for side, inventory in pieces.items()})
    writer = Writer.of(network, pieces["target"], "target_embedding")
    kernel, bias = network.get_layer("decoder").readout.weights
    kernel.assign(np.zeros(kernel.shape))
    bias.assign(np.eye(config.width)[0])  # logits are the first column of the vectors
    vectors = network.get_layer("target_embedding").embeddings
    first = np.zeros(vectors.shape)
    first[Pieces.END, 0], first[PIECE, 0] = -50, 5
    vectors.assign(first)
    source = tf.constant(
        [[PIECE, 3, Pieces.END], [Pieces.END, PADDING, PADDING], [PIECE, Pieces.END, PADDING]]
    )
    for beam_size in (1, 3):
        found = searched(config, network, writer, source, beam_size)
        assert found.finished[:, 0].numpy().tolist() == [False, True, False]
        assert found.lengths[:, 0].numpy().tolist() == [14, 0, 12]
        tokens = found.tokens[0, 0].numpy()
        assert tokens[:3].tolist() != [PIECE] * 3 and (tokens == PIECE).sum() > 8  # but not thrice in a row
        assert found.scores[1, 0] == 0


# Attention ------------------------------------------------------------------------------------------------


def test_attention_has_a_row_for_each_target_token_over_the_source_tokens(answers):
    found = answers["attention"]
    real_source, real_target = found["source_tokens"] != b"", found["target_tokens"] != b""
    assert found["attention"].shape == (len(TEXTS), real_target.shape[1], real_source.shape[1])
    np.testing.assert_allclose(found["attention"].sum(axis=2), real_target, atol=1e-5)
    assert not found["attention"][~(real_target[:, :, None] & real_source[:, None])].any()
    for row in range(len(TEXTS)):
        assert found["source_tokens"][row][real_source[row]][-1] == b"<end>"
        assert b"<end>" not in found["target_tokens"][row]
    assert real_source.sum(axis=1)[TEXTS.index(LONG)] == 31


def test_joined_tokens_are_the_texts(answers):
    found = answers["attention"]
    for row in (0, 8):
        assert b"".join(found["target_tokens"][row]).strip() == found["translation"][row]
        assert b"".join(found["source_tokens"][row]) == f" {TEXTS[row]}<end>".encode()


def test_attention_of_the_export_is_that_of_teacher_forcing(rebuilt, answers):
    source = encoded(rebuilt, TEXTS[:1])
    seen, decoded = translation.search(rebuilt.config, rebuilt.model, rebuilt.writer, source, 3)
    found = decoded.tokens[:, 0]
    weights = rebuilt.writer.attention(seen, found)
    given = answers["attention"]["attention"][0][: found.shape[1], : source.shape[1]]
    np.testing.assert_allclose(given, weights[0], atol=1e-5)
