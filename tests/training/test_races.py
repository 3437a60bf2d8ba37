"""Two whole trainings of one name, in processes of their own."""

import os
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
            while not (tmp_path / "runs/.tiny.lock").exists():
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
