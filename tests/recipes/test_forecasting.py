import csv
import json
import warnings

import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, manifest_of, train
from tiny import assert_refused, write_series

from zoo import models
from zoo.__main__ import main as zoo_main
from zoo.data.own.observed import read_series
from zoo.tasks import Window

CASE = CASES["forecasting"]


@pytest.fixture(scope="module")
def model(trained_forecaster) -> models.Model:
    return models.load(trained_forecaster / "saved_models/tiny")


# What it learns -------------------------------------------------------------------------------------------


def test_it_learns_exports_and_shows_scores_beside_five_baselines(trained_forecaster):
    manifest = manifest_of(trained_forecaster)
    score, baselines = manifest["metrics"]["test"], manifest["baselines"]["test"]
    assert list(baselines) == ["naive", "7 steps before", "climatology", "exponential smoothing", "AR(1)"]
    assert score["mase"] < 0.95 * baselines["climatology"]["mase"]
    assert 0.5 < score["coverage"] < 0.97
    assert len(score["mase_by_step"]) == len(score["coverage_by_step"]) == 3
    assert score["mase_by_step"][0] < score["mase_by_step"][2]
    assert score["n"] == 60 - 3 + 1
    assert manifest["dataset"]["sizes"] == {"train": 210, "validation": 30, "test": 60}
    assert manifest["series"]["columns"] == ["load", "noise"]
    assert manifest["series"]["interval"] == 86_400
    card = (trained_forecaster / "saved_models/tiny/README.md").read_text()
    assert "forecast from 58 origins" in card and "--input FILE.csv" in card
    stored = json.loads((trained_forecaster / "runs/tiny/metrics.json").read_text())
    assert stored["test"] == {**baselines, "tiny": score}
    for picture in ("learning_curve.png", "forecast.png"):
        assert (trained_forecaster / "runs/tiny" / picture).read_bytes().startswith(b"\x89PNG")


# The exported model ---------------------------------------------------------------------------------------


def ask(model, values, time) -> dict[str, np.ndarray]:
    found = model.signatures["serving_default"](values=tf.constant(values), time=tf.constant(time))
    return {name: value.numpy() for name, value in found.items()}


def test_streamed_step_by_step_it_says_what_it_says_of_the_whole_window(model, series):
    read = read_series(series)
    values, times = read.values[-25:], read.times[-25:].astype("datetime64[s]").astype(str)
    whole = ask(model, values[None], times[-1:])
    state = tf.zeros([1, model.signatures["step"].structured_input_signature[1]["state"].shape[1]])
    for row, time in zip(values, times, strict=True):
        found = model.signatures["step"](values=row[None], time=tf.constant([time]), state=state)
        state = found["state"]
    for name in ("forecast", "quantiles"):
        np.testing.assert_allclose(found[name], whole[name], rtol=1e-5, atol=1e-5)
    assert whole["quantiles"].shape == (1, 3, 1, 3)


def test_quantiles_never_cross_and_the_middle_one_is_the_forecast(model):
    wild = np.random.default_rng(2).normal(0, 100, (40, 14, 2))
    found = ask(model, wild, ["2020-03-01"] * 40)
    assert (np.diff(found["quantiles"], axis=-1) >= 0).all()
    np.testing.assert_array_equal(found["quantiles"][..., 1], found["forecast"])


def test_what_is_not_valid_gives_nan_in_its_own_row_alone(model, series):
    good = read_series(series).values[-14:]
    gap = good.copy()
    gap[5, 1] = np.nan
    huge = good.copy()
    huge[-1, 1] = 3.4e38  # more than float32 holds, counted in deviations less than 1 wide
    windows, days = np.stack([good, gap, good, good, huge]), ["2020-12-15"] * 5
    days[2:4] = "soon", "2020-02-30"
    found = ask(model, windows, days)
    assert found["valid"].tolist() == [True, False, False, False, False]
    np.testing.assert_allclose(
        found["forecast"][0], ask(model, good[None], days[:1])["forecast"][0], rtol=1e-6
    )
    assert np.isnan(found["forecast"][1:]).all() and np.isnan(found["quantiles"][1:]).all()
    assert not ask(model, np.zeros([1, 0, 2]), days[:1])["valid"][0]
    assert ask(model, np.zeros([0, 14, 2]), np.array([], str))["forecast"].shape == (0, 3, 1)


def test_numbers_that_overflow_within_the_model_are_not_valid(model):
    signs = np.random.default_rng(5).choice([-3e38, 3e38], (20, 14, 2))
    found = ask(model, signs, ["2020-12-15"] * 20)
    np.testing.assert_array_equal(np.isfinite(found["quantiles"]).all((1, 2, 3)), found["valid"])


def test_an_observation_that_is_not_valid_leaves_the_state_as_it_was(model):
    size = model.signatures["step"].structured_input_signature[1]["state"].shape[1]
    state = np.random.default_rng(3).normal(0, 0.5, (5, size)).astype(np.float32)
    state[3, 0], state[4, -1] = np.nan, np.inf
    found = model.signatures["step"](
        values=tf.constant(
            [[10.0, 1.0], [np.nan, 1.0], [10.0, 3.4e38], [10.0, 1.0], [10.0, 1.0]], tf.float64
        ),
        time=tf.constant(["2020-12-15"] * 5),
        state=tf.constant(state),
    )
    assert found["valid"].numpy().tolist() == [True, False, False, False, False]
    np.testing.assert_array_equal(found["state"][1:], state[1:])
    assert np.abs(found["state"][0] - state[0]).max() > 1e-3
    assert np.isfinite(found["forecast"][0]).all() and np.isnan(found["forecast"][1:]).all()


# Its commands ---------------------------------------------------------------------------------------------


def test_it_forecasts_what_follows_the_end_of_a_table(trained_forecaster, series, tmp_path, call):
    name = str(trained_forecaster / "saved_models/tiny")
    shown = call(zoo_main, tmp_path, "predict", name, "--input", series).out
    assert "2020-12-16" in shown and "load" in shown
    call(zoo_main, tmp_path, "predict", name, "--input", series, "--output", "next.csv")
    with (tmp_path / "next.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["time"] for row in rows] == ["2020-12-16", "2020-12-17", "2020-12-18"]
    assert all(float(row["10%"]) < float(row["forecast"]) < float(row["90%"]) for row in rows)


def test_evaluate_repeats_the_scores_and_scores_other_tables(trained_forecaster, series, tmp_path, call):
    name = str(trained_forecaster / "saved_models/tiny")
    shown = call(zoo_main, tmp_path, "evaluate", name).out
    manifest = manifest_of(trained_forecaster)
    assert f"{manifest['metrics']['test']['mase']:.4f}" in shown and "exponential smoothing" in shown
    other = write_series(tmp_path / "other.csv", 40)
    flags = ("--dataset", other, "--output", "backtest.csv")
    shown = call(zoo_main, tmp_path, "evaluate", name, *flags).out
    # Methods that are fitted to the rows before the first forecast; of the week these are just two.
    assert "MASE" in shown and "AR(1)" in shown and "7 steps before" in shown
    with (tmp_path / "backtest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == (40 - 14 - 3 + 1) * 3
    assert all(float(row["10%"]) <= float(row["answer"]) <= float(row["90%"]) for row in rows)
    shown = call(zoo_main, tmp_path, "evaluate", name, "--split", "validation").out
    assert "MASE" in shown and "exponential smoothing" in shown


def test_a_table_shorter_than_a_window_is_continued_with_a_warning(trained_forecaster, tmp_path, call):
    name = str(trained_forecaster / "saved_models/tiny")
    short, shorter = write_series(tmp_path / "10.csv", 10), write_series(tmp_path / "3.csv", 3)
    for table, rows in ((short, 10), (shorter, 3)):
        said = call(zoo_main, tmp_path, "predict", name, "--input", table, "--output", "next.csv")
        assert f"has {rows} rows, and tiny learned from windows of 14" in said.err
        assert len((tmp_path / "next.csv").read_text().splitlines()) == 1 + 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"at_4_1": ""}, ("line 6", "'load' is blank", "fill it in")),
        ({"at_4_0": "2020-02-23"}, ("line 6", "repeats")),
        ({"at_29_2": "3.4e38"}, ("bad.csv", "too large to compute with")),
    ],
)
def test_a_table_that_cannot_be_continued_is_refused(trained_forecaster, tmp_path, call, changes, words):
    write_series(tmp_path / "bad.csv", **{"rows": 30, **changes})
    assert_refused(
        call,
        zoo_main,
        tmp_path,
        ("predict", trained_forecaster / "saved_models/tiny", "--input", "bad.csv"),
        *words,
    )


def test_another_unit_is_told(trained_forecaster, series, tmp_path, call):
    name, rows = str(trained_forecaster / "saved_models/tiny"), list(csv.reader(series.open()))
    for row in rows[1:]:
        row[1] = str(32 + 1.8 * float(row[1]))
    with (tmp_path / "fahrenheit.csv").open("w") as file:
        csv.writer(file).writerows(rows)
    told = call(zoo_main, tmp_path, "predict", name, "--input", "fahrenheit.csv").err
    assert "14 of 14 values of 'load' lie far from all that it was trained on" in told
    assert "noise" not in told
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        models.load(name).predict(series)
        with pytest.raises(UserWarning, match="same unit"):
            models.load(name).predict(tmp_path / "fahrenheit.csv")


def test_numbers_in_another_unit_are_forecast_in_it_where_that_is_said(
    trained_forecaster, series, tmp_path, call
):
    name, rows = str(trained_forecaster / "saved_models/tiny"), list(csv.reader(series.open()))
    for row in rows[1:]:
        row[1:] = [str(32 + 1.8 * float(cell)) for cell in row[1:]]
    with (tmp_path / "fahrenheit.csv").open("w") as file:
        csv.writer(file).writerows(rows)
    flags = ("--input", "fahrenheit.csv", "--rescale", "1.8", "32", "--output", "next.csv")
    assert "far from all" not in call(zoo_main, tmp_path, "predict", name, *flags).err
    call(zoo_main, tmp_path, "predict", name, "--input", series, "--output", "plain.csv")
    there, here = (
        [list(row.items())[2:] for row in csv.DictReader((tmp_path / file).open())]
        for file in ("next.csv", "plain.csv")
    )
    for celsius, fahrenheit in zip(here, there, strict=True):
        for (column, value), (_, other) in zip(celsius, fahrenheit, strict=True):
            assert float(other) == pytest.approx(32 + 1.8 * float(value), abs=1e-4), column
    wrong = ("predict", name, "--input", "fahrenheit.csv", "--rescale", "-1.8", "32")
    assert_refused(call, zoo_main, tmp_path, wrong, "the factor must be more than 0")
    tables = [write_series(tmp_path / f"{rows}.csv", rows) for rows in (20, 9)]
    both = models.load(name).predict(tables)
    assert [len(answer["forecasts"]) for answer in both] == [3, 3]


def test_what_stands_on_a_large_number_is_forecast_as_without_it(trained_forecaster, series, tmp_path, call):
    rows = list(csv.reader(series.open()))
    for row in rows[1:]:
        row[1] = f"{5e9 + float(row[1]):.3f}"
    with (tmp_path / "large.csv").open("w") as file:
        csv.writer(file).writerows(rows)
    call(CASE.program, tmp_path, "--dataset", "large.csv", "--name", "large", *CASE.flags)
    large, small = (
        [step["forecast"] for step in models.load(str(model)).predict(table)[0]["forecasts"]]
        for model, table in (
            (tmp_path / "saved_models/large", tmp_path / "large.csv"),
            (trained_forecaster / "saved_models/tiny", series),
        )
    )
    np.testing.assert_allclose(np.array(large) - 5e9, small, atol=0.02)


def test_numbers_that_are_none_have_no_forecast_and_are_still_json(trained_forecaster):
    found = models.load(trained_forecaster / "saved_models/tiny").predict(
        Window(np.full((14, 2), np.nan), "")
    )
    assert found[0]["valid"] is False
    assert {step["forecast"] for step in found[0]["forecasts"]} == {None}
    json.dumps(found, allow_nan=False)


def test_texts_are_refused(trained_forecaster, tmp_path, call):
    assert_refused(
        call, zoo_main, tmp_path, ("predict", trained_forecaster / "saved_models/tiny", "rain"), "--input"
    )


# The program ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "flags", "words"),
    [
        ({"at_7_2": "wet"}, (), ("line 9", "'noise' holds 'wet'", "--columns")),
        ({"at_7_1": ""}, (), ("line 9", "'load' is blank")),
        ({"at_7_0": "2020-02-01"}, (), ("line 9", "earlier")),
        ({"at_7_0": "2020-02-27T12:00"}, (), ("line 9", "one day apart")),
        ({"at_7_0": "monday"}, (), ("line 9", "'monday'", "no date")),
        ({"rows": 20}, (), ("train part", "14 rows", "take 17")),
        ({}, ("--horizon", "40"), ("validation part", "--horizon 40")),
        ({}, ("--year", "2"), ("--year 2", "set --year 0")),
        ({}, ("--columns", "load,wind"), ("no column 'wind'",)),
        ({}, ("--targets", "wind"), ("'wind'", "load,noise")),
        ({}, ("--quantiles", "0.1", "0.9"), ("--quantiles", "hold 0.5")),
        ({}, ("--warm-up", "14"), ("--warm-up 14", "at most 13")),
    ],
)
def test_bad_input_is_refused_in_one_line(tmp_path, call, changes, flags, words):
    write_series(tmp_path / "bad.csv", **changes)
    assert_refused(call, CASE.program, tmp_path, ("--dataset", "bad.csv", *CASE.flags, *flags), *words)


def test_a_column_that_never_changes_is_refused(tmp_path, call):
    write_series(tmp_path / "bad.csv", 60, **{f"at_{row}_2": "1" for row in range(60)})
    assert_refused(
        call,
        CASE.program,
        tmp_path,
        ("--dataset", "bad.csv", *CASE.flags),
        "'noise' never changes",
        "--columns load",
    )


def test_another_cell_and_precision_train_and_export(series, tmp_path):
    flags = [*CASE.flags, "--columns", "load", "--cell", "peephole_lstm", "--layers", "2",
             "--horizon", "1", "--quantiles", "0.5", "--epochs", "1", "--steps-per-epoch", "3", "--week", "0",
             "--batch-size", "5", "--mixed-precision", "--storage", "float16", "--members", "1",
             "--window", "6", "--warm-up", "2"]  # fmt: skip
    train("forecasting", tmp_path, "--dataset", series, *flags)
    manifest = manifest_of(tmp_path, "forecasting")
    outputs = manifest["signatures"]["serving_default"]["outputs"]
    assert outputs["quantiles"] == "float64 (any, 1, 1, 1)"
    assert "coverage" not in manifest["metrics"]["test"]
    assert list(manifest["baselines"]["test"]) == [
        "naive",
        "climatology",
        "exponential smoothing",
        "AR(1)",
        "damped trend",
    ]
