import numpy as np
import pytest
from tiny import rows_of

import zoo.data
from zoo.data import packages
from zoo.data.own.times import written
from zoo.data.sets import us_employment
from zoo.errors import ZooError
from zoo.tasks.rolled import until_end_of

CHOSEN = {"series": "industry", "static": "sector"}


@pytest.fixture(scope="module")
def examples(zoo_cache):
    return zoo.data.load("us_employment", "series", **CHOSEN)


def test_it_holds_every_month_of_ten_years_of_15_industries_split_by_time(examples):
    parts = {part: list(rows_of(examples, part)) for part in ("train", "validation", "test")}
    assert {part: {len(row["times"]) for row in rows} for part, rows in parts.items()} == {
        "train": {84},
        "validation": {12},
        "test": {24},
    }
    assert all(len(rows) == 15 for rows in parts.values())
    histories = zoo.data.histories(examples)
    whole = {history.whole.name: history.whole for history in histories}
    assert [written(seconds) for seconds in whole["utilities"].times[[0, -1]]] == ["2006-01-01", "2015-12-01"]
    # The first and the last month of the file, by eye.
    assert whole["mining_and_logging"].values[[0, -1], 0].tolist() == [656, 745]
    assert whole["government"].values[[0, -1], 0].tolist() == [21847, 22100]
    assert whole["retail_trade"].static == ("retail_trade", "trade")
    # Its industries are all, and each once: they add up to everybody.
    total = sum(series.values[:, 0] for series in whole.values())
    np.testing.assert_allclose(total[[0, -1]], [135450, 143093], atol=1)


def test_a_part_is_scored_in_the_order_of_the_first_one_whatever_its_own(examples):
    orders = {part: [row["static"][0] for row in rows_of(examples, part)] for part in ("train", "test")}
    assert orders["train"] != orders["test"]  # TFDS shuffles each
    scored = list(until_end_of(examples, "test", 24))
    assert [whole.name for whole, _ in scored] == [one.whole.name for one in zoo.data.histories(examples)]
    assert {start for _, start in scored} == {96}
    assert all((np.diff(whole.times) > 0).all() and len(whole.times) == 120 for whole, _ in scored)


def test_what_tells_its_series_apart_must_be_said(examples):
    with pytest.raises(ZooError, match="give --series industry --static sector"):
        zoo.data.load("us_employment", "series")
    with pytest.raises(ZooError, match="leave --series and --static out"):
        zoo.data.load("seattle_weather", "series", series="city")
    with pytest.raises(ZooError, match=r"--known and --missing \(yes\) are for files"):
        zoo.data.load("us_employment", "series", missing="yes", **CHOSEN)


def test_without_its_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(packages, "content_of", lambda *_: None)
    with pytest.raises(ZooError, match="pip install vega-datasets=="):
        us_employment.read_employment()
