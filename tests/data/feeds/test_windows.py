import numpy as np
import pytest

from zoo.data.feeds.windows import Augmentation, Windows

RAMP = np.arange(20, dtype=np.float32)[:, None]


def windows(**options) -> Windows:
    return Windows(RAMP, RAMP * 10, [0], window=5, horizon=2, **{"batch_size": 4, **options})


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
    noise = Windows(values[:, None], np.zeros([4000, 0], np.float32), [0], 30, 1, batch_size=500,
                    augmentation=Augmentation(blend=True))  # fmt: skip
    inputs, _, _ = next(noise.shuffled(1).as_numpy_iterator())
    found = inputs["deviations"][..., 0]
    assert abs(found.std() - values.std()) < 0.05
    assert abs(np.corrcoef(found[:, :-1].ravel(), found[:, 1:].ravel())[0, 1] - 0.7) < 0.03
