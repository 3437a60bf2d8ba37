"""Converted language models write what the saved ones write, seed by seed."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from converted import converted
from strange_texts import STRANGE
from tiny import stored

from zoo import decoding, text
from zoo.edge.kinds import reads_words
from zoo.edge.runtime import texts
from zoo.edge.runtime.philox import uniform
from zoo.edge.runtime.writing import drawn

MODELS = [
    ("generation_shakespeare", "onnx"),
    ("generation_shakespeare", "litert"),
    ("generation_ptb", "onnx"),
]
PROMPTS = ["", "ROMEO:\n", "the company said it", "a\r\nb \n c", "x = é ☀ 日本\t"]


@pytest.mark.parametrize("seed", [0, 1, -1, 2**31, -(2**63), 2**63 - 1])
def test_random_numbers_are_those_of_the_graph(seed):
    blocks = [tf.random.stateless_uniform([64], [seed, block], alg="philox") for block in range(3)]
    np.testing.assert_array_equal(np.array([*uniform(seed, 192)], np.float32), np.concatenate(blocks))


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [(0, 0, 1), (1, 0, 1), (0.3, 0, 1), (1, 3, 1), (1, 0, 0.6), (2, 7, 0.8), (1, 0, 0), (1, 99, 1)],
)
def test_what_is_drawn_is_what_the_graph_draws(temperature, top_k, top_p):
    random = np.random.default_rng(5)
    logits = random.normal(0, 2, (40, 12)).astype(np.float32)
    logits[:, 3] = logits[:, 7]  # equal ones stand in the order of their numbers
    seeds = np.arange(40)
    settings = [tf.fill([40], tf.cast(value, kind)) for value, kind in
                ((temperature, tf.float32), (top_k, tf.int32), (top_p, tf.float32))]  # fmt: skip
    theirs = decoding.draw(tf.constant(logits), tf.constant(0), *settings, tf.constant(seeds, tf.int64))
    ours = [
        drawn(row, next(uniform(seed, 1)), temperature, top_k, top_p)
        for row, seed in zip(logits, seeds.tolist(), strict=True)
    ]
    assert ours == theirs.numpy().tolist()


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("level", ["char", "word", "token"])
def test_texts_become_numbers_and_back_as_in_the_graph(level, backwards, tmp_path):
    asked = [*STRANGE, *PROMPTS, "A <unk> b\x0bc\n\nd ", "<padding> <start>"]
    lines = ["<padding>", "<unknown>", "<start>", *"abc ", "<unk>", "the", "said", "no", "日", "x"]
    theirs = stored(text.Units, lines, tmp_path / "vocabulary.txt", level, backwards)
    ours = texts.Units(reads_words(), lines, level, backwards)
    given = [texts.readable(each) for each in asked]
    assert [ours.encode(each) for each in given] == theirs.encode(tf.constant(given)).to_list()
    numbers = [2, 4, 5, 2, 2, 8, 9, 1, 6]
    (back,) = theirs.decode(tf.constant([numbers])).numpy()
    assert ours.decode(numbers) == back.decode()
    for first in given:
        for second in ("", "b", "\nb", " b", "b\n"):
            (both,) = theirs.follow(tf.constant([first]), tf.constant([second])).numpy()
            assert ours.follow(first, second) == both.decode(), (first, second)


@pytest.fixture(scope="module", params=MODELS, ids=" ".join)
def both(request, tmp_path_factory):
    name, to = request.param
    model, _, ours = converted(name, tmp_path_factory, to)
    return model, ours


@pytest.mark.parametrize(
    "settings",
    [{"length": 70, "seed": 3}, {"length": 30, "temperature": 0.0}, {"length": 0},
     {"length": 40, "temperature": 1.0, "top_k": 5, "seed": -2}, {"length": 40, "top_p": 0.7, "seed": 9}],
)  # fmt: skip
def test_the_same_seed_writes_the_same_text(both, settings):
    model, ours = both
    if model.name == "generation_ptb" and "temperature" not in settings:
        settings = {**settings, "length": min(settings["length"], 8)}  # of 10,000 words some are too near
    for prompt, expected in zip(PROMPTS, model.predict(PROMPTS, **settings), strict=True):
        answer = ours.answer(prompt, **settings)
        for name in ("text", "continuation", "truncated"):
            assert answer[name] == expected[name], (prompt, name)
        assert answer["log_probability"] == pytest.approx(expected["log_probability"], abs=2e-3)


def test_scores_are_the_same(both):
    model, ours = both
    for prompt, expected in zip(
        [*PROMPTS, *STRANGE], model.predict([*PROMPTS, *STRANGE], "score"), strict=True
    ):
        answer = ours.score(prompt)
        assert answer["units"] == expected["units"]
        assert answer["log_probability"] == pytest.approx(expected["log_probability"], abs=1e-3, rel=1e-5)
        assert answer["perplexity"] == pytest.approx(expected["perplexity"], rel=1e-3)


def test_settings_are_flags_of_the_command(both):
    model, ours = both
    command = [sys.executable, str(ours._folder / "ask.py"), "--length", "4", "--seed", "5", "the"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (expected,) = model.predict(["the"], length=4, seed=5)
    assert json.loads(done.stdout)["text"] == expected["text"]
    done = subprocess.run([*command[:2], "--lenght", "4", "the"], capture_output=True, text=True)
    assert done.returncode == 2 and "--lenght" in done.stderr


def test_settings_that_cannot_be_are_refused(both):
    _, ours = both
    for wrong in (
        {"length": -1},
        {"temperature": -0.1},
        {"temperature": np.inf},
        {"top_k": -1},
        {"top_p": 1.1},
    ):
        with pytest.raises(ValueError, match="must be 0 or more"):
            ours.answer("", **wrong)
