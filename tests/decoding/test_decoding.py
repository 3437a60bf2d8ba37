"""Decoding against all texts written out, a plain search in Python, and numbers worked out by hand."""

import json
import subprocess
import sys
from itertools import pairwise, product
from math import exp, log

import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import beam as beam_room
from zoo.decoding import beam_search, greedy, one_by_one, sample
from zoo.errors import ZooError

END, START = 0, 1
KINDS = 97  # of histories that the random models below tell apart


class Model:
    """A random model whose logits hang on the whole text, through a state that beam search must reorder."""

    def __init__(self, vocabulary: int = 4, seed: int = 0, spread: float = 1.5):
        self.logits = np.random.default_rng(seed).normal(0, spread, (KINDS, vocabulary)).astype("float32")

    def step(self, tokens, state):
        history = (state["history"] * 5 + tokens + 1) % KINDS
        return tf.gather(self.logits, history), {"history": history}

    def state(self, rows) -> dict[str, tf.Tensor]:
        """Returns a state for each row; rows of the same number are the same."""
        return {"history": tf.constant(rows, tf.int32)}

    def log_probabilities(self, row: int, text: tuple[int, ...]) -> np.ndarray:
        """Returns those of the tokens after a text."""
        history = row
        for token in (START, *text):
            history = (history * 5 + token + 1) % KINDS
        logits = self.logits[history].astype("float64")
        return logits - np.logaddexp.reduce(logits)

    def log_probability(self, row: int, tokens: tuple[int, ...]) -> float:
        return sum(self.log_probabilities(row, tokens[:t])[token] for t, token in enumerate(tokens))


class Positions:
    """A model whose probabilities, (positions, vocabulary), depend on the position alone."""

    def __init__(self, *probabilities):
        with np.errstate(divide="ignore"):
            self.logits = np.log(np.array(probabilities, "float32"))

    def step(self, tokens, position):
        return tf.gather(self.logits, tf.minimum(position, len(self.logits) - 1)), position + 1

    def state(self, rows: int) -> tf.Tensor:
        return tf.zeros([rows], tf.int32)


def penalised(log_probability: float, length: int, alpha: float) -> float:
    return log_probability / ((5 + length) / 6) ** alpha


def texts(decoded, row: int) -> list[tuple[int, ...]]:
    """Returns the texts of a row that are possible at all."""
    every = zip(decoded.tokens[row], decoded.lengths[row], decoded.scores[row], strict=True)
    return [tuple(tokens[:length].numpy().tolist()) for tokens, length, score in every if score > -np.inf]


def same(found, expected) -> None:
    """Asserts that two results agree, padding beyond the shorter time apart."""
    time = min(found.tokens.shape[-1], expected.tokens.shape[-1])
    assert not np.any(found.tokens[..., time:]) and not np.any(expected.tokens[..., time:])
    np.testing.assert_array_equal(found.tokens[..., :time], expected.tokens[..., :time])
    np.testing.assert_array_equal(found.lengths, expected.lengths)
    np.testing.assert_array_equal(found.finished, expected.finished)
    np.testing.assert_allclose(found.log_probabilities, expected.log_probabilities, rtol=1e-5, atol=1e-5)


def row_of(decoded, row: int):
    return type(decoded)(*(part[row : row + 1] for part in decoded))


def plain_search(model: Model, row: int, most: int, beam_size: int, alpha: float) -> list[tuple]:
    """The definition of the search, which never stops early: (finished, score, text), best first."""
    open_, finished, unfinished = [((), 0.0)], [], []
    for t in range(most + 1):
        found = []
        for text, total in open_:
            following = model.log_probabilities(row, text)
            for token in np.argsort(-following)[:beam_size]:
                found.append((total + following[token], text, int(token)))
        if t == most:
            found = [option for option in found if option[2] == END]
            ended = {text for _, text, _ in found}
            unfinished = [(penalised(total, t, alpha), text) for text, total in open_ if text not in ended]
        found = sorted(found, key=lambda option: -option[0])[:beam_size]
        finished += [(penalised(total, t, alpha), text) for total, text, token in found if token == END]
        open_ = [((*text, token), total) for total, text, token in found if token != END]
    finished, unfinished = (sorted(kind, key=lambda pair: -pair[0]) for kind in (finished, unfinished))
    return [*((True, *pair) for pair in finished), *((False, *pair) for pair in unfinished)][:beam_size]


# Beam search ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_wide_beam_finds_all_texts_in_their_order(alpha):
    model, rows = Model(), [3, 8, 60]
    found = beam_search(model.step, model.state(rows), START, END, 4, 130, alpha)
    every = [text for length in range(5) for text in product([1, 2, 3], repeat=length)]
    for number, row in enumerate(rows):
        totals = {text: model.log_probability(row, (*text, END)) for text in every}
        scores = {text: penalised(total, len(text), alpha) for text, total in totals.items()}
        expected = sorted(every, key=lambda text: -scores[text])
        assert texts(found, number) == expected
        np.testing.assert_allclose(found.scores[number, :121], [scores[text] for text in expected], rtol=1e-5)
        np.testing.assert_allclose(
            found.log_probabilities[number, :121], [totals[text] for text in expected], rtol=1e-5
        )
        assert np.all(found.finished[number, :121]) and not np.any(found.finished[number, 121:])


@pytest.mark.parametrize("beam_size", [1, 2, 3, 5])
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.5])
def test_stopping_early_changes_no_answer(beam_size, alpha):
    rows, limits = range(12), [12, 3, 0, 7, 1, 12, 5, 9, 2, 12, 12, 6]
    for seed in range(4):
        model = Model(vocabulary=6, seed=seed)
        found = beam_search(model.step, model.state(rows), START, END, limits, beam_size, alpha)
        for row, most in zip(rows, limits, strict=True):
            expected = plain_search(model, row, most, beam_size, alpha)
            assert texts(found, row) == [text for _, _, text in expected]
            many = len(expected)
            assert found.finished[row].numpy().tolist()[:many] == [finished for finished, *_ in expected]
            np.testing.assert_allclose(found.scores[row, :many], [s for _, s, _ in expected], rtol=1e-4)


def test_it_does_stop_early():
    model, called = Positions([0.9, 0.1, 0.0], [0.99, 0.01, 0.0]), []

    def step(tokens, state):
        called.append(1)
        return model.step(tokens, state)

    # Two texts are finished after two steps; 0.1 * 0.01 cannot surpass 0.1 * 0.99.
    beam_search(step, model.state(1), START, END, 1000, 2, 0.0)
    assert len(called) == 2


def test_two_hypotheses_find_what_greedy_misses():
    # Rows: after END, A, B and START. A looks better at first, but B leads to a surer end.
    following = np.array([[1, 0, 0], [0.4, 0.3, 0.3], [0.9, 0.05, 0.05], [0, 0.6, 0.4]], "float32")

    def step(tokens, state):
        return tf.math.log(tf.gather(following, tokens)), state

    one = greedy(step, (), [3], END, 5)
    assert one.tokens.numpy().tolist() == [[1]] and exp(one.scores[0]) == pytest.approx(0.24)
    two = beam_search(step, (), [3], END, 5, 2, 0.0)
    assert two.tokens.numpy().tolist() == [[[2], [1]]]
    assert np.exp(two.scores[0]) == pytest.approx([0.36, 0.24])


def test_the_length_penalty_turns_the_order_of_a_short_and_a_long_text():
    # Nothing at all: 0.5; seven tokens: 0.5 * 0.8. The penalties are (5 / 6) and (12 / 6).
    model = Positions([0.5, 0.5], *[[0, 1]] * 6, [0.8, 0.2])
    plain, penalty = (beam_search(model.step, model.state(1), START, END, 7, 2, alpha) for alpha in (0, 1))
    assert texts(plain, 0) == [(), (1,) * 7]
    assert texts(penalty, 0) == [(1,) * 7, ()]
    assert penalty.scores[0].numpy() == pytest.approx([log(0.4) / 2, log(0.5) * 6 / 5])
    assert penalty.log_probabilities[0].numpy() == pytest.approx([log(0.4), log(0.5)])
    mixed = beam_search(model.step, model.state(2), START, END, 7, 2, [0.0, 1.0])
    assert [texts(mixed, row)[0] for row in (0, 1)] == [(), (1,) * 7]


def test_a_state_that_records_its_history_holds_the_tokens():
    model, most, last = Model(vocabulary=6, seed=3), 9, []
    model.logits[:, END] = -np.inf

    def step(tokens, state):
        logits, inner = model.step(tokens, state["inner"])
        record = tf.concat([state["record"][:, 1:], tokens[:, None]], axis=1)
        last[:] = [record]
        return logits, {"inner": inner, "record": record}

    state = {"inner": model.state(range(3)), "record": tf.zeros([3, most], tf.int32)}
    found = beam_search(step, state, START, END, most, 4)
    np.testing.assert_array_equal(tf.reshape(last[0], [3, 4, most]), found.tokens)
    assert not np.any(found.finished) and np.all(found.lengths == most)


def test_a_beam_of_one_is_greedy():
    for seed in range(10):
        model = Model(vocabulary=7, seed=seed)
        state, limits = model.state(range(40)), np.arange(40) % 13
        found = beam_search(model.step, state, START, END, limits, 1, 0.6)
        same(type(found)(*(part[:, 0] for part in found)), greedy(model.step, state, START, END, limits))


def test_as_many_texts_come_back_as_the_beam_is_wide():
    model = Model(vocabulary=9, seed=5, spread=0.5)
    model.logits[:, END] += 2  # the end is always near the top
    found = beam_search(model.step, model.state(range(20)), START, END, 30, 5)
    assert np.all(found.finished)
    assert all(len(set(texts(found, row))) == 5 for row in range(20))


def test_of_equal_candidates_the_smaller_number_wins():
    step = lambda tokens, state: (tf.zeros([tf.size(tokens), 4]), state)  # noqa: E731
    assert texts(beam_search(step, (), [START], 3, 2, 3, 0.0), 0) == [(0, 0), (0, 1), (0, 2)]
    assert greedy(step, (), [START], 3, 2).tokens.numpy().tolist() == [[0, 0]]


# One text a row ---------------------------------------------------------------------------------------------


def test_greedy_takes_the_most_probable_token_and_adds_up_what_it_took():
    model, rows = Model(vocabulary=6, seed=1), range(30)
    found = greedy(model.step, model.state(rows), START, END, 8)
    for row in rows:
        text, total = (), 0.0
        for _ in range(9):
            following = model.log_probabilities(row, text)
            token = int(np.argmax(following))
            if token == END or len(text) < 8:
                total += following[token]
            if token == END or len(text) == 8:
                break
            text = (*text, token)
        assert tuple(found.tokens[row, : found.lengths[row]].numpy()) == text
        assert bool(found.finished[row]) == (token == END)
        assert float(found.scores[row]) == pytest.approx(total, abs=1e-4)


def frequencies(probabilities, **settings) -> np.ndarray:
    """Returns how often 4,000 seeds draw each pair of tokens at two steps, (vocabulary, vocabulary)."""
    model, seeds = Positions(probabilities), np.arange(4000)
    draw_all = tf.function(
        lambda: sample(model.step, model.state(4000), START, -1, 2, seeds=seeds, **settings)
    )
    found = draw_all()
    counts = np.zeros([len(probabilities)] * 2)
    np.add.at(counts, tuple(found.tokens.numpy().T), 1)
    return counts


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [0.1, 0.5, 0.15, 0.25]),
        ({"temperature": 0.5}, np.array([1, 25, 2.25, 6.25]) / 34.5),
        ({"top_k": 3}, np.array([0, 50, 15, 25]) / 90),
        ({"top_p": 0.74}, np.array([0, 50, 0, 25]) / 75),
        ({"top_p": 0.76}, np.array([0, 50, 15, 25]) / 90),
        ({"top_k": 3, "top_p": 0.8}, np.array([0, 50, 0, 25]) / 75),  # 75 of the 90 that are left
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_p": 0.0}, [0, 1, 0, 0]),
        ({"top_k": 9, "top_p": 1.0}, [0.1, 0.5, 0.15, 0.25]),
    ],
)
def test_samples_are_as_frequent_as_they_are_probable(settings, expected):
    counts = frequencies([0.1, 0.5, 0.15, 0.25], **settings)
    wanted = 4000 * np.outer(expected, expected)  # steps are independent, so pairs multiply
    assert np.all(counts[wanted == 0] == 0)
    possible = wanted > 0
    # Chi-square of at most 15 degrees of freedom: 37.7 is surpassed once in a thousand times.
    assert np.sum((counts[possible] - wanted[possible]) ** 2 / wanted[possible]) < 37.7


def test_of_tokens_equally_probable_those_with_smaller_numbers_are_kept():
    counts = frequencies([0.2, 0.2, 0.2, 0.2, 0.2], top_k=2)
    assert counts[:2, :2].sum() == 4000 and np.all(counts[:2, :2] > 900)


def test_a_sample_follows_from_its_seed_wherever_it_stands():
    model, rows, seeds = Model(vocabulary=8, seed=2), np.arange(6), np.array([5, 5, -7, 2**40, 0, 9])
    model.logits[:, END] -= 3
    settings = {
        "most": np.array([150, 3, 80, 70, 0, 100]),  # beyond one block of random numbers
        "temperature": np.array([1.0, 0.0, 2.0, 0.7, 1.0, 1.0], "float32"),
        "top_k": np.array([0, 0, 3, 0, 2, 100]),
        "top_p": np.array([1.0, 0.5, 1.0, 0.8, 1.0, 0.9], "float32"),
        "seeds": seeds,
    }
    together = sample(model.step, model.state(rows), START, END, **settings)
    turned = sample(
        model.step, model.state(rows[::-1]), START, END, **{k: v[::-1] for k, v in settings.items()}
    )
    for row in rows:
        alone = {name: setting[row] for name, setting in settings.items()}
        same(row_of(together, row), sample(model.step, model.state([row]), START, END, **alone))
        same(row_of(together, row), row_of(turned, 5 - row))
    same(together, sample(model.step, model.state(rows), START, END, **settings))


@pytest.mark.parametrize(("number", "expected"), [(0.0, 1), (1 - 2**-23, 2)])
def test_the_lowest_and_highest_random_numbers_draw_tokens_that_are_possible(monkeypatch, number, expected):
    monkeypatch.setattr(one_by_one, "_uniform", lambda seeds, steps: tf.fill([tf.size(seeds), steps], number))
    model = Positions([0.0, 0.5, 0.5, 0.0])
    found = sample(model.step, model.state(1), START, END, 3)
    assert found.tokens.numpy().tolist() == [[expected] * 3]


def test_other_seeds_give_other_samples():
    model = Model(vocabulary=8, seed=2)
    model.logits[:, END] = -np.inf
    found = sample(model.step, model.state([4] * 50), START, END, 20, seeds=np.arange(50))
    assert len({tuple(tokens) for tokens in found.tokens.numpy().tolist()}) == 50
    like = sample(model.step, model.state([4] * 3), START, END, 20, seeds=7)
    assert np.all(like.tokens == found.tokens[7])


@pytest.mark.parametrize("temperature", [0.0, 1e-30])
def test_no_temperature_is_greedy(temperature):
    model = Model(vocabulary=8, seed=4)
    state = model.state(range(20))
    found = sample(model.step, state, START, END, 9, temperature, seeds=np.arange(20))
    same(found, greedy(model.step, state, START, END, 9))


# All three --------------------------------------------------------------------------------------------------


def beam(step, state, start, end, most, **options):
    return beam_search(step, state, start, end, most, 3, **options)


def draw(step, state, start, end, most, **options):
    return sample(step, state, start, end, most, 0.8, seeds=11, **options)


every_way = pytest.mark.parametrize("decode", [greedy, beam, draw])


@every_way
def test_a_row_does_not_depend_on_its_neighbours(decode):
    model, limits = Model(vocabulary=6, seed=6), np.array([40, 0, 5, 1, 40, 2, 17, 3])
    model.logits[:, END] -= 1
    model.logits[[2, 17], END] += 9  # two rows end at once, others go on for long
    together = decode(model.step, model.state(range(8)), START, END, limits)
    assert len(set(together.lengths.numpy().reshape(8, -1)[:, 0])) > 2
    for row, most in enumerate(limits):
        same(row_of(together, row), decode(model.step, model.state([row]), START, END, most))


def test_a_memory_follows_the_rows_that_are_not_done_and_is_not_repeated_for_the_beam():
    model, limits = Model(vocabulary=6, seed=6), np.array([40, 0, 5, 1, 40, 2, 17, 3])
    model.logits[:, END] -= 1
    # The row's number, which makes rows differ, is read from the memory at the first step.
    rows_seen = []

    def step(tokens, state, memory, more):
        tf.py_function(lambda rows: rows_seen.append(rows.numpy().tolist()), [more], [])
        numbers = tf.repeat(memory["numbers"], 3, axis=0)[:, 0, 0]
        history = tf.where(state["history"] < 0, numbers, state["history"])
        return model.step(tokens, {"history": history})

    memory = ({"numbers": tf.range(8)[:, None, None]}, tf.range(8))
    state = model.state([-1] * 8)
    found = beam_search(step, state, START, END, limits, beam_size=3, memory=memory)
    same(found, beam_search(model.step, model.state(range(8)), START, END, limits, beam_size=3))
    assert rows_seen[0] == list(range(8))
    assert all(set(after) <= set(before) for before, after in pairwise(rows_seen))
    assert len(rows_seen[-1]) < len(rows_seen[3]) < 8


@every_way
def test_no_rows_give_no_texts(decode):
    model = Model()
    for wrap in (lambda function: function, tf.function):
        found = wrap(lambda: decode(model.step, model.state([]), START, END, 5))()
        places = [0, 3] if decode is beam else [0]
        assert [list(part.shape) for part in found] == [[*places, 0], places, places, places, places]


@every_way
@pytest.mark.parametrize("ends", [True, False])
def test_with_no_room_a_text_is_empty_and_finished_if_the_end_comes(decode, ends):
    model = Positions([1.0, 0.0, 0.0] if ends else [0.0, 1.0, 0.0])
    found = decode(model.step, model.state(2), START, END, 0)
    first = [part[:, 0] if decode is beam else part for part in found[1:]]
    assert found.tokens.shape[-1] == 0
    assert [part.numpy().tolist() for part in first] == [[0, 0], [0, 0], [0, 0], [ends, ends]]


@every_way
def test_a_text_as_long_as_the_limit_is_finished_if_the_end_comes_next(decode):
    model = Positions([0.0, 1.0], [1.0, 0.0])
    found = decode(model.step, model.state(1), START, END, 1)
    assert found.tokens.numpy().ravel()[0] == 1 and found.finished.numpy().ravel()[0]
    assert found.log_probabilities.numpy().ravel()[0] == 0


@every_way
def test_forbidden_tokens_never_come(decode):
    model = Model(vocabulary=6, seed=7)
    model.logits[:, 2], model.logits[:, 4] = -np.inf, -np.inf
    found = decode(model.step, model.state(range(30)), START, END, 20, padding=-1)
    assert not {2, 4} & set(found.tokens.numpy().ravel().tolist())


@every_way
@pytest.mark.parametrize("broken", [-np.inf, np.nan])
def test_where_nothing_can_follow_the_text_is_impossible(decode, broken):
    good, bad = [0.0, 1.0, 0.0], [broken] * 3

    def step(tokens, rows):
        logits = tf.where((rows == 1)[:, None] & (tokens == 1)[:, None], bad, tf.math.log([good]))
        return logits, rows

    found = decode(step, tf.constant([0, 1, 2]), START + 1, END, 4)
    lengths, scores = found.lengths.numpy().reshape(3, -1), found.scores.numpy().reshape(3, -1)
    assert lengths[:, 0].tolist() == [4, 0, 4]
    assert scores[:, 0].tolist() == [0, -np.inf, 0]
    assert np.all(lengths[:, 1:] == 0) and not np.any(found.finished)


def test_a_beam_lets_dead_ends_go():
    # After A nothing can follow, so only B can ever end.
    following = np.array([[1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0.9, 0.1]], "float32")
    found = beam_search(
        lambda tokens, state: (tf.math.log(tf.gather(following, tokens)), state), (), [3], END, 5, 2
    )
    assert texts(found, 0) == [(2,)]
    assert found.finished.numpy().tolist() == [[True, False]]


def test_a_vocabulary_may_be_smaller_than_the_beam():
    model = Positions([0.25, 0.75])
    found = beam_search(model.step, model.state(2), START, END, 2, 7, 0.0)
    assert texts(found, 1) == [(), (1,), (1, 1)]
    assert np.exp(found.scores[1]) == pytest.approx([0.25, 0.1875, 0.140625, 0, 0, 0, 0])
    assert found.finished[1].numpy().tolist() == [True] * 3 + [False] * 4


@every_way
def test_padding_follows_the_text(decode):
    model = Model(vocabulary=6, seed=8)
    found = decode(model.step, model.state(range(10)), START, END, 10, padding=-5)
    beyond = np.arange(found.tokens.shape[-1]) >= found.lengths.numpy()[..., None]
    np.testing.assert_array_equal(found.tokens.numpy() == -5, beyond)
    assert found.tokens.shape[-1] == np.max(found.lengths)


@every_way
def test_each_row_may_start_with_a_token_of_its_own_and_logits_may_be_halves(decode):
    # What follows a token is the token after it, the end after 5.
    def step(tokens, state):
        return tf.one_hot((tokens + 1) % 6, 6, 0.0, -np.inf, dtype=tf.float16), state

    found = decode(step, (), tf.constant([2, 4, 5]), END, 9)
    first = found.tokens[:, 0] if decode is beam else found.tokens
    assert first.numpy().tolist() == [[3, 4, 5], [5, 0, 0], [0, 0, 0]]
    assert found.scores.dtype == tf.float32


@pytest.mark.parametrize(
    ("decode", "options", "told"),
    [
        (greedy, {"most": -1}, "most -1: must be 0 or more"),
        (beam_search, {"beam_size": 0}, "beam_size 0: must be 1 or more"),
        (beam_search, {"length_penalty": -1.0}, "length_penalty -1.0: must be 0 or more"),
        (sample, {"temperature": -0.5}, "temperature -0.5: must be 0 or more"),
        (sample, {"top_k": -1}, "top_k -1: must be 0 or more"),
        (sample, {"top_p": 90}, "top_p 90: must be from 0 to 1"),
        (sample, {"top_p": float("nan")}, "top_p nan: must be from 0 to 1"),
        (
            greedy,
            {"state": ()},
            "start: with an empty state, give one token for each row of the batch, .batch,.",
        ),
    ],
)
def test_numbers_out_of_range_are_refused(decode, options, told):
    model = Model()
    with pytest.raises(ZooError, match=f"^{told}$"):
        decode(model.step, **{"state": model.state([1]), "start": START, "end": END, "most": 3, **options})


RELOAD = """
import json, sys
import tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
for rows in ([4, 7, 30], []):
    found = loaded.search(tf.constant(rows, tf.int32), tf.constant(6))
    print(json.dumps({way: [part.numpy().tolist() for part in parts] for way, parts in found.items()}))
"""


class Exported(tf.Module):
    def __init__(self, model: Model):
        self.table = tf.Variable(model.logits)

    def step(self, tokens, state):
        history = (state["history"] * 5 + tokens + 1) % KINDS
        return tf.gather(self.table, history), {"history": history}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)])
    def search(self, rows, most):
        ways = {"greedy": greedy, "beam": beam, "draw": draw}
        found = {name: way(self.step, {"history": rows}, START, END, most) for name, way in ways.items()}
        return {name: list(parts) for name, parts in found.items()}


def test_a_saved_model_decodes_the_same_with_tensorflow_alone(tmp_path):
    model = Model(vocabulary=6, seed=9)
    tf.saved_model.save(Exported(model), str(tmp_path))
    ran = subprocess.run(
        [sys.executable, "-c", RELOAD, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    found, empty = map(json.loads, ran.stdout.splitlines())
    for name, way in {"greedy": greedy, "beam": beam, "draw": draw}.items():
        here = way(model.step, model.state([4, 7, 30]), START, END, 6)
        assert found[name][:2] == [here.tokens.numpy().tolist(), here.lengths.numpy().tolist()]
        np.testing.assert_allclose(found[name][2], here.scores, rtol=1e-5)
        assert empty[name] == [[]] * 5


@pytest.mark.parametrize("vocabulary", [1000, 1024, 4099])
def test_the_best_of_a_large_vocabulary_are_found_as_by_a_plain_search_ties_included(vocabulary):
    random = np.random.default_rng(vocabulary)
    rough = random.integers(0, 40, (50, vocabulary)).astype("float32")  # full of ties
    fine = random.normal(0, 1, (50, vocabulary)).astype("float32")
    few = np.where(random.random((50, vocabulary)) < 0.002, fine, -np.inf).astype("float32")
    for logits in (rough, fine, few):
        best, numbers = beam_room._top_of_groups(tf.constant(logits), 5)
        expected, places = tf.math.top_k(logits, 5)
        np.testing.assert_array_equal(best, expected)
        possible = expected.numpy() > -np.inf
        np.testing.assert_array_equal(numbers.numpy()[possible], places.numpy()[possible])
        assert numbers.numpy().max() < vocabulary
