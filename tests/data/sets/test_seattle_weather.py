from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
from tiny import rows_of

import zoo.data
from zoo.data.own.times import written
from zoo.data.sets import seattle_weather
from zoo.errors import ZooError


@pytest.fixture(scope="module")
def examples(zoo_cache):
    return zoo.data.load("seattle_weather", "series", columns="temp_max,wind")


def test_it_holds_every_day_of_four_years_split_by_time(examples):
    rows = [next(rows_of(examples, part)) for part in ("train", "validation", "test")]
    assert [len(row["times"]) for row in rows] == [1004, 92, 365]
    times = np.concatenate([row["times"] for row in rows])
    assert (np.diff(times) == 86_400).all()
    assert (written(times[0]), written(times[-1])) == ("2012-01-01", "2015-12-31")
    assert written(rows[2]["times"][0]) == "2015-01-01"
    # The first and the last day of the file, by eye.
    np.testing.assert_allclose(rows[0]["values"][0], [12.8, 4.7], rtol=1e-6)
    np.testing.assert_allclose(rows[2]["values"][-1], [5.6, 3.5], rtol=1e-6)


def test_it_reads_the_highest_temperature_unless_told_otherwise(examples):
    assert examples.label_names == ("temp_max", "wind")
    assert zoo.data.load("seattle_weather", "series").label_names == ("temp_max",)
    with pytest.raises(ZooError, match=r"no column 'snow'.*precipitation,temp_max"):
        zoo.data.load("seattle_weather", "series", columns="snow")
    with pytest.raises(ZooError, match="leave it out"):
        zoo.data.load("seattle_weather", "series", time="date")


def test_without_its_package_it_says_what_to_install(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("zoo.data.packages.distribution", missing)
    with pytest.raises(ZooError, match=r"pip install vega-datasets==0\.9\.0"):
        seattle_weather.read_weather()
