"""What every recipe must pass, whatever it maps: one list of cases, in process.

What a fresh process alone can show (killed and resumed, TensorFlow alone, two devices, a copy elsewhere)
stands in each recipe's own file.
"""

import dataclasses
import importlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tiny import TINY, TINY_CAPTIONER, TINY_GENERATOR, TINY_TAGGER, TINY_TRANSLATOR, assert_refused

from zoo import cli, training
from zoo.errors import ZooError
from zoo.training.folder import Folder

TINY_FORECASTER = ("--year", "0", "--window", "14", "--horizon", "3", "--warm-up", "4", "--units", "6")


@dataclass(frozen=True)
class Case:
    """A recipe, the fixture with data for it, the flags that make it small, and its presets."""

    name: str
    data: str
    flags: tuple[str, ...]
    presets: tuple[str, ...]
    default: str = ""  # the preset that says what the defaults are

    @property
    def module(self) -> Any:
        return importlib.import_module(f"zoo.recipes.{self.name}")

    def parse(self, *flags: str) -> Any:
        return cli.parse(self.name, self.module.Config, list(flags))

    def program(self) -> None:
        cli.run(self.module.Config, self.module.main, presets=self.name)


CASES = [
    Case("sentiment", "reviews", TINY, ("imdb", "tweets-best", "tweets"), "tweets"),
    Case("tagging", "sentences", TINY_TAGGER, ("conll2000", "conll2003", "en_ewt", "python"), "python"),
    Case(
        "translation",
        "pairs",
        TINY_TRANSLATOR,
        ("cldr_phrases", "en_fr", "multi30k", "pronunciation"),
        "cldr_phrases",
    ),
    Case("captioning", "squares", TINY_CAPTIONER, ("emoji", "flickr8k")),
    Case("generation", "lines", TINY_GENERATOR, ("ptb", "python", "shakespeare"), "python"),
    Case("forecasting", "series", TINY_FORECASTER, ("seattle",)),
]


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def case(request) -> Case:
    return request.param


@pytest.fixture
def data(case, request) -> Path:
    return request.getfixturevalue(case.data)


def test_the_cases_are_all_recipes():
    recipes = {
        path.stem for path in Path(importlib.import_module("zoo.recipes").__path__[0]).glob("[a-z]*.py")
    }
    assert {case.name for case in CASES} == recipes


def test_presets_are_in_range_name_no_model_and_yield_to_flags(case):
    assert tuple(cli.presets(case.name)) == case.presets
    for preset in case.presets:
        config = case.parse(
            "--preset", preset, "--units" if hasattr(case.module.Config, "units") else "--width", "7"
        )
        training.check_ranges(config)
        # A shipped model is replaced on purpose only.
        assert (config.name, getattr(config, "units", None) or config.width) == ("", 7)
    if case.default:
        assert case.parse("--preset", case.default) == case.module.Config()


def test_help_has_every_setting_and_the_docstring_s_lines(case, call, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__doc__", case.module.__doc__)  # as where it is the program
    text = call(case.program, tmp_path, "--help").out
    for field in dataclasses.fields(case.module.Config):
        assert re.search(rf"--(no-)?{field.name.replace('_', '-')}\b", text), field.name
    lines = [line.rstrip() for line in case.module.__doc__.strip().splitlines()]
    assert "\n".join(lines) in "\n".join(line.rstrip() for line in text.splitlines())
    assert ", ".join(case.presets) in text


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--epochs", "0"), ("--epochs 0", "at least 1")),
        (("--learning-rate", "0"), ("--learning-rate 0.0", "must be")),
        (("--preset", "none"), ("--preset none",)),
        (("--epocs", "3"), ("epocs",)),
        (("--dataset", "none"), ("none",)),
        (("--dataset", "empty.csv"), ("empty.csv",)),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(case, call, tmp_path, flags, words):
    (tmp_path / "empty.csv").touch()
    assert_refused(call, case.program, tmp_path, flags, *words)


def test_a_run_is_never_continued_on_other_data_or_with_other_settings(
    case, data, call, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    flags = ("--dataset", str(data), *case.flags)
    Folder(case.name, case.parse(*flags)).create("fingerprint of other data")
    assert_refused(call, case.program, tmp_path, flags, "was trained on other data", "--fresh")
    assert_refused(call, case.program, tmp_path, (*flags, "--seed", "8"), "seed is", "--fresh")


def test_a_run_is_named_by_the_recipe_s_file(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = training.Run("elsewhere/mine.py", case.module.Config())
    assert (run.recipe, run.name, str(run.folder.directory)) == ("mine", "mine", "runs/mine")
    (tmp_path / "saved_models/mine").mkdir(parents=True)
    (tmp_path / "saved_models/mine/notes.txt").write_text("not a model")
    with pytest.raises(ZooError, match="saved_models/mine"):
        training.Run("elsewhere/mine.py", case.module.Config())
