"""Converted recognisers and forecasters answer as the saved ones do."""

import json
import subprocess
import sys

import numpy as np
import pytest
from converted import SAVED_MODELS, asked, converted

import zoo
from zoo import __main__, tasks
from zoo.edge import convert
from zoo.errors import ZooError

RECOGNISERS = [
    ("recognition_exercises", "onnx"),
    ("recognition_exercises", "litert"),
    ("recognition_vowels", "onnx"),
]
FORECASTERS = [("forecasting_seattle", "onnx"), ("forecasting_seattle", "litert")]


@pytest.fixture(scope="module", params=RECOGNISERS, ids=" ".join)
def recogniser(request, tmp_path_factory):
    name, to = request.param
    return converted(name, tmp_path_factory, to)


@pytest.fixture(scope="module", params=FORECASTERS, ids=" ".join)
def forecaster(request, tmp_path_factory):
    name, to = request.param
    return converted(name, tmp_path_factory, to)


# Recognisers ----------------------------------------------------------------------------------------------


def signals_for(model):
    about, random = tasks.AboutSignals.of(model.manifest), np.random.default_rng(3)
    low, high = np.array(about.seen).T
    signals = [random.uniform(low, high, (time, len(low))) for time in (1, 2, 9, about.longest, 2_100)]
    for signal in signals[2:]:
        signal[random.random(signal.shape) < 0.1] = np.nan
    ends, nothing, endless, huge = (signals[2].copy() for _ in range(4))
    ends[5:] = np.nan
    nothing[:] = np.nan
    endless[3, 0] = np.inf
    huge[3, 0] = 1e300
    return [*signals, ends, nothing, endless, huge]


def test_any_signal_is_what_the_saved_model_says(recogniser):
    model, _, ours = recogniser
    signals = signals_for(model)
    for signal, expected in zip(signals, model.predict(signals), strict=True):
        answer = ours.answer(signal)
        assert list(answer["scores"].values()) == pytest.approx(list(expected["scores"].values()), abs=1e-4)
        for name in ("label", "valid", "truncated"):
            assert answer[name] == expected[name], name
    assert [ours.answer(signal)["valid"] for signal in signals[-3:]] == [False] * 3
    assert ours.answer(signals[4])["truncated"]


def test_a_file_and_a_line_are_answered_where_there_is_no_tensorflow(recogniser, tmp_path, call):
    model, folder, _ = recogniser
    columns = tasks.AboutSignals.of(model.manifest).channels
    signal = signals_for(model)[2]
    cells = [["" if np.isnan(x) else repr(float(x)) for x in row] for row in signal]
    lines = [",".join(["note", *columns]), *(",".join(["x", *row]) for row in cells)]
    path = tmp_path / "turn.csv"
    path.write_text("".join(f"{line}\n" for line in lines))
    table = asked(folder, path)
    numbers = json.dumps([[None if np.isnan(x) else x for x in row] for row in signal.tolist()])
    assert asked(folder, given=f"{numbers}\n") == table
    (expected,) = model.predict([str(path)])
    assert table[0]["label"] == expected["label"]
    assert table[0]["score"] == pytest.approx(expected["score"], abs=1e-4)


# Forecasters ----------------------------------------------------------------------------------------------


def test_any_window_is_forecast_as_the_saved_model_does(forecaster):
    model, _, ours = forecaster
    random = np.random.default_rng(4)
    windows = [
        tasks.Window(random.uniform(-5, 35, (steps, 1)), time)
        for steps, time in (
            (90, "2014-02-28"),
            (1, "2020-02-29"),
            (200, "1969-12-31T23:00"),
            (7, "2031-07-01"),
        )
    ]
    broken = windows[0].values.copy()
    broken[4] = np.nan
    windows += [tasks.Window(broken, "2014-02-28"), tasks.Window(np.full((9, 1), 1e300), "2014-02-28")]
    for window, expected in zip(windows, model.predict(windows), strict=True):
        answer = ours.answer(window.values, window.time)
        assert answer["valid"] == expected["valid"]
        for step, right in zip(answer["forecasts"], expected["forecasts"], strict=True):
            assert step.pop("time") and step.pop("column") == right["column"]
            assert step == pytest.approx({name: right[name] for name in step}, abs=1e-3)
    assert [ours.answer(window.values, window.time)["valid"] for window in windows[-2:]] == [False] * 2


def test_a_table_is_forecast_with_dates_where_there_is_no_tensorflow(forecaster, tmp_path):
    model, folder, ours = forecaster
    days = np.arange("2015-06-01", "2015-09-20", dtype="datetime64[D]")
    lines = [f"{day},{20 + number % 7}" for number, day in enumerate(days)]
    path = tmp_path / "summer.csv"
    path.write_text("date,temp_max\n" + "".join(f"{line}\n" for line in lines))
    (table,) = asked(folder, path)
    (expected,) = model.predict([str(path)])
    assert [step["time"] for step in table["forecasts"]] == [step["time"] for step in expected["forecasts"]]
    for step, right in zip(table["forecasts"], expected["forecasts"], strict=True):
        assert {**step, "time": "", "column": ""} == pytest.approx(
            {**right, "time": "", "column": ""}, abs=1e-3
        )
    with pytest.raises(ValueError, match="give its time"):
        ours.answer([[20.0]])
    with pytest.raises(ValueError, match=r"shape \(1, 2\); give \(time, 1\): temp_max"):
        ours.answer([[20.0, 3.0]], "2015-01-01")


def test_a_table_in_disorder_is_told_with_its_line(forecaster, tmp_path):
    _, _, ours = forecaster
    path = tmp_path / "own.csv"
    for rows, told in (
        (["2015-06-02,20", "2015-06-01,21"], "line 3: comes -1 day, 0:00:00 after the row before it"),
        (["2015-06-01,20", "2015-06-11,21"], "line 3: comes 10 days.* lie 1 day.* apart, the oldest first"),
        (["2015-06-01,20", "02.06.2015,21"], "line 3: '02.06.2015' is no date; write it as 2026-01-31"),
        (["2015-06-01,20", "2015-06-02,warm"], "line 3: temp_max is 'warm', which is no number"),
    ):
        path.write_text("date,temp_max\n" + "".join(f"{row}\n" for row in rows))
        with pytest.raises(ValueError, match=told):
            ours.answer_file(path)
    path.write_bytes(b"RIFF\xff\x00\x80")
    with pytest.raises(ValueError, match=r"own.csv: is no table; give a CSV file in UTF-8"):
        ours.answer_file(path)
    path.write_text("date,temp_max\n2015/06/01T00:00Z,20\n2015/06/02,NA\n")
    assert ours.answer_file(path)["valid"] is False


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "error: line 2: "),
        ('{"values": [[18]], "tiem": "2015-01-01"}', "error: line 2: there is no 'tiem'; give values, time"),
        ('{"values": [18], "time": "2015-01-01"}', "shape (1,); give (time, 1): temp_max"),
        ('{"values": [[18]], "time": "yesterday"}', "'yesterday' is no date; write it as 2026-01-31"),
        ('{"time": "2015-01-01"}', ""),
    ],
)
def test_a_line_that_cannot_be_read_is_told_by_its_number(forecaster, line, told):
    _, folder, _ = forecaster
    good = '{"values": [[18.5], [19]], "time": "2015-01-01"}'
    command = [sys.executable, str(folder / "ask.py")]
    done = subprocess.run(command, input=f"{good}\n{line}\n", capture_output=True, text=True)
    assert json.loads(done.stdout.splitlines()[0])["valid"]
    errors = [each for each in done.stderr.splitlines() if each.startswith("error: ")]
    assert done.returncode == bool(told) and (told in errors[0] if told else not errors)


def test_the_help_says_what_it_takes(forecaster):
    _, folder, _ = forecaster
    command = [sys.executable, str(folder / "ask.py"), "--help"]
    said = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert '{"values": [row, row, ...], "time": "2026-01-31"}, a row being [temp_max]' in said


# What cannot be ------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_a_line(recogniser, tmp_path):
    _, folder, _ = recogniser
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    for name, told in (
        ("empty.csv", "has no rows"),
        ("other.csv", "has no column"),
        ("none.csv", "none.csv"),
    ):
        command = [sys.executable, str(folder / "ask.py"), str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.startswith("error: ") and told in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "own", "told"),
    [
        ("recognition_vowels", {"signals": {"scaling": []}}, "python -m zoo again recognition_vowels"),
        ("forecasting_seattle", {"usual": None}, "python -m zoo again forecasting_seattle"),
        ("forecasting_seattle", {"series": {"static": ["shop"]}}, "only forecasters of one series"),
        ("forecasting_seattle", {"series": {"known": ["price"]}}, "of which nothing is known ahead"),
    ],
)
def test_what_does_not_say_how_it_reads_is_told_how_it_will(name, own, told, tmp_path):
    model = zoo.load(str(SAVED_MODELS / name))
    changed = dict(model.manifest.own)
    for key, value in own.items():
        changed[key] = {**changed[key], **value} if value is not None else {}
    model.manifest = model.manifest.with_changes(own=changed)
    with pytest.raises(ZooError, match=told):
        convert(model, tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_the_command_says_how_it_is_asked(tmp_path, call):
    said = call(__main__.main, tmp_path, "convert", str(SAVED_MODELS / "recognition_vowels"))
    assert "ask.py" in said.out and ".csv" in said.out
