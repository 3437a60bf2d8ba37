"""The recipes as tests run them: small data, small models, and one trained for all tests of a process."""

import contextlib
import dataclasses
import gc
import importlib
import io
import json
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from zoo import cli, training


@dataclass(frozen=True)
class Case:
    """A recipe and what is small of it.

    Attributes:
        name: of the recipe.
        data: the fixture with data for it, a path.
        flags: which make it small.
        presets: those it has.
        default: the preset that says what the defaults are.
        kernels: flags -> how many recurrent kernels are fused on a GPU in a training step, how many loops are
            left, and how many operations there are in all, constants and arguments included.
        alike: flags by which rounding stays small for as long as two devices are compared with one.
        tolerance: of their weights.
        few_rows: whether few rows of training are enough for that.
        source: of `tiny`, the folder that a copy goes on from.
        changed: a word of the data, and what stands for it in a copy's own.
        variant: what sets it apart from the recipe's first case.
        within: the variant that trains all that this case does, and more: on it alone trainings are compared.
    """

    name: str
    data: str
    flags: tuple[str, ...]
    presets: tuple[str, ...]
    default: str = ""
    kernels: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    alike: tuple[str, ...] = ()
    tolerance: float = 1e-6
    few_rows: bool = False
    source: str = "runs/tiny"
    changed: tuple[str, str] = ("", "")
    variant: str = ""
    within: str = ""

    @property
    def id(self) -> str:
        return f"{self.name} {self.variant}".rstrip()

    @property
    def module(self) -> Any:
        return importlib.import_module(f"zoo.recipes.{self.name}")

    def parse(self, *flags: str) -> Any:
        return cli.parse(self.name, self.module.Config, list(flags))

    def program(self) -> None:
        cli.run(self.module.Config, self.module.main, presets=self.name)

    def undisturbed(self) -> list[str]:
        """Flags without which nothing is random but the first weights and the order of the data."""
        names = [setting.name.replace("_", "-") for setting in dataclasses.fields(self.module.Config)]
        return [flag for name in names if name.endswith("dropout") for flag in (f"--{name}", "0")]


TINY = ("--word-units", "8", "--subword-units", "8", "--subword-buckets", "500", "--units", "8",
        "--batch-size", "32", "--learning-rate", "0.01", "--epochs", "8")  # fmt: skip
TINY_TAGGER = ("--style", "prose", "--word-units", "8", "--characters", "8", "--character-units", "4",
               "--spelling-units", "4", "--spelling-buckets", "200", "--units", "8", "--dropout", "0.2",
               "--embedding-dropout", "0.1", "--batch-size", "16", "--learning-rate", "0.02",
               "--epochs", "8", "--steps-per-epoch", "0")  # fmt: skip
TINY_TRANSLATOR = ("--source-pieces", "330", "--target-pieces", "330", "--max-pieces", "30", "--width", "16",
                   "--encoder-units", "24", "--decoder-layers", "1", "--decoder-units", "24", "--dropout",
                   "0.1", "--word-dropout", "0.05", "--batch-size", "8", "--learning-rate", "0.02",
                   "--beam-size", "3", "--epochs", "6", "--steps-per-epoch", "0")  # fmt: skip
TINY_CAPTIONER = ("--image-size", "32", "--pieces", "300", "--units", "16", "--width", "16", "--max-pieces",
                  "12", "--batch-size", "8", "--learning-rate", "0.01", "--captions-each", "8", "--epochs",
                  "4", "--steps-per-epoch", "0")  # fmt: skip
TINY_GENERATOR = ("--min-count", "5", "--width", "8", "--units", "24", "--dropout", "0.1", "--window", "12",
                  "--variational", "--weight-dropout", "0.05",
                  "--batch-size", "16", "--learning-rate", "0.02", "--epochs", "5", "--steps-per-epoch", "0",
                  "--length", "60")  # fmt: skip
TINY_FORECASTER = ("--targets", "load", "--year", "0", "--week", "1", "--window", "14", "--horizon", "3",
                   "--warm-up", "4", "--units", "6", "--members", "2", "--batch-size", "16",
                   "--learning-rate", "0.02", "--epochs", "3", "--steps-per-epoch", "12")  # fmt: skip
TINY_RECOGNISER = ("--filters", "8", "--kernel", "3", "--stride", "2", "--convolutions", "1", "--units", "8",
                   "--dropout", "0.1", "--batch-size", "8", "--learning-rate", "0.01",
                   "--epochs", "12")  # fmt: skip
TINY_TRANSCRIBER = ("--height", "16", "--filters", "8", "--convolutions", "2", "--strides", "2", "--units",
                    "16", "--layers", "1", "--hidden", "0", "--min-count", "1", "--beam-size", "3",
                    "--most-symbols", "8", "--batch-size", "8", "--learning-rate", "0.02", "--epochs",
                    "24", "--steps-per-epoch", "0", "--weight-average", "0.8")  # fmt: skip
TINY_DRAWER = ("--width", "8", "--units", "16", "--components", "3", "--dropout", "0.1", "--batch-size", "8",
               "--learning-rate", "0.02", "--most-points", "80", "--epochs", "12",
               "--steps-per-epoch", "0")  # fmt: skip
# In which batch normalisation makes little of the rounding yet, and without Adam, whose steps do not shrink
# with the gradient.
FEW_STEPS = ("--no-augment", "--batch-size", "6", "--epochs", "1", "--steps-per-epoch", "4", "--clip-norm",
             "5", "--optimizer", "adagrad", "--learning-rate", "0.003")  # fmt: skip

CASES = {
    case.id: case
    for case in (
        Case(
            "sentiment",
            "reviews",
            TINY,
            ("imdb", "tweets-best", "tweets"),
            "tweets",
            kernels={"--cell lstm": (4, 0, 1069)},  # layers x directions
            few_rows=True,
            source="saved_models/tiny",
            changed=("soup", "zeppelin"),
        ),
        Case(
            "tagging",
            "sentences",
            TINY_TAGGER,
            ("conll2000", "conll2003", "en_ewt", "python"),
            "python",
            # Layers x directions, and the characters' RNN; the CRF's forward algorithm and its gradient.
            kernels={"--no-crf": (6, 0, 1526), "--crf": (6, 2, 2190)},
            few_rows=True,
            source="saved_models/tiny",
            changed=("Rome", "Quito"),
        ),
        Case(
            "translation",
            "pairs",
            TINY_TRANSLATOR,
            ("cldr_phrases", "de_en", "en_fr", "multi30k", "pronunciation"),
            "cldr_phrases",
            # The encoder's directions, and the decoder's layers unless each step waits for the one before.
            kernels={
                "--decoder-layers 2 --no-input-feeding": (4, 0, 1691),
                "--decoder-layers 2 --input-feeding": (2, 2, 2319),
            },
            tolerance=3e-6,
            few_rows=True,
            changed=("horse", "zebu"),
        ),
        Case(
            "captioning",
            "squares",
            TINY_CAPTIONER,
            ("emoji", "flickr8k-critical", "flickr8k", "moving_emoji-best", "moving_emoji"),
            kernels={"--layers 2 --cell lstm --attention none": (2, 0, 3000)},  # with attention: the next
            within="clips",
            alike=FEW_STEPS,
            tolerance=1e-4,
            changed=("blue", "teal"),
        ),
        Case(
            "captioning",
            "films",
            (*TINY_CAPTIONER, "--frames", "3", "--encoder", "tiny", "--captions-each", "4", "--epochs", "6"),
            ("emoji", "flickr8k-critical", "flickr8k", "moving_emoji-best", "moving_emoji"),
            variant="clips",
            # The teller's layers, and both directions over time.
            kernels={"--layers 2 --cell lstm": (4, 0, 3655)},
            alike=FEW_STEPS,
            tolerance=5e-4,
            changed=("blue", "teal"),
        ),
        Case(
            "generation",
            "lines",
            TINY_GENERATOR,
            ("imdb", "ptb", "python-best", "python", "shakespeare"),
            "python",
            kernels={"--cell lstm": (2, 0, 718)},
            alike=("--batch-size", "4", "--units", "8", "--steps-per-epoch", "8"),
            source="saved_models/tiny",
            changed=("horse", "hørse"),
        ),
        Case(
            "forecasting",
            "series",
            TINY_FORECASTER,
            ("employment", "seattle"),
            kernels={"--members 2": (2, 0, 835)},
        ),
        Case(
            "recognition",
            "paths",
            TINY_RECOGNISER,
            ("hands", "motions", "vowels"),
            kernels={"--layers 2": (4, 0, 1511)},
            alike=("--crop", "0", "--warp", "0", "--scale", "0", "--jitter", "0", "--hidden", "0"),
            few_rows=True,
            source="saved_models/tiny",
            changed=("eight 1,eight", "eight 1,knot"),
        ),
        Case(
            "transcription",
            "prints",
            TINY_TRANSCRIBER,
            ("digits", "letters", "lines"),
            kernels={"--layers 2": (4, 0, 1600)},
            alike=("--jitter", "0", "--learning-rate", "0.005"),
            tolerance=3e-6,
            few_rows=True,
            changed=("O", "Q"),
        ),
        Case(
            "drawing",
            "shapes",
            TINY_DRAWER,
            ("kanji", "one_gaussian", "unconditional"),
            kernels={"--layers 2": (4, 0, 1600)},  # the pen's, and the reader's in both directions
            tolerance=3e-6,
            few_rows=True,
            changed=("roof", "hat"),
        ),
    )
}


# In this process --------------------------------------------------------------------------------------------


class Enough(BaseException):  # nothing is wrong, and no program may catch it
    """Ends a program where a test has seen what it wanted to see."""


def train(program: str, folder: Path, *flags: Any) -> str:
    """Runs a recipe, or a copy of one such as `mine.py`, from a folder in this process; returns what it says.

    TensorFlow anew takes longer than most of what is tested.
    """
    keras.utils.clear_session()  # names of layers begin anew, as in a process of its own
    gc.collect()
    output, policy = io.StringIO(), keras.config.dtype_policy()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
        patch.chdir(folder)
        patch.setattr(sys, "argv", [program, *map(str, flags)])
        patch.setenv("COLUMNS", "160")
        try:
            if program.endswith(".py"):
                runpy.run_path(program, run_name="__main__")
            else:
                runpy.run_module(f"zoo.recipes.{program}", run_name="__main__", alter_sys=True)
        except Enough:
            pass
        finally:
            keras.config.set_dtype_policy(policy)
    return output.getvalue()


def _until_scored(program: str, folder: Path, fit: Callable, *flags: Any) -> SimpleNamespace:
    """Runs a program with another `Run.fit`, until it would evaluate: what it `said`, and the `module`."""
    seen = SimpleNamespace()

    def evaluate(self, module):
        seen.module = module
        raise Enough

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.Run, "fit", fit)
        patch.setattr(training.Run, "evaluate", evaluate)
        # Graphs for a GPU that is not there can be traced, not run; and what is fitted here is not looked at.
        patch.setattr(training, "calibrated", lambda *_: (1.0, 0.0))
        patch.setattr(training, "fit_confidence", lambda *_: None)
        patch.setattr(training, "fit_familiarity", lambda *_: None)
        seen.said = train(program, folder, *flags)
    return seen


def until_trained(case: Case, data: Path, folder: Path, *flags: str) -> SimpleNamespace:
    """Runs a recipe, without its training, until it would evaluate.

    Returns:
        The compiled `model`, what it would be trained on (`train`), and the `module` that would be exported.
    """
    found = {}

    def fit(self, model, train, validation, loss, *_, **__):
        model.compile(training.make_optimizer(self.config, 10), loss, jit_compile=False)
        found.update(model=model, train=train)

    seen = _until_scored(case.name, folder, fit, "--dataset", data, *case.flags, *flags)
    return SimpleNamespace(module=seen.module, **found)


def trained_until_scored(program: str, folder: Path, *flags: Any) -> SimpleNamespace:
    """Runs a recipe, or a copy of it, until it would evaluate.

    Returns:
        What it `said`, its `weights` and those `before`, by name, figures of each epoch, `history`, and the
        `module` that it would export.
    """
    found = {}
    fit = training.Run.fit

    def fit_and_remember(self, model, *arguments, **more):
        learned = getattr(model, "core", model).weights  # without states that are carried on
        found["before"] = {weight.path: weight.numpy() for weight in learned}
        fit(self, model, *arguments, **more)
        found["weights"] = {weight.path: weight.numpy() for weight in learned}
        found["history"] = self.outcome.history

    seen = _until_scored(program, folder, fit_and_remember, *flags)
    return SimpleNamespace(said=seen.said, module=seen.module, **found)


def manifest_of(folder: Path, name: str = "tiny") -> dict:
    """Returns what a model that was exported in a folder says of itself."""
    return json.loads((folder / "saved_models" / name / "zoo.json").read_text())


def checkpoint(folder: Path, name: str = "tiny") -> tuple[dict[str, np.ndarray], dict]:
    """Returns the arrays and the state that a run stored."""
    with np.load(folder / "runs" / name / "checkpoint.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    return arrays, json.loads(str(arrays.pop("_state")))


# Trained once -----------------------------------------------------------------------------------------------


def _trained(name: str) -> Any:
    case = CASES[name]

    @pytest.fixture(scope="session")
    def trained(request, tmp_path_factory) -> Path:
        folder = tmp_path_factory.mktemp(name)
        flags = ["--dataset", request.getfixturevalue(case.data), "--name", "tiny", *case.flags]
        train(case.name, folder, *flags)
        return folder

    return trained


# Each is a folder in which its recipe was run as `tiny`: it holds runs/tiny and saved_models/tiny.
TRAINED = {
    "sentiment": "trained",
    "tagging": "trained_tagger",
    "translation": "trained_translator",
    "captioning": "trained_captioner",
    "captioning clips": "trained_clip_captioner",
    "generation": "trained_generator",
    "forecasting": "trained_forecaster",
    "recognition": "trained_recogniser",
    "transcription": "trained_transcriber",
    "drawing": "trained_drawer",
}
globals().update({fixture: _trained(name) for name, fixture in TRAINED.items()})
