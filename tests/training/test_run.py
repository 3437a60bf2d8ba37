import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.files import write_atomically
from zoo.training.folder import Folder as Run
from zoo.training.folder import read_checkpoint


@dataclass(frozen=True)
class Config:
    name: str = ""
    learning_rate: float = 0.1
    sizes: tuple[int, ...] = (3, 4)
    fresh: bool = False


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Runs are made in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run():
    run = Run("counting", Config())
    run.create("data-1")
    return run


def refusal(**fields):
    """Returns the message, which is one line."""
    with pytest.raises(ZooError) as error:
        Run("counting", Config(**fields))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_nothing_is_written_before_create():
    run = Run("counting", Config())
    assert run.directory == Path("runs/counting")
    assert not Path("runs").exists()


def test_a_name_of_its_own():
    assert Run("counting", Config(name="mine")).directory == Path("runs/mine")


def test_the_folder_says_whose_it_is(run):
    assert json.loads(Path("runs/counting/config.json").read_text()) == {
        "recipe": "counting",
        "name": "",
        "learning_rate": 0.1,
        "sizes": [3, 4],
        "data": "data-1",
        "labels": [],
    }
    assert [path.name for path in Path("runs/counting").iterdir()] == ["config.json"]


def test_the_same_configuration_and_data_continue(run):
    run.save_checkpoint({"a": np.array([1.0])}, {"epoch": 1})
    again = Run("counting", Config())
    again.create("data-1")
    arrays, state = again.load_checkpoint()
    assert (arrays["a"].tolist(), state) == ([1.0], {"epoch": 1})


def test_another_configuration_is_refused_and_the_field_named(run):
    message = refusal(learning_rate=0.2)
    assert "learning_rate is 0.1 there and 0.2 here" in message
    assert "more" not in message
    assert "--name" in message
    assert "--fresh" in message
    assert "sizes is [3, 4] there and [3] here" in refusal(sizes=(3,))
    assert "and 1 more" in refusal(learning_rate=0.2, sizes=(3,))


def test_a_field_that_the_folder_lacks_is_named(run):
    path = Path("runs/counting/config.json")
    stored = json.loads(path.read_text())
    del stored["sizes"]
    path.write_text(json.dumps(stored))
    assert "sizes is None there and [3, 4] here" in refusal()


def test_the_run_of_another_recipe_is_refused():
    Run("counting", Config(name="mine")).create("data-1")
    with pytest.raises(ZooError, match="recipe is 'counting' there and 'juggling' here"):
        Run("juggling", Config(name="mine"))


def test_other_data_is_refused_before_anything_changes(run):
    with pytest.raises(ZooError, match=r"trained on other data.*--fresh"):
        Run("counting", Config()).create("data-2")
    assert json.loads(Path("runs/counting/config.json").read_text())["data"] == "data-1"


def test_fresh_discards_on_create_and_not_before(run):
    run.save_checkpoint({"a": np.array([1.0])}, {})
    again = Run("counting", Config(learning_rate=0.2, fresh=True))
    assert run.load_checkpoint() is not None
    again.create("data-2")
    assert again.load_checkpoint() is None
    stored = json.loads(Path("runs/counting/config.json").read_text())
    assert (stored["learning_rate"], stored["data"]) == (0.2, "data-2")
    assert "fresh" not in stored


def test_fresh_discards_once(run):
    again = Run("counting", Config(fresh=True))
    again.create("data-1")
    again.save_checkpoint({"a": np.array([1.0])}, {})
    again.create("data-1")
    assert again.load_checkpoint() is not None


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(
    "files",
    [
        {"thesis.txt": "four years"},
        {"thesis.txt": "four years", "config.json": '{"theme": "dark"}'},
        {".thesis": "four years"},
    ],
    ids=["files", "config.json of another program", "hidden files"],
)
def test_a_folder_that_is_no_run_is_refused_and_left_alone(fresh, files):
    Path("runs/counting").mkdir(parents=True)
    for name, content in files.items():
        Path("runs/counting", name).write_text(content)
    with pytest.raises(ZooError, match=r"runs/counting: .*--name"):
        Run("counting", Config(fresh=fresh)).create("data-1")
    assert {path.name: path.read_text() for path in Path("runs/counting").iterdir()} == files


def test_an_empty_folder_is_taken():
    Path("runs/counting").mkdir(parents=True)
    Run("counting", Config()).create("data-1")
    assert Path("runs/counting/config.json").exists()


def test_a_file_in_the_place_of_the_folder_is_refused():
    Path("runs").mkdir()
    Path("runs/counting").write_text("x")
    assert "runs/counting: exists and is not a run" in refusal()


def test_a_file_in_the_place_of_all_runs_is_refused():
    Path("runs").write_text("x")
    assert "cannot be written" in refusal()


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\x00"])
def test_a_damaged_configuration_is_named(run, content):
    Path("runs/counting/config.json").write_text(content)
    assert "runs/counting/config.json" in refusal()


def test_a_kill_while_the_folder_is_made_does_not_bar_the_name():
    Path("runs/counting").mkdir(parents=True)
    Path("runs/counting/.config.json.tmp4711").write_text('{"recipe": "cou')
    Run("counting", Config()).create("data-1")
    assert json.loads(Path("runs/counting/config.json").read_text())["data"] == "data-1"


@pytest.mark.parametrize("name", ["a/b", "..", ".", "a/", "/a", "../a", ".hidden", "a" * 300])
def test_names_that_are_no_plain_folder_are_refused(name):
    assert f"--name {name!r}" in refusal(name=name)


def test_a_checkpoint_comes_back_bit_by_bit(run):
    arrays = {
        "model/0": np.array([[0.1, -0.0], [np.inf, 1e-40]], np.float32),
        "optimizer/0": np.array(7, np.int64),
        "optimizer/1": np.array([1, 2**32 - 1], np.uint32),
    }
    state = {"epoch": 3, "history": [{"loss": 0.1}], "name": "été"}
    run.save_checkpoint(arrays, state)
    found, found_state = read_checkpoint(run.directory)
    assert found_state == state
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_without_a_checkpoint_there_is_none(run):
    assert run.load_checkpoint() is None


def test_a_crash_while_saving_keeps_the_old_checkpoint(run, monkeypatch):
    run.save_checkpoint({"a": np.array([1.0])}, {"epoch": 1})

    def crash(file, **arrays):
        file.write(b"half a checkpoint")
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", crash)
        with pytest.raises(ZooError, match=r"cannot be written \(no space"):
            run.save_checkpoint({"a": np.array([2.0])}, {"epoch": 2})
    arrays, state = Run("counting", Config()).load_checkpoint()
    assert (arrays["a"].tolist(), state) == ([1.0], {"epoch": 1})
    run.save_checkpoint({"a": np.array([3.0])}, {"epoch": 3})
    assert run.load_checkpoint()[1] == {"epoch": 3}


def truncated(content):
    return content[: len(content) // 2]


def flipped(content):
    """One bit within the array's numbers."""
    place = content.index(np.float64(1.5).tobytes())
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    "damage", [truncated, flipped, lambda content: b"", lambda content: b"not a checkpoint"]
)
def test_a_damaged_checkpoint_is_named(run, damage):
    run.save_checkpoint({"a": np.array([1.5] * 100)}, {"epoch": 1})
    path = Path("runs/counting/checkpoint.npz")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ZooError, match=r"runs/counting/checkpoint.npz: damaged .*--fresh"):
        run.load_checkpoint()


def test_a_checkpoint_without_its_state_is_damaged(run):
    np.savez("runs/counting/checkpoint.npz", a=np.array([1.0]))
    with pytest.raises(ZooError, match="damaged"):
        run.load_checkpoint()


def test_metrics_are_written(run):
    run.write_metrics({"test": {"accuracy": 0.5}})
    assert json.loads(Path("runs/counting/metrics.json").read_text()) == {"test": {"accuracy": 0.5}}


def test_a_file_is_replaced_whole_or_not_at_all(here, monkeypatch):
    path = here / "a.txt"
    write_atomically(path, b"old")

    def crash(self, target):
        raise OSError("disk gone")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(OSError, match="disk gone"):
            write_atomically(path, b"new")
    assert list(here.iterdir()) == [path]
    assert path.read_bytes() == b"old"
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.fixture
def read_only(here):
    """A folder without the right to write in it."""
    folder = here / "locked"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("READ-ONLY FOLDERS CANNOT BE MADE for this user (root?): tests on them are left out")
    return folder


def test_a_read_only_place_is_refused_at_once(read_only, monkeypatch):
    monkeypatch.chdir(read_only)
    message = refusal()
    assert str(read_only) in message
    assert "cannot be written; change to a folder that can" in message


def test_a_read_only_run_is_refused_at_once(run):
    run.directory.chmod(0o500)
    if os.access(run.directory, os.W_OK):
        pytest.skip("READ-ONLY FOLDERS CANNOT BE MADE for this user (root?): tests on them are left out")
    assert "runs/counting: cannot be written" in refusal()


def test_a_folder_that_cannot_be_made_gives_one_line(monkeypatch):
    def no_rights(self, **_):
        raise PermissionError(13, "Permission denied")

    run = Run("counting", Config())
    monkeypatch.setattr(Path, "mkdir", no_rights)
    with pytest.raises(ZooError, match=r"runs/counting: cannot be written \(Permission denied\)"):
        run.create("data-1")
