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
    scores = forecasts.forecasting([parts], np.ones([1, 1]), 3, LEVELS, [(7.0 * DAY, 3)])
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
    scores = forecasts.forecasting([parts], np.ones([1, 1]), 2, LEVELS, ())
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
    scores = forecasts.forecasting([parts], np.ones([1, 1]), 3, LEVELS, ())
    assert min(scores, key=lambda name: scores[name]["mase"]) == "AR(1)"
    assert scores["AR(1)"]["mase_by_step"][0] == pytest.approx((2 / np.pi) ** 0.5, rel=0.05)


def test_the_first_share_is_used_as_holt_and_winters_wrote_it():
    values = np.array([[0.0], [10.0], [0.0], [0.0]])
    found = forecasts._smoothed(np.zeros([6, 1]), values, 0.5, np.array([1, 3]), 2)
    np.testing.assert_allclose(found[..., 0], [[5, 5], [1.25, 1.25]])


# What is missing, and several series -----------------------------------------------------------------------


def one_of(values: np.ndarray, start: int, name: str = "") -> Series:
    times = DAY * (start + np.arange(len(values)))
    return Series(("x",), values, times, static=(name,) if name else ())


def test_a_trend_goes_on_where_there_is_no_cycle():
    values = np.concatenate([np.zeros(30), 2.0 * np.arange(90)])
    parts = [(series(values).part(0, 90), series(values).part(90, None))]
    scores = forecasts.forecasting(parts, np.ones([1, 1]), 3, LEVELS, ())
    # A naive forecast lags by 2, 4 and 6; a trend that keeps 98 % a step by little.
    assert scores["naive"]["mase"] == pytest.approx(4)
    assert scores["damped trend"]["mase"] < 0.3
    assert "damped trend" not in forecasts.forecasting(parts, np.ones([1, 1]), 3, LEVELS, [(7.0 * DAY, 1)])


def test_what_is_not_known_does_not_count():
    truth, quantiles = np.array([[[1.0], [np.nan]], [[3.0], [4.0]]]), np.zeros([2, 2, 1, 3])
    quantiles[..., 2] = 3
    score = forecasting(truth, quantiles, LEVELS, np.ones(1), ["x"])
    assert score["mase"] == pytest.approx((1 + 3 + 4) / 3)
    assert score["coverage"] == pytest.approx(2 / 3)
    assert score["smape"] == pytest.approx(200)
    assert score["mase_by_step"] == [2, 4] and score["coverage_by_step"] == [1, 0]
    known = ~np.isnan(truth)
    assert score["pinball"] == pytest.approx(
        forecasting(
            truth[known][:, None, None], quantiles[known[..., 0]][:, None], LEVELS, np.ones(1), ["x"]
        )["pinball"]
    )


def test_a_forecast_that_is_none_is_not_passed_over():
    truth, quantiles = np.array([[[1.0]], [[np.nan]], [[2.0]]]), np.zeros([3, 1, 1, 1])
    assert forecasting(truth, quantiles, [0.5], np.ones(1), ["x"])["mase"] == 1.5
    quantiles[0] = np.nan
    assert np.isnan(forecasting(truth, quantiles, [0.5], np.ones(1), ["x"])["mase"])


def test_a_series_of_which_nothing_came_has_no_score_of_its_own():
    truth = np.array([[[1.0]], [[np.nan]]])
    score = forecasting(truth, np.zeros([2, 1, 1, 1]), [0.5], np.ones([2, 1]), ["x"], ["a", "b"])
    assert score["mase_by_series"] == {"a": 1} and score["mase"] == 1


def test_each_series_is_measured_by_its_own_scale():
    truth = np.array([[[2.0]], [[2.0]], [[300.0]]])
    score = forecasting(
        truth, np.zeros([3, 1, 1, 1]), [0.5], np.array([[1.0], [1.0], [100.0]]), ["x"], ["a", "a", "b"]
    )
    assert score["mase"] == pytest.approx((2 + 2 + 3) / 3)
    assert score["mase_by_series"] == {"a": 2, "b": 3}


def test_changes_from_and_to_what_is_missing_are_no_part_of_the_scale():
    assert naive_error(np.array([[1.0], [3.0], [np.nan], [5.0], [6.0]])).tolist() == [1.5]
    # Where no two neighbours were observed, from one to the next that was.
    assert naive_error(np.array([[1.0], [np.nan], [4.0], [np.nan], [2.0]])).tolist() == [2.5]


def test_a_baseline_goes_on_from_what_was_observed_last():
    values = np.arange(40.0)[:, None]
    values[[29, 35]] = np.nan
    known, test = one_of(values[:30], 0), one_of(values[30:], 30)
    score = forecasts.forecasting([(known, test)], np.ones([1, 1]), 1, LEVELS, ())["naive"]
    # One ahead it is 1 too low, 2 where the last one is missing; the one that did not come does not count.
    assert score["mase"] == pytest.approx((2 + 1 * 4 + 2 + 1 * 3) / 9)


def test_baselines_of_several_series_are_those_of_each():
    draw = np.random.default_rng(1)
    parts = []
    for name, level in (("a", 10), ("b", 1000)):
        values = level * (1 + 0.1 * draw.normal(size=[60, 1]))
        parts.append((one_of(values[:40], 0, name), one_of(values[40:], 40, name)))
    scales = np.array([[2.0], [100.0]])
    together = forecasts.forecasting(parts, scales, 2, LEVELS, ())
    alone = [
        forecasts.forecasting([part], scale[None], 2, LEVELS, ())
        for part, scale in zip(parts, scales, strict=True)
    ]
    for name, score in together.items():
        assert score["mase"] == pytest.approx(np.mean([one[name]["mase"] for one in alone]))
        assert score["mase_by_series"] == pytest.approx(
            {"a": alone[0][name]["mase"], "b": alone[1][name]["mase"]}
        )
