"""Texts that would go round in circles."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import beam_search, greedy, repeating, without_loops

END, A, B, C, D = range(5)


def written(
    likes: dict[int, list[int]], repeats: bool, most: int = 12, beam: int = 0, free=None
) -> list[int]:
    """Returns what a model writes behind `D` that likes some tokens after each, the first most."""
    table = np.full((5, 5), -9.0, np.float32)
    for before, liked in likes.items():
        table[before, liked] = -np.arange(len(liked), dtype=np.float32)

    def step(tokens, state):
        return tf.gather(table, tokens), state

    careful, state = without_loops(step, tf.zeros([1, 1]), tf.constant([repeats]), free=free)
    if beam:
        found = beam_search(careful, state, D, END, most, beam, length_penalty=0)
        return found.tokens[0, 0, : found.lengths[0, 0]].numpy().tolist()
    found = greedy(careful, state, D, END, most)
    return found.tokens[0, : found.lengths[0]].numpy().tolist()


@pytest.mark.parametrize("beam", [0, 1, 3])
def test_what_stands_twice_in_a_row_is_not_written_a_third_time(beam):
    assert written({D: [A], A: [A, B], B: [END]}, False, beam=beam) == [A, A, B]


def test_so_is_what_is_longer():
    assert written({D: [A], A: [B, END], B: [A]}, False) == [A, B, A, B, A]
    assert written({D: [A], A: [B], B: [C], C: [A, END]}, False) == [*[A, B, C] * 2, A, B]


def test_what_may_repeat_itself_does():
    assert written({D: [A], A: [A, B]}, True, most=6) == [A] * 6


def test_digits_are_no_circle():
    free = np.array([False, True, False, False, False])
    assert written({D: [A], A: [A, B]}, False, most=6, free=free) == [A] * 6
    # Another thing between them is one.
    assert written({D: [A], A: [B], B: [A]}, False, most=9, free=free) == [A, B, A, B, A]


def test_rows_may_repeat_themselves_or_not_side_by_side_and_there_may_be_none():
    logits = np.log([0.1, 0.8, 0.1]).astype(np.float32)

    def step(tokens, state):
        return tf.repeat(logits[None], tf.size(tokens), axis=0), state

    careful, state = without_loops(step, tf.zeros([2, 1]), tf.constant([True, False]))
    found = greedy(careful, state, 2, END, 4)
    assert found.tokens.numpy().tolist()[0] == [A] * 4
    assert found.tokens.numpy().tolist()[1][:3] == [A, A, END]
    careful, state = without_loops(step, tf.zeros([0, 1]), tf.zeros([0], tf.bool))
    assert beam_search(careful, state, tf.zeros([0], tf.int32), END, 4, 2).tokens.shape[0] == 0


@pytest.mark.parametrize("period", [4, 8, 9])
def test_what_is_longer_than_eight_tokens_may_repeat_itself(period):
    order = [*range(1, period + 1)]
    table = np.full((period + 1, period + 1), -9.0, np.float32)
    for before, after in zip([*order, *order], [*order[1:], *order], strict=False):
        table[before, after] = 0

    def step(tokens, state):
        return tf.gather(table, tokens), state

    careful, state = without_loops(step, tf.zeros([1, 1]), tf.constant([False]))
    found = greedy(careful, state, period, END, 3 * period)
    length = found.lengths[0].numpy()
    assert (length == 3 * period) == (period > 8)


def test_other_things_in_between_are_no_circle():
    # Each twice in a row only.
    assert written({D: [A], A: [A, B], B: [A]}, False, most=8) == [A, A, B, A, A, B, A, A]


def test_each_hypothesis_is_followed_by_its_own_past():
    likes = {D: [A, B], A: [A, C], B: [B, C], C: [END]}
    assert written(likes, False, beam=4) == [A, A, C]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ([A, A, A], True),
        ([B, A, A, C], False),
        ([C, A, B, A, B, A, B], True),
        ([A, B, A, B, A, C], False),
        ([A, B, C, D, A, B, C, D, A, B, C, D], True),
        ([A], False),
    ],
)
def test_texts_that_hold_something_three_times_in_a_row_are_told(row, found):
    tokens = tf.constant([[*row, *[9] * (14 - len(row))]])
    mask = tf.sequence_mask([len(row)], 14)
    assert repeating(tokens, mask).numpy().tolist() == [found]
    short = repeating(tokens[:, : len(row)], mask[:, : len(row)])
    assert short.numpy().tolist() == [found]
