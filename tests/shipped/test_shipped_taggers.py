"""The taggers that we ship: answers, scores on real data, and agreement with the Keras model."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tiny import sentences_of

import zoo
from zoo import metrics
from zoo.data import gathered, load
from zoo.data.tags import bio_constraints
from zoo.rebuilt import tagging as as_keras
from zoo.recipes import tagging
from zoo.text import tokenize

SAVED_MODELS = Path(__file__).parents[2] / "saved_models"
NAMES = ["tagging_conll2000", "tagging_conll2003", "tagging_en_ewt", "tagging_python"]
TEXTS = [
    "Angela Merkel met the board of Siemens in Munich.",
    "The dog doesn't bark — it sleeps all day.",
    "def area(radius):\n    '''Of a circle.'''\n    return math.pi * radius ** 2  # rounded later\n",
    "",
    "   ",
    "ein Satz, une phrase, 一句话 😀",
    "word " * 700,
]


@pytest.fixture(scope="module")
def taggers():
    return {name: zoo.load(f"{SAVED_MODELS}/{name}") for name in NAMES}


@pytest.fixture(params=NAMES)
def model(request, taggers):
    return taggers[request.param]


def test_it_finds_people_firms_and_places(taggers):
    (answer,) = taggers["tagging_conll2003"].predict(TEXTS[:1])
    assert [(span["type"], span["text"]) for span in answer["spans"]] == [
        ("PER", "Angela Merkel"),
        ("ORG", "Siemens"),
        ("LOC", "Munich"),
    ]


def test_it_knows_parts_of_speech(taggers):
    (answer,) = taggers["tagging_en_ewt"].predict(TEXTS[1:2])
    found = " ".join(f"{token['token']}/{token['tag']}" for token in answer["tokens"])
    assert found == (
        "The/DET dog/NOUN does/AUX n't/PART bark/VERB —/PUNCT it/PRON sleeps/VERB all/DET day/NOUN ./PUNCT"
    )


def test_it_reads_code(taggers):
    (answer,) = taggers["tagging_python"].predict(TEXTS[2:3])
    tags = {token["token"]: token["tag"] for token in answer["tokens"]}
    expected = {
        "def": "keyword", "area": "function", "circle": "I-string", "return": "keyword", "pi": "attribute",
        "**": "operator", "2": "number", "#": "B-comment", "later": "I-comment",
    }  # fmt: skip
    assert {token: tags[token] for token in expected} == expected
    assert {"string", "comment"} == {span["type"] for span in answer["spans"]}


def test_offsets_point_at_the_tokens_and_tags_are_legal(model):
    follow, start = bio_constraints(model.manifest.labels)
    number = {tag: i for i, tag in enumerate(model.manifest.labels)}
    for text, row in zip(TEXTS, model.predict(TEXTS), strict=True):
        assert all(text[token["start"] : token["end"]] == token["token"] for token in row["tokens"])
        tags = [number[token["tag"]] for token in row["tokens"]]
        assert not tags or start[tags[0]]
        assert all(follow[a][b] for a, b in pairwise(tags))
        assert all(0 < token["score"] <= 1 + 1e-6 for token in row["tokens"])


def test_tensorflow_alone_gives_the_keras_models_answers(model):
    program = """
import json, sys
sys.modules["keras"] = None
import tensorflow as tf
f = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
answer = f(text=tf.constant(json.loads(sys.argv[2])))
print(json.dumps([answer["flat_scores"].numpy().tolist(), [x.decode() for x in answer["flat_tags"].numpy()]]))
"""
    command = [sys.executable, "-c", program, str(model.path), json.dumps(TEXTS)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    scores, tags = json.loads(result.stdout)

    config, known, network = as_keras(model)
    expected_scores, expected_tags = [], []
    for text in TEXTS:  # each for itself, unpadded
        tokens = tokenize(tf.constant([text]), config.style).tokens
        inputs = gathered(tagging.encode(config, known, tokens))
        if inputs["words"].values.shape[0] == 0:
            continue
        found = tagging.decode(config, network, {name: rows.to_tensor() for name, rows in inputs.items()})
        expected_scores += found["scores"].numpy()[0].tolist()
        expected_tags += [model.manifest.labels[i] for i in found["tags"].numpy()[0]]
    assert tags == expected_tags
    np.testing.assert_allclose(scores, expected_scores, atol=5e-6)  # sums along a sentence, on any CPU


def test_ready_tokens_get_the_tags_of_the_text_that_they_make(model):
    texts = [row["tokens"] for row in model.predict(TEXTS)]
    tokens = [[token["token"] for token in row] for row in texts]
    for text, row in zip(texts, model.predict(tokens), strict=True):
        assert [token["tag"] for token in row["tokens"]] == [token["tag"] for token in text]


def test_the_conll2003_model_scores_what_its_manifest_says(taggers, shared_tfds):
    model = taggers["tagging_conll2003"]
    stated = model.manifest.metrics["test"]
    assert stated["n"] == 3453
    assert stated["f1"] >= 0.835
    found, truth, predicted = score(model, load("conll2003", "tagging").test)
    assert found["f1"] == pytest.approx(stated["f1"], abs=1e-3)
    seqeval = pytest.importorskip("seqeval.metrics", reason="seqeval is not installed: no comparison with it")
    assert found["f1"] == pytest.approx(seqeval.f1_score(truth, predicted), abs=1e-9)


def test_the_conll2000_model_finds_phrases_and_says_its_score(taggers):
    model = taggers["tagging_conll2000"]
    (answer,) = model.predict(["The old dog has been sleeping in the sun."])
    assert [(span["type"], span["text"]) for span in answer["spans"]] == [
        ("NP", "The old dog"), ("VP", "has been sleeping"), ("PP", "in"), ("NP", "the sun")
    ]  # fmt: skip
    stated = model.manifest.metrics["test"]
    assert stated["n"] == 2012 and stated["f1"] >= 0.94


def test_the_ewt_model_scores_what_its_manifest_says(taggers, shared_tfds):
    model = taggers["tagging_en_ewt"]
    stated = model.manifest.metrics["test"]
    assert stated["n"] == 2077
    assert stated["accuracy"] >= 0.955
    found, *_ = score(model, load("universal_dependencies/en_ewt", "tagging").test)
    assert found["accuracy"] == pytest.approx(stated["accuracy"], abs=1e-3)


def test_the_python_model_reads_the_running_interpreters_library(taggers):
    model = taggers["tagging_python"]
    assert model.manifest.metrics["test"]["accuracy"] >= 0.97
    baseline = model.manifest.baselines["test"]["majority tag per token"]
    assert baseline["accuracy"] < 0.8
    found, *_ = score(model, load("python_source", "tagging").test.first(200))
    assert found["accuracy"] >= 0.97


def score(model, dataset):
    tokens, truth = sentences_of(dataset)
    predicted = [[token["tag"] for token in row["tokens"]] for row in model.predict(tokens)]
    return metrics.tagging(truth, predicted, tokens), truth, predicted
