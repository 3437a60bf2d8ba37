from datetime import UTC, datetime

import numpy as np
import pytest

from zoo.text import dates


@pytest.mark.parametrize(
    "text",
    [
        "1970-01-01",
        "1969-12-31T23:59:59",
        "2000-02-29",
        "2100-03-01",
        "2015-01-31T13:05",
        "2015-12-31 00:00:01",
    ],
)
def test_dates_are_read_as_python_reads_them(text):
    (seconds,), (valid,) = dates.seconds([text])
    assert valid
    assert int(seconds) == datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_every_day_of_eight_years_is_counted():
    days = np.datetime64("1899-01-01") + np.arange(8 * 366)
    found, valid = dates.seconds(days.astype(str))
    assert valid.numpy().all()
    np.testing.assert_array_equal(found, days.astype("datetime64[s]").astype(np.int64))


@pytest.mark.parametrize(
    "text", ["", "soon", "2015-1-31", "2015-02-29", "1900-02-29", "2015-13-01", "2015-00-01", "0000-01-01",
             "2015-01-01T24:00", "2015-01-01T10:60", "2015-01-01T10", "2015-01-01Z", "2015-01-01\n",
             "２０１５-01-01"]
)  # fmt: skip
def test_what_is_no_date_is_not_valid_and_does_no_harm(text):
    (seconds, other), valid = dates.seconds([text, "1970-01-02"])
    assert valid.numpy().tolist() == [False, True]
    assert (seconds, other) == (0, 86_400)
