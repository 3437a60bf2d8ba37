"""What every recipe must pass, whatever it maps, over one list of cases (tests/cases.py)."""

import dataclasses
import re
import shutil
import signal
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, TRAINED, Case, checkpoint, trained_until_scored, until_trained
from tensorflow_serving.apis import prediction_log_pb2
from tiny import assert_refused, operations, placed, run

import zoo.recipes
from zoo import cli, training
from zoo.errors import ZooError
from zoo.export import recurrent_layers
from zoo.export.warm_up import WARM_UP
from zoo.training.folder import Folder


@pytest.fixture(params=CASES.values(), ids=list(CASES))
def case(request) -> Case:
    return request.param


@pytest.fixture
def data(case, request) -> Path:
    return request.getfixturevalue(case.data)


@pytest.fixture
def trained_case(case, request) -> Path:
    return request.getfixturevalue(TRAINED[case.id])


def test_the_cases_are_all_recipes():
    assert {case.name for case in CASES.values()} == {
        path.stem for path in Path(zoo.recipes.__path__[0]).glob("[a-z]*.py")
    }


def test_presets_are_in_range_name_no_model_and_yield_to_flags(case):
    assert tuple(cli.presets(case.name)) == case.presets
    for preset in case.presets:
        changed = "units" if hasattr(case.module.Config, "units") else "width"
        config = case.parse("--preset", preset, f"--{changed}", "7")
        training.check_ranges(config)
        with cli.presets(case.name)[preset].open("rb") as file:
            for field, value in {**tomllib.load(file), changed: 7}.items():
                assert getattr(config, field) == (tuple(value) if isinstance(value, list) else value)
        # A shipped model is replaced on purpose only.
        assert config.name == ""
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


# The model in training --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "flags"),
    [pytest.param(case, flags, id=f"{case.id} {flags}") for case in CASES.values() for flags in case.kernels],
)
def test_with_a_gpu_all_rnns_train_on_the_fused_kernel_and_exports_hold_both_ways(
    case, data, flags, tmp_path, monkeypatch
):
    monkeypatch.setattr("zoo.layers.fused.has_gpu", lambda: True)
    seen = until_trained(case, data, tmp_path, *flags.split())
    batch = next(iter(seen.train.in_order()))
    step = operations(tf.function(seen.model.train_step).get_concrete_function(batch))
    kernels, loops, operations_ = case.kernels[flags]
    assert step.count("CudnnRNNV3") == step.count("CudnnRNNBackpropV3") == kernels
    assert step.count("While") + step.count("StatelessWhile") == loops
    assert len(step) <= 1.1 * operations_  # each costs a GPU 5 to 10 microseconds

    layers = list(recurrent_layers(seen.module.model))
    assert layers and all(layer.portable for layer in layers)
    exported = seen.module.signatures["serving_default"].get_concrete_function()
    whole = [layer for layer in layers if "decoder" not in layer.path]  # the others go on step by step
    held = operations(exported).count("CudnnRNNV3")
    assert len(whole) <= held <= 2 * len(whole)  # who goes on from what is there reads it in one way more
    assert "CudnnRNNV3" not in placed(exported.graph.as_graph_def())


WHOLE = [case for case in CASES.values() if not case.within]
each_training = pytest.mark.parametrize("case", WHOLE, ids=[case.id for case in WHOLE])


@pytest.fixture
def few_rows(case, monkeypatch):
    """Leaves 33 rows of training, an odd number for batches of 5, of rows that are small."""
    load = training.Run.load

    def load_few(self, *arguments, **options):
        examples = load(self, *arguments, **options)
        self.examples = dataclasses.replace(examples, train=examples.train.first(33))
        return self.examples

    if case.few_rows:
        monkeypatch.setattr(training.Run, "load", load_few)


@each_training
def test_two_devices_agree_with_one_on_odd_batches(case, data, few_rows, tmp_path):
    flags = ["--dataset", data, *case.flags, *case.undisturbed(), "--batch-size", "5", "--epochs", "2",
             "--clip-norm", "0.05", "--schedule", "constant", "--weight-average", "0.9",
             *case.alike]  # fmt: skip
    one, two = (
        trained_until_scored(case.name, tmp_path, *flags, "--strategy", strategy, "--name", strategy)
        for strategy in ("one", "mirrored")
    )
    moved = [np.abs(one.weights[path] - one.before[path]).max() for path in one.weights]
    assert np.median(moved) > 1e-4  # there was something to agree on
    assert two.weights.keys() == one.weights.keys()
    for path, weight in one.weights.items():
        np.testing.assert_allclose(two.weights[path], weight, atol=case.tolerance, err_msg=path)
    for exported, weight in zip(two.module.model.get_weights(), two.weights.values(), strict=True):
        np.testing.assert_allclose(exported, weight, rtol=2e-3, atol=1e-4)  # what is stored may be float16
    for figure in {"val_loss", "val_score"} & set(one.history[0]):
        losses = [[epoch[figure] for epoch in each.history] for each in (one, two)]
        np.testing.assert_allclose(
            losses[1], losses[0], case.tolerance, max(1e-5, case.tolerance), err_msg=figure
        )


# The program ------------------------------------------------------------------------------------------------

# Kills a recipe as soon as its first checkpoint is there.
KILLED = """
import os, runpy, signal, sys
from zoo.training.folder import Folder
save = Folder.save_checkpoint
def save_and_die(*arguments):
    save(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
Folder.save_checkpoint = save_and_die
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


@each_training
def test_killed_it_ends_with_bit_identical_weights(case, data, trained_case, tmp_path):
    flags = ["--dataset", str(data), "--name", "tiny", *case.flags]
    run("-c", KILLED, f"zoo.recipes.{case.name}", *flags, cwd=tmp_path, code=-signal.SIGKILL)
    assert checkpoint(tmp_path)[1]["epoch"] == 1
    assert not (tmp_path / "saved_models").exists()
    resumed = trained_until_scored(case.name, tmp_path, *flags)
    assert "continues after epoch 1" in resumed.said
    (expected, state), (arrays, ended) = checkpoint(trained_case), checkpoint(tmp_path)
    assert ended["best_epoch"] == state["best_epoch"]
    assert arrays.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(arrays[name], expected[name], err_msg=name)
    for figure in {"val_loss", "val_score"} & set(state["history"][0]):
        first, second = ([epoch[figure] for epoch in each["history"]] for each in (state, ended))
        assert first == second


def test_an_export_carries_a_small_request_to_each_signature_which_answers_it(case, trained_case):
    saved = zoo.models.find(trained_case / "saved_models/tiny")
    saved.check()
    assert WARM_UP in saved.manifest.files
    signatures = zoo.load(saved.path).signatures
    asked = []
    for record in tf.data.TFRecordDataset(str(saved.path / WARM_UP)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        asked.append(request.model_spec.signature_name)
        inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
        assert request.model_spec.name == "tiny"
        assert {len(rows) for rows in inputs.values()} == {2}
        assert signatures[asked[-1]](**inputs)
    assert sorted(asked) == sorted(signatures)


@each_training
def test_a_copy_goes_on_elsewhere_from_what_was_learned(case, data, trained_case, tmp_path):
    shutil.copy(case.module.__file__, tmp_path / "mine.py")
    own = tmp_path / data.name
    shutil.copytree(data, own) if data.is_dir() else shutil.copy(data, own)
    (table,) = own.glob("*.csv") if data.is_dir() else [own]
    table.write_text(table.read_text().replace(*case.changed))
    flags = [*case.flags, "--epochs", "1", "--learning-rate", "1e-6", "--weight-average", "0"]
    flags += ["--dataset", own.name, "--init-from", trained_case / case.source]
    copy = trained_until_scored("mine.py", tmp_path, *flags)
    assert re.search(r"\b(\d+) of \1 weights", copy.said)
    assert copy.history[0]["val_loss"] < checkpoint(trained_case)[1]["history"][0]["val_loss"]
    for inventory in (trained_case / "runs/tiny").glob("*.txt"):
        known = inventory.read_text().split("\n")[:-1]
        lines = (tmp_path / "runs/mine" / inventory.name).read_text().split("\n")[:-1]
        assert lines[: len(known)] == known
        assert len(lines) > len(known) or inventory.name == "target.txt"  # there is a word that is new
