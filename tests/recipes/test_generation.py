import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, checkpoint, manifest_of, train
from tiny import assert_refused, tensorflow_alone

import zoo
from zoo.__main__ import main as zoo_main
from zoo.recipes import generation
from zoo.text import Vocabulary
from zoo.text.units import Units, split

CASE = CASES["generation"]


def test_it_learns_exports_and_shows_scores_beside_ngrams(trained_generator, lines):
    manifest = manifest_of(trained_generator)
    score, baselines = manifest["metrics"]["test"], manifest["baselines"]["test"]
    assert set(baselines) == {"1-grams", "6-grams"}
    assert score["nats"] < 0.5 * baselines["1-grams"]["nats"]
    assert (score["n"], manifest["dataset"]["sizes"]) == (1, {"train": 1, "validation": 1, "test": 1})
    assert abs(score["units"] - 0.1 * len(lines.read_text())) < 30
    assert score["units"] == baselines["6-grams"]["units"]
    assert set(manifest["signatures"]) == {"serving_default", "score", "step", "encode", "states"}
    assert manifest["defaults"] == {"length": 60, "temperature": 0.6, "top_k": 0, "top_p": 1.0, "seed": 1}
    metrics = json.loads((trained_generator / "runs/tiny/metrics.json").read_text())
    assert metrics["test"] == {**baselines, "tiny": score}
    losses = [epoch["val_loss"] for epoch in metrics["history"]]
    assert len(losses) == 5
    assert losses[metrics["best_epoch"] - 1] == min(losses)
    # What training validates by is in the unit of the scores, and the text is of one kind.
    assert min(losses) == pytest.approx(score["nats"], abs=0.1)
    characters = (trained_generator / "runs/tiny/vocabulary.txt").read_text().split("\n")
    assert " " in characters and "é" not in characters  # it stands there once


def test_what_is_carried_from_window_to_window_is_in_the_checkpoint(trained_generator):
    carried = [array for array in checkpoint(trained_generator)[0].values() if array.shape == (16, 24)]
    assert len(carried) == 2 * 8 and all(array.any() for array in carried)
    assert (trained_generator / "runs/tiny/learning_curve.png").read_bytes().startswith(b"\x89PNG")


# The model in training ------------------------------------------------------------------------------------


# The program ----------------------------------------------------------------------------------------------


def test_words_and_other_settings_train_and_export(lines, tmp_path):
    settings = ("--level", "word", "--tied", "--cell", "peephole_lstm", "--weight-dropout", "0",
                "--layers", "1", "--storage", "float32", "--mixed-precision", "--epochs", "1",
                "--window", "5", "--batch-size", "8", "--steps-per-epoch", "5", "--length", "9")  # fmt: skip
    train("generation", tmp_path, "--dataset", lines, *CASE.flags, *settings)
    manifest = manifest_of(tmp_path, "generation")
    assert list(manifest["metrics"]["test"]) == ["n", "units", "perplexity", "nats"]
    assert set(manifest["baselines"]["test"]) == {"1-grams", "3-grams"}
    assert manifest["signatures"]["step"]["outputs"]["state"] == "float32 (any, 48)"
    (row,) = zoo.load(f"{tmp_path}/saved_models/generation").predict(["the dog"])
    assert row["text"].startswith("the dog")
    assert len(split(tf.constant([row["continuation"]]), "word").values) == 9


def test_a_model_of_words_is_no_start_for_characters(trained_generator, lines, tmp_path, call):
    start = str(trained_generator / "saved_models/tiny")
    flags = ["--dataset", str(lines), "--level", "word", "--init-from", start]
    assert_refused(call, CASE.program, tmp_path, flags, "was trained with --level char; add it")


FINE = "one line of words\n" * 99
TINY = ("--batch-size", "4", "--window", "8")
FILES = {
    "fine.txt": FINE.encode(),
    "latin.txt": "café\n".encode("latin-1") * 999,
    "empty.txt": b"\n \n",
    "short.txt": b"short\n",
}


@pytest.mark.parametrize(
    ("arguments", "named", "mend"),
    [
        (["--dataset", "fine.txt"], "fine.txt: the training part has 1,4", "lower --batch-size or --window"),
        (["--dataset", "fine.txt", "--level", "word"], "words, but a batch takes 4,160", "give more text"),
        (["--dataset", "latin.txt"], "latin.txt: line 1 is not UTF-8", "save the file as UTF-8"),
        (["--dataset", "empty.txt"], "empty.txt: the file is empty", "it needs text"),
        (["--dataset", "short.txt"], "short.txt: too little text for a train part", "give more"),
        (["--dataset", "nowhere.txt"], "nowhere.txt: no such file", "give the path of a text file"),
        (["--dataset", "shakespeare"], "unknown data set 'shakespeare'", "tiny_shakespeare"),
        (["--dataset", "fine.txt", "--init-from", "nothing"], "nothing", "give a path"),
        (["--preset", "shake"], "--preset shake", "shakespeare"),
        (["--level", "letter"], "--level", "word"),
        (["--cell", "rnn"], "--cell", "simplified_gru"),
        (
            ["--dataset", "fine.txt", *TINY, "--cell", "mingru", "--weight-dropout", "0.1"],
            "--cell mingru",
            "lstm",
        ),
        (["--temprature", "1"], "--temprature", "--temperature"),
        (["--window", "0"], "--window 0", "at least 1"),
        (["--layers", "0"], "--layers 0", "at least 1"),
        (["--vocabulary-size", "3"], "--vocabulary-size 3", "at least 4"),
        (["--dropout", "1"], "--dropout 1.0", "at most 0.99"),
        (["--length", "-1"], "--length -1", "at least 0"),
        (["--temperature", "-0.5"], "--temperature -0.5", "at least 0"),
        (["--temperature", "nan"], "--temperature nan", "at least 0"),
        (["--temperature", "inf"], "--temperature inf", "at most 1,000"),
        (["--top-k", "-1"], "--top-k -1", "at least 0"),
        (["--top-p", "1.5"], "--top-p 1.5", "at most 1"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_nothing_written(tmp_path, call, arguments, named, mend):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    assert_refused(call, CASE.program, tmp_path, arguments, named, mend)


# The saved model ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(trained_generator):
    return zoo.load(f"{trained_generator}/saved_models/tiny")


def test_tensorflow_alone_gives_the_keras_models_answers(model, tmp_path):
    fields = {field.name for field in dataclasses.fields(generation.Config)}
    stored = {name: value for name, value in model.manifest.config.items() if name in fields}
    config = generation.Config(**stored)
    units = Units.read(model.path / "assets/vocabulary.txt", "char")
    core = generation.build_model(config, len(units))
    assert [weight.path for weight in core.weights] == model.manifest.weights
    core.set_weights([variable.numpy() for variable in model.variables])
    rebuilt = generation.Generation(config, core, units)

    texts = ["", "the dog\n", b"\xff caf\xc3\xa9\r\n", "the bird sees the " * 40]
    rows = len(texts)
    settings = {"length": [0, 30, 9, 5], "temperature": [1.0, 0.0, 0.7, 2.0], "top_k": [0, 0, 3, 0]}
    settings |= {"top_p": [1.0, 1.0, 0.9, 0.5], "seed": [1, 2, 3, 2**40]}
    state = np.random.default_rng(1).normal(size=[rows, 96]).astype("float32")
    given = {
        "serving_default": {"prompt": texts, **settings},
        "step": {"tokens": [Vocabulary.START, 3, 4, 5], "state": state},
        **{name: {"text": texts} for name in ("score", "encode", "states")},
    }
    found = tensorflow_alone(model.path, "", given, tmp_path)
    functions = {"serving_default": rebuilt.write, "step": rebuilt.stream, "score": rebuilt.score,
                 "encode": rebuilt.encode, "states": rebuilt.show_states}  # fmt: skip
    assert found.keys() == functions.keys()
    for name, function in functions.items():
        expected = function(*given[name].values())
        assert found[name].keys() == expected.keys()
        for key, value in expected.items():
            if value.dtype.is_floating:
                np.testing.assert_allclose(found[name][key], value, rtol=1e-5, atol=1e-5, err_msg=key)
            else:
                np.testing.assert_array_equal(found[name][key], value, err_msg=key)


def to_the_last_bits(row: dict) -> dict:
    """The same text; of its probability, what sums over batches of another size leave alike everywhere."""
    return {**row, "log_probability": pytest.approx(row["log_probability"], abs=1e-5)}


def test_predict_takes_settings_for_all_rows_or_one_for_each(model):
    prompts = ["the ", "a"]
    both = model.predict(prompts, length=[3, 8], temperature=0, seed=5)
    assert [len(row["continuation"]) for row in both] == [3, 8]
    assert both[1] == to_the_last_bits(model.predict(["a"], length=8, temperature=0.0)[0])
    assert [row["text"] for row in both] == [
        prompt + row["continuation"] for prompt, row in zip(prompts, both, strict=True)
    ]
    assert len(model.predict(["a"])[0]["continuation"]) == 60  # as the manifest says
    many = model.predict(["the "] * 600, length=4, seed=list(range(600)))
    assert many[599] == to_the_last_bits(model.predict(["the "], length=4, seed=599)[0])
    assert model.predict([""], "score") == [
        {"log_probability": 0.0, "perplexity": 1.0, "truncated": False, "units": 0}
    ]


@pytest.mark.parametrize(
    ("signature", "settings", "told"),
    [
        ("", {"beam": 3}, "beam is no setting of serving_default, which takes .*temperature"),
        ("score", {"seed": 3}, "seed is no setting of score, which takes no settings"),
        ("", {"length": [1, 2]}, "1 inputs, but 2 of length; give one for each"),
        ("", {"top_p": 1.5}, "tiny: top_p must be 1 or less"),
        ("", {"length": 2**40}, "length of tiny: a number is too large; it is of type int32"),
        ("", {"seed": 2**70}, "int64"),
        ("step", {}, "predict needs a signature step with one input"),
    ],
)
def test_predict_refuses_what_is_no_setting(model, signature, settings, told):
    with pytest.raises(zoo.errors.ZooError, match=told):
        model.predict(["the "], signature, **settings)


# python -m zoo --------------------------------------------------------------------------------------------


def test_predict_into_a_pipe_prints_texts_with_what_was_written(trained_generator, call):
    flags = ("--length", "12", "--temperature", "0.9")
    ask = lambda *more: call(zoo_main, trained_generator, "predict", "tiny", *more, *flags).out  # noqa: E731
    one, two = (ask(prompt, "--seed", seed) for prompt, seed in (("the ", "7"), ("", "8")))
    assert one.startswith("the ") and len(one) == 4 + 12 + 1
    # Each text has a seed one higher.
    assert ask("the ", "", "the ", "--seed", "7").startswith(f"{one}\n{two}\nthe ")


def test_predict_reads_prompts_and_writes_objects(trained_generator, tmp_path, call):
    (tmp_path / "in.txt").write_text("the dog \n\n東京\n", encoding="utf-8")
    files = ("--input", tmp_path / "in.txt", "--output", tmp_path / "out.jsonl")
    call(zoo_main, trained_generator, "predict", "tiny", *files, "--length", "5")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [set(row) for row in rows] == [{"text", "continuation", "log_probability", "truncated"}] * 3
    for row, prompt in zip(rows, ("the dog ", "", "東京"), strict=True):
        assert row["text"] == prompt + row["continuation"]


def test_evaluate_repeats_the_training_scores_and_scores_a_file(trained_generator, tmp_path, call):
    score = manifest_of(trained_generator)["metrics"]["test"]
    output = call(zoo_main, trained_generator, "evaluate", "tiny").out
    assert f"│ tiny    │ {score['nats']:.4f} │" in output
    assert "│ 6-grams │" in output
    (tmp_path / "own.md").write_text("the dog sees the cat\r\nthe cat")
    output = call(zoo_main, trained_generator, "evaluate", "tiny", "--dataset", tmp_path / "own.md").out
    (row,) = zoo.load(f"{trained_generator}/saved_models/tiny").predict(
        ["the dog sees the cat\nthe cat"], "score"
    )
    assert f"{-row['log_probability'] / 28:.4f}" in output
    assert "grams" not in output


def test_list_and_info_show_the_generator(trained_generator, call):
    score = manifest_of(trained_generator)["metrics"]["test"]
    (line,) = (
        x for x in call(zoo_main, trained_generator, "list").out.splitlines() if x.startswith("│ tiny ")
    )
    assert "generation" in line
    assert f"nats {score['nats']:.4f}" in line
    card = " ".join(call(zoo_main, trained_generator, "info", "tiny").out.split())
    assert 'prompt=tf.constant(["..."]), length=tf.constant([60])' in card
    assert "seed=tf.constant([1], tf.int64)" in card


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("predict", "tiny", "a", "--temperature", "-1"), "tiny: temperature must be 0 or more"),
        (("predict", "tiny", "a", "--length", "4294967297"), "length of tiny: a number is too large"),
        (("predict", "tiny", "a", "--signature", "score", "--seed", "1"), "--seed: is for"),
        (("evaluate", "tiny", "--dataset", "nowhere.txt"), "nowhere.txt: no such file"),
        (("evaluate", "tiny", "--dataset", "blank.txt"), "blank.txt: the file is empty"),
        (("evaluate", "tiny", "--split", "dev"), "--split dev: choose test, validation or train"),
    ],
)
def test_what_a_generator_cannot_do_is_one_line(
    trained_generator, tmp_path, call, arguments, told, monkeypatch
):
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(trained_generator / "saved_models"))
    (tmp_path / "blank.txt").write_text(" \n")
    (line,) = call(zoo_main, tmp_path, *arguments, code=2).err.strip().splitlines()
    assert told in line


def test_it_is_scored_while_it_learns_on_where_that_is_asked_for(trained_generator, tmp_path, call):
    (tmp_path / "again.txt").write_text("the green dog sings. " * 40, encoding="utf-8")
    name = str(trained_generator / "saved_models/tiny")
    flags = ("--dataset", "again.txt", "--json", "--dynamic", "20")
    said = json.loads(call(zoo_main, tmp_path, "evaluate", name, *flags).out)
    beside = list(said["baselines"])[-1]
    assert beside == "tiny, learning on"
    assert said["baselines"][beside]["nats"] < 0.8 * said["figures"]["nats"]
    said = call(zoo_main, tmp_path, "evaluate", name, "--dynamic", "-1", code=2).err
    assert "--dynamic -1: must be 0, or how many units make a step" in said


def test_a_cache_is_scored_beside_the_model_where_it_is_asked_for(trained_generator, tmp_path, call):
    name = trained_generator / "saved_models/tiny"
    (tmp_path / "again.txt").write_text("the cat sat on the mat. " * 30)
    flags = ("--dataset", "again.txt", "--json", "--cache", "50")
    told = json.loads(call(zoo_main, tmp_path, "evaluate", name, *flags).out)
    (beside,) = told["baselines"].items()
    assert beside[0] == "tiny, cache of 50"
    assert beside[1]["perplexity"] < told["figures"]["perplexity"]
    said = call(zoo_main, tmp_path, "evaluate", name, "--cache", "-1", code=2).err
    assert "--cache -1: must be 0, or how many units are remembered" in said
