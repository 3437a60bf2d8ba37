"""Live data: one row after the other."""

import dataclasses
import datetime

import numpy as np
import pytest

import zoo
from zoo.data.own.observed import read_series
from zoo.data.own.times import written
from zoo.models.followed import Follower
from zoo.tasks import Window


@pytest.fixture(scope="module")
def forecaster(trained_forecaster):
    return zoo.load(trained_forecaster / "saved_models/tiny")


@pytest.fixture(scope="module")
def rows(series):
    found = read_series(series)
    return [(written(time), values) for time, values in zip(found.times, found.values, strict=True)][-20:]


def numbers(answer):
    return np.array(
        [[value for value in step.values() if isinstance(value, float)] for step in answer["forecasts"]]
    )


def test_each_row_is_answered_as_a_window_of_all_rows_so_far(forecaster, rows):
    follower = forecaster.follow()
    assert follower.columns == ("load", "noise")
    for count, (time, values) in enumerate(rows, start=1):
        answer = follower(time, values)
        (whole,) = forecaster.predict([Window(np.stack([row for _, row in rows[:count]]), time)])
        assert answer["valid"] and whole["valid"]
        np.testing.assert_allclose(numbers(answer), numbers(whole), rtol=1e-6)
    assert numbers(answer).shape == (3, 3)  # three days, and of each a forecast between two bounds


def test_the_times_are_those_that_predict_says_of_a_file(forecaster, series, rows):
    follower = forecaster.follow()
    for time, values in rows:
        named = {"noise": values[1], "load": values[0], "more": "of no matter"}
        answer = follower(datetime.date.fromisoformat(time), named)
    (whole,) = forecaster.predict(series)
    assert [{**step, "forecast": 0, "10%": 0, "90%": 0} for step in answer["forecasts"]] == [
        {**step, "forecast": 0, "10%": 0, "90%": 0} for step in whole["forecasts"]
    ]


def test_a_row_that_lacks_a_number_is_not_valid_and_leaves_the_state(forecaster, rows):
    follower = forecaster.follow()
    follower(*rows[0])
    before = follower.state
    assert before.any()
    answer = follower(rows[1][0], [1.0, None])
    assert not answer["valid"]
    assert {step["forecast"] for step in answer["forecasts"]} == {None}
    np.testing.assert_array_equal(follower.state, before)
    assert follower(*rows[2])["valid"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("2021-03-03", [1.0]), "a row of 1 values; give one for each of load, noise"),
        (("2021-03-03", 1.0), "a row of 1 values"),
        (("2021-03-03", ["wet", 1]), "are no numbers; give one for each of load, noise"),
        (("2021-03-03", {"load": 1}), "the row has no 'noise'; give all of load, noise"),
        (("monday", [1, 2]), "the time 'monday' is no date"),
        (("2021-03-02", [1, 2]), "2021-03-02 follows 2021-03-02, but rows are 24 hours apart"),
        (("2021-03-01", [1, 2]), "2021-03-01 follows 2021-03-02"),
        (("2021-03-04", [1, 2]), "2021-03-04 follows 2021-03-02"),
        (("2021-03-03T00:00+01:00", [1, 2]), "one has a zone"),
    ],
)
def test_a_row_that_does_not_fit_is_one_line_and_changes_nothing(forecaster, row, told):
    follower, other = forecaster.follow(), forecaster.follow()
    first = ("2021-03-02", [1.0, 2.0])
    follower(*first), other(*first)
    with pytest.raises(zoo.ZooError, match=told) as error:
        follower(*row)
    assert "\n" not in str(error.value)
    assert follower("2021-03-03", [3, 4]) == other("2021-03-03", (3, 4))


def test_hours_with_a_zone_go_on_where_the_clock_is_set_back(forecaster):
    follower = Follower(forecaster)
    follower._about = dataclasses.replace(follower._about, interval=3600)
    for time in ("2021-10-31T02:00+02:00", "2021-10-31T02:00+01:00", "2021-10-31T03:00+01:00"):
        answer = follower(time, [1, 2])
    assert answer["forecasts"][0]["time"] == "2021-10-31T04:00:00"


@pytest.mark.parametrize("name", ["sentiment_tweets", "generation_python"])
def test_only_forecasters_follow(name):
    with pytest.raises(zoo.ZooError, match=f"{name}: only forecasters follow"):
        zoo.load(name).follow()
