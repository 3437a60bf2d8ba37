"""Training, evaluating and asking from a program, on rows that it holds."""

import csv
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import run

import zoo
import zoo.layers
from zoo.data.own import held

SENTENCES = [
    {"tokens": ["Ada", "met", "Bo"], "tags": ["B-PER", "O", "B-PER"]},
    {"tokens": ["No"], "tags": ["O"]},
]


class Frame:
    """What pandas gives of a frame."""

    def __init__(self, rows):
        self.rows = rows

    def to_dict(self, how):
        assert how == "records"
        return self.rows


class Polars:
    def __init__(self, rows):
        self.rows = rows

    def to_dicts(self):
        return self.rows


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    "rows",
    [
        [{"text": "a", "label": 1}, {"text": "ß", "label": 0}],
        Frame([{"text": "a", "label": 1}, {"text": "ß", "label": 0}]),
        Polars([{"text": "a", "label": 1}, {"text": "ß", "label": 0}]),
        tf.data.Dataset.from_tensor_slices({"text": ["a", "ß"], "label": [1, 0]}),
    ],
)
def test_rows_of_all_kinds_are_one_file(rows):
    path = held.as_file(rows)
    assert path.read_text("utf-8") == '{"text": "a", "label": 1}\n{"text": "ß", "label": 0}\n'
    assert path.parent.name == "own"
    assert held.as_file(rows) == path


def test_times_and_what_is_missing_are_written_as_files_have_them():
    import datetime

    rows = [
        {"day": datetime.datetime(2026, 1, 2), "load": np.float32(1.5)},
        {"day": "x", "load": float("nan")},
    ]
    assert [json.loads(line) for line in held.as_file(rows).read_text().splitlines()] == [
        {"day": "2026-01-02T00:00:00", "load": 1.5},
        {"day": "x", "load": None},
    ]


def test_tokens_and_tags_are_a_column_file():
    assert held.as_file(SENTENCES).read_text() == "Ada B-PER\nmet O\nBo B-PER\n\nNo O\n"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "there are no rows"),
        (3, "rows are a int; give a path"),
        ({"text": "a"}, "rows are a dict; give a path"),
        (["a"], "a row is a str; give each as a dict"),
        ([{"tokens": ["a", "b"], "tags": ["O"]}], "row 1 has 2 tokens and not as many tags"),
        ([{"tokens": ["a b"], "tags": ["O"]}], "row 1 has a token or tag 'a b'"),
    ],
)
def test_what_are_no_rows_is_refused_with_the_mend(rows, told):
    with pytest.raises(zoo.ZooError, match=told):
        held.as_file(rows)


class Epochs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.ended = []

    def on_epoch_end(self, epoch, logs=None):
        self.ended.append(epoch)


def test_a_program_trains_what_the_command_trains_and_goes_on_with_it(reviews, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with reviews.open(newline="") as file:
        rows = list(csv.DictReader(file))
    seen = Epochs()
    settings = {
        "name": "mine",
        "epochs": 2,
        "units": 8,
        "word_units": 8,
        "subword_units": 0,
        "learning_rate": 0.01,
    }
    model = zoo.train("sentiment", dataset=rows, callbacks=[seen], **settings)
    assert seen.ended == [0, 1]
    assert model.path == tmp_path / "saved_models/mine"
    score = model.evaluate(rows)
    assert score.n == len(rows)
    assert score["accuracy"] == model.evaluate(reviews)["accuracy"] > 0.6

    again = zoo.train("sentiment", dataset=rows, callbacks=[seen], **settings)
    assert seen.ended == [0, 1]  # it was done
    frame = again.to_frame(["the soup was lovely", "so rude"])
    assert list(frame.columns) == ["text", "label", "score", "scores.blame", "scores.praise"]
    assert list(frame["label"]) == [row["label"] for row in model.predict(["the soup was lovely", "so rude"])]

    flags = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    (own,) = (tmp_path / "cache/own").iterdir()
    run("-m", "zoo.recipes.sentiment", "--dataset", own, *flags, cwd=tmp_path)
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"recipe": "sentimental"}, "no recipe 'sentimental'; there are: captioning, "),
        ({"recipe": "sentiment", "unitz": 3}, "sentiment: unknown setting 'unitz'; settings are "),
        ({"recipe": "sentiment", "units": "many"}, "units"),
        ({"recipe": "sentiment", "dataset": []}, "there are no rows"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_written(arguments, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(zoo.ZooError, match=told):
        zoo.train(**arguments)
    assert not list(tmp_path.iterdir())


def test_what_was_exported_is_there_for_keras_too(trained):
    model = keras.saving.load_model(trained / "runs/tiny/model.keras")
    exported = zoo.load(trained / "saved_models/tiny")
    for weight, stored in zip(model.weights, exported.variables, strict=True):
        np.testing.assert_array_equal(weight, stored)
