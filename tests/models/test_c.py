"""The example in C: built by the machine's own compiler, it answers as Python does."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import zoo

ROOT = Path(__file__).parents[2]
TEXT = "Ünïcode, and what a day! ☀"


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    for tool in ("make", "cc"):
        if not shutil.which(tool):
            pytest.skip(f"no {tool} on this machine: the example in C is not built")
    folder = tmp_path_factory.mktemp("c")
    for file in (ROOT / "examples/c").iterdir():
        if file.suffix == ".c" or file.name == "Makefile":
            shutil.copy(file, folder)
    made = subprocess.run(["make", f"PYTHON={sys.executable}"], cwd=folder, capture_output=True, text=True)
    assert not made.returncode, made.stderr
    return folder / "ask"


def ask(program: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([program, *arguments], capture_output=True, text=True)


def answers(program: Path, *arguments: str) -> dict[str, str]:
    said = ask(program, *arguments)
    assert not said.returncode, said.stderr
    return dict(line.split(": ", 1) for line in said.stdout.splitlines())


def test_a_raw_string_goes_in_and_the_same_answers_come_out_as_in_python(program):
    name = ROOT / "saved_models/sentiment_tweets"
    (expected,) = zoo.load(str(name)).predict([TEXT])
    found = answers(program, str(name), TEXT)
    assert found["label"] == expected["label"]
    assert found["labels"].split(", ") == list(expected["scores"])
    shares = [float(share) for share in found["scores"].split()]
    assert shares == pytest.approx(list(expected["scores"].values()), abs=1e-4)


def test_every_signature_that_takes_a_string_can_be_asked(program):
    name = ROOT / "saved_models/translation_cldr_en_fr"
    (expected,) = zoo.load(str(name)).predict(["3 days ago"], "beam")
    found = answers(program, str(name), "3 days ago", "beam")
    texts = [text["translation"] for text in expected["translations"]]
    assert found["translations"] == ", ".join(texts)
    assert found["truncated"] == "false"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "usage: "),
        (("nowhere", "x"), "nowhere: Could not find SavedModel"),
        (("sentiment_tweets", "x", "beam"), "beam: the model has no such signature"),
        (("generation_python", "x"), "serving_default: takes more than one tensor"),
        (("captioning_emoji", "no picture"), "valid: false"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(program, arguments, said):
    if arguments and arguments[0] != "nowhere":
        arguments = (str(ROOT / "saved_models" / arguments[0]), *arguments[1:])
    done = ask(program, *arguments)
    assert said in done.stdout + done.stderr
    assert done.returncode == (0 if said.startswith("valid") else 2)
