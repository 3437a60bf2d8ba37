"""CTC against every path there is, on cases small enough for that."""

from collections import defaultdict
from itertools import groupby, product

import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import ctc


def spelled(path) -> tuple[int, ...]:
    return tuple(symbol for symbol, _ in groupby(path) if symbol)


def probabilities(log_probs: np.ndarray) -> dict[tuple[int, ...], float]:
    """Adds up the paths of frames (time, symbols), text by text."""
    found: dict[tuple[int, ...], float] = defaultdict(float)
    for path in product(range(log_probs.shape[1]), repeat=len(log_probs)):
        found[spelled(path)] += np.exp(
            sum(frame[symbol] for frame, symbol in zip(log_probs, path, strict=True))
        )
    return found


def best_path(log_probs: np.ndarray, text: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the most probable path that spells a text."""
    paths = product(range(log_probs.shape[1]), repeat=len(log_probs))
    return max(
        (path for path in paths if spelled(path) == text),
        key=lambda path: sum(frame[symbol] for frame, symbol in zip(log_probs, path, strict=True)),
    )


def frames(seed: int, batch: int = 3, time: int = 5, symbols: int = 3) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(0, 2, (batch, time, symbols))
    return tf.math.log_softmax(drawn).numpy().astype(np.float32)


def texts(found: ctc.Spelled, row: int) -> list[tuple[int, ...]]:
    return [
        tuple(symbols[:count])
        for symbols, count in zip(
            found.symbols[row].numpy().tolist(), found.lengths[row].numpy(), strict=True
        )
    ]


def test_a_path_spells_what_it_says_without_repetitions_and_blanks():
    # - a a - a b
    path = [0, 1, 1, 0, 1, 2]
    log_probs = np.log(np.full((1, 6, 3), 0.1, np.float32))
    log_probs[0, range(6), path] = np.log(0.8)
    found = ctc.greedy(tf.constant(log_probs), tf.constant([6]))
    assert texts(found, 0) == [(1, 1, 2)]
    assert found.scores.numpy()[0, 0] == pytest.approx(6 * np.log(0.8), abs=1e-5)
    found = ctc.greedy(tf.constant(log_probs), tf.constant([4]))
    assert texts(found, 0) == [(1,)]


def test_the_best_path_need_not_be_that_of_the_best_text():
    # Blank 0.6, a 0.4 at two frames: the path of nothing has 0.36, but `a` has 0.24 + 0.24 + 0.16 = 0.64.
    log_probs = tf.constant(np.log([[[0.6, 0.4], [0.6, 0.4]]]), tf.float32)
    assert texts(ctc.greedy(log_probs, tf.constant([2])), 0) == [()]
    found = ctc.prefix_search(log_probs, tf.constant([2]), 2, 3)
    assert texts(found, 0) == [(1,), ()]
    np.testing.assert_allclose(np.exp(found.scores[0]), [0.64, 0.36], rtol=1e-5)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("time", "symbols"), [(1, 2), (5, 3), (4, 4)])
def test_a_wide_search_finds_all_texts_with_the_sums_of_all_their_paths(seed, time, symbols):
    log_probs = frames(seed, 2, time, symbols)
    expected = [sorted(probabilities(row).items(), key=lambda pair: -pair[1]) for row in log_probs]
    beam = max(map(len, expected))
    found = ctc.prefix_search(tf.constant(log_probs), tf.constant([time] * 2), beam, time)
    for row, pairs in enumerate(expected):
        assert texts(found, row)[: len(pairs)] == [text for text, _ in pairs]
        np.testing.assert_allclose(
            np.exp(found.scores[row, : len(pairs)]), [chance for _, chance in pairs], rtol=1e-4
        )
        assert (found.scores[row, len(pairs) :].numpy() < -1e20).all()


def test_sure_blanks_are_passed_by_and_change_nothing_that_can_be_seen():
    # a, six sure blanks, a: the two a's are two; less sure ones are looked at.
    sure = tf.math.log_softmax([[20.0, 0, 0]] * 6).numpy()
    log_probs = np.concatenate([frames(5, 1, 1), sure[None], frames(6, 1, 2)], axis=1)
    chances = probabilities(log_probs[0])
    found = ctc.prefix_search(tf.constant(log_probs), tf.constant([9]), 12, 9)
    np.testing.assert_allclose(
        np.exp(found.scores[0]), [chances[text] for text in texts(found, 0)], rtol=1e-4, atol=1e-6
    )
    assert (1, 1) in texts(found, 0)
    kept, lengths, lost = ctc._without_sure_blanks(tf.constant(log_probs), tf.constant([9]))
    np.testing.assert_array_equal(kept[0], log_probs[0, [0, 1, 7, 8]])
    assert lengths.numpy().tolist() == [4]
    assert lost.numpy()[0] == pytest.approx(5 * sure[0, 0])


@pytest.mark.parametrize("seed", range(4))
def test_a_narrow_search_never_counts_a_path_twice_and_finds_the_best_text_mostly(seed):
    log_probs = frames(seed, 1, 6, 3)
    chances = probabilities(log_probs[0])
    found = ctc.prefix_search(tf.constant(log_probs), tf.constant([6]), 4, 6)
    read = texts(found, 0)
    assert len(set(read)) == 4
    for text, score in zip(read, found.scores[0].numpy(), strict=True):
        assert np.exp(score) <= chances[text] * (1 + 1e-4)
    assert chances[read[0]] > 0.9 * max(chances.values())


def test_rows_end_where_their_frames_do_and_texts_where_they_may_be_no_longer():
    log_probs = frames(3, 3, 5, 3)
    found = ctc.prefix_search(tf.constant(log_probs), tf.constant([5, 2, 0]), 30, 5)
    shorter = ctc.prefix_search(tf.constant(log_probs[1:2, :2]), tf.constant([2]), 30, 5)
    assert texts(found, 1)[:4] == texts(shorter, 0)[:4]
    assert texts(found, 2)[0] == () and found.scores[2, 0] == 0
    few = ctc.prefix_search(tf.constant(log_probs), tf.constant([5] * 3), 8, 1)
    assert max(map(len, texts(few, 0))) == 1
    none = ctc.prefix_search(tf.constant(log_probs[:0]), tf.zeros([0], tf.int32), 4, 5)
    assert none.symbols.shape == (0, 4, 5)


@pytest.mark.parametrize("seed", range(3))
def test_symbols_stand_where_the_best_path_of_their_text_says_them(seed):
    log_probs = frames(seed, 1, 6, 3)
    for text in [(1,), (1, 2), (1, 1), (2, 1, 2), (1, 1, 1)]:
        path = best_path(log_probs[0], text)
        runs, at = [], 0
        for symbol, run in groupby(path):
            size = len(list(run))
            runs += [(at, at + size)] if symbol else []
            at += size
        found = ctc.align(
            tf.constant(log_probs), tf.constant([6]), tf.constant([[*text, 0]]), tf.constant([len(text)])
        )
        assert list(zip(*(places[0, : len(text)].numpy().tolist() for places in found), strict=True)) == runs
        assert [places[0, -1].numpy() for places in found] == [0, 0]


def test_alignment_of_short_rows_of_nothing_and_of_none():
    log_probs = frames(1, 3, 5, 3)
    text = tf.constant([[1, 2], [1, 0], [0, 0]])
    found = ctc.align(tf.constant(log_probs), tf.constant([5, 3, 4]), text, tf.constant([2, 1, 0]))
    alone = ctc.align(tf.constant(log_probs[1:2, :3]), tf.constant([3]), text[1:2, :1], tf.constant([1]))
    assert found.starts[1, 0] == alone.starts[0, 0] and found.ends[1, 0] == alone.ends[0, 0] <= 3
    assert found.starts[2].numpy().tolist() == found.ends[2].numpy().tolist() == [0, 0]
    empty = ctc.align(
        tf.constant(log_probs), tf.constant([5] * 3), tf.zeros([3, 0], tf.int32), tf.zeros([3], tf.int32)
    )
    assert empty.starts.shape == (3, 0)
    few = ctc.align(tf.constant(log_probs[:, :1]), tf.constant([1] * 3), text, tf.constant([2, 1, 0]))
    assert (few.starts <= few.ends).numpy().all()
    none = ctc.align(tf.constant(log_probs[:, :0]), tf.zeros([3], tf.int32), text, tf.constant([2, 1, 0]))
    assert (none.starts.numpy() == 0).all() and (none.ends.numpy() == 0).all()


def test_it_is_traced_for_any_batch_and_length():
    search = tf.function(
        lambda values, lengths: ctc.prefix_search(values, lengths, 4, 6),
        input_signature=[tf.TensorSpec([None, None, 3]), tf.TensorSpec([None], tf.int32)],
    )
    log_probs = frames(2, 3, 5, 3)
    found = search(tf.constant(log_probs), tf.constant([5, 5, 5]))
    eager = ctc.prefix_search(tf.constant(log_probs), tf.constant([5, 5, 5]), 4, 6)
    np.testing.assert_array_equal(found.symbols, eager.symbols)
    place = tf.function(
        ctc.align,
        input_signature=[
            tf.TensorSpec([None, None, 3]),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None], tf.int32),
        ],
    )
    best = (found.symbols[:, 0], found.lengths[:, 0])
    placed = place(tf.constant(log_probs), tf.constant([5, 5, 5]), *best)
    for row in range(3):
        count = int(best[1][row])
        starts, ends = placed.starts[row, :count].numpy(), placed.ends[row, :count].numpy()
        assert (starts < ends).all() and (starts[1:] >= ends[:-1]).all()
