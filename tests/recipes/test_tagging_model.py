import csv
import dataclasses
import json
import pickle
from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf
from tiny import run

import zoo
from zoo.__main__ import main as zoo_main
from zoo.recipes import tagging
from zoo.text import Known, Vocabulary

LONG = "yesterday Ada Falk met Bo in New Oslo . " * 333 + "so ."  # 2,999 tokens
TEXTS = [
    "Ada Falk met Bo in New Oslo .",
    "",
    " \t\n ",
    b"\xff\xfe Ada \xc3",
    "NUL \x00 and \x1f inside",
    "👩🏽‍🚀 met Cleo in 東京 !",
    "<padding> <unknown> met Bo",
    "x" * 20_000,
    LONG,
]


@pytest.fixture(scope="module")
def model(trained_tagger):
    return zoo.load(f"{trained_tagger}/saved_models/tiny")


@pytest.fixture(scope="module")
def rebuilt(model):
    """What was exported, made again from the recipe and the stored weights."""
    fields = {field.name for field in dataclasses.fields(tagging.Config)}
    stored = {name: value for name, value in model.manifest.config.items() if name in fields}
    config, names = tagging.Config(**stored), model.manifest.labels
    known = Known(Vocabulary.read(model.path / "assets/vocabulary.txt"))
    network = tagging.build_model(config, known, names)
    assert [weight.path for weight in network.weights] == model.manifest.weights
    network.set_weights([variable.numpy() for variable in model.variables])
    return tagging.Tagging(config, network, known, names)


def arrays(outputs) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in outputs.items()}


def rows_of(outputs, name: str) -> list[list]:
    """Takes an output apart by its row splits."""
    splits = outputs["row_splits"]
    return [outputs[f"flat_{name}"][a:b].tolist() for a, b in pairwise(splits)]


@pytest.fixture(scope="module")
def answer(model):
    return arrays(model.signatures["serving_default"](text=tf.constant(TEXTS)))


def test_tensorflow_alone_gives_the_keras_models_answers(model, rebuilt, tmp_path):
    program = """
import pickle, sys
sys.modules["keras"] = None
import tensorflow as tf
with open("texts", "rb") as file:
    texts = pickle.load(file)
outputs = tf.saved_model.load(sys.argv[1]).signatures["serving_default"](text=tf.constant(texts))
with open("outputs", "wb") as file:
    pickle.dump({name: value.numpy() for name, value in outputs.items()}, file)
"""
    (tmp_path / "texts").write_bytes(pickle.dumps(TEXTS))
    run("-c", program, str(model.path), cwd=tmp_path)
    found = pickle.loads((tmp_path / "outputs").read_bytes())
    expected = arrays(rebuilt.tag_text(tf.constant(TEXTS)))
    assert found.keys() == expected.keys()
    for name in expected:
        if name.endswith("scores"):
            np.testing.assert_allclose(found[name], expected[name], atol=1e-6)
        else:
            np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_a_row_has_the_same_answer_alone_and_beside_3000_tokens(model, answer):
    names = ("tokens", "tags", "starts", "ends")
    for i, text in enumerate(TEXTS):
        alone = arrays(model.signatures["serving_default"](text=tf.constant([text])))
        for name in names:
            assert alone[f"flat_{name}"].tolist() == rows_of(answer, name)[i]
        np.testing.assert_allclose(alone["flat_scores"], rows_of(answer, "scores")[i], atol=1e-6)


def test_every_text_has_its_tokens_with_known_tags_and_probabilities(model, answer):
    assert np.diff(answer["row_splits"]).tolist() == [8, 0, 0, 4, 3, 6, 8, 1, 2999]
    assert rows_of(answer, "tokens")[3] == [token.encode() for token in ["�", "�", "Ada", "�"]]
    assert {tag.decode() for tag in answer["flat_tags"]} <= set(model.manifest.labels)
    assert np.isfinite(answer["flat_scores"]).all()
    assert (answer["flat_scores"] > 0).all()
    assert (answer["flat_scores"] <= 1 + 1e-6).all()


def test_offsets_point_at_the_tokens(answer):
    for i, text in enumerate(TEXTS):
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        places = zip(rows_of(answer, "starts")[i], rows_of(answer, "ends")[i], strict=True)
        found = [text[start:end].encode() for start, end in places]
        assert found == rows_of(answer, "tokens")[i]


def test_dense_outputs_are_the_flat_ones_filled_up(answer):
    for name, filling in (("tokens", b""), ("tags", b""), ("scores", 0), ("starts", 0), ("ends", 0)):
        assert answer[name].shape == (len(TEXTS), 2999)
        for dense, flat in zip(answer[name].tolist(), rows_of(answer, name), strict=True):
            assert dense == flat + [filling] * (2999 - len(flat))


def test_padded_outputs_alone_have_a_row_for_each_text_and_its_length(model, answer):
    found = arrays(model.signatures["padded"](text=tf.constant(TEXTS)))
    columns, chances = {"tokens", "tags", "starts", "ends"}, {"scores", "confidences"}
    assert found.keys() == columns | chances | {"length", "truncated"}
    for name in columns:
        np.testing.assert_array_equal(found[name], answer[name])
    for name in chances:
        np.testing.assert_allclose(found[name], answer[name], atol=1e-6)
    assert found["length"].dtype == np.int64
    assert found["length"].tolist() == np.diff(answer["row_splits"]).tolist()
    assert found["truncated"].tolist() == [False] * len(TEXTS)
    nothing = arrays(model.signatures["padded"](text=tf.zeros([0], tf.string)))
    assert {value.shape[0] for value in nothing.values()} == {0}


def test_predict_reads_padded_outputs_as_it_does_flat_ones(model):
    asked = ["Ada Falk met Bo", "", LONG]
    for padded, flat in zip(model.predict(asked, "padded"), model.predict(asked, "flat"), strict=True):
        for found, expected in zip(padded["spans"], flat["spans"], strict=True):
            assert found == {**expected, "confidence": pytest.approx(expected["confidence"], abs=1e-6)}
        del padded["spans"], flat["spans"]
        assert [token.pop("score") for token in padded["tokens"]] == pytest.approx(
            [token.pop("score") for token in flat["tokens"]], abs=1e-6
        )
        assert padded == flat


def test_ready_tokens_get_the_tags_of_the_same_tokens_in_a_text(model, answer):
    ready = arrays(model.signatures["tokens"](tokens=tf.constant(answer["tokens"])))
    for name in ("flat_tokens", "flat_tags", "row_splits"):
        np.testing.assert_array_equal(ready[name], answer[name])
    np.testing.assert_allclose(ready["flat_scores"], answer["flat_scores"], atol=1e-6)


def test_a_batch_of_no_strings_gives_no_rows(model):
    for outputs in (
        model.signatures["serving_default"](text=tf.zeros([0], tf.string)),
        model.signatures["tokens"](tokens=tf.zeros([0, 0], tf.string)),
    ):
        assert outputs["row_splits"].numpy().tolist() == [0]
        assert outputs["tags"].shape[0] == len(outputs["flat_tags"]) == 0


def test_10000_tokens_are_all_tagged(model):
    (row,) = model.predict(["Ada met Bo . " * 2500])
    assert len(row["tokens"]) == 10_000
    assert [token["tag"] for token in row["tokens"][-4:]] == ["B-person", "O", "B-person", "O"]
    assert len(row["spans"]) == 5000


def test_predict_gives_spans_with_their_places(model):
    text = "yesterday Ada Falk met Bo in  New Oslo ."
    from_text, ready = model.predict([text])[0], model.predict([text.split()])[0]
    sure = [span.pop("confidence") for span in from_text["spans"]]
    # Of a span of one token no more than its own tag can be right.
    (bo,) = (token["score"] for token in from_text["tokens"] if token["token"] == "Bo")
    assert 0.5 < sure[1] <= bo
    assert all(0 < confidence <= 1 for confidence in sure)
    assert from_text["spans"] == [
        {"type": "person", "text": "Ada Falk", "start": 10, "end": 18},
        {"type": "person", "text": "Bo", "start": 23, "end": 25},
        {"type": "place", "text": "New Oslo", "start": 30, "end": 38},
    ]
    assert [(span["text"], span["start"], span["end"]) for span in ready["spans"]] == [
        ("Ada Falk", 1, 3), ("Bo", 4, 5), ("New Oslo", 6, 8)
    ]  # fmt: skip


def test_no_token_is_taken_for_padding(rebuilt):
    tokens = tf.ragged.constant([["<padding>", "", "\n"]])
    words = tagging.encode(rebuilt.config, rebuilt.known, tokens)["words"]
    assert words.numpy().tolist() == [[1, 1, 1]]


# python -m zoo --------------------------------------------------------------------------------------------


def test_what_comes_out_is_utf8_whatever_went_in(rebuilt):
    found = rebuilt.tag_tokens(tf.constant([[b"Ada", b"\xff\xc3(", b""]]))
    assert found["tokens"].numpy().tolist() == [[b"Ada", "\ufffd\ufffd(".encode()]]
    (row,) = rebuilt.tag_text(tf.constant([b"Ada \xff"]))["tokens"].numpy().tolist()
    assert row == [b"Ada", "\ufffd".encode()]


def test_predict_into_a_pipe_prints_columns(trained_tagger):
    texts = ["Ada met Bo", "", "Enid van Hale left New Oslo"]
    output = run("-m", "zoo", "predict", "tiny", *texts, cwd=trained_tagger).stdout
    rows = [line.split("\t") for line in output.rstrip("\n").split("\n")]
    assert [(row[0], *row[1:2], *row[3:]) for row in rows] == [
        ("Ada", "B-person", "0", "3"), ("met", "O", "4", "7"), ("Bo", "B-person", "8", "10"), ("",), ("",),
        ("Enid", "B-person", "0", "4"), ("van", "I-person", "5", "8"), ("Hale", "I-person", "9", "13"),
        ("left", "O", "14", "18"), ("New", "B-place", "19", "22"), ("Oslo", "I-place", "23", "27"),
    ]  # fmt: skip


def test_predict_writes_objects_or_a_row_for_each_token(trained_tagger, tmp_path, call):
    (tmp_path / "in.txt").write_text('Ada met "Bo" ,\n\nnobody likes Rome !\n')
    for name in ("x.jsonl", "x.csv"):
        call(zoo_main, trained_tagger, "predict", "tiny", "--input", tmp_path / "in.txt", "--output",
             tmp_path / name)  # fmt: skip
    objects = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert [row["text"] for row in objects] == ['Ada met "Bo" ,', "", "nobody likes Rome !"]
    assert objects[1] == {"text": "", "tokens": [], "spans": [], "truncated": False}
    (place,) = objects[2]["spans"]
    assert place.pop("confidence") > 0.5
    assert place == {"type": "place", "text": "Rome", "start": 13, "end": 17}
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["text", "token", "tag", "score", "start", "end"]
    assert [row["token"] for row in rows if row["text"] == "0"] == ["Ada", "met", '"', "Bo", '"', ","]
    assert [(row["token"], row["tag"]) for row in rows if row["text"] == "2"][2] == ("Rome", "B-place")


def test_evaluate_repeats_the_training_scores_beside_the_baseline(trained_tagger, call):
    output = call(zoo_main, trained_tagger, "evaluate", "tiny").out
    score = json.loads((trained_tagger / "saved_models/tiny/zoo.json").read_text())["metrics"]["test"]
    assert f"│ tiny                   │ {score['f1']:.4f} │    {score['precision']:.4f} │" in output
    assert "majority tag per token" in output


def test_evaluate_scores_every_sentence_of_a_file(trained_tagger, tmp_path, call):
    # Of the three spans one is called something else in the file.
    lines = ["Ada I-person", "met O", "Bo I-person", "in O", "Rome I-person", ". O"]
    (tmp_path / "two.conll").write_text("\n".join(lines) + "\n\nthe O\ntrain O\n")
    output = call(zoo_main, trained_tagger, "evaluate", "tiny", "--dataset", tmp_path / "two.conll").out
    assert "│ tiny │ 0.6667 │    0.6667 │ 0.6667 │   0.8750 │" in output
    assert "majority" not in output


def test_evaluate_refuses_other_tags_in_one_line(trained_tagger, sentences, call):
    output = call(zoo_main, trained_tagger, "evaluate", "tiny", "--dataset", sentences, "--tags", "2", code=2)
    (line,) = output.err.strip().splitlines()
    assert "'name'" in line or "'word'" in line or "'mark'" in line
    assert "choose another column with --tags" in line


def test_list_and_info_show_the_tagger(trained_tagger, call):
    score = json.loads((trained_tagger / "saved_models/tiny/zoo.json").read_text())["metrics"]["test"]
    (line,) = (x for x in call(zoo_main, trained_tagger, "list").out.splitlines() if x.startswith("│ tiny "))
    assert "tagging" in line
    assert f"F1 {score['f1']:.4f}" in line
    card = call(zoo_main, trained_tagger, "info", "tiny").out
    assert "tf.saved_model.load" in card
    assert "as the manifest says" in card
