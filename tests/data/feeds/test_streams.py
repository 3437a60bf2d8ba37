from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from zoo.data import Streams
from zoo.data.feeds import spool

START, PADDING, ROWS, WINDOW = 2, 0, 2, 3


def made(length: int, rows=ROWS, window=WINDOW) -> Streams:
    """Streams over the text 3, 4, 5 ..., in which every number says where it stands."""
    return Streams([np.arange(3, 3 + length, dtype=np.int32)], START, PADDING, rows, window)


@pytest.fixture(params=["held", "in a file"], autouse=True)
def where_numbers_are(request, monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    if request.param == "in a file":
        monkeypatch.setattr(spool, "MOST_HELD", 0)


def first(batches, count: int) -> list:
    return list(islice(batches.as_numpy_iterator(), count))


def test_a_row_goes_on_where_it_stopped_a_batch_ago():
    (one, ones, one_weights), (two, twos, _) = first(made(12).in_order(), 9)
    assert one["tokens"].tolist() == [[2, 3, 4], [8, 9, 10]]
    assert ones.tolist() == [[3, 4, 5], [9, 10, 11]]
    assert two["tokens"].tolist() == [[5, 6, 7], [11, 12, 13]]
    assert twos.tolist() == [[6, 7, 8], [12, 13, 14]]
    assert (one["start"].tolist(), two["start"].tolist()) == ([True, True], [False, False])
    assert one_weights.tolist() == [1, 1]


@pytest.mark.parametrize("length", [1, 2, 5, 6, 7, 12, 13, 100])
def test_in_order_every_unit_is_predicted_once_and_weights_make_the_mean_right(length):
    streams = made(length)
    batches = first(streams.in_order(), 99)
    assert len(streams) == length
    assert len(batches) == -(-length // 6) == streams.in_order().cardinality()
    targets = np.concatenate([targets.ravel() for _, targets, _ in batches])
    assert sorted(targets[targets != PADDING].tolist()) == list(range(3, 3 + length))

    # If number n costs n nats, the mean of the batches' losses, each a mean over rows, is that of all.
    losses = [
        np.mean(weights * (targets * (targets != PADDING)).sum(axis=1) / WINDOW)
        for _, targets, weights in batches
    ]
    assert np.mean(losses) == pytest.approx(np.arange(3, 3 + length).mean())


def test_texts_follow_each_other_and_each_follows_the_start():
    texts = [np.array(text, np.int32) for text in ([5, 6], [7, 2], [], [8], [9])]
    streams = Streams(texts, START, PADDING, 1, 100)
    (read,) = streams._numbers.reading(9)(tf.constant([0], tf.int64)).numpy()
    assert read.tolist() == [2, 5, 6, 2, 7, 2, 8, 2, 9]
    assert read.dtype == np.int32


def test_a_pass_of_training_cuts_the_text_elsewhere_by_a_shift_of_its_own():
    streams = made(40)
    assert streams.steps == (40 - 3) // 6
    passes = np.array(first(streams.shuffled(2), 5 * 6), dtype=object).reshape(5, 6, 3)
    shifts = []
    for batches in passes:
        shift = batches[0, 0]["tokens"][0, 0] - START
        shifts.append(shift)
        assert 0 <= shift < WINDOW
        for step, (inputs, targets, weights) in enumerate(batches):
            expected = START + shift + np.array([[0], [18]]) + step * WINDOW + np.arange(3)
            np.testing.assert_array_equal(inputs["tokens"], expected)
            np.testing.assert_array_equal(targets, expected + 1)
            assert inputs["start"].tolist() == [step == 0] * 2
            assert weights.tolist() == [1, 1]
    assert len(set(shifts)) > 1


def test_training_starts_anywhere_exactly_as_if_it_had_gone_through_what_lies_before():
    whole = first(made(40).shuffled(7), 14)
    for start in (0, 1, 6, 9, 12):
        for batch, expected in zip(first(made(40).shuffled(7, start), 2), whole[start:], strict=False):
            for name in ("tokens", "start"):
                np.testing.assert_array_equal(batch[0][name], expected[0][name])
            np.testing.assert_array_equal(batch[1], expected[1])
    others = first(made(40).shuffled(2), 14)
    assert any((a[1] != b[1]).any() for a, b in zip(whole, others, strict=True))


def test_text_shorter_than_a_batch_has_no_steps_and_the_shortest_that_has_one_fills_it():
    assert made(ROWS * WINDOW + WINDOW - 1).steps == 0
    shortest = made(ROWS * WINDOW + WINDOW)
    assert shortest.steps == 1
    for _, targets, _ in first(shortest.shuffled(1), 20):
        assert (targets != PADDING).all()
    assert made(0).steps == 0
