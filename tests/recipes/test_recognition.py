import json
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, manifest_of, train
from tiny import assert_refused, assert_same_answers, tensorflow_alone

import zoo.data
from zoo import models
from zoo.__main__ import main as zoo_main
from zoo.recipes import recognition

CASE = CASES["recognition"]


@pytest.fixture(scope="module")
def model(trained_recogniser) -> models.Model:
    return models.load(trained_recogniser / "saved_models/tiny")


@pytest.fixture(scope="module")
def rows(paths) -> list[np.ndarray]:
    examples = zoo.data.load(str(paths), "recognition")
    return [row.numpy() for row in examples.test.column("values")]


def ask(model, rows) -> dict[str, np.ndarray]:
    longest = max((len(row) for row in rows), default=0)
    values = np.full((len(rows), longest, 2), np.nan)
    for number, row in enumerate(rows):
        values[number, : len(row)] = row
    found = model.signatures["serving_default"](values=tf.constant(values))
    return {name: value.numpy() for name, value in found.items()}


# What it learns -------------------------------------------------------------------------------------------


def test_it_learns_exports_and_shows_scores_beside_two_baselines(trained_recogniser):
    manifest = manifest_of(trained_recogniser)
    score, baselines = manifest["metrics"]["test"], manifest["baselines"]["test"]
    assert list(baselines) == ["majority", "figures + logistic regression"]
    assert score["accuracy"] > 0.8 > 0.5 > baselines["majority"]["accuracy"]
    assert manifest["labels"] == ["circle", "eight", "line"]
    assert manifest["signals"]["channels"] == ["x", "y"]
    assert manifest["signals"]["longest"] == 30
    card = (trained_recogniser / "saved_models/tiny/README.md").read_text()
    assert "`x`, `y`" in card
    assert set(manifest["signatures"]) == {"serving_default", "step", "states"}


@pytest.mark.parametrize(
    "flags",
    [
        ("--encoder", "none", "--cell", "minlstm", "--pooling", "last", "--layers", "2", "--no-normalize"),
        ("--cell", "tdnn", "--layers", "2", "--pooling", "max"),
        ("--cell", "simple_rnn", "--mixed-precision", "--convolutions", "3"),
    ],
)
def test_other_encoders_cells_and_poolings_train_and_export(paths, tmp_path, flags):
    few = (*CASE.flags, "--epochs", "1", "--name", "other")
    train("recognition", tmp_path, "--dataset", paths, *few, *flags)
    manifest = manifest_of(tmp_path, "other")
    states = models.load(tmp_path / "saved_models/other").signatures["states"]
    assert states(values=tf.zeros([2, 5, 2], tf.float64))["activations"].shape.rank == 3
    assert 0 <= manifest["metrics"]["test"]["accuracy"] <= 1
    path = tmp_path / "some.csv"
    path.write_text("x,y\n1,0\n0,1\n-1,0\n")
    (answer,) = models.load(tmp_path / "saved_models/other").predict([path])
    assert sum(answer["scores"].values()) == pytest.approx(1, abs=1e-6)


def test_a_time_delay_network_has_no_last_state(paths, call, tmp_path):
    flags = ("--dataset", str(paths), "--cell", "tdnn", "--pooling", "last")
    assert_refused(call, CASE.program, tmp_path, flags, "--cell tdnn", "--pooling max or mean")


# The exported model ---------------------------------------------------------------------------------------


def test_tensorflow_alone_gives_the_answers_of_this_process(trained_recogniser, model, rows, tmp_path):
    values = np.stack([row[:15] for row in rows[:4]])
    given = {"serving_default": {"values": values}, "states": {"values": values}}
    found = tensorflow_alone(trained_recogniser / "saved_models/tiny", "", given, tmp_path)
    for name, inputs in given.items():
        expected = model.signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
        assert_same_answers(found[name], {key: value.numpy() for key, value in expected.items()})


def test_a_signals_answer_does_not_depend_on_its_neighbours(model, rows):
    together = ask(model, rows)
    for number, row in enumerate(rows):
        alone = ask(model, [row])
        assert alone["label"][0] == together["label"][number]
        np.testing.assert_allclose(alone["scores"][0], together["scores"][number], atol=1e-6)


def test_step_by_step_it_says_what_it_says_of_all_steps_so_far(model, rows):
    row = rows[0]
    step = model.signatures["step"]
    state = tf.zeros([1, 1 + 30 * 2], tf.float64)
    for end, moment in enumerate(row, 1):
        found = step(values=tf.constant(moment[None]), state=state)
        state = found["state"]
        so_far = ask(model, [row[:end]])
        np.testing.assert_allclose(found["scores"], so_far["scores"], atol=1e-6)
        assert bool(found["valid"][0]) == bool(so_far["valid"][0])


def test_live_it_remembers_as_many_steps_as_the_longest_signal_had(model, rows):
    longer = np.concatenate([rows[0], rows[1], rows[2]])
    state = tf.zeros([1, 1 + 30 * 2], tf.float64)
    for moment in longer:
        found = model.signatures["step"](values=tf.constant(moment[None]), state=state)
        state = found["state"]
    np.testing.assert_allclose(found["scores"], ask(model, [longer[-30:]])["scores"], atol=1e-6)


def test_what_is_not_valid_has_no_label_and_harms_no_neighbour(model, rows):
    nothing, endless, huge, large = np.full((3, 2), np.nan), *(rows[0].copy() for _ in range(3))
    endless[4, 0], huge[4, 1], large[4, 1] = np.inf, 1e300, 1e25
    found = ask(model, [rows[0], nothing, endless, huge, large, rows[1]])
    assert found["valid"].tolist() == [True, False, False, False, False, True]
    assert found["label"][1:5].tolist() == [b""] * 4
    assert (found["scores"][1:5] == 0).all() and (found["score"][1:5] == 0).all()
    np.testing.assert_allclose(found["scores"][0], ask(model, rows[:1])["scores"][0], atol=1e-6)
    assert ask(model, [])["scores"].shape == (0, 3)
    assert not ask(model, [np.zeros((0, 2))])["valid"][0]


def test_missing_numbers_and_what_stands_behind_the_last_one_do_not_matter_much(model, rows):
    gap = rows[0].copy()
    gap[3, 0] = np.nan
    found = ask(model, [rows[0], gap, np.concatenate([rows[0], np.full((50, 2), np.nan)])])
    assert found["valid"].all()
    np.testing.assert_allclose(found["scores"][2], found["scores"][0], atol=1e-6)
    assert np.abs(found["scores"][1] - found["scores"][0]).max() < 0.3


def test_of_a_signal_that_is_too_long_the_first_steps_are_read(model):
    longest = recognition.Config().max_steps
    row = np.random.default_rng(1).normal(size=(longest + 5, 2))
    found = ask(model, [row, row[:longest]])
    assert found["truncated"].tolist() == [True, False]
    np.testing.assert_allclose(found["scores"][0], found["scores"][1], atol=1e-6)


# Its commands ---------------------------------------------------------------------------------------------


def test_it_reads_tables_and_ts_files_and_puts_each_signal_beside_its_label(
    trained_recogniser, paths, tmp_path, call
):
    name = str(trained_recogniser / "saved_models/tiny")
    lines = [
        json.loads(line)
        for line in call(zoo_main, tmp_path, "predict", name, paths, "--json").out.splitlines()
    ]
    assert len(lines) == 72
    assert lines[0]["signal"] == "paths.csv: circle 0"
    right = [line["label"] == line["signal"].split(": ")[1].split()[0] for line in lines]
    assert np.mean(right) > 0.85
    ts = tmp_path / "own.ts"
    ts.write_text("@data\n0.1,0.7,1:1,0.7,0\n")
    told = call(zoo_main, tmp_path, "predict", name, "--input", ts).out
    assert "own.ts" in told and "scores" in told
    other = tmp_path / "other.csv"
    other.write_text("x,z\n1,2\n")
    refused = call(zoo_main, tmp_path, "predict", name, other, code=2).err
    assert "no column of numbers 'y'" in refused
    refused = call(zoo_main, tmp_path, "predict", name, paths, "--signature", "step", code=2).err
    assert "by a program" in refused


def test_it_is_scored_on_a_users_own_table(trained_recogniser, paths, tmp_path, call):
    name = str(trained_recogniser / "saved_models/tiny")
    told = call(zoo_main, tmp_path, "evaluate", name, "--dataset", paths).out
    assert "accuracy" in told and "Confusion" in told
    rows = "0.1,0.7,1:1,0.7,0:circle\n-1,0,1:0,0,0:line\n"
    (tmp_path / "own.ts").write_text(f"@classLabel true circle line\n@data\n{rows}")
    assert "accuracy" in call(zoo_main, tmp_path, "evaluate", name, "--dataset", "own.ts").out


def test_pictures_show_how_the_answer_grows_and_what_units_do(trained_recogniser, paths, tmp_path, call):
    name = str(trained_recogniser / "saved_models/tiny")
    one = tmp_path / "one.csv"
    one.write_text("x,y\n" + "".join(f"{np.sin(t / 3):.3f},{np.cos(t / 3):.3f}\n" for t in range(20)))
    told = call(zoo_main, tmp_path, "inspect", "reading", name, one).out
    assert "in the end" in told
    assert (tmp_path / "reading.png").read_bytes().startswith(b"\x89PNG")
    told = call(zoo_main, tmp_path, "inspect", "states", name, one, "--output", "s.svg").out
    assert "x: unit" in told and "y: unit" in told
    assert "unit" in (tmp_path / "s.svg").read_text()
    assert (
        "has units 0 to"
        in call(zoo_main, tmp_path, "inspect", "states", name, one, "--units", "99", code=2).err
    )


def test_files_that_end_before_they_begin_or_lie(trained_recogniser, tmp_path, call):
    name = str(trained_recogniser / "saved_models/tiny")
    for text, words in {
        "": "empty",
        "x,y\n": "no rows",
        "x,y\n,\n": "has not one number",
        "x,y\nfast,1\n": "'fast'",
    }.items():
        (tmp_path / "own.csv").write_text(text)
        error = call(zoo_main, tmp_path, "predict", name, "own.csv", code=2).err
        assert words in error and error.count("\n") == 1


def test_keras_reads_what_was_trained(trained_recogniser):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stored = keras.saving.load_model(trained_recogniser / "runs/tiny/model.keras")
    assert stored.output.shape == (None, 3)
