"""The forecaster that we ship, as its card says it is."""

import numpy as np
import pytest
import tensorflow as tf
from tiny import run

import zoo.data
from zoo import models
from zoo.cli.evaluate import evaluate
from zoo.data.own.series import join, series_of

ALONE = """
import sys
sys.modules["keras"] = None
import numpy as np, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
ask = model.signatures["serving_default"]
warm = tf.fill([1, 90, 1], tf.constant(20.0, tf.float64))
found = ask(values=warm, time=tf.constant(["2016-06-01"]))
print("FOUND", *found["forecast"][0, :, 0].numpy())
"""


@pytest.fixture(scope="module")
def model():
    return models.load("forecasting_seattle")


@pytest.fixture(scope="module")
def series(zoo_cache):
    examples = zoo.data.load("seattle_weather", "series")
    return join(*(series_of(examples.split(part), ["temp_max"]) for part in ("train", "validation", "test")))


def test_it_is_5_percent_better_than_the_best_baseline_and_its_interval_holds(model, capsys):
    manifest = model.manifest
    score = evaluate(model)
    stored, baselines = manifest.metrics["test"], manifest.baselines["test"]
    assert len(baselines) == 5
    assert score["mase"] <= 0.95 * min(baseline["mase"] for baseline in baselines.values())
    assert 0.75 <= score["coverage"] <= 0.85
    assert score["mase"] == pytest.approx(stored["mase"], abs=1e-4)
    shown = capsys.readouterr().out
    assert all(name in shown for name in baselines)


def test_live_data_step_by_step_gives_what_the_window_gives(model, series):
    step = model.signatures["step"]
    state = tf.zeros([1, step.structured_input_signature[1]["state"].shape[1]])
    days = series.times[-200:].astype("datetime64[s]").astype(str)
    for value, day in zip(series.values[-200:], days, strict=True):
        found = step(values=value[None], time=tf.constant([day]), state=state)
        state = found["state"]
    whole = model.signatures["serving_default"](
        values=tf.constant(series.values[None, -200:]), time=tf.constant([days[-1]])
    )
    for name in ("forecast", "quantiles"):
        np.testing.assert_allclose(found[name], whole[name], rtol=1e-5, atol=1e-5)


def test_tensorflow_alone_forecasts_what_is_plausible(model, tmp_path):
    line = run("-c", ALONE, str(model.path), cwd=tmp_path).stdout.split("FOUND")[1]
    forecast = [float(number) for number in line.split()]
    assert len(forecast) == 7
    assert all(15 < degrees < 25 for degrees in forecast)  # after 90 days of 20 degrees, in June


def test_all_files_are_small_enough_to_be_kept(model):
    assert sum(path.stat().st_size for path in model.path.rglob("*") if path.is_file()) < 1_000_000
