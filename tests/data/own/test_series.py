import datetime
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from tiny import rows_of

import zoo.data
from zoo.data.own.observed import read_series
from zoo.data.own.series import Series, later
from zoo.data.own.times import seconds_of, written
from zoo.errors import ZooError


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_numbers_and_times_are_read_in_order(tmp_path):
    path = write(tmp_path / "a.csv", "when,x,y", "2020-02-28,1,-2.5", "2020-02-29,2,1e3", "2020/03/01,3,0")
    series = read_series(path)
    assert series.columns == ("x", "y")
    np.testing.assert_array_equal(series.values, np.array([[1, -2.5], [2, 1000], [3, 0]]))
    assert [written(seconds) for seconds in series.times] == ["2020-02-28", "2020-02-29", "2020-03-01"]
    assert series.interval == 86_400


def test_parquet_holds_dates_and_numbers_as_such(tmp_path):
    days = [datetime.date(2020, 2, 28), datetime.date(2020, 2, 29), datetime.date(2020, 3, 1)]
    for name, times in (
        ("days", days),
        ("moments", pyarrow.array(days).cast("timestamp[ns]")),
        ("texts", [day.isoformat() for day in days]),
    ):
        table = pyarrow.table({"when": times, "x": [1, 2, 3], "y": [-2.5, 1e-7, 0.1 + 0.2]})
        parquet.write_table(table, tmp_path / f"{name}.parquet")
        series = read_series(tmp_path / f"{name}.parquet")
        assert series.values.tolist() == [[1, -2.5], [2, 1e-7], [3, 0.1 + 0.2]]
        assert [written(seconds) for seconds in series.times] == ["2020-02-28", "2020-02-29", "2020-03-01"]
    table = pyarrow.table({"when": days, "x": [1, None, 3]})
    parquet.write_table(table, tmp_path / "gap.parquet")
    with pytest.raises(ZooError, match="line 2: the column 'x' is blank; fill it in"):
        read_series(tmp_path / "gap.parquet")


def test_columns_are_chosen_by_name_and_texts_among_the_others_do_no_harm(tmp_path):
    path = write(tmp_path / "a.csv", "sky,x,day", "sun,1,2020-01-01", "rain,2,2020-01-02", "sun,3,2020-01-03")
    assert read_series(path, "x", "day").columns == ("x",)
    with pytest.raises(ZooError, match=r"line 2: the time 'sun'.*--time"):
        read_series(path)


@pytest.mark.parametrize(
    ("times", "following"),
    [
        (
            ("2020-01-01T22:00", "2020-01-01T23:00", "2020-01-02"),
            ["2020-01-02T01:00:00", "2020-01-02T02:00:00"],
        ),
        (("2019-11", "2019-12", "2020-01"), ["2020-02-01", "2020-03-01"]),
        (("2019-12-31", "2020-01-31", "2020-02-29"), ["2020-03-31", "2020-04-30"]),
        (("2020-01-29", "2020-02-29", "2020-03-29"), ["2020-04-29", "2020-05-29"]),
        (("2019-04-30", "2019-06-30", "2019-08-31"), ["2019-10-31", "2019-12-31"]),
        (("0998", "0999", "1000"), ["1001-01-01", "1002-01-01"]),
        (("2018", "2019", "2020"), ["2021-01-01", "2022-01-01"]),
        (("2020-01-06", "2020-01-13", "2020-01-20"), ["2020-01-27", "2020-02-03"]),
    ],
)
def test_hours_weeks_months_and_years_go_on_as_they_should(tmp_path, times, following):
    rows = [f"{time},{row}" for row, time in enumerate(times)]
    series = read_series(write(tmp_path / "a.csv", "year,x", *rows))
    assert [written(seconds) for seconds in later(series, 2)] == following


@pytest.mark.parametrize(
    ("times", "interval", "following"),
    [
        # Midnight in Tokyo is the afternoon before in UTC.
        (
            ["2024-02-24T00:00:00+09:00", "2024-02-25T00:00:00+09:00", "2024-02-26T00:00:00+09:00"],
            86_400,
            ["2024-02-27T00:00:00+09:00", "2024-02-28T00:00:00+09:00"],
        ),
        # Midnights in Paris, where the last Sunday in March has 23 hours: days by the clock on the wall.
        (
            ["2024-03-30T00:00+01:00", "2024-03-31T00:00+01:00", "2024-04-01T00:00+02:00"],
            86_400,
            ["2024-04-02", "2024-04-03"],
        ),
        # Hours there: one is left out by the clock on the wall, none in truth.
        (
            ["2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00", "2024-03-31T04:00+02:00"],
            3_600,
            ["2024-03-31T05:00:00+02:00", "2024-03-31T06:00:00+02:00"],
        ),
        (
            ["2024-02-26T22:00Z", "2024-02-26T23:00Z", "2024-02-27T00:00Z"],
            3_600,
            ["2024-02-27T01:00:00+00:00", "2024-02-27T02:00:00+00:00"],
        ),
    ],
)
def test_the_clock_that_the_user_reads_is_the_one_that_is_spoken_of(tmp_path, times, interval, following):
    rows = [f"{time},{row}" for row, time in enumerate(times)]
    series = read_series(write(tmp_path / "a.csv", "t,x", *rows))
    assert series.interval == interval
    assert [written(seconds, series.zone) for seconds in later(series, 2)] == following
    with pytest.raises(ZooError, match=f"{times[1][:10]}.* is earlier"):
        read_series(write(tmp_path / "b.csv", "t,x", rows[0], rows[2], rows[1]))


def test_a_time_with_a_zone_is_counted_in_utc():
    assert seconds_of("1970-01-01T02:00+02:00") == seconds_of("1970-01-01") == 0
    assert seconds_of("31.01.2020") is None
    assert written(seconds_of("0850-07-01T06:30")) == "0850-07-01T06:30:00"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            ("t,x", "2020-01-01,1", "2020-01-02,", "2020-01-03,1"),
            "line 3: the column 'x' is blank; fill it in",
        ),
        (("t,x", "2020-01-01,1", "2020-01-02,NaN", "2020-01-03,1"), "line 3: the column 'x' is blank"),
        (("t,x", "2020-01-01,1", "2020-01-02,low", "2020-01-03,1"), "line 3.*'low', which is no number"),
        (("t,x", "2020-01-01,1", "2020-01-02,1e99", "2020-01-03,1"), "line 3.*too large"),
        (("t,x", "2020-01-01,1", "2020-01-02,2", "2020-01-02,3"), "line 4.*repeats"),
        (("t,x", "2020-01-01,1", "2020-01-03,2", "2020-01-02,3"), "line 4.*earlier"),
        (
            ("t,x", "2020-01-01,1", "2020-01-02,2", "2020-01-04,3", "2020-01-05,3"),
            "line 4: 2020-01-04 follows 2020-01-02, but rows are one day apart.*add the missing rows",
        ),
        (("t,x", "2020-01,1", "2020-02,2", "2020-04,3", "2020-05,3"), "line 4.*one month apart"),
        (("t,x", "2020-01-01,1", "2020-02-30,2", "2020-03-01,3"), "line 3: the time '2020-02-30'"),
        (("t,x", "2020-01-01,1"), "has 1 rows"),
        (("t", "2020-01-01", "2020-01-02", "2020-01-03"), "'t' is the column of times"),
        (("t,x", "2020-01-01,1", "2020-01-02T00:00Z,2", "2020-01-03,3"), "line 3.*has a zone.*write all"),
        (("t,x", "2020-01-01T00:00Z,1", "2020-01-02,2", "2020-01-03,3"), "line 3.*has no zone.*write all"),
        (("t,x", "1000,1", "1001,2", "1002,3"), "line 2: the time '1000' .* may be a year or a count; call"),
        (("t,x", "2020-01-01,1_100", "2020-01-02,2", "2020-01-03,3"), "line 2.*'1_100', which is no number"),
        (("t,x", "2020-01-01,inf", "2020-01-02,2", "2020-01-03,3"), "line 2.*'inf', which is no number"),
        (("t,x", "2020-01-01,١٢", "2020-01-02,2", "2020-01-03,3"), "line 2.*which is no number"),
        (
            ("t,x", "2020-01-01T00:00:00.1,1", "2020-01-01T00:00:00.2,2", "2020-01-01T00:00:00.3,3"),
            "line 3.*in one second.*whole seconds",
        ),
        (
            ("t,x", "2020-01-31,1", "2020-02-28,2", "2020-03-31,3", "2020-04-30,4"),
            "a month apart, but on no one day.*as 2020-01",
        ),
        (("date;x", "2020-01-01;1,5", "2020-01-02;2,5", "2020-01-03;3"), "semicolons.*decimal point"),
        (('t,"x, y"', "2020-01-01,1", "2020-01-02,2", "2020-01-03,3"), "'x, y' .*holds a comma.*; rename it"),
        (("t,x,", "2020-01-01,1,0", "2020-01-02,2,0", "2020-01-03,3,0"), "'' is blank.*; rename it"),
        (("",), "the file is empty; it needs rows"),
    ],
)
def test_what_is_no_series_is_refused_by_line_and_column(tmp_path, lines, words):
    with pytest.raises(ZooError, match=words):
        read_series(write(tmp_path / "a.csv", *lines))


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ('{"t": "2020-01-02"}', "line 2: the column 'x' is blank; fill it in"),
        ('{"x": 2}', "line 2: the time '' .* is no date"),
    ],
)
def test_a_row_of_jsonl_without_a_column_is_refused(tmp_path, second, words):
    first, third = '{"t": "2020-01-01", "x": 1}', '{"t": "2020-01-03", "x": 3}'
    with pytest.raises(ZooError, match=words):
        read_series(write(tmp_path / "a.jsonl", first, second, third))
    with pytest.raises(ZooError, match="the first row has no columns"):
        read_series(write(tmp_path / "a.jsonl", "{}", "{}", "{}"))


def test_a_model_finds_its_column_of_times_by_name_and_else_takes_the_first(tmp_path):
    cells = ("x,when", "1,2020-01-01", "2,2020-01-02", "3,2020-01-03")
    path = write(tmp_path / "a.csv", *cells)
    assert read_series(path, "x", "when", flags=False).values[:, 0].tolist() == [1, 2, 3]
    with pytest.raises(ZooError, match="'x' is the column of times; put the column of times first"):
        read_series(path, "x", "day", flags=False)
    turned = write(tmp_path / "b.csv", *(",".join(reversed(row.split(","))) for row in cells))
    assert read_series(turned, "x", "day", flags=False).values[:, 0].tolist() == [1, 2, 3]


def test_a_table_is_split_by_time(tmp_path):
    days = np.datetime64("2020-01-01") + np.arange(20)
    path = write(tmp_path / "a.csv", "day,x", *(f"{day},{row}" for row, day in enumerate(days)))
    examples = zoo.data.load(str(path), "series")
    assert examples.label_names == ("x",)
    parts = [next(rows_of(examples, part)) for part in ("train", "validation", "test")]
    assert [row["values"][:, 0].tolist() for row in parts] == [
        list(range(14)), [14, 15], list(range(16, 20)),
    ]  # fmt: skip
    assert written(parts[2]["times"][0]) == "2020-01-17"


def test_constant_columns_and_strange_options_are_refused(tmp_path):
    days = np.datetime64("2020-01-01") + np.arange(20)
    path = write(tmp_path / "a.csv", "day,x,y", *(f"{day},{row},7" for row, day in enumerate(days)))
    with pytest.raises(
        ZooError, match="'y' never changes in the training part; leave it out with --columns x"
    ):
        zoo.data.load(str(path), "series")
    with pytest.raises(ZooError, match=r"columns.*for series only"):
        zoo.data.load(str(path), "classification", columns="x")
    with pytest.raises(ZooError, match="unknown data set 'nowhere': choose seattle_weather"):
        zoo.data.load("nowhere", "series")


def test_parts_of_a_series_keep_its_columns_apart():
    series = Series(("a", "b"), np.arange(8, dtype=np.float32).reshape(4, 2), np.arange(4))
    assert series.only([1]).values.tolist() == [[1], [3], [5], [7]]
    assert series.part(-2, None).times.tolist() == [2, 3]
