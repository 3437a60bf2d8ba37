import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.errors import ZooError
from zoo.models import Lock
from zoo.training import Settings
from zoo.training.folder import Folder

HOLD = """
import sys, time
from pathlib import Path
from zoo.models.locked import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "tiny")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_another_process_that_writes_is_named(holder, tmp_path):
    for _ in range(2):  # to be refused takes nothing from who holds it
        with pytest.raises(ZooError, match=rf"tiny: process {holder.pid} on \S+ writes it; wait .* --name"):
            Lock(tmp_path / "tiny")
    Lock(tmp_path / "other").release()


def test_a_run_that_another_process_trains_is_left_alone(holder, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.training.folder.RUNS", tmp_path)
    folder = Folder("sentiment", Settings(name="tiny"))
    with pytest.raises(ZooError, match=rf"tiny: process {holder.pid} on"):
        folder.create("data")
    assert [path.name for path in tmp_path.iterdir()] == [".tiny.lock"]


def test_a_process_that_was_killed_holds_nothing(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / ".tiny.lock").exists()
    Lock(tmp_path / "tiny").release()
    assert not list(tmp_path.iterdir())


def test_one_process_may_hold_it_several_times_and_lets_go_with_the_last(tmp_path):
    ask = [sys.executable, "-c", HOLD.replace("time.sleep(600)", ""), str(tmp_path / "tiny")]
    first, second = Lock(tmp_path / "tiny"), Lock(tmp_path / "tiny")
    first.release()
    first.release()
    assert b"writes it" in subprocess.run(ask, capture_output=True).stderr
    del second  # what nobody refers to is let go
    assert subprocess.run(ask, capture_output=True).stdout == b"held\n"
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ZooError, match=r"tiny: cannot be written"):
        Lock(tmp_path / "file/tiny")
    (tmp_path / ".tiny.lock").symlink_to("/etc/hosts")
    before = Path("/etc/hosts").read_bytes()
    with pytest.raises(ZooError, match=r"tiny: cannot be written"):
        Lock(tmp_path / "tiny")
    assert Path("/etc/hosts").read_bytes() == before
