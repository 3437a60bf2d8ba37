"""Decoding with a real decoder against all texts written out, each scored by teacher forcing."""

from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import Decoded, Seen, Writer
from zoo.decoding.common import without_endless
from zoo.layers import Decoder, states_of

END, START, VOCABULARY, MOST = 0, 1, 4, 3


class Symbols:
    """Stands for an inventory of pieces: numbers are their own texts."""

    START, END = START, END
    pieces = [*"abcdefghij"][:VOCABULARY]  # none is a digit
    decode = staticmethod(lambda tokens: tf.strings.reduce_join(tf.strings.as_string(tokens), axis=-1))


def decode(decoder, embedding, states, values, mask, most, beam_size, length_penalty, repeats=None):
    writer = Writer(decoder, embedding, Symbols)
    return writer.search(Seen(states, values, mask, repeats), most, beam_size, length_penalty)


def attend(decoder, embedding, states, values, mask, tokens):
    return Writer(decoder, embedding, Symbols).attention(Seen(states, values, mask), tokens)


UNITS, WIDTH, SOURCE, FEATURES = 4, 3, 5, 6
# All texts of up to three of the other tokens, START among them: 1 + 3 + 9 + 27.
EVERY = [text for length in range(MOST + 1) for text in product((1, 2, 3), repeat=length)]

kinds = pytest.mark.parametrize(
    ("cell", "attention", "input_feeding"),
    [
        ("lstm", "none", False),
        ("lstm", "dot", False),
        ("gru", "none", False),
        ("gru", "additive", True),
        ("peephole_lstm", "dot", True),
        ("simplified_gru", "none", False),
    ],
)


def made(
    cell: str, attention: str, input_feeding: bool, layers: int = 2
) -> tuple[Decoder, keras.layers.Layer]:
    """Returns a decoder and an embedding whose weights are random and not small."""
    decoder = Decoder(cell, layers, UNITS, WIDTH, attention, input_feeding)
    decoder.build((None, None, WIDTH), [(None, UNITS)], (None, None, FEATURES))
    embedding = keras.layers.ReversibleEmbedding(VOCABULARY, WIDTH)
    embedding.build((None, None))
    random = np.random.default_rng(0)
    for layer in (decoder, embedding):
        layer.set_weights([random.normal(0, 0.8, weight.shape) for weight in layer.get_weights()])
    return decoder, embedding


def given(decoder: Decoder, rows: int = 3):
    """Returns first states, values and their mask, which hides some of all rows but the first."""
    random = np.random.default_rng(1)
    count = len(decoder.rnns) * states_of(decoder.settings["cell"])
    states = [tf.constant(random.normal(0, 1, (rows, UNITS)), tf.float32) for _ in range(count)]
    values = tf.constant(random.normal(0, 1, (rows, SOURCE, FEATURES)), tf.float32)
    return states, values, tf.sequence_mask([SOURCE, 2, 3][:rows], SOURCE)


def row_of(arguments, row: int):
    return tf.nest.map_structure(lambda part: part[row : row + 1], arguments)


def log_probabilities(decoder, embedding, arguments) -> np.ndarray:
    """Returns those of all texts with their end, for one row, by teacher forcing."""
    states, values, mask = tf.nest.map_structure(lambda part: tf.repeat(part, len(EVERY), axis=0), arguments)
    following = np.full((len(EVERY), MOST + 1), END)
    for place, text in enumerate(EVERY):
        following[place, : len(text)] = text
    before = np.concatenate([np.full((len(EVERY), 1), START), following[:, :-1]], axis=1)
    readouts = decoder(embedding(before), states, values, mask)
    logits = embedding(readouts, reverse=True).numpy().astype("float64")
    found = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    each = np.take_along_axis(found, following[..., None], axis=-1)[..., 0]
    ends = np.array([len(text) for text in EVERY])[:, None]
    return np.where(np.arange(MOST + 1) <= ends, each, 0).sum(axis=1)  # the end counts, what follows not


@kinds
@pytest.mark.parametrize(("length_penalty", "repeats"), [(0.0, True), (0.8, True), (0.8, False)])
def test_a_wide_beam_finds_all_texts_in_their_order(cell, attention, input_feeding, length_penalty, repeats):
    decoder, embedding = made(cell, attention, input_feeding)
    arguments = given(decoder)
    # What says a thing three times in a row is none that is written, unless what is seen does.
    possible = [len(text) < 3 or len({*text}) > 1 or repeats for text in EVERY]
    count = sum(possible)
    found = decode(decoder, embedding, *arguments, MOST, len(EVERY), length_penalty, tf.fill([3], repeats))
    np.testing.assert_array_equal(tf.reduce_sum(tf.cast(found.finished, tf.int32), axis=1), count)
    for row in range(3):
        totals = log_probabilities(decoder, embedding, row_of(arguments, row))
        scores = totals / ((5 + np.array([len(text) for text in EVERY])) / 6) ** length_penalty
        order = [place for place in np.argsort(-scores) if possible[place]]
        texts = zip(found.tokens[row].numpy().tolist(), found.lengths[row].numpy(), strict=True)
        first = [tuple(tokens[:length]) for tokens, length in texts][:count]
        assert first == [EVERY[place] for place in order]
        np.testing.assert_allclose(found.scores[row][:count], scores[order], rtol=1e-4)
        np.testing.assert_allclose(found.log_probabilities[row][:count], totals[order], rtol=1e-4)


@kinds
def test_a_row_s_texts_hang_on_neither_its_neighbours_nor_what_is_masked(cell, attention, input_feeding):
    decoder, embedding = made(cell, attention, input_feeding)
    states, values, mask = given(decoder)
    limits = tf.constant([8, 2, 5])
    together = decode(decoder, embedding, states, values, mask, limits, 3, 0.6)
    hidden = tf.where(mask[..., None], values, 100.0)
    for row in range(3):
        alone = row_of((states, hidden, mask), row)
        found = decode(decoder, embedding, *alone, limits[row], 3, 0.6)
        time = found.tokens.shape[-1]
        np.testing.assert_array_equal(found.tokens[0], together.tokens[row, :, :time])
        np.testing.assert_array_equal(found.lengths[0], together.lengths[row])
        np.testing.assert_allclose(found.scores[0], together.scores[row], rtol=1e-4)
    assert np.all(together.lengths.numpy().max(axis=1) <= limits)


@kinds
def test_attention_is_that_of_writing_step_by_step(cell, attention, input_feeding):
    decoder, embedding = made(cell, attention, input_feeding)
    states, values, mask = given(decoder)
    tokens = tf.constant([[2, 3, 1, 2], [3, 3, 1, 1], [1, 2, 3, 1]])
    found = attend(decoder, embedding, states, values, mask, tokens)
    assert found.shape == (3, 4, SOURCE)
    if attention == "none":
        assert not np.any(found)
        return
    memory, state, read = decoder.prepare(values, mask), decoder.start(states), tf.fill([3], START)
    for t in range(4):
        _, state, weights = decoder.step(embedding(read), state, memory)
        np.testing.assert_allclose(found[:, t], weights, atol=1e-5)
        read = tokens[:, t]
    np.testing.assert_allclose(tf.reduce_sum(found, axis=-1), 1, atol=1e-5)
    assert not np.any(found[1, :, 2:])  # what is masked
    padded = attend(decoder, embedding, states, values, mask, tokens * [[1, 1, 1, 0]])
    assert not np.any(padded[:, 3])
    np.testing.assert_allclose(padded[:, :3], found[:, :3], atol=1e-6)


def test_no_rows_at_all_and_no_room_for_tokens_are_fine():
    decoder, embedding = made("gru", "dot", False)
    nothing = tf.nest.map_structure(lambda part: part[:0], given(decoder))
    found = decode(decoder, embedding, *nothing, 4, 2, 0.6)
    assert found.scores.shape == (0, 2)
    found = decode(decoder, embedding, *given(decoder), 0, 2, 0.6)
    assert found.tokens.shape == (3, 2, 0) and not np.any(found.lengths)


def test_a_half_precision_decoder_is_scored_in_full_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        decoder, embedding = made("gru", "dot", False)
    finally:
        keras.config.set_dtype_policy("float32")
    arguments = tf.nest.map_structure(
        lambda part: tf.cast(part, tf.bfloat16) if part.dtype == tf.float32 else part, given(decoder)
    )
    found = decode(decoder, embedding, *arguments, MOST, len(EVERY), 0.0, tf.ones([3], tf.bool))
    totals = log_probabilities(*made("gru", "dot", False), row_of(given(decoder), 0))
    assert found.scores.dtype == tf.float32
    np.testing.assert_allclose(found.scores[0], np.sort(totals)[::-1], atol=0.15)


@pytest.mark.parametrize(
    ("text", "finished", "kept"),
    [
        ("abcccc", False, "abc"),
        ("abcccc", True, "abcccc"),  # it came to its end
        ("abccc", False, "abccc"),  # three times may be meant
        ("xabababab", False, "xab"),
        ("xababababa", False, "xab"),  # cut off in the middle
        ("aaaabbbb", False, "aaaab"),
        ("aaaa", False, "a"),
        ("abcdefgh" * 4, False, "abcdefgh"),
        ("abcdefghi" * 4, False, "abcdefghi" * 4),  # longer than what is looked for
        ("abcdabcd", False, "abcdabcd"),
        ("", False, ""),
        ("", True, ""),
    ],
)
def test_what_never_ends_says_what_it_repeats_once(text, finished, kept):
    for behind in (0, 5):  # padding
        tokens = tf.constant([[[*map(ord, text), *[0] * behind]]], tf.int32, [1, 1, len(text) + behind])
        length, number = tf.constant([[len(text)]]), tf.constant([[-1.0]])
        found = without_endless(Decoded(tokens, length, number, number, tf.constant([[finished]])))
        assert "".join(map(chr, found.tokens[0, 0, : found.lengths[0, 0]].numpy())) == kept
        assert not found.tokens[0, 0, found.lengths[0, 0] :].numpy().any()
        assert found.tokens.shape == tokens.shape


def test_a_batch_without_rows_repeats_nothing():
    nothing = tf.zeros([0, 2])
    none = Decoded(tf.zeros([0, 2, 3], tf.int32), tf.zeros([0, 2], tf.int32), nothing, nothing, nothing > 0)
    assert without_endless(none).tokens.shape == (0, 2, 3)
