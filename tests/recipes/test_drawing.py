import json
from xml.etree import ElementTree

import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, manifest_of, train
from tiny import SHAPES, assert_refused, assert_same_answers, tensorflow_alone

import zoo
from zoo import models
from zoo.__main__ import main as zoo_main

CASE = CASES["drawing"]
NAMES = list(SHAPES)
NONE = np.zeros((1, 0, 3), np.float32)


@pytest.fixture(scope="module")
def model(trained_drawer) -> models.Model:
    return models.load(trained_drawer / "saved_models/tiny")


def ask(model, texts, signature="serving_default", strokes=None, temperature=0.3, seed=1):
    inputs = {"text": tf.constant(texts, tf.string, shape=[len(texts)])}
    if signature != "score":
        inputs["temperature"] = tf.fill([len(texts)], float(temperature))
        inputs["seed"] = tf.range(seed, seed + len(texts), dtype=tf.int64)
    if signature != "serving_default":
        inputs["strokes"] = tf.constant(strokes, tf.float32)
    return {name: value.numpy() for name, value in model.signatures[signature](**inputs).items()}


def test_it_learns_to_draw_what_is_described(trained_drawer, model):
    manifest = manifest_of(trained_drawer)
    score, baseline = manifest["metrics"]["test"], manifest["baselines"]["test"]["one Gaussian"]
    assert score["nats"] < baseline["nats"] - 1
    assert manifest["mapping"] == "drawing" and manifest["defaults"] == {"temperature": 0.1, "seed": 0}
    sheet = ElementTree.fromstring((trained_drawer / "runs/tiny/test.svg").read_text())
    assert len([child for child in sheet if child.tag.endswith("svg")]) == score["n"]


def test_a_true_drawing_is_more_probable_under_its_own_name(model, shapes):
    part = zoo.data.load(str(shapes), "drawing").test
    texts, strokes = part.strings("text"), [row.numpy() for row in part.column("strokes")]
    others = [NAMES[(NAMES.index(text) + 1) % 4] for text in texts]
    right, wrong = (
        sum(row["log_probability"] for row in model.predict(list(zip(said, strokes, strict=True)), "score"))
        for said in (texts, others)
    )
    assert right > wrong + 10


def test_a_row_s_answer_depends_on_it_alone_and_on_its_seed(model):
    together = ask(model, NAMES)
    for i, name in enumerate(NAMES):
        alone = ask(model, [name], seed=1 + i)
        length = np.isfinite(alone["strokes"][0, :, 0]).sum()
        np.testing.assert_allclose(together["strokes"][i, :length], alone["strokes"][0, :length], atol=1e-5)
        assert np.isnan(together["strokes"][i, length:]).all()
        assert together["svg"][i].count(b"<path") == alone["svg"][0].count(b"<path")
    other = ask(model, ["cross"], seed=99)["svg"][0]
    assert other != together["svg"][0]
    assert ask(model, ["cross"], temperature=0, seed=9)["svg"] == ask(model, ["cross"], temperature=0)["svg"]


def test_strokes_are_points_whose_pen_is_lifted_at_the_end_of_what_is_finished(model):
    found = ask(model, ["cross"] * 20, temperature=0.5)
    assert found["strokes"].shape[1] <= 80 and found["strokes"].dtype == np.float32
    for strokes, finished, svg in zip(found["strokes"], found["finished"], found["svg"], strict=True):
        points = strokes[np.isfinite(strokes).all(axis=1)]
        assert set(points[:, 2]) <= {0.0, 1.0} and len(points)
        assert points[-1, 2] == 1 if finished else len(points) == 80
        drawn = ElementTree.fromstring(svg)
        assert len(drawn) == points[:, 2].sum() + (points[-1, 2] == 0)


def test_a_drawing_goes_on_from_what_is_there_as_if_it_had_not_been_stopped(model):
    whole = ask(model, ["square"], temperature=0)["strokes"]
    for count in (0, 1, 4):
        found = ask(model, ["square"], "continue", whole[:, :count], temperature=0)
        np.testing.assert_allclose(
            found["strokes"][0, : whole.shape[1]], whole[0][: found["strokes"].shape[1]], atol=1e-4
        )
    beside = np.full((2, 3, 3), np.nan, np.float32)
    beside[1] = whole[0, :3]
    found = ask(model, ["square", "square"], "continue", beside, temperature=0)
    np.testing.assert_allclose(found["strokes"][0, : whole.shape[1]], whole[0], atol=1e-4)
    np.testing.assert_allclose(found["strokes"][1, : whole.shape[1]], whole[0], atol=1e-4)


def test_a_score_is_that_of_each_point_added_up(model):
    whole = ask(model, ["roof"], temperature=0.5)["strokes"]
    count = whole.shape[1]
    one, two = (ask(model, ["roof"], "score", whole[:, :n]) for n in (count - 1, count))
    assert one["points"] == count - 1 and two["points"] == count
    assert two["nats"][0] == pytest.approx(-two["log_probability"][0] / count, rel=1e-5)
    none = ask(model, ["roof"], "score", NONE)
    assert (none["points"][0], none["log_probability"][0], none["nats"][0]) == (0, 0, 0)


@pytest.mark.parametrize(
    "texts", [[], [""], ["", "cross"], ["\u2603"], ["a" * 5_000], ["cross\n"], [b"\xff\xfe"], ["  cross  "]]
)
def test_any_text_has_an_answer(model, texts):
    found = ask(model, texts)
    assert {len(value) for value in found.values()} == {len(texts)}
    if texts in ([""], ["cross\n"], ["  cross  "]):
        assert found["known"].all()
    if texts in (["\u2603"], [b"\xff\xfe"]):
        assert not found["known"].any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_strokes_of_any_numbers_have_an_answer(model, value):
    strokes = np.array([[[0.5, 0.5, 0], [value, 0.5, 0], [0.6, 0.6, 1]]], np.float32)
    found = ask(model, ["cross"], "score", strokes)
    assert found["points"][0] == (3 if value == 1e30 else 1)
    assert ask(model, ["cross"], "continue", strokes)["svg"].shape == (1,)


@pytest.mark.parametrize("temperature", [-1.0, np.inf, np.nan])
def test_a_temperature_that_cannot_be_is_told(model, temperature):
    with pytest.raises(tf.errors.InvalidArgumentError, match="temperature must be"):
        ask(model, ["cross"], temperature=temperature)


def test_tensorflow_alone_gives_the_same_answers(model, trained_drawer, tmp_path):
    texts = {"text": NAMES}
    settings = {"temperature": [0.2] * 4, "seed": [1, 2, 3, 4]}
    strokes = {"strokes": np.tile(np.array([[0.2, 0.2, 0], [0.25, 0.2, 0]], np.float32), (4, 1, 1))}
    given = {
        "serving_default": texts | settings,
        "continue": texts | settings | strokes,
        "score": texts | strokes,
    }
    found = tensorflow_alone(trained_drawer / "saved_models/tiny", "", given, tmp_path)
    for signature, inputs in given.items():
        expected = ask(model, NAMES, signature, inputs.get("strokes"), temperature=0.2)
        assert_same_answers(found[signature], expected)


def test_the_command_draws_in_a_terminal_and_into_files(trained_drawer, tmp_path, call):
    name = str(trained_drawer / "saved_models/tiny")
    call(zoo_main, tmp_path, "predict", name, "cross", "equals", "--output", "a.svg")
    sheet = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert len([child for child in sheet if child.tag.endswith("svg")]) == 2
    row = json.loads(call(zoo_main, tmp_path, "predict", name, "cross", "--temperature", "0", "--json").out)
    assert row["text"] == "cross" and row["svg"].startswith("<svg ") and len(row["strokes"][0]) == 3
    shown = call(zoo_main, tmp_path, "predict", name, "cross", "--seed", "3").out
    assert any(0x2800 < ord(sign) < 0x2900 for sign in shown)


def test_it_draws_without_reading_where_it_is_told_to(shapes, tmp_path):
    flags = ("--dataset", shapes, *CASE.flags, "--epochs", "1", "--no-conditional", "--components", "1",
             "--layers", "1", "--cell", "gru", "--name", "any")  # fmt: skip
    train("drawing", tmp_path, *flags)
    any_ = models.load(tmp_path / "saved_models/any")
    found = ask(any_, ["cross", "square"], temperature=0)
    assert found["svg"][0] == found["svg"][1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": "a", "strokes": [[[0, 0]]]}\n', "too few drawings"),
        ('{"text": "a"}\n', "line 1"),
        ("", "empty"),
    ],
)
def test_data_of_one_s_own_that_cannot_be_learned_from_is_refused(content, words, call, tmp_path):
    (tmp_path / "mine.jsonl").write_text(content)
    assert_refused(call, CASE.program, tmp_path, ("--dataset", "mine.jsonl"), "mine.jsonl", words)
