"""1,461 daily observations of the weather in Seattle, 2012-2015, as a TFDS builder."""

import numpy as np
import tensorflow_datasets as tfds

from zoo.data.own.series import Series
from zoo.data.own.times import seconds_of
from zoo.data.packages import rows_of

_PACKAGE, _VERSION, _FILE = "vega-datasets", "0.9.0", "seattle-weather.csv"
COLUMNS = ("precipitation", "temp_max", "temp_min", "wind")
# The first day of each part. Validation is the last quarter before the test year.
_STARTS = {"train": "2012-01-01", "validation": "2014-10-01", "test": "2015-01-01"}


class SeattleWeather(tfds.core.GeneratorBasedBuilder):
    """Daily weather from the PyPI package `vega-datasets`, split by time: the test part is the year 2015."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Precipitation (mm), highest and lowest temperature (degrees Celsius) and wind (m/s) of "
                "every day at Seattle. Each part is one row: a series, and the times of its observations "
                "in seconds since 1970."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "values": tfds.features.Tensor(shape=(None, len(COLUMNS)), dtype=np.float32),
                    "times": tfds.features.Tensor(shape=(None,), dtype=np.int64),
                }
            ),
            homepage="https://github.com/altair-viz/vega_datasets",
            license="MIT (package vega-datasets 0.9.0); the observations are NOAA's, public domain",
        )

    def _split_generators(self, dl_manager):
        series = read_weather()
        bounds = [int(np.searchsorted(series.times, seconds_of(day) or 0)) for day in _STARTS.values()]
        ends = [*bounds[1:], len(series.times)]
        return {
            part: self._generate_examples(series, start, end)
            for part, start, end in zip(_STARTS, bounds, ends, strict=True)
        }

    def _generate_examples(self, series, start, end):
        yield 0, {"values": series.values[start:end], "times": series.times[start:end]}


def read_weather() -> Series:
    """Returns the numbers that the installed package carries.

    Raises:
        ZooError: the package, or its file, is not installed.
    """
    rows = rows_of("seattle_weather", _PACKAGE, _VERSION, _FILE)
    values = np.array([[float(row[name]) for name in COLUMNS] for row in rows], np.float32)
    times = np.array([seconds_of(row["date"].replace("/", "-")) for row in rows], np.int64)
    return Series(COLUMNS, values, times)
