"""Tables of several series, of columns that are known ahead, and of values that are missing."""

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from zoo.data.own.observed import Layout, read_panel, read_parts, read_series
from zoo.data.own.times import written
from zoo.errors import ZooError

SHOPS = (
    "day,shop,kind,sold,price",
    "2020-01-01,A,city,10,1",
    "2020-01-01,B,town,5,2",
    "2020-01-02,A,city,11,1",
    "2020-01-02,B,town,6,2",
    "2020-01-03,A,city,12,1",
    "2020-01-03,B,town,7,3",
    "2020-01-04,A,city,13,2",
)
SEVERAL = Layout(series="shop", static="kind")


@pytest.fixture
def table(tmp_path):
    def write(*lines: str):
        path = tmp_path / "table.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def test_series_that_stand_in_one_table_are_told_apart(table):
    (a, none, _), (b, _, _) = read_panel(table(*SHOPS), SEVERAL)
    assert a.columns == b.columns == ("sold", "price")
    assert (a.name, a.static) == ("A", ("A", "city")) and b.static == ("B", "town")
    assert a.values.tolist() == [[10, 1], [11, 1], [12, 1], [13, 2]]
    assert b.values.tolist() == [[5, 2], [6, 2], [7, 3]]
    assert [written(seconds) for seconds in b.times] == ["2020-01-01", "2020-01-02", "2020-01-03"]
    assert none.shape == (0, 0) and a.interval == 86_400


def test_each_series_is_split_by_its_own_time(table):
    rows = [
        f"2020-01-{day:02},{shop},{day + of}" for shop, of in (("A", 0), ("B", 50)) for day in range(1, 21)
    ]
    parts = read_parts(table("t,of,x", *rows), Layout(series="of"))
    assert {part: [len(series.times) for series in panel] for part, panel in parts.items()} == {
        "train": [14, 14],
        "validation": [2, 2],
        "test": [4, 4],
    }
    assert parts["test"][1].values[:, 0].tolist() == [67, 68, 69, 70]


def test_rows_behind_the_last_observation_tell_what_is_known_of_the_future(table):
    path = table(
        "t,x,price", *(f"2020-01-0{day},{day},9" for day in (1, 2, 3)), "2020-01-04,,8", "2020-01-05,,7"
    )
    ((series, ahead, _),) = read_panel(path, Layout(known="price"))
    assert series.values.tolist() == [[1, 9], [2, 9], [3, 9]] and ahead.tolist() == [[8], [7]]
    # That a column is known is said once: it need not be among those that are read.
    ((series, _, _),) = read_panel(path, Layout("x", known="price"))
    assert series.columns == ("x", "price")


def test_what_is_known_ahead_must_be_told_in_every_row(table):
    rows = [f"2020-01-0{day},{day},9" for day in (1, 2, 3)]
    with pytest.raises(ZooError, match=r"line 5: the column 'price' is blank; fill it in"):
        read_panel(table("t,x,price", *rows, "2020-01-04,,"), Layout(known="price"))
    with pytest.raises(ZooError, match=r"line 3: the column 'x' is blank.*--missing"):
        read_panel(table("t,x,price", rows[0], "2020-01-02,,9", rows[2]), Layout(known="price"))
    with pytest.raises(ZooError, match=r"'price', which is known ahead, is needed in all; add the rows"):
        gap = (*rows, "2020-01-05,4,8")
        read_panel(table("t,x,price", *gap), Layout(known="price", missing="yes"))
    with pytest.raises(ZooError, match=r"'x': of all columns the future is known; nothing is left"):
        read_panel(table("t,x", *(row[:12] for row in rows)), Layout(known="x"))


def test_what_is_missing_is_no_number_and_what_is_left_out_a_row_of_none(table):
    path = table("t,x,y", "2020-01-01,1,5", "2020-01-02,,6", "2020-01-05,4,NA", "2020-01-06,5,8")
    ((series, _, _),) = read_panel(path, Layout(missing="yes"))
    nan = np.nan
    np.testing.assert_array_equal(series.values, [[1, 5], [nan, 6], [nan, nan], [nan, nan], [4, nan], [5, 8]])
    assert [written(seconds) for seconds in series.times][2:5] == ["2020-01-03", "2020-01-04", "2020-01-05"]
    with pytest.raises(ZooError, match=r"'x' is blank.*let what is missing be missing, with --missing"):
        read_series(path)


def test_months_that_are_left_out_are_put_in_on_the_day_of_the_others(table):
    months = ("2019-11-30,1", "2019-12-31,2", "2020-01-31,3", "2020-04-30,6", "2020-05-31,7")
    ((series, _, _),) = read_panel(table("t,x", *months), Layout(missing="yes"))
    assert [written(seconds) for seconds in series.times][3:5] == ["2020-02-29", "2020-03-31"]
    assert np.isnan(series.values[3:5, 0]).all() and series.values[5, 0] == 6
    with pytest.raises(
        ZooError, match=r"2020-04-30 follows 2020-01-31, but rows are one month apart.*--missing"
    ):
        read_series(table("t,x", *months))
    # By all of them: the 28th of February may be a last day, and here is none.
    days = ("2021-02-28,1", "2021-04-28,3", "2021-05-28,4", "2021-06-28,5")
    ((series, _, _),) = read_panel(table("t,x", *days), Layout(missing="yes"))
    assert (
        written(series.times[1]) == "2021-03-28"
        and series.interval == read_series(table("t,x", *days[1:])).interval
    )


def test_rows_between_the_steps_are_refused_where_values_may_be_missing(table):
    rows = ("2020-01-01,1", "2020-01-02,2", "2020-01-03,3", "2020-01-04T12:00,4", "2020-01-05,5")
    with pytest.raises(
        ZooError, match="2020-01-04T12:00:00 follows 2020-01-03, but rows are one day"
    ) as error:
        read_panel(table("t,x", *rows), Layout(missing="yes"))
    assert "--missing" not in str(error.value)  # which is said already


@pytest.mark.parametrize(
    ("lines", "layout", "words"),
    [
        (SHOPS, Layout("sold"), r"line 3.*repeats the one before it.*of several series|.*--series"),
        (SHOPS, Layout("sold", static="kind"), "--static kind.*--series"),
        (SHOPS, Layout(series="store"), "no column 'store'"),
        (
            (
                "t,of,x",
                *(
                    f"2020-01-0{day}{zone},{of},1"
                    for of, zone in (("A", "T00:00Z"), ("B", ""))
                    for day in (1, 2, 3)
                ),
            ),
            Layout(series="of"),
            "some series have a zone, those of others none",
        ),
        (SHOPS, Layout("sold,shop", series="shop"), "'shop' is named twice"),
        ((*SHOPS, "2020-01-05,A,town,14,2"), SEVERAL, "the series 'A' has 'city' and 'town' as kind"),
        ((*SHOPS, "2020-01-04,,town,8,3"), SEVERAL, "line 9 has a blank shop"),
        ((*SHOPS, "2020-01-01,C,city,14,2"), SEVERAL, "has 1 rows of 'C'"),
        (
            (*SHOPS, *(f"2020-0{month}-01,C,city,1,{month}" for month in (1, 2, 3, 4))),
            SEVERAL,
            "24 hours in .* and 730.485 hours in 'C' apart; give all series rows at the same intervals",
        ),
    ],
)
def test_what_is_no_panel_is_refused(table, lines, layout, words):
    with pytest.raises(ZooError, match=words):
        read_panel(table(*lines), layout)


def test_the_column_of_times_is_the_first_that_means_nothing_else(table):
    panel = read_panel(
        table("shop,t,x", *(f"A,2020-01-0{day},{day}" for day in (1, 2, 3))), Layout(series="shop")
    )
    assert panel[0].series.columns == ("x",) and written(panel[0].series.times[0]) == "2020-01-01"


def test_a_row_of_jsonl_without_its_series_is_refused(tmp_path):
    rows = (
        '{"t": "2020-01-01", "of": "A", "x": 1}',
        '{"t": "2020-01-02", "x": 2}',
        '{"t": "2020-01-03", "of": "A"}',
    )
    (tmp_path / "a.jsonl").write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(ZooError, match="line 2 has a blank of"):
        read_panel(tmp_path / "a.jsonl", Layout(series="of"))


def test_whole_numbers_that_parquet_stores_as_fractions_are_the_names_of_the_same_series(tmp_path):
    table = pyarrow.table(
        {"t": ["2020-01-01", "2020-01-02", "2020-01-03"], "of": [7.0, 7.0, 7.0], "x": [1, 2, 3]}
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    assert read_panel(tmp_path / "a.parquet", Layout(series="of"))[0].series.name == "7"


def test_a_known_column_that_is_blank_or_never_changes_is_left_out_of_known(table):
    rows = [f"2020-01-{day:02},{day},9" for day in range(1, 21)]
    with pytest.raises(ZooError, match=r"'price' never changes.*leave it out of --known"):
        read_parts(table("t,x,price", *rows), Layout(known="price"))
    with pytest.raises(ZooError, match=r"'price' is blank.*leave it out of --known"):
        read_panel(table("t,x,price", *rows, "2020-01-21,1,"), Layout(known="price"))
