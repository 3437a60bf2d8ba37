import numpy as np

from zoo.data.climatology import DAY, YEAR, Climatology, waves


def test_a_smooth_year_is_found_and_what_is_left_has_a_spread_of_one():
    times = DAY * np.arange(3 * 365)
    angle = 2 * np.pi * times / YEAR
    noise = np.random.default_rng(1).normal(0, 2, len(times))
    values = np.stack([15 + 9 * np.sin(angle) - 3 * np.cos(2 * angle) + noise, noise], 1).astype(np.float32)
    found = Climatology.fit(values, times, [(YEAR, 2)])
    np.testing.assert_allclose(found.coefficients[:, 0], [15, 9, 0, 0, -3], atol=0.3)
    left = found.deviations(values, times).numpy()
    np.testing.assert_allclose(left.std(0), 1, rtol=1e-3)
    np.testing.assert_allclose(left * found.spread + found.normal(times).numpy(), values, atol=1e-4)


def test_without_cycles_it_is_the_mean_of_any_shape():
    found = Climatology.fit(np.float32([[1], [3], [5]]), DAY * np.arange(3))
    assert found.normal(np.zeros([2, 4], np.int64)).numpy().tolist() == [[[3.0]] * 4] * 2
    assert waves(np.zeros([2, 4], np.int64), ()).shape == (2, 4, 0)


def test_waves_come_round_after_centuries_of_seconds():
    week = ((7 * DAY, 2),)
    now = 1_700_000_000
    np.testing.assert_allclose(waves([now], week), waves([now + 7 * DAY * 5000], week), atol=1e-6)
