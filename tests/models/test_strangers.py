"""Manifests and cards of strangers: one bad folder is named in one line, and breaks nothing else."""

import json
import os

import pytest

import zoo
from zoo.__main__ import main


def change(**fields):
    def write(folder):
        stored = json.loads((folder / "zoo.json").read_text())
        (folder / "zoo.json").write_text(json.dumps({**stored, **fields}))

    return write


def content(text):
    return lambda folder: (folder / "zoo.json").write_bytes(text)


def pipe(folder):
    (folder / "zoo.json").unlink()
    os.mkfifo(folder / "zoo.json")


def endless(folder):
    (folder / "zoo.json").unlink()
    (folder / "zoo.json").symlink_to("/dev/zero")


def a_folder(folder):
    (folder / "zoo.json").unlink()
    (folder / "zoo.json").mkdir()


SPOILED = {
    "100,000 brackets": content(b"[" * 100_000),
    "deep": content(b'{"files": {}, "a": ' + b"[" * 500 + b"]" * 500 + b"}"),
    "large": content(b'{"files": {}, "a": "' + b"x" * 5_000_000 + b'"}'),
    "no json": content(b"\xff\xfe"),
    "empty": content(b""),
    "a list": content(b"[]"),
    "no files": content(b"{}"),
    "files that are a list": change(files=[]),
    "a pipe": pipe,
    "endless": endless,
    "a folder": a_folder,
    "parameters": change(parameters="many"),
    "a test score that is a list": change(metrics={"test": [1]}),
    "rows": change(metrics={"test": {"n": "all"}}),
    "metrics": change(metrics=3),
    "baselines": change(baselines={"test": 3}),
    "labels": change(labels=[1, 2]),
    "config": change(config="none"),
    "dataset": change(dataset={"name": 3}),
    "sizes": change(dataset={"name": "a", "sizes": {"train": "all"}}),
    "training": change(training={"epochs": "all"}),
    "signatures": change(signatures={"serving_default": {"inputs": []}}),
    "versions": change(versions=[]),
    "mapping": change(mapping=["classification"]),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_bad_manifest_is_named_in_one_line_and_breaks_nothing_else(models, call, spoil):
    other = models / "other"
    other.mkdir()
    (other / "zoo.json").write_text((models / "tiny/zoo.json").read_text())
    spoil(other)
    with pytest.warns(
        UserWarning, match=r"left out: .*other: zoo.json is none of a model \(.+\); export or copy"
    ):
        assert [saved.name for saved in zoo.list_models()] == ["tiny"]
    assert zoo.load("tiny").predict(["the soup was lovely"])[0]["label"] == "praise"
    with pytest.raises(zoo.ZooError, match=r"zoo\.json is none of a model"):
        zoo.load("other")
    result = call(main, models.parent, "list")
    assert "tiny" in result.out
    (line,) = [line for line in result.err.splitlines() if line.startswith("warning: ")]
    assert "other" in line
    assert len(line) < 500


EVIL = "\x1b]0;owned\x07\x1b[31mred\x9b2J"


def test_control_characters_never_reach_a_terminal(models, call, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    change(recipe=EVIL, dataset={"name": EVIL}, labels=[EVIL])(models / "tiny")
    (models / "tiny/README.md").write_text(f"# {EVIL}\n\n`{EVIL}`\n\n- {EVIL}\n\n    {EVIL}\n")
    (models / f"bad{EVIL}").mkdir()
    (models / f"bad{EVIL}/zoo.json").write_text("{}")
    for command in (
        ["list"],
        ["info", "tiny"],
        ["info", "./saved_models/tiny"],
        ["info", f"./saved_models/bad{EVIL}"],
    ):
        code = 2 if "bad" in command[-1] else 0
        result = call(main, models.parent, *command, code=code)
        for evil in ("\x1b]", "\x07", "\x9b", "\x1b[31mred"):
            assert evil not in result.out + result.err, command
        assert "owned" in result.out + result.err


@pytest.mark.parametrize(
    ("make", "told"), [(os.mkfifo, "pipe"), (lambda path: path.symlink_to("/dev/zero"), "link")]
)
def test_a_card_that_is_no_file_is_refused(models, call, make, told):
    (models / "tiny/README.md").unlink()
    make(models / "tiny/README.md")
    result = call(main, models.parent, "info", "tiny", code=2)
    assert f"'README.md' is a {told}" in result.err


def test_a_card_of_any_size_is_not_read(models, call):
    (models / "tiny/README.md").write_text("x" * 2_000_000)
    result = call(main, models.parent, "info", "tiny")
    assert "no card is shown (README.md holds more than" in result.err
    assert "as the manifest says" in result.out
