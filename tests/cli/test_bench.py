"""Benchmarks of training steps: what is measured, and the table."""

import csv
import json

import numpy as np
import pytest
import tensorflow as tf
from cases import CASES
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from zoo.bench import kernels, serving, step, training
from zoo.errors import ZooError


def test_a_step_is_measured_and_nothing_is_left_behind(reviews, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept, flags = tmp_path / "kept.npz", ["--dataset", str(reviews), *CASES["sentiment"].flags]
    found = step.measured("sentiment", 3, str(kept), flags)
    assert list(tmp_path.iterdir()) == [kept]
    with np.load(kept) as file:
        sizes = json.loads(str(file["sizes"]))
        assert len(file["tokens"]) == 13  # those before the measurement, too
        assert file["tokens"][-1] == np.count_nonzero(file["12/words"])
        assert len(file["12/words"]) == len(file["12/targets"])
    assert (sizes["units"], sizes["weights"]["logits/bias"]) == (8, [2])
    assert "core" in found["device"]
    assert 0 < found["step_ms"] < 60_000
    assert found["cpu_ms"] > 0
    assert found["tokens_per_second"] > 10
    assert found["run"] > 300
    assert found["traced"] > 300


def test_tokens_are_counted_without_padding():
    import tensorflow as tf

    words = tf.constant([[5, 6, 0], [7, 0, 0]])
    assert step.tokens({"picture": tf.zeros([2, 8, 8, 3]), "caption": words}) == 3
    assert step.tokens({"deviations": tf.zeros([2, 9, 4]), "waves": tf.zeros([2, 9, 1])}) == 18


def test_every_recipe_is_in_the_table_and_in_the_csv(tmp_path, monkeypatch, capsys):
    def measured(recipe, preset, device, steps, python):
        names = ("step_ms", "cpu_ms", "faults", "tokens_per_second", "busy", "traced", "run")
        return {"device": f"a {device}", **dict.fromkeys(names, steps * 100.0), "pytorch_ms": None}

    monkeypatch.setattr(training, "_measured", measured)
    training.main(output=str(tmp_path / "steps.csv"))
    printed = capsys.readouterr().out
    with (tmp_path / "steps.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = {case.name for case in CASES.values()}
    assert [row["recipe"] for row in rows] == sorted(names)
    assert {row["device"] for row in rows} == {"a CPU"}
    assert rows[0]["step_ms"] == "4000.0"
    assert rows[0]["tensorflow"].startswith("2.")
    for name in names:
        assert f"{name}  on the CPU: 4000.0 ms a step" in printed


def test_a_full_run_takes_the_largest_presets_too(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "150")
    said = []

    def record(command, what, environment):
        said.append(command)
        figures = ("step_ms", "cpu_ms", "faults", "tokens_per_second", "busy", "traced", "run")
        return {"device": "a CPU", **dict.fromkeys(figures, 1)}

    monkeypatch.setattr(training, "_said", record)
    monkeypatch.setattr(training, "_with_pytorch", lambda python: ("a python", "2.0"))
    training.main(full=True, recipes=["sentiment", "forecasting"])
    ours = [command[3:5] + command[6:] for command in said if command[0] != "a python"]
    assert ours == [
        ["sentiment", "200"],
        ["sentiment", "200", "--preset", "imdb", "--dataset", "tweets"],
        ["forecasting", "200"],
    ]
    beside = [command for command in said if command[0] == "a python"]
    assert [command[1].endswith("pytorch.py") for command in beside] == [True] * 2
    assert "sentiment, imdb, CPU" in capsys.readouterr().out


def test_a_python_without_pytorch_is_refused_only_where_it_was_asked_for(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(ZooError, match="it has no PyTorch; install it there"):
        training.main(pytorch=str(python))
    with pytest.raises(ZooError, match="No such file or directory; give the path of a Python"):
        training.main(pytorch=str(tmp_path / "nothing"))


def test_the_time_in_kernels_counts_once_what_overlaps():
    """Two streams from 0 to 10 and 5 to 15, then one from 20 to 40: 35 of 40."""
    trace = xplane_pb2.XSpace()
    for plane, line, spans in (
        ("/device:GPU:0", "Stream #1", [(0, 10), (20, 20)]),
        ("/device:GPU:0", "Stream #2", [(5, 10)]),
        ("/device:GPU:0", "Steps", [(0, 1000)]),
        ("/host:CPU", "Stream", [(0, 1000)]),
    ):
        events = trace.planes.add(name=plane).lines.add(name=line, timestamp_ns=7).events
        for began, lasted in spans:
            events.add(offset_ps=began, duration_ps=lasted)
    assert kernels.busy(trace) == 35 / 40
    assert kernels.busy(xplane_pb2.XSpace()) == 0


def test_a_trace_is_taken_and_read():
    done = []
    assert kernels.share_in_kernels(lambda: done.append(tf.reduce_sum(tf.ones((9, 9))).numpy())) == 0
    assert done == [81]


def test_what_cannot_be_measured_or_written_is_told_first(tmp_path):
    with pytest.raises(ZooError, match="TensorFlow sees no GPU here; `bench training` measures"):
        training.main(gpu=True)
    with pytest.raises(ZooError, match="there is no such folder"):
        training.main(output=str(tmp_path / "nowhere/steps.csv"))


def test_a_recipe_that_fails_is_told_with_its_device():
    with pytest.raises(ZooError, match=r"(?s)nothing on the CPU: .*No module named 'zoo.recipes.nothing'"):
        training.main(recipes=["nothing"])


def test_what_wrk_saw_is_read():
    report = """Running 10s test @ http://127.0.0.1:8501/v1/models/m:predict
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    21.50ms    4.11ms  58.02ms   80.11%
  Latency Distribution
     50%   21.10ms
     75%   23.00ms
     90%   26.40ms
     99%    1.04s
  14801 requests in 10.01s, 4.33MB read
  Socket errors: connect 0, read 1, write 0, timeout 2
  Non-2xx or 3xx responses: 4
Requests/sec:   1478.62
"""
    assert serving.read(report) == serving.Load(1478.62, 21.1, 1040, 7)
    assert serving.read(report.replace("21.10ms", "900.00us")).median == 0.9
