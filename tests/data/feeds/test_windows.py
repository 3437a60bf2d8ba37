import numpy as np
import pytest

from zoo.data.feeds.windows import Augmentation, Stretch, Windows

RAMP = np.arange(20, dtype=np.float32)[:, None]


def windows(**options) -> Windows:
    return Windows([Stretch(RAMP, RAMP * 10)], [0], window=5, horizon=2, **{"batch_size": 4, **options})


def test_each_step_is_followed_by_what_came_next():
    batches = list(windows(warm_up=3).in_order().as_numpy_iterator())
    assert sum(len(weights) for _, _, weights in batches) == len(windows()) == 14
    inputs, targets, weights = batches[0]
    np.testing.assert_array_equal(inputs["deviations"][1, :, 0], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(inputs["waves"][1, :, 0], [10, 20, 30, 40, 50])
    assert np.isnan(targets[:, :3]).all()  # where little has been seen
    np.testing.assert_array_equal(targets[1, 3:, :, 0], [[5, 6], [6, 7]])
    assert (weights == 1).all()


def test_a_training_that_starts_again_sees_what_it_would_have_seen():
    varied = windows(augmentation=Augmentation(0.5, True))
    first = list(varied.shuffled(seed=3).take(4).as_numpy_iterator())
    again = list(varied.shuffled(seed=3, start=2).take(2).as_numpy_iterator())
    for (inputs, targets, _), (other_inputs, other_targets, _) in zip(first[2:], again, strict=True):
        np.testing.assert_array_equal(inputs["deviations"], other_inputs["deviations"])
        np.testing.assert_array_equal(targets, other_targets)
    assert (first[0][1] != first[1][1]).any()


def test_a_batch_is_filled_up_for_several_devices_with_rows_of_no_weight():
    _, _, weights = next(windows(batch_size=3, replicas=2).shuffled(1).as_numpy_iterator())
    np.testing.assert_allclose(weights, [4 / 3, 4 / 3, 4 / 3, 0])


@pytest.mark.parametrize("replicas", [1, 4])
def test_the_mean_over_a_pass_is_that_of_the_windows_however_many_devices_share_it(replicas):
    passed = windows(batch_size=6, replicas=replicas).in_order().as_numpy_iterator()
    # As Keras adds up a loss: of each batch the mean over all rows, which counts as many times.
    total, count = 0.0, 0
    for inputs, _, weights in passed:
        total += float(inputs["deviations"][:, 0, 0] @ weights)
        count += len(weights)
    assert count == {1: 14, 4: 8 + 8 + 4}[replicas]
    assert total / count == pytest.approx(np.arange(14).mean())


def test_what_follows_is_shifted_as_the_window_is():
    inputs, targets, _ = next(windows(augmentation=Augmentation(shift=2.0)).shuffled(1).as_numpy_iterator())
    np.testing.assert_allclose(np.diff(inputs["deviations"][..., 0]), 1, rtol=1e-5)
    np.testing.assert_allclose(targets[:, :, 0, 0], inputs["deviations"][..., 0] + 1, rtol=1e-5)
    assert len(set(np.mod(inputs["deviations"][:, 0, 0], 1).round(3))) == 4


def test_blended_noise_stays_as_wide_and_as_alike_from_step_to_step():
    draw, values = np.random.default_rng(1), np.zeros(4000, np.float32)
    for row in range(1, len(values)):
        values[row] = 0.7 * values[row - 1] + draw.normal() * np.sqrt(1 - 0.49)
    noise = Windows([Stretch(values[:, None], np.zeros([4000, 0], np.float32))], [0], 30, 1, batch_size=500,
                    augmentation=Augmentation(blend=True))  # fmt: skip
    inputs, _, _ = next(noise.shuffled(1).as_numpy_iterator())
    found = inputs["deviations"][..., 0]
    assert abs(found.std() - values.std()) < 0.05
    assert abs(np.corrcoef(found[:, :-1].ravel(), found[:, 1:].ravel())[0, 1] - 0.7) < 0.03


# Several series, columns that are known ahead, values that are missing -------------------------------------


def several(**options) -> Windows:
    stretches = [
        Stretch(np.stack([start + RAMP[:, 0], 100 + start + RAMP[:, 0]], 1), RAMP, np.float32([start]))
        for start in (0, 1000, 2000)
    ]
    return Windows(stretches, [0], window=5, horizon=2, **{"batch_size": 4, **options})


def test_no_window_goes_from_one_series_into_the_next():
    panel = several()
    assert len(panel) == 3 * (20 - 5 - 2 + 1)
    for dataset in (panel.in_order(), panel.shuffled(1).take(40)):
        for inputs, targets, _ in dataset.as_numpy_iterator():
            rows = np.concatenate([inputs["deviations"][:, :, 0], targets[:, -1, :, 0]], axis=1)
            assert (np.diff(rows, axis=1) == 1).all()
            np.testing.assert_array_equal(inputs["static"][:, 0], rows[:, 0] // 1000 * 1000)
            np.testing.assert_array_equal(inputs["waves"][:, :, 0], rows[:, :5] % 1000)


def test_windows_are_blended_with_others_of_their_series():
    panel = several(augmentation=Augmentation(blend=True))
    inputs, _, _ = next(panel.shuffled(1).as_numpy_iterator())
    # Both columns are a series, and 100 beside it: what is left of the 100 tells the weights of the two.
    steps = np.diff(inputs["deviations"][..., 0], axis=1)
    weights = (inputs["deviations"][..., 1] - inputs["deviations"][..., 0]) / 100
    np.testing.assert_allclose(steps, weights[:, 1:], rtol=1e-3, atol=1e-2)
    near = np.abs(inputs["deviations"][:, 0, 0] - weights[:, 0] * inputs["static"][:, 0])
    assert near.max() < 2 * 20  # two windows of one series: no more than its 20 steps, twice, are left


def test_what_is_known_ahead_is_that_of_the_steps_behind_each_and_is_not_shifted():
    panel = several(known=[1], augmentation=Augmentation(shift=5.0))
    inputs, targets, _ = next(panel.shuffled(1).as_numpy_iterator())
    assert inputs["ahead"].shape == (4, 5, 2, 1)
    starts = inputs["deviations"][:, :1, 1]
    for step in (0, 1):
        np.testing.assert_array_equal(inputs["ahead"][:, :, step, 0], starts + np.arange(5) + step + 1)
    assert (np.abs(targets[:, 0, 0, 0] + 100 - inputs["ahead"][:, 0, 0, 0]) > 1e-3).all()


def test_changes_are_read_and_forecast_from_the_step_that_they_are_behind():
    squares = np.concatenate([RAMP**2, RAMP], axis=1)
    drifting = Windows(
        [Stretch(squares, RAMP)], [0], window=5, horizon=2, batch_size=4, known=[1], differences=True
    )
    inputs, targets, _ = next(drifting.in_order().as_numpy_iterator())
    # From the window of the squares of 3 to 7 on: nothing is known of the change to the first.
    assert inputs["deviations"][3, :, 0].tolist() == [0, 7, 9, 11, 13]
    assert inputs["deviations"][3, :, 1].tolist() == [3, 4, 5, 6, 7]  # what is known stays as it is
    assert targets[3, -1, :, 0].tolist() == [8**2 - 7**2, 9**2 - 7**2]


def test_what_is_missing_is_masked_and_windows_without_anything_to_learn_are_left_out():
    values = RAMP.copy()
    values[3] = values[8:16] = np.nan
    some = Windows([Stretch(values, RAMP)], [0], window=5, horizon=2, warm_up=2, batch_size=4, missing=True)
    # Counted are the rows 3 to 6 behind a window's first: of 14 windows those are left that see one of them.
    starts = [start for start in range(14) if not np.isnan(values[start + 3 : start + 7]).all()]
    assert some.starts.tolist() == starts and 0 < len(starts) < 14
    for inputs, targets, _ in some.in_order().as_numpy_iterator():
        seen = inputs["observed"][..., 0] > 0
        assert (inputs["deviations"][~seen] == 0).all()
        np.testing.assert_array_equal(inputs["deviations"][seen], inputs["waves"][seen])
        assert np.isnan(targets).any() or seen.all()
