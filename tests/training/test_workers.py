"""Processes that train together are one, but for the rounding; and none waits for one that is gone."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import networks
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, checkpoint
from tiny import run

from zoo import models
from zoo.errors import ZooError
from zoo.training import workers

# A recipe, but for what comes after its training; the worker told of ends as soon as there is a checkpoint.
TRAINED_ONLY = """
import json, os, runpy, signal, sys
from zoo import training
from zoo.training.checkpoint import Checkpoint
def leave(self, *_):
    self._crew.leave()
    sys.exit(0)
training.Run.evaluate = leave
save = Checkpoint.save
def save_and_end(self):
    save(self)
    number = json.loads(os.environ.get("TF_CONFIG", '{"task": {"index": 0}}'))["task"]["index"]
    if os.environ.get("ENDS") == str(number):
        os.kill(os.getpid(), int(os.environ["SIGNAL"]))
Checkpoint.save = save_and_end
runpy.run_module("zoo.recipes.RECIPE", run_name="__main__", alter_sys=True)
"""


def program(name: str, folder) -> str:
    path = folder / f"{name}.py"
    path.write_text(TRAINED_ONLY.replace("RECIPE", name))
    return path.name


def flags_of(case, request) -> list[str]:
    data = str(request.getfixturevalue(case.data))
    return ["--dataset", data, *case.flags, *case.undisturbed(), "--epochs", "2", "--steps-per-epoch", "8",
            "--optimizer", "adagrad", "--clip-norm", "0.05", "--schedule", "constant", "--weight-average",
            "0.9", *case.alike]  # fmt: skip


def assert_alike(first: dict, second: dict, tolerance: float) -> None:
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_allclose(second[name], array, atol=tolerance, err_msg=name)


# Batches that two cannot share evenly; losses of tokens, of which each has its own number; carried states.
@pytest.mark.parametrize(("name", "batch"), [("sentiment", "5"), ("tagging", "5"), ("generation", "16")])
def test_two_workers_agree_with_one_process(name, batch, request, tmp_path):
    case = CASES[name]
    flags = [*flags_of(case, request), "--batch-size", batch]
    script = program(name, tmp_path)
    run(script, *flags, "--name", "one", "--strategy", "one", cwd=tmp_path)
    run("-m", "zoo", "launch", "--", script, *flags, "--name", "two", cwd=tmp_path)
    (one, state), (two, together) = checkpoint(tmp_path, "one"), checkpoint(tmp_path, "two")
    assert_alike(one, two, 1e-6)
    for figure in {"val_loss", "val_score"} & state["history"][0].keys():
        first, second = ([epoch[figure] for epoch in each["history"]] for each in (state, together))
        np.testing.assert_allclose(second, first, 1e-4, 1e-5, err_msg=figure)
    # Only the first one writes.
    assert sorted(path.name for path in (tmp_path / "runs").iterdir() if path.is_dir()) == ["one", "two"]


def test_all_steps_are_taken_and_the_chief_exports(request, tmp_path):
    case = CASES["recognition"]  # which has batch normalisation
    flags = ["--dataset", str(request.getfixturevalue(case.data)), *case.flags, "--epochs", "2"]
    flags += ["--steps-per-epoch", "4", "--steps-per-execution", "4", "--name", "tiny"]
    launched = run("-m", "zoo", "launch", "--", "recognition", *flags, cwd=tmp_path)
    assert "worker 1: worker 1 of 2: waits until worker 0 has exported" in launched.stderr
    arrays, state = checkpoint(tmp_path)
    assert state["epoch"] == 2
    assert arrays["optimizer/0"] == 8  # steps
    saved = models.load(tmp_path / "saved_models/tiny")
    assert saved.manifest.config["strategy"] == "workers"
    assert "accuracy" in saved.manifest.metrics["test"].figures


def test_a_killed_worker_is_named_and_the_same_command_ends_as_if_nothing_had_been(request, tmp_path):
    case = CASES["generation"]
    flags = [*flags_of(case, request), "--dropout", "0.1"]
    script = program("generation", tmp_path)
    run("-m", "zoo", "launch", "--", script, *flags, "--name", "whole", cwd=tmp_path)
    again = ["-m", "zoo", "launch", "--", script, *flags, "--name", "tiny"]
    killed = run(*again, cwd=tmp_path, code=2, ENDS="1", SIGNAL=str(int(signal.SIGKILL)))
    assert killed.stderr.strip().splitlines()[-1] == (
        "error: worker 1 was killed (signal 9); the same command continues where the last whole epoch ended"
    )
    assert checkpoint(tmp_path)[1]["epoch"] == 1
    continued = run(*again, cwd=tmp_path)
    assert "runs/tiny: continues after epoch 1" in continued.stdout
    (whole, state), (tiny, ended) = checkpoint(tmp_path, "whole"), checkpoint(tmp_path)
    assert_alike(whole, tiny, 0.0)
    for each in (state, ended):
        each.pop("seconds")
    assert state == ended


def start_both(
    name: str, flags, folder, addresses=(), before=((), ()), **environment: str
) -> tuple[list[subprocess.Popen], list[str]]:
    """Starts two workers as on machines of their own, each with its flags; and tells their addresses.

    `before` is what stands before the command of each.
    """
    script = folder / program(name, folder)
    places = list(addresses)
    if not places:
        with socket.socket() as first, socket.socket() as second:
            for each in (first, second):
                each.bind(("127.0.0.1", 0))
            places = [f"127.0.0.1:{each.getsockname()[1]}" for each in (first, second)]
    processes = []
    for number, own in enumerate(flags):
        told = {"cluster": {"worker": places}, "task": {"type": "worker", "index": number}}
        machine = folder / f"machine{number}"
        machine.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [*before[number], sys.executable, str(script), *own, "--strategy", "workers"],
            cwd=machine,
            env={**os.environ, "TF_CONFIG": json.dumps(told), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
    return processes, places


def test_one_that_hangs_is_named_by_the_other(request, tmp_path):
    flags = [*flags_of(CASES["sentiment"], request), "--batch-size", "5", "--epochs", "50", "--patience", "0"]
    stops = {"ENDS": "1", "SIGNAL": str(int(signal.SIGSTOP))}
    both, places = start_both("sentiment", [flags, flags], tmp_path, **stops)
    try:
        _, said = both[0].communicate(timeout=280)
    finally:
        for process in both:
            process.kill()
            process.communicate()
    assert both[0].returncode == 2
    assert (
        said.strip().splitlines()[-1].startswith(f"error: worker 1 ({places[1]}) is gone; the same command")
    )


def test_machines_must_mean_the_same(request, tmp_path):
    flags = [*flags_of(CASES["sentiment"], request), "--batch-size", "5", "--epochs", "1"]
    both, places = start_both("sentiment", [[*flags, "--seed", seed] for seed in "12"], tmp_path)
    for process in both:
        _, said = process.communicate(timeout=200)
        assert process.returncode == 2
        assert said.strip().splitlines()[-1] == (
            f"error: worker 1 ({places[1]}): its settings are not those of worker 0; "
            "give all machines the same command and files"
        )
    assert not list(tmp_path.glob("machine*/runs/*"))


def test_machines_share_nothing_but_the_network(request, tmp_path):
    flags = [*flags_of(CASES["sentiment"], request), "--batch-size", "5", "--epochs", "1"]
    for _ in range(2):
        both, _ = start_both("sentiment", [flags, flags], tmp_path)
        said = [process.communicate(timeout=200) for process in both]
        assert [process.returncode for process in both] == [0, 0], said
    assert "training was finished after epoch 1" in said[0][0]
    assert (tmp_path / "machine0/runs/sentiment/checkpoint.npz").is_file()
    assert not (tmp_path / "machine1/runs").exists()


@pytest.mark.skipif(networks.can_be_made() != "", reason=networks.can_be_made() or "there can be hosts")
def test_a_slow_lossy_network_that_is_cut_for_ten_seconds_changes_nothing(request, tmp_path):
    flags = [*flags_of(CASES["sentiment"], request), "--batch-size", "5", "--epochs", "3", "--patience", "0"]
    run("-m", "zoo", "launch", "--", program("sentiment", tmp_path), *flags, "--name", "near", cwd=tmp_path)
    with networks.two_hosts(delay=0.02, loss=0.01) as (line, addresses, before):
        places = [f"{address}:2222" for address in addresses]
        both, _ = start_both("sentiment", [[*flags, "--name", "far"]] * 2, tmp_path, places, before)
        kept = tmp_path / "machine0/runs/far/checkpoint.npz"
        while not kept.exists() and both[0].poll() is None:
            time.sleep(0.1)
        line.cut = True
        time.sleep(10)
        cut_within = checkpoint(tmp_path / "machine0", "far")[1]["epoch"] < 3
        line.cut = False
        said = [process.communicate(timeout=280) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert line.carried > 1000
    assert line.lost > 10
    assert cut_within
    (near, _), (far, _) = checkpoint(tmp_path, "near"), checkpoint(tmp_path / "machine0", "far")
    assert_alike(near, far, 0.0)


@pytest.mark.parametrize(
    "told",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": 0}}',
        '{"cluster": {"worker": [1]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": "x"}}',
        '{"cluster": {"worker": 3}, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_what_does_not_say_who_they_are_is_refused(told, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", told)
    with pytest.raises(ZooError, match=r"TF_CONFIG.*export TF_CONFIG="):
        workers._told()


def test_a_chief_of_its_own_kind_comes_first(monkeypatch):
    cluster = {"worker": ["b:1", "c:1"], "chief": ["a:1"]}
    for kind, index, number in (("chief", 0, 0), ("worker", 0, 1), ("worker", 1, 2)):
        told = {"cluster": cluster, "task": {"type": kind, "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(told))
        cluster, found = workers._told()
        assert (list(cluster), found) == (["chief", "worker"], number)
    crew = workers.Crew(None, cluster, 1)
    assert crew.addresses == ["a:1", "b:1", "c:1"]
    lost = tf.errors.UnavailableError(
        None, None, "from /job:worker/task:0: /job:worker/replica:0/task:1 is gone"
    )
    with pytest.raises(ZooError, match=r"^worker 2 \(c:1\) is gone; the same command"), crew.told_if_lost():
        raise lost
