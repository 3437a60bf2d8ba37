"""The language models that we ship: their figures, and what they write with TensorFlow alone."""

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tiny import tensorflow_alone

import zoo
from zoo import metrics
from zoo.data import load

SAVED_MODELS = Path(__file__).parents[2] / "saved_models"
NAMES = ["generation_python", "generation_shakespeare", "generation_ptb"]
TEXTS = {
    "generation_python": ("def add(self, other):\n    return self.total + other\n", "retrun fed ;)x(("),
    "generation_shakespeare": ("ROMEO:\nWhat say you to my suit?\n", "xqj zvR:kw\nUtah syaw"),
    "generation_ptb": ("the company said it expects to report a loss\n", "loss a the to said it company\n"),
}


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    return zoo.load(f"{SAVED_MODELS}/{request.param}")


def test_the_figures_that_were_aimed_at_are_reached():
    found = {name: zoo.load(f"{SAVED_MODELS}/{name}").manifest.metrics for name in NAMES}
    assert found["generation_shakespeare"]["validation+test"]["nats"] <= 1.52
    assert found["generation_shakespeare"]["validation+test"]["units"] == 111_540
    assert found["generation_ptb"]["test"]["perplexity"] <= 112
    assert found["generation_ptb"]["test"]["units"] == 82_430


def test_every_model_beats_its_ngrams(model):
    for part, score in model.manifest.metrics.items():
        assert score["nats"] < min(each["nats"] for each in model.manifest.baselines[part].values())


def test_text_of_the_kind_is_likelier_than_a_jumble(model):
    usual, jumble = model.predict(list(TEXTS[model.name]), "score")
    assert usual["perplexity"] < 0.2 * jumble["perplexity"]


def test_tensorflow_alone_writes_the_same_alone_and_in_company(model, tmp_path):
    prompts = [TEXTS[model.name][0], "", "Ж", "the "]
    settings = {"length": 80, "temperature": 0.7, "top_k": 20, "top_p": 0.95, "seed": 3}
    given = {"prompt": prompts, **{name: [value] * len(prompts) for name, value in settings.items()}}
    found = tensorflow_alone(model.path, "", {"serving_default": given}, tmp_path)["serving_default"]
    together = [text.decode() for text in found["text"]]
    alone = [model.predict([prompt], **settings)[0]["text"] for prompt in prompts]
    assert together == alone
    assert all(text.startswith(prompt) for text, prompt in zip(together, prompts, strict=True))


def test_the_streamed_run_adds_up_to_the_score(model):
    text = TEXTS[model.name][0]
    step, encode = model.signatures["step"], model.signatures["encode"]
    tokens = encode(text=tf.constant([text]))["tokens"].numpy()[0]
    state = tf.zeros([1, step.structured_input_signature[1]["state"].shape[1]])
    total, before = 0.0, 2  # a line break
    for token in tokens:
        found = step(tokens=tf.constant([before], tf.int32), state=state)
        total += float(tf.nn.log_softmax(found["logits"])[0, token])
        before, state = int(token), found["state"]
    (scored,) = model.predict([text], "score")
    assert scored["units"] == len(tokens)
    assert total == pytest.approx(scored["log_probability"], rel=1e-5)


def test_what_the_python_model_writes_looks_like_python():
    model = zoo.load(f"{SAVED_MODELS}/generation_python")
    rows = model.predict(["    def "] * 4, temperature=0.5, length=400, seed=[1, 2, 3, 4])
    written = "".join(row["text"] for row in rows)
    lines = [line for line in written.split("\n") if line.strip()]
    assert np.mean([(len(line) - len(line.lstrip(" "))) % 4 == 0 for line in lines]) > 0.7
    assert len(set(re.findall(r"\b(def|self|return|if|for|in|not|None|class|import)\b", written))) >= 5
    assert re.search(r"def \w+\(.*\):", written)


def test_shakespeare_scores_what_its_manifest_says(shared_tfds):
    model = zoo.load(f"{SAVED_MODELS}/generation_shakespeare")
    texts = load("tiny_shakespeare", "text").test.column("text")
    rows = model.predict([text.decode() for text in texts], "score")
    found = metrics.generation(
        [row["log_probability"] for row in rows], [row["units"] for row in rows], "char"
    )
    assert found["nats"] == pytest.approx(model.manifest.metrics["test"]["nats"], abs=1e-4)


def test_ptb_holds_on_the_beginning_of_the_test_part(mirror):
    model = zoo.load(f"{SAVED_MODELS}/generation_ptb")
    texts = load("ptb", "text").test.column("text")
    beginning = "".join(f"{line}\n" for line in texts[0].decode().split("\n")[:400])
    (row,) = model.predict([beginning], "score")
    assert row["units"] > 8_000
    assert row["perplexity"] == pytest.approx(model.manifest.metrics["test"]["perplexity"], rel=0.15)
