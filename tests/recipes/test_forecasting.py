import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tiny import assert_refused, checkpoint, operations, run, stop_when, write_series

from zoo import cli, models, training
from zoo.__main__ import main as zoo_main
from zoo.data.climatology import Climatology
from zoo.data.own.series import read_series
from zoo.export import serving
from zoo.recipes import forecasting
from zoo.tasks import About
from zoo.training.losses import PinballLoss

RECIPE = ("-m", "zoo.recipes.forecasting")
TINY = ("--year", "0", "--week", "1", "--window", "14", "--horizon", "3", "--warm-up", "4", "--units", "6",
        "--members", "2", "--batch-size", "16", "--learning-rate", "0.02", "--epochs", "3",
        "--steps-per-epoch", "12")  # fmt: skip
# Gives the process two devices before the recipe starts.
ON_TWO_DEVICES = """
import runpy, sys
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
runpy.run_module("zoo.recipes.forecasting", run_name="__main__", alter_sys=True)
"""


def recipe() -> None:
    cli.run(forecasting.Config, forecasting.main, presets="forecasting")


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    return write_series(tmp_path_factory.mktemp("series") / "load.csv")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, table) -> Path:
    folder = tmp_path_factory.mktemp("forecasting")
    flags = ("--dataset", str(table), "--targets", "load", "--name", "tiny", *TINY)
    run(*RECIPE, *flags, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def model(trained) -> models.Model:
    return models.load(trained / "saved_models/tiny")


# What it learns -------------------------------------------------------------------------------------------


def test_it_learns_exports_and_shows_scores_beside_four_baselines(trained):
    manifest = json.loads((trained / "saved_models/tiny/zoo.json").read_text())
    score, baselines = manifest["metrics"]["test"], manifest["baselines"]["test"]
    assert list(baselines) == ["naive", "7 steps before", "climatology", "exponential smoothing"]
    assert score["mase"] < 0.95 * baselines["climatology"]["mase"]
    assert 0.5 < score["coverage"] < 0.97
    assert len(score["mase_by_step"]) == len(score["coverage_by_step"]) == 3
    assert score["mase_by_step"][0] < score["mase_by_step"][2]
    assert score["n"] == 60 - 3 + 1
    assert manifest["dataset"]["sizes"] == {"train": 210, "validation": 30, "test": 60}
    assert manifest["series"]["columns"] == ["load", "noise"]
    assert manifest["series"]["interval"] == 86_400
    card = (trained / "saved_models/tiny/README.md").read_text()
    assert "forecast from 58 origins" in card and "--input FILE.csv" in card
    stored = json.loads((trained / "runs/tiny/metrics.json").read_text())
    assert stored["test"] == {**baselines, "tiny": score}
    for picture in ("learning_curve.png", "forecast.png"):
        assert (trained / "runs/tiny" / picture).read_bytes().startswith(b"\x89PNG")


# The exported model ---------------------------------------------------------------------------------------


def ask(model, values, time) -> dict[str, np.ndarray]:
    found = model.signatures["serving_default"](values=tf.constant(values), time=tf.constant(time))
    return {name: value.numpy() for name, value in found.items()}


def test_streamed_step_by_step_it_says_what_it_says_of_the_whole_window(model, table):
    series = read_series(table)
    values, times = series.values[-25:], series.times[-25:].astype("datetime64[s]").astype(str)
    whole = ask(model, values[None], times[-1:])
    state = tf.zeros([1, model.signatures["step"].structured_input_signature[1]["state"].shape[1]])
    for row, time in zip(values, times, strict=True):
        found = model.signatures["step"](values=row[None], time=tf.constant([time]), state=state)
        state = found["state"]
    for name in ("forecast", "quantiles"):
        np.testing.assert_allclose(found[name], whole[name], rtol=1e-5, atol=1e-5)
    assert whole["quantiles"].shape == (1, 3, 1, 3)


def test_quantiles_never_cross_and_the_middle_one_is_the_forecast(model):
    wild = np.random.default_rng(2).normal(0, 100, (40, 14, 2)).astype(np.float32)
    found = ask(model, wild, ["2020-03-01"] * 40)
    assert (np.diff(found["quantiles"], axis=-1) >= 0).all()
    np.testing.assert_array_equal(found["quantiles"][..., 1], found["forecast"])


def test_what_is_not_valid_gives_nan_in_its_own_row_alone(model, table):
    good = read_series(table).values[-14:]
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
    assert not ask(model, np.zeros([1, 0, 2], np.float32), days[:1])["valid"][0]
    assert ask(model, np.zeros([0, 14, 2], np.float32), np.array([], str))["forecast"].shape == (0, 3, 1)


def test_numbers_that_overflow_within_the_model_are_not_valid(model):
    signs = np.random.default_rng(5).choice([-3e38, 3e38], (20, 14, 2)).astype(np.float32)
    found = ask(model, signs, ["2020-12-15"] * 20)
    np.testing.assert_array_equal(np.isfinite(found["quantiles"]).all((1, 2, 3)), found["valid"])


def test_an_observation_that_is_not_valid_leaves_the_state_as_it_was(model):
    size = model.signatures["step"].structured_input_signature[1]["state"].shape[1]
    state = np.random.default_rng(3).normal(0, 0.5, (5, size)).astype(np.float32)
    state[3, 0], state[4, -1] = np.nan, np.inf
    found = model.signatures["step"](
        values=tf.constant([[10.0, 1.0], [np.nan, 1.0], [10.0, 3.4e38], [10.0, 1.0], [10.0, 1.0]]),
        time=tf.constant(["2020-12-15"] * 5),
        state=tf.constant(state),
    )
    assert found["valid"].numpy().tolist() == [True, False, False, False, False]
    np.testing.assert_array_equal(found["state"][1:], state[1:])
    assert np.abs(found["state"][0] - state[0]).max() > 1e-3
    assert np.isfinite(found["forecast"][0]).all() and np.isnan(found["forecast"][1:]).all()


# Its commands ---------------------------------------------------------------------------------------------


def test_it_forecasts_what_follows_the_end_of_a_table(trained, table, tmp_path, call):
    name = str(trained / "saved_models/tiny")
    shown = call(zoo_main, tmp_path, "predict", name, "--input", table).out
    assert "2020-12-16" in shown and "load" in shown
    call(zoo_main, tmp_path, "predict", name, "--input", table, "--output", "next.csv")
    with (tmp_path / "next.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["time"] for row in rows] == ["2020-12-16", "2020-12-17", "2020-12-18"]
    assert all(float(row["10%"]) < float(row["forecast"]) < float(row["90%"]) for row in rows)


def test_evaluate_repeats_the_scores_and_scores_other_tables(trained, table, tmp_path, call):
    name = str(trained / "saved_models/tiny")
    shown = call(zoo_main, tmp_path, "evaluate", name).out
    manifest = json.loads((trained / "saved_models/tiny/zoo.json").read_text())
    assert f"{manifest['metrics']['test']['mase']:.4f}" in shown and "exponential smoothing" in shown
    other = write_series(tmp_path / "other.csv", 40)
    assert "MASE" in call(zoo_main, tmp_path, "evaluate", name, "--dataset", other).out
    assert "MASE" in call(zoo_main, tmp_path, "evaluate", name, "--split", "validation").out


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rows": 10}, ("has 10 rows", "looks back on 14")),
        ({"at_4_1": ""}, ("line 6", "'load' is blank", "fill it in")),
        ({"at_4_0": "2020-02-23"}, ("line 6", "repeats")),
        ({"at_29_2": "3.4e38"}, ("bad.csv", "too large to compute with")),
    ],
)
def test_a_table_that_cannot_be_continued_is_refused(trained, tmp_path, call, changes, words):
    write_series(tmp_path / "bad.csv", **{"rows": 30, **changes})
    assert_refused(
        call, zoo_main, tmp_path, ("predict", trained / "saved_models/tiny", "--input", "bad.csv"), *words
    )


def test_texts_are_refused(trained, tmp_path, call):
    assert_refused(call, zoo_main, tmp_path, ("predict", trained / "saved_models/tiny", "rain"), "--input")


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
    assert_refused(call, recipe, tmp_path, ("--dataset", "bad.csv", *TINY, *flags), *words)


def test_a_column_that_never_changes_is_refused(tmp_path, call):
    write_series(tmp_path / "bad.csv", 60, **{f"at_{row}_2": "1" for row in range(60)})
    assert_refused(
        call, recipe, tmp_path, ("--dataset", "bad.csv", *TINY), "'noise' never changes", "--columns load"
    )


def test_killed_it_ends_with_bit_identical_weights(trained, table, tmp_path):
    command = [*RECIPE, "--dataset", str(table), "--targets", "load", "--name", "tiny", *TINY]
    stop_when((tmp_path / "runs/tiny/checkpoint.npz").exists, command, tmp_path)
    assert not (tmp_path / "saved_models").exists()
    output = run(*command, cwd=tmp_path).stdout
    assert "continues after epoch" in output or "training was finished" in output
    (expected, state), (found, found_state) = checkpoint(trained), checkpoint(tmp_path)
    assert found_state["best_epoch"] == state["best_epoch"]
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_another_cell_and_precision_on_two_devices_train_and_export(table, tmp_path):
    flags = ["--dataset", str(table), *TINY, "--columns", "load", "--cell", "peephole_lstm", "--layers", "2",
             "--horizon", "1", "--quantiles", "0.5", "--epochs", "1", "--steps-per-epoch", "3", "--week", "0",
             "--batch-size", "5", "--mixed-precision", "--strategy", "mirrored", "--storage", "float16",
             "--members", "1", "--window", "6", "--warm-up", "2"]  # fmt: skip
    run("-c", ON_TWO_DEVICES, *flags, cwd=tmp_path)
    manifest = json.loads((tmp_path / "saved_models/forecasting/zoo.json").read_text())
    outputs = manifest["signatures"]["serving_default"]["outputs"]
    assert outputs["quantiles"] == "float32 (any, 1, 1, 1)"
    assert "coverage" not in manifest["metrics"]["test"]
    assert list(manifest["baselines"]["test"]) == ["naive", "climatology", "exponential smoothing"]


def test_a_copied_recipe_runs_elsewhere_and_goes_on_from_a_trained_one(trained, table, tmp_path):
    shutil.copy(forecasting.__file__, tmp_path / "mine.py")
    flags = ["--dataset", str(table), "--targets", "load", *TINY, "--epochs", "1", "--steps-per-epoch", "2",
             "--learning-rate", "1e-6", "--init-from", str(trained / "runs/tiny")]  # fmt: skip
    output = run("mine.py", *flags, cwd=tmp_path).stdout
    count = len(checkpoint(trained)[1]["weights"])
    assert f"{count} of {count} weights" in output


def test_with_a_gpu_all_rnns_train_on_the_fused_kernel_and_none_is_exported(monkeypatch):
    # An `import ... as` of this path binds a function of the same name, not the module.
    monkeypatch.setattr(sys.modules["keras.src.backend.tensorflow.rnn"], "_is_gpu_available", lambda: True)
    config = cli.parse("forecasting", forecasting.Config, list(TINY))
    network = forecasting.build_model(config, 2, 2, 1)
    network.compile(training.make_optimizer(config, 10), PinballLoss(config.quantiles), jit_compile=False)
    inputs = {"deviations": tf.zeros([4, 14, 2]), "waves": tf.zeros([4, 14, 2])}
    data = (inputs, tf.ones([4, 14, 3, 1]), tf.ones([4]))
    step = operations(tf.function(network.train_step).get_concrete_function(data))
    assert step.count("CudnnRNNV3") == step.count("CudnnRNNBackpropV3") == 2
    assert not step.count("While") + step.count("StatelessWhile")

    week = ((7 * 86_400.0, 1),)
    climatology = Climatology(week, np.ones([3, 2], np.float32), np.ones(2, np.float32))
    module = forecasting.Forecasting(config, network, climatology, About(["a", "b"], ["a"], 86_400, [1.0]))
    assert [layer.use_cudnn for layer in serving.recurrent_layers(module.model)] == [False] * 2
    for function in (module.forecast, module.step):
        exported = operations(function.get_concrete_function())
        assert len(exported) > 50
        assert not [name for name in exported if "Cudnn" in name]
