from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from zoo.data import Batches, Ragged
from zoo.data.feeds.columns import RowTable, Shared


def ragged(*lengths):
    """Rows of the given lengths; row i is filled with i + 1."""
    values = np.repeat(np.arange(1, len(lengths) + 1, dtype=np.int32), lengths)
    return Ragged(values, np.cumsum([0, *lengths]))


def batches(lengths, batch_size, replicas=1):
    """Batches whose targets are the rows' own numbers."""
    return Batches({"words": ragged(*lengths)}, np.arange(len(lengths)), batch_size, replicas)


def numbers(dataset, count):
    """Row numbers of the first `count` batches."""
    return [targets.tolist() for _, targets, _ in islice(dataset.as_numpy_iterator(), count)]


MIXED = [3, 0, 7, 1, 1, 4, 9, 2, 2, 5, 6]


def test_rows_are_padded_with_zeros_on_the_right():
    rows = Ragged(np.array([5, 6, 7, 8, 9, 4]), np.array([0, 1, 3, 6]))
    assert rows.lengths.tolist() == [1, 2, 3]
    assert rows.padded(np.array([1, 0])).tolist() == [[6, 7], [5, 0]]
    assert rows.padded(np.array([2, 0, 2])).tolist() == [[8, 9, 4], [5, 0, 0], [8, 9, 4]]


def test_rows_of_vectors_are_padded_with_zero_vectors():
    rows = Ragged(np.array([[1, 2], [3, 4], [5, 6]]), np.array([0, 2, 3]))
    assert rows.padded(np.array([0, 1])).tolist() == [[[1, 2], [3, 4]], [[5, 6], [0, 0]]]


def test_empty_rows_get_one_step():
    assert ragged(0, 0).padded(np.array([0, 1])).tolist() == [[0], [0]]


def test_another_number_than_zero_may_fill_short_rows_up():
    rows = Ragged(np.array([5, 0, 7]), np.array([0, 1, 3, 3]), padding=-1)
    assert rows.padded(np.array([1, 0])).tolist() == [[0, 7], [5, -1]]
    assert rows.padded(np.array([2])).tolist() == [[-1]]


def test_padding_of_targets_reaches_the_batches():
    targets = Ragged(np.array([4, 5, 6]), np.array([0, 2, 3]), padding=-1)
    data = Batches({"words": ragged(2, 1)}, targets, batch_size=2)
    ((inputs, found, _),) = data.in_order().as_numpy_iterator()
    assert inputs["words"].tolist() == [[2, 0], [1, 1]]
    assert found.tolist() == [[6, -1], [4, 5]]


def test_values_may_be_row_numbers_of_a_table():
    table = np.array([[0, 0], [10, 11], [20, 21]])
    rows = Ragged(np.array([2, 1, 2]), np.array([0, 1, 3]), table)
    assert rows.lengths.tolist() == [1, 2]
    assert rows.padded(np.array([0, 1])).tolist() == [[[20, 21], [0, 0]], [[10, 11], [20, 21]]]


def test_blocks_of_a_table_are_told_apart():
    table = RowTable()
    # Each block counts its own rows from 0; in the whole, row 0 is padding.
    table.add(tf.ragged.constant([[0, 1, 0], []], dtype=tf.int32), tf.constant([[10, 11], [20, 21]]))
    table.add(tf.ragged.constant([[1], [0, 2]], dtype=tf.int32), tf.constant([[30, 31], [40, 41], [50, 51]]))
    rows = table.ragged()
    assert rows.table.tolist() == [[0, 0], [10, 11], [20, 21], [30, 31], [40, 41], [50, 51]]
    assert rows.values.tolist() == [1, 2, 1, 4, 3, 5]
    assert rows.splits.tolist() == [0, 3, 3, 4, 6]
    assert rows.padded(np.array([3, 1])).tolist() == [[[30, 31], [50, 51]], [[0, 0], [0, 0]]]
    assert rows.padded(np.array([0])).tolist() == [[[10, 11], [20, 21], [10, 11]]]


def test_a_table_keeps_the_type_of_its_rows():
    table = RowTable()
    table.add(tf.ragged.constant([[0]], dtype=tf.int32), tf.constant([[1.5]], tf.float32))
    assert (table.ragged().table.dtype, table.ragged().values.dtype) == (np.float32, np.int32)


def test_rows_of_a_table_go_into_batches_with_their_sentence():
    table = RowTable()
    for length in MIXED:
        # The rows of a sentence: its length, and the place within it.
        places = tf.range(length)
        rows = tf.stack([tf.fill([length], length), places], axis=1)
        table.add(tf.RaggedTensor.from_row_lengths(places, [length]), rows)
    data = Batches({"words": ragged(*MIXED), "table": table.ragged()}, np.arange(11), 4)
    dataset = data.shuffled(1)
    assert dataset.element_spec[0]["table"].shape.as_list() == [None, None, 2]
    for inputs, targets, _ in islice(dataset.as_numpy_iterator(), 6):
        assert inputs["table"].shape[:2] == inputs["words"].shape
        for row, target in zip(inputs["table"].tolist(), targets, strict=True):
            length = MIXED[target]
            assert row[:length] == [[length, place] for place in range(length)]
            assert not np.any(row[length:])


def test_ragged_tensors_are_joined():
    parts = [tf.ragged.constant([[1, 2], []], dtype=tf.int32), tf.ragged.constant([[3]], dtype=tf.int32)]
    rows = Ragged.concatenate(parts)
    assert rows.values.tolist() == [1, 2, 3]
    assert rows.splits.tolist() == [0, 2, 2, 3]


@pytest.mark.parametrize(("rows", "batch_size", "steps"), [(6, 3, 2), (7, 3, 3), (1, 64, 1)])
def test_steps(rows, batch_size, steps):
    data = batches([1] * rows, batch_size)
    assert (len(data), data.steps) == (rows, steps)
    assert data.in_order().cardinality() == steps
    assert data.shuffled(1).cardinality() == tf.data.INFINITE_CARDINALITY


def test_every_row_comes_once_in_each_pass():
    data = batches(MIXED, 4)
    found = numbers(data.shuffled(seed=5), 6)
    for one_pass in (found[:3], found[3:]):
        assert sorted(number for batch in one_pass for number in batch) == list(range(11))
        assert sorted(len(batch) for batch in one_pass) == [3, 4, 4]


def test_the_order_follows_from_seed_and_pass_alone():
    lengths = [i % 9 for i in range(40)]
    once = numbers(batches(lengths, 4).shuffled(seed=5), 20)
    np.random.default_rng(0).random()
    assert numbers(batches(lengths, 4).shuffled(seed=5), 20) == once
    assert numbers(batches(lengths, 4).shuffled(seed=6), 20) != once
    assert once[:10] != once[10:]


@pytest.mark.parametrize("start", [0, 1, 3, 4, 8, 10])
def test_a_later_start_skips_what_has_been_seen(start):
    data = batches(MIXED, 3)
    assert data.steps == 4
    assert numbers(data.shuffled(7, start=start), 6) == numbers(data.shuffled(7), 16)[start : start + 6]


def test_inputs_and_targets_of_a_row_stay_together():
    data = Batches(
        {"words": ragged(*MIXED), "dense": np.arange(11)[:, None] * [10, 100]}, np.arange(11), batch_size=4
    )
    for inputs, targets, weights in islice(data.shuffled(1).as_numpy_iterator(), 6):
        assert inputs["dense"].tolist() == [[10 * row, 100 * row] for row in targets]
        assert [
            int((words == row + 1).sum()) for words, row in zip(inputs["words"], targets, strict=True)
        ] == [MIXED[row] for row in targets]
        assert weights.tolist() == [1] * len(targets)


def test_ragged_targets_are_padded_too():
    data = Batches({"words": ragged(2, 1)}, ragged(2, 1), batch_size=2)
    ((_, targets, _),) = data.in_order().as_numpy_iterator()
    assert targets.tolist() == [[2, 0], [1, 1]]


def test_types_are_kept():
    inputs, targets, weights = next(batches([2, 1], 2).shuffled(1).as_numpy_iterator())
    assert (inputs["words"].dtype, targets.dtype, weights.dtype) == (np.int32, np.int64, np.float32)


def test_filling_rows_weigh_nothing_and_the_mean_is_that_of_the_real_rows():
    data = Batches({"words": ragged(2, 2, 2)}, np.array([3.0, 6.0, 12.0], np.float32), 3, replicas=2)
    ((inputs, losses, weights),) = islice(data.shuffled(1).as_numpy_iterator(), 1)
    assert inputs["words"].shape == (4, 2)
    assert (inputs["words"][3] > 0).all()
    assert weights.tolist() == pytest.approx([4 / 3, 4 / 3, 4 / 3, 0])
    assert np.mean(weights * losses) == pytest.approx(7)


def test_evaluation_on_one_device_weighs_every_row_1():
    found = [weights.tolist() for _, _, weights in batches(MIXED, 4).in_order().as_numpy_iterator()]
    assert found == [[1] * 4, [1] * 4, [1] * 3]


def test_evaluation_on_two_devices_weighs_real_rows_alike_over_the_whole_pass():
    data = Batches({"words": ragged(1, 2, 3, 4, 5)}, np.float32([1, 2, 3, 4, 10]), 3, replicas=2)
    found = list(data.in_order().as_numpy_iterator())
    # Five rows fill six places: each weighs 6/5, so that the mean over six places is that of five rows.
    assert [weights.tolist() for _, _, weights in found] == [
        pytest.approx([1.2, 1.2, 1.2, 0]),
        pytest.approx([1.2, 1.2]),
    ]
    assert sum((weights * losses).sum() for _, losses, weights in found) / 6 == pytest.approx(4)


@pytest.mark.parametrize("rows", [1, 2, 7, 11])
@pytest.mark.parametrize("batch_size", [1, 3, 4, 20])
@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_restore_order_undoes_in_order(rows, batch_size, replicas):
    data = batches(MIXED[:rows], batch_size, replicas)
    found = [targets for _, targets, _ in data.in_order().as_numpy_iterator()]
    assert all(len(targets) % replicas == 0 for targets in found)
    outputs = np.concatenate(found)[:, None] * [1.0, 10.0]
    assert [list(row) for row in data.restore_order(outputs)] == [[row, 10 * row] for row in range(rows)]


def test_rows_of_like_length_share_a_batch():
    data = batches([1, 9, 1, 9, 1, 9, 1, 9], 2)  # as they come, every batch would be 2 x 9: 72 in all
    for dataset in (data.in_order(), data.shuffled(3)):
        cells = sum(inputs["words"].size for inputs, _, _ in islice(dataset.as_numpy_iterator(), 4))
        assert cells == 2 * 2 * 1 + 2 * 2 * 9


def test_batches_do_not_come_in_the_order_of_length():
    dataset = batches([1, 2, 3, 4, 5, 6, 7, 8, 9], 1).shuffled(2)
    widths = [inputs["words"].shape[1] for inputs, _, _ in islice(dataset.as_numpy_iterator(), 9)]
    assert sorted(widths) == [1, 2, 3, 4, 5, 6, 7, 8, 9] != widths


def test_batches_of_one_length_do_not_always_hold_the_same_rows():
    found = numbers(batches([2] * 8, 2).shuffled(1), 40)
    assert len({frozenset(batch) for batch in found}) > 10


# Rows that examples share -----------------------------------------------------------------------------------


def captioned(table, batch_size=4, **options):
    """Eleven captions of four pictures; picture i is filled with 10 * i, its captions' targets tell it."""
    rows = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3])
    inputs = {"picture": Shared(table, rows), "words": ragged(*MIXED)}
    return rows, Batches(inputs, np.arange(11), batch_size, **options)


def table_of_pictures():
    return np.broadcast_to((10 * np.arange(4, dtype=np.uint8))[:, None, None, None], (4, 2, 3, 3)).copy()


@pytest.mark.parametrize("pool", [1, 50])
@pytest.mark.parametrize("replicas", [1, 3])
def test_pictures_stay_with_their_captions(pool, replicas):
    rows, data = captioned(table_of_pictures(), pool=pool, replicas=replicas)
    for dataset in (data.shuffled(1), data.in_order()):
        seen = []
        for inputs, targets, weights in islice(dataset.as_numpy_iterator(), 3):
            expected = np.broadcast_to(10 * rows[targets][:, None, None, None], (len(targets), 2, 3, 3))
            np.testing.assert_array_equal(inputs["picture"], expected)
            lengths = [
                int((words == row + 1).sum()) for words, row in zip(inputs["words"], targets, strict=True)
            ]
            assert lengths == [MIXED[row] for row in targets]
            seen += targets[weights > 0].tolist()
        assert sorted(seen) == list(range(11))
    pictures = np.concatenate(
        [inputs["picture"][:, 0, 0, 0] for inputs, *_ in data.in_order().as_numpy_iterator()]
    )
    assert data.restore_order(pictures) == (10 * rows).tolist()


def test_the_shape_and_type_of_a_picture_are_known_beforehand():
    spec = captioned(table_of_pictures())[1].shuffled(1).element_spec[0]
    assert spec == {
        "picture": tf.TensorSpec([None, 2, 3, 3], tf.uint8),
        "words": tf.TensorSpec([None, None], tf.int32),
    }


def test_pictures_may_stay_in_a_file(tmp_path):
    np.save(tmp_path / "maps.npy", table_of_pictures().astype(np.float16))
    rows, data = captioned(np.load(tmp_path / "maps.npy", mmap_mode="r"))
    for inputs, targets, _ in data.in_order().as_numpy_iterator():
        assert inputs["picture"].dtype == np.float16
        assert inputs["picture"][:, 1, 2, 0].tolist() == (10 * rows[targets]).tolist()


def test_with_a_pool_of_one_batch_each_batch_is_a_random_sample():
    lengths = np.repeat([1, 9], 200)
    inputs, targets = {"words": ragged(*lengths)}, np.arange(400)
    shares = [
        [
            (lengths[batch] == 9).mean()
            for batch in numbers(Batches(inputs, targets, 20, pool=pool).shuffled(1), 20)
        ]
        for pool in (1, 20)
    ]
    # Half of 20 drawn at random, give or take 0.11; a pool of all rows parts the short from the long.
    assert all(0.1 < share < 0.9 for share in shares[0])
    assert sorted(shares[1]) == [0] * 10 + [1] * 10
    assert len(set(shares[0])) > 3


def test_a_pool_of_one_batch_changes_neither_its_rows_nor_the_evaluation():
    random, sorted_ = (Batches({"words": ragged(*MIXED)}, np.arange(11), 4, pool=pool) for pool in (1, 50))
    assert sorted(row for batch in numbers(random.shuffled(3), 3) for row in batch) == list(range(11))
    assert numbers(random.in_order(), 3) == numbers(sorted_.in_order(), 3)
    assert numbers(random.shuffled(3, start=2), 4) == numbers(random.shuffled(3), 6)[2:]


def test_rows_may_count_more_in_training_and_never_in_validation():
    weights = np.array([1.0, 0.5, 2.0])
    data = Batches({"words": ragged(3, 2, 1)}, np.arange(3), batch_size=2, replicas=2, weights=weights)
    found = {}
    for _, targets, batch in islice(data.shuffled(1).as_numpy_iterator(), 2):
        real = len({*targets.tolist()})
        found |= {row: weight / (2 / real) for row, weight in zip(targets[:real], batch[:real], strict=True)}
        assert batch[real:].tolist() == [0] * (len(batch) - real)
    assert found == {0: 1.0, 1: 0.5, 2: 2.0}
    checked = [weight for *_, batch in data.in_order().as_numpy_iterator() for weight in batch]
    np.testing.assert_allclose(checked, [4 / 3, 4 / 3, 4 / 3, 0], rtol=1e-6)
