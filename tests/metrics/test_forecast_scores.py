import numpy as np
import pytest

from zoo.baselines import forecasts
from zoo.data.climatology import DAY, YEAR
from zoo.data.own.series import MONTH, Series
from zoo.metrics.forecasts import ahead, by_step, forecasting, naive_error, origins

LEVELS = (0.1, 0.5, 0.9)


def test_scores_worked_out_by_hand():
    # Two origins, two steps, one column: errors 1, 0 and 2, 4, where the naive error is 2.
    truth = np.array([[10.0, 5.0], [4.0, 0.0]])[..., None]
    median = np.array([[9.0, 5.0], [6.0, 4.0]])[..., None]
    quantiles = np.stack([median - 1, median, median + 1], axis=-1)
    score = forecasting(truth, quantiles, LEVELS, np.array([2.0]), ["x"])
    assert score["n"] == 2
    assert score["mase"] == pytest.approx((1 + 0 + 2 + 4) / 4 / 2)
    assert score["mase_by_step"] == pytest.approx([1.5 / 2, 2 / 2])
    assert score["smape"] == pytest.approx(200 * (1 / 19 + 0 + 2 / 10 + 4 / 4) / 4)
    assert score["coverage"] == 0.5  # a bound that is met counts as inside
    assert score["coverage_by_step"] == [0.5, 0.5]
    # Of the first, 10 against 8, 9 and 10: 0.1 * 2, 0.5 * 1, 0; of the last, 0 against 3, 4, 5: 0.9 * 3 ...
    by_hand = (0.2 + 0.5 + 0.0, 0.1 + 0.0 + 0.1, 0.9 + 1.0 + 0.3, 2.7 + 2.0 + 0.5)
    assert score["pinball"] == pytest.approx(sum(by_hand) / 12 / 2)
    assert "mase_by_column" not in score


def test_columns_of_another_size_count_alike():
    truth = np.zeros([3, 1, 2])
    median = np.tile([1.0, 100.0], (3, 1, 1))[..., None]
    score = forecasting(truth, median, (0.5,), np.array([2.0, 50.0]), ["small", "large"])
    assert score["mase_by_column"] == {"small": 0.5, "large": 2.0}
    assert score["mase"] == 1.25
    assert "coverage" not in score
    assert forecasting(truth, truth[..., None], (0.5,), np.ones(2), ["a", "b"])["smape"] == 0


def test_the_naive_error_is_the_mean_step():
    np.testing.assert_allclose(naive_error(np.float32([[1, 0], [3, 0], [2, 6]])), [1.5, 3])


def test_origins_roll_over_a_part_whose_last_horizon_still_fits():
    assert origins(10, 15, 3).tolist() == [9, 10, 11]
    assert ahead(origins(10, 15, 3), 3).tolist() == [[10, 11, 12], [11, 12, 13], [12, 13, 14]]


def test_tables_by_step_name_the_steps():
    scores = {"a": {"mase_by_step": [0.5, 1.25]}, "b": {}}
    assert by_step(scores, "mase") == {"a": {"+1": "0.500", "+2": "1.250"}}


def series(values: np.ndarray) -> Series:
    return Series(("x",), values.astype(np.float32)[:, None], DAY * np.arange(len(values)))


def test_a_series_that_repeats_itself_is_no_riddle_to_the_seasonal_baselines():
    week = np.tile([1.0, 2, 3, 4, 3, 2, 0], 20)
    parts = series(week).part(0, 100), series(week).part(100, None)
    scores = forecasts.forecasting(*parts, np.ones(1), 3, LEVELS, [(7.0 * DAY, 3)])
    assert list(scores) == ["naive", "7 steps before", "climatology", "exponential smoothing", "AR(1)"]
    assert scores["7 steps before"]["mase"] == 0
    assert scores["climatology"]["mase"] < 1e-4
    # From 3 to 4, 3, 2 ... by hand: the mean over 3 steps of |x(t + h) - x(t)|.
    steps = [np.abs(np.roll(week[:7], -h) - week[:7]).mean() for h in (1, 2, 3)]
    naive = scores["naive"]["mase_by_step"]
    np.testing.assert_allclose(naive, steps, atol=0.1)


def test_a_year_ago_is_at_the_same_time_of_day():
    assert forecasts.season_of([(YEAR, 1), (DAY, 1)], 3_600) == ("same time last year", 365 * 24)
    assert forecasts.season_of([(YEAR, 1)], DAY) == ("same day last year", 365)
    assert forecasts.season_of([(YEAR, 1)], MONTH) == ("same time last year", 12)
    assert forecasts.season_of([(DAY, 1)], 1_800) == ("48 steps before", 48)


def test_exponential_smoothing_follows_a_level_that_has_moved():
    draw = np.random.default_rng(1)
    level = np.repeat(draw.normal(0, 10, 20), 40)
    values = level + draw.normal(size=800)
    parts = series(values).part(0, 600), series(values).part(600, None)
    scores = forecasts.forecasting(*parts, np.ones(1), 2, LEVELS, ())
    assert scores["exponential smoothing"]["mase"] < 0.5 * scores["climatology"]["mase"]
    assert 0.6 < scores["naive"]["coverage"] < 0.95


def test_what_fades_by_a_share_is_forecast_to_fade_by_it():
    noise, values = np.random.default_rng(2).normal(size=6000), np.zeros(6000)
    for t in range(1, 6000):
        values[t] = 0.8 * values[t - 1] + noise[t]
    values += 50
    times = DAY * np.arange(6000)
    methods = forecasts.fitted(values[:, None], times, 5000, 3, (), DAY)
    first, forecast = methods["AR(1)"]
    mean, row = values[:5000].mean(), np.array([5500])
    expected = mean + np.array([0.8, 0.64, 0.512]) * (values[5500] - mean)
    np.testing.assert_allclose(forecast(row)[0, :, 0], expected, atol=0.15)
    assert first == 1
    parts = series(values).part(0, 5000), series(values).part(5000, None)
    scores = forecasts.forecasting(*parts, np.ones(1), 3, LEVELS, ())
    assert min(scores, key=lambda name: scores[name]["mase"]) == "AR(1)"
    assert scores["AR(1)"]["mase_by_step"][0] == pytest.approx((2 / np.pi) ** 0.5, rel=0.05)


def test_the_first_share_is_used_as_holt_and_winters_wrote_it():
    values = np.array([[0.0], [10.0], [0.0], [0.0]])
    found = forecasts._smoothed(np.zeros([6, 1]), values, 0.5, np.array([1, 3]), 2)
    np.testing.assert_allclose(found[..., 0], [[5, 5], [1.25, 1.25]])
