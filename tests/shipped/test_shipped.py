"""What we ship, as a stranger meets it: files, answers, and agreement with the Keras model."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tiny import placed

import zoo
from zoo import metrics
from zoo.bench.sentiment import as_keras
from zoo.data import load
from zoo.text import Runs

SAVED_MODELS = Path(__file__).parents[2] / "saved_models"
NAMES = ["sentiment_imdb", "sentiment_tweets"]
QUESTIONS = {
    "sentiment_tweets": {
        "thank you so much, best crew ever, i love this airline!": "positive",
        "three hours late and nobody answers the phone. worst service": "negative",
        "does the 9 o'clock flight leave from terminal b?": "neutral",
    },
    "sentiment_imdb": {
        "A quiet, beautifully acted film. I was moved to tears and would see it again tomorrow.": "positive",
        "A dull and pointless mess: wooden acting, an awful script, two hours wasted.": "negative",
    },
}


def wide_of(model) -> Runs | None:
    """Rebuilds the linear model that is carried beside the network, if there is one."""
    wide = getattr(tf.saved_model.load(str(model.path)), "wide", None)
    return wide and Runs(wide.hashes.numpy(), wide.weights.numpy()[:-1], wide.bias.numpy())


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    return zoo.load(f"{SAVED_MODELS}/{request.param}")


def test_it_answers_plain_questions(model):
    answers = [row["label"] for row in model.predict(list(QUESTIONS[model.name]))]
    assert answers == list(QUESTIONS[model.name].values())


def test_tensorflow_alone_gives_the_keras_models_answers(model):
    texts = [*QUESTIONS[model.name], "", "ok", "so so, " * 300]
    program = """
import json, sys
sys.modules["keras"] = None
import tensorflow as tf
f = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
answer = f(text=tf.constant(json.loads(sys.argv[2])))
print(json.dumps([answer["scores"].numpy().tolist(), [x.decode() for x in answer["label"].numpy()]]))
"""
    command = [sys.executable, "-c", program, str(model.path), json.dumps(texts)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    scores, labels = json.loads(result.stdout)
    network, inputs = as_keras(model, texts)
    temperature = model.manifest.own.get("temperature", 1.0)
    logits = network(inputs, training=False) / temperature
    if wide := wide_of(model):
        logits += model.manifest.own["wide_share"] * wide(
            tf.constant(texts), model.manifest.config["max_words"]
        )
    expected = tf.nn.softmax(logits).numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert labels == [model.manifest.labels[i] for i in expected.argmax(axis=1)]


def test_saved_model_cli_runs_it(model):
    program = (
        "import sys; from tensorflow.python.tools.saved_model_cli import main; sys.argv[0] = 'x'; main()"
    )
    command = [sys.executable, "-c", program, "run", "--dir", str(model.path), "--tag_set", "serve",
               "--signature_def", "serving_default", "--input_exprs", 'text=["I love it", ""]']  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "Result for output key label:" in result.stdout
    assert "positive" in result.stdout


def test_no_file_passes_16_mb_and_no_machine_needs_a_fused_kernel(model):
    from tensorflow.core.protobuf import saved_model_pb2

    assert max(path.stat().st_size for path in model.path.rglob("*") if path.is_file()) < 16_000_000
    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((model.path / "saved_model.pb").read_bytes())
    needed = placed(proto.meta_graphs[0].graph_def)
    assert len(needed) > 100
    assert "CudnnRNNV3" not in needed


def test_the_card_and_the_manifest_tell_the_same_scores(model):
    score = model.manifest.metrics["test"]
    card = (model.path / "README.md").read_text()
    assert f"| **{model.name}** | {score['accuracy']:.4f} | {score['macro_f1']:.4f} |" in card
    assert "sentiment --preset" in model.manifest.command


def test_the_tweets_model_scores_what_its_manifest_says_and_beats_the_linear_baseline(tweets):
    model = zoo.load(f"{SAVED_MODELS}/sentiment_tweets")
    texts, truth = tweets.test.column("text"), tweets.test.column("label")
    labels = model.manifest.labels
    predicted = [labels.index(row["label"]) for row in model.predict(list(texts))]
    found = metrics.classification(truth, predicted, labels)
    assert found["macro_f1"] == pytest.approx(model.manifest.metrics["test"]["macro_f1"], abs=1e-3)
    linear = model.manifest.baselines["test"]["TF-IDF + logistic regression"]
    assert found["macro_f1"] > linear["macro_f1"]


def test_the_imdb_model_holds_on_real_reviews(shared_tfds):
    model = zoo.load(f"{SAVED_MODELS}/sentiment_imdb")
    assert model.manifest.metrics["test"]["accuracy"] >= 0.89
    assert model.manifest.metrics["test"]["n"] == 25_000
    texts, truth = next(load("imdb_reviews", "classification").test.blocks("text", "label", rows=1000))
    predicted = [row["label"] == "positive" for row in model.predict(list(texts))]
    # 1,000 reviews: one standard deviation is 0.01.
    assert np.mean(predicted == (truth == 1)) >= 0.86
