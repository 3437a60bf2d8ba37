"""Whatever goes wrong, one line says it, and the exit code is 2."""

import os
import shutil
import subprocess
import sys
import threading

import pytest
from tiny import run

from zoo.__main__ import main
from zoo.cli.parse import one_line_errors
from zoo.errors import ZooError
from zoo.training import Settings, check_ranges
from zoo.training.folder import check_name


def raising(error):
    def program():
        with one_line_errors():
            raise error

    return program


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ZooError("the mend\nin one line"), "error: the mend in one line"),
        (ValueError("what\nnobody knew"), "error: ValueError: what; the same command with --debug"),
        (KeyError("x"), "error: KeyError: 'x'; the same command with --debug"),
        (RuntimeError(), "error: RuntimeError: no more is known; the same"),
        (RecursionError("too deep"), "error: RecursionError: too deep"),
        (MemoryError(), "error: more memory is needed than there is (no more is known); lower sizes"),
        (OSError(28, "No space left on device", "a/b"), "error: a/b: cannot be written or read (No space"),
        (OSError(36, "File name too long", "x"), "error: x: cannot be written or read (File name too"),
        (ZooError("a \x1b[2J title"), "error: a �[2J title"),
    ],
)  # fmt: skip
def test_whatever_escapes_is_one_line(call, tmp_path, error, told):
    result = call(raising(error), tmp_path, code=2)
    assert result.out == ""
    assert result.err.startswith(told)
    assert result.err.count("\n") == 1


def test_debug_shows_the_trace(call, tmp_path):
    result = call(raising(ValueError("deep down")), tmp_path, "--debug", code=2)
    assert "Traceback" in result.err
    assert result.err.splitlines()[-1].startswith("error: ValueError: deep down")
    assert "unknown" not in call(main, tmp_path, "--debug", "list").err  # it is no flag of a command


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"seed": 2**32}, "--seed 4294967296: must be at least 0 and at most 4,294,967,295"),
        (
            {"batch_size": 99999999999999999},
            "--batch-size 99999999999999999: must be at least 1 and at most 1,000,",
        ),
        ({"learning_rate": float("inf")}, "--learning-rate inf: must be at least 1e-09"),
        ({"clip_norm": float("nan")}, "--clip-norm nan: must be at least 0"),
    ],
)
def test_numbers_that_no_machine_takes_are_refused(setting, told):
    with pytest.raises(ZooError) as caught:
        check_ranges(Settings(**setting))
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    "name", ["a\nb", "a\tb", "\x1b[2J", "a/b", "..", ".a", "", " a", "a ", "é" * 51, "a\0b"]
)
def test_a_name_is_short_and_plain(name):
    with pytest.raises(ZooError, match="give a short plain name"):
        check_name(name)


@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000, "a\0b", "\x1b]0;x\x07"])
@pytest.mark.parametrize("command", ["info", "predict"])
def test_a_name_of_any_length_is_no_model(call, tmp_path, name, command):
    for asked in (name, f"./{name}"):
        result = call(main, tmp_path, command, asked, *["a text"] * (command == "predict"), code=2)
        assert "no saved model" in result.err
        assert len(result.err) < 1000
        assert "\x1b" not in result.err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_signs_that_the_terminal_lacks_are_spelled(models_folder, encoding):
    for command, code, told in ((["list"], 0, "tiny"), (["info", "漢字"], 2, r"\u6f22\u5b57")):
        result = subprocess.run(
            [sys.executable, "-m", "zoo", *command],
            cwd=models_folder,
            env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True,
            encoding=encoding,
        )
        assert result.returncode == code, result.stderr
        assert told in result.stdout + result.stderr
        assert "Traceback" not in result.stderr


@pytest.fixture
def models_folder(trained):
    return trained


def test_an_output_that_is_full_is_told(models_folder):
    if not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.skip("NO /dev/full: tests on a full output are left out")
    result = run("-c", "import sys; sys.stdout = open('/dev/full', 'w'); sys.argv = ['zoo', 'list']\n"
                       "from zoo.__main__ import main; main()", cwd=models_folder, code=2)  # fmt: skip
    assert result.stderr.startswith(
        "error: what is printed: cannot be written or read (No space left on device)"
    )
    assert result.stderr.count("\n") == 1


def test_names_are_whole_on_a_narrow_terminal(models_folder, tmp_path):
    names = ("tiny", "translation_of_everything")
    for name in names:
        shutil.copytree(models_folder / "saved_models/tiny", tmp_path / "saved_models" / name)
    result = run("-m", "zoo", "list", cwd=tmp_path, COLUMNS="20")
    for name in names:
        assert f" {name} " in result.stdout


def test_output_goes_into_a_pipe_and_to_what_a_link_names(models_folder, call, tmp_path):
    pipe, real, link = tmp_path / "pipe.jsonl", tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    os.mkfifo(pipe)
    link.symlink_to(real)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    for output in (pipe, link):
        call(main, models_folder, "predict", "tiny", "the soup was lovely", "--output", output)
    reader.join(20)
    assert read == [real.read_bytes()]
    assert b"praise" in read[0]
    assert link.is_symlink()
    assert pipe.is_fifo()
