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
    np.testing.assert_allclose(found.normal(np.zeros([2, 4], np.int64)), [[[3.0]] * 4] * 2)
    assert waves(np.zeros([2, 4], np.int64), ()).shape == (2, 4, 0)


def test_waves_come_round_after_centuries_of_seconds():
    week = ((7 * DAY, 2),)
    now = 1_700_000_000
    np.testing.assert_allclose(waves([now], week), waves([now + 7 * DAY * 5000], week), atol=1e-6)


def test_what_stands_on_a_large_number_lies_as_far_from_it_as_without_it():
    times = DAY * np.arange(400)
    values = 10.0 * (np.arange(400)[:, None] % 7)
    small, large = (Climatology.fit(values + far, times, [(7 * DAY, 2)]) for far in (0, 5e9))
    near = small.deviations(values, times).numpy()
    np.testing.assert_allclose(large.deviations(values + 5e9, times), near, atol=1e-4)
    assert near.dtype == np.float32
    # A graph hands the numbers on as they are.
    assert large.deviations(values[:3] + 5e9, times[:3]).numpy().std() > 0.1


def test_a_series_that_is_all_cycle_has_finite_deviations():
    times = 3600 * np.arange(24 * 20)
    for values in (np.sin(2 * np.pi * times / DAY), (times // 3600 % 2).astype(float)):
        found = Climatology.fit(values[:, None], times, [(DAY, 12)])
        assert np.isfinite(found.deviations(values[:, None], times)).all()
