"""Whole trainings in processes of their own: two of one name, and one on a disk that gets full."""

import os
import resource
import signal
import subprocess
import sys
import time

import pytest
from cases import CASES

import zoo


@pytest.mark.parametrize("name", ["captioning", "translation"])
def test_the_second_is_told_and_the_first_ends_as_if_it_had_been_alone(name, tmp_path, request, zoo_cache):
    data = request.getfixturevalue(CASES[name].data)
    command = [sys.executable, "-m", f"zoo.recipes.{name}", "--name", "tiny", "--dataset", str(data)]
    command += [*CASES[name].flags, "--epochs", "1"]
    environment = {**os.environ, "ZOO_CACHE": str(zoo_cache), "CUDA_VISIBLE_DEVICES": "-1"}

    def start() -> subprocess.Popen:
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, **streams)

    with start() as first:
        try:
            lock = tmp_path / "runs/.tiny.lock"
            while not (lock.exists() and lock.read_text()):  # made, and whose it is written there
                assert first.poll() is None, first.stderr.read()
                time.sleep(0.01)
            first.send_signal(signal.SIGSTOP)  # in the midst of it, however fast this machine is
            with start() as second:
                (line,) = [line for line in second.stderr if line.startswith("error: ")]
                assert second.wait() == 2
                assert f"process {first.pid} on" in line
                assert "--name" in line
            first.send_signal(signal.SIGCONT)
            _, told = first.communicate()
            assert first.returncode == 0, told
        finally:
            first.kill()
    assert not [path for folder in ("runs", "saved_models") for path in (tmp_path / folder).glob(".*")]
    assert zoo.load(tmp_path / "saved_models/tiny").manifest.name == "tiny"


def test_a_disk_that_is_full_after_the_checkpoint_is_told_and_the_same_command_goes_on(
    tmp_path, reviews, zoo_cache
):
    command = [sys.executable, "-m", "zoo.recipes.sentiment", "--name", "tiny", "--dataset", str(reviews)]
    command += [*CASES["sentiment"].flags, "--epochs", "1"]
    environment = {**os.environ, "ZOO_CACHE": str(zoo_cache), "CUDA_VISIBLE_DEVICES": "-1"}

    def train(largest: int) -> subprocess.CompletedProcess:
        def limit() -> None:  # no larger file can be written: as near to a full disk as a test may come
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, preexec_fn=limit
        )

    result = train(200_000)
    assert (tmp_path / "runs/tiny/checkpoint.npz").exists()
    assert result.returncode == 2, result.stderr[-2000:]
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert not list((tmp_path / "saved_models").glob("*"))
    assert not list((tmp_path / "saved_models").glob(".*"))
    result = train(resource.RLIM_INFINITY)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "Epoch 1/1" not in result.stdout  # which was trained before
    assert zoo.load(tmp_path / "saved_models/tiny").manifest.name == "tiny"
