"""How many people worked in each of 15 industries of the USA, month by month, as a TFDS builder."""

import numpy as np
import tensorflow_datasets as tfds

from zoo.data.own.series import Series
from zoo.data.own.times import seconds_of
from zoo.data.packages import rows_of

_PACKAGE, _VERSION, _FILE = "vega-datasets", "0.9.0", "us-employment.csv"
COLUMNS = ("employees",)
# What else the file holds are sums of these.
SECTORS = {
    "mining_and_logging": "goods",
    "construction": "goods",
    "durable_goods": "goods",
    "nondurable_goods": "goods",
    "wholesale_trade": "trade",
    "retail_trade": "trade",
    "transportation_and_warehousing": "trade",
    "utilities": "trade",
    "information": "services",
    "financial_activities": "services",
    "professional_and_business_services": "services",
    "education_and_health_services": "services",
    "leisure_and_hospitality": "services",
    "other_services": "services",
    "government": "government",
}
# The first month of each part.
_STARTS = {"train": "2006-01", "validation": "2013-01", "test": "2014-01"}


class UsEmployment(tfds.core.GeneratorBasedBuilder):
    """Monthly employment from the PyPI package `vega-datasets`, split by time: test are 2014 and 2015."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Employees in thousands, seasonally adjusted, of 15 industries in the USA in every month "
                "from 2006 to 2015. Each row is an industry: a series, the times of its observations in "
                "seconds since 1970, and its name and sector."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "values": tfds.features.Tensor(shape=(None, len(COLUMNS)), dtype=np.float32),
                    "times": tfds.features.Tensor(shape=(None,), dtype=np.int64),
                    "static": tfds.features.Sequence(tfds.features.Text()),
                }
            ),
            homepage="https://github.com/altair-viz/vega_datasets",
            license=(
                "MIT (package vega-datasets 0.9.0); the numbers are of the U.S. Bureau of Labor Statistics, "
                "public domain"
            ),
        )

    def _split_generators(self, dl_manager):
        panel = read_employment()
        bounds = [int(np.searchsorted(panel[0].times, seconds_of(day) or 0)) for day in _STARTS.values()]
        ends = [*bounds[1:], len(panel[0].times)]
        return {
            part: self._generate_examples(panel, start, end)
            for part, start, end in zip(_STARTS, bounds, ends, strict=True)
        }

    def _generate_examples(self, panel, start, end):
        for number, series in enumerate(panel):
            part = series.part(start, end)
            yield number, {"values": part.values, "times": part.times, "static": list(part.static)}


def read_employment() -> list[Series]:
    """Returns the numbers that the installed package carries.

    Raises:
        ZooError: the package, or its file, is not installed.
    """
    rows = rows_of("us_employment", _PACKAGE, _VERSION, _FILE)
    times = np.array([seconds_of(row["month"]) for row in rows], np.int64)
    return [
        Series(
            COLUMNS, np.array([[float(row[name])] for row in rows], np.float32), times, static=(name, sector)
        )
        for name, sector in SECTORS.items()
    ]
