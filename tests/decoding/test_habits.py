"""What no text of training does."""

import json
from itertools import pairwise

import numpy as np
import tensorflow as tf

from zoo.data import Ragged
from zoo.decoding import Habits, beam_search, without_loops

END, A, B, C = range(4)
TEXTS = [[A, B, END], [A, B, B, END], [C, A, END], [A, END]]


def test_by_hand():
    values = np.concatenate(TEXTS)
    habits = Habits.of(Ragged(values, np.cumsum([0, *map(len, TEXTS)])), 4)
    assert habits.begins.tolist() == [False, True, False, True]
    assert habits.doubles.tolist() == [False, False, True, False]
    stored = json.loads(json.dumps(habits.to_json()))
    assert stored == {"begins": [A, C], "doubles": [B]}
    for before, after in zip(habits, Habits.from_json(stored, 4), strict=True):
        np.testing.assert_array_equal(before, after)
    # Neither what ends one text and begins the next is twice in a row, nor are two ends.
    habits = Habits.of(Ragged(np.array([A, B, B, A, END, END]), np.array([0, 2, 5, 6])), 4)
    assert habits.doubles.tolist() == [False] * 4
    assert habits.begins.tolist() == [True, True, True, False]


def test_a_search_never_does_what_no_text_does_and_nothing_else_gains_by_it():
    habits = Habits(np.array([False, True, False, True]), np.array([False, False, True, False]))
    logits = np.log([[0.2, 0.1, 0.6, 0.1]] * 4).astype(np.float32)  # B is what it likes most

    def step(tokens, state):
        return tf.gather(logits, tokens), state

    careful, state = without_loops(step, tf.zeros([1, 1]), tf.constant([False]), habits)
    found = beam_search(careful, state, C, END, 3, 40, 0, memory=(), normalised=True)
    texts = [
        tuple(row[:length])
        for row, length, done in zip(
            found.tokens[0].numpy().tolist(), found.lengths[0].numpy(), found.finished[0].numpy(), strict=True
        )
        if done
    ]
    chance = dict(zip(texts, np.exp(found.scores[0].numpy()), strict=False))
    assert {text[0] for text in texts} == {A, C} and () not in texts
    assert not any(pair in ((A, A), (C, C)) for text in texts for pair in pairwise(text))
    assert set(texts[:2]) == {(A,), (C,)}
    np.testing.assert_allclose(chance[(A, B, B)], 0.1 * 0.6 * 0.6 * 0.2, rtol=1e-5)
    np.testing.assert_allclose(chance[(A,)], 0.1 * 0.2, rtol=1e-5)
