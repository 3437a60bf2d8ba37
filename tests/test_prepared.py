"""Running text that Beam prepares: TFDS's wiki40b, of which the articles are made up here."""

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from tiny import assert_refused

from zoo import __main__

needs_beam = pytest.mark.skipif(
    importlib.util.find_spec("apache_beam") is None,
    reason="NO apache-beam (pip install '.[beam]', in an environment of its own): nothing is prepared by it",
)
WORDS = ("bird", "stone", "water", "wind", "seven", "walks", "sings", "falls", "over", "under")


def article(number: int) -> str:
    text = " ".join(WORDS[number * step % 7 % len(WORDS)] for step in range(1, 40))
    return f"\n_START_ARTICLE_\nThing {number}\n_START_PARAGRAPH_\n{text}._NEWLINE_The end."


@pytest.fixture
def articles(tmp_path, monkeypatch):
    """Writes articles as Google stores Wikipedia's, where TFDS looks for them; returns those of train."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    texts = [article(number) for number in range(240)]
    parts = {"train": texts[:200], "dev": texts[200:220], "test": texts[220:]}
    for part, rows in parts.items():
        (tmp_path / "google" / part).mkdir(parents=True)
        with tf.io.TFRecordWriter(str(tmp_path / "google" / part / "en_examples-0")) as file:
            for number, text in enumerate(rows):
                of = {"wikidata_id": f"Q{number}", "text": text, "version_id": "1"}
                feature = {
                    name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
                    for name, value in of.items()
                }
                file.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
    stored = tfds.builder_cls("wiki40b")._split_generators.__globals__
    monkeypatch.setitem(stored, "_DATA_DIRECTORY", str(tmp_path / "google"))
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path / "tfds"))
    assert str(tfds.builder("wiki40b/en").data_path).startswith(str(tmp_path))  # and not where real sets are
    return parts["train"]


@needs_beam
@pytest.mark.parametrize("options", ["", "--direct_num_workers=2 --direct_running_mode=multi_threading"])
def test_words_are_counted_in_the_pass_that_prepares_and_training_uses_them(
    articles, tmp_path, call, monkeypatch, options
):
    import zoo.data
    from zoo.text import Units

    shown = call(__main__.main, tmp_path, "prepare", "wiki40b/en", f"--runner-options={options}").out
    folder = shown.splitlines()[-1]
    assert folder.startswith(str(tmp_path / "tfds"))
    examples = zoo.data.load("wiki40b/en", "text")
    found = examples.units_counted("word")
    assert found == Units.count((texts for (texts,) in examples.train.blocks("text")), "word")
    by_hand = Counter(" ".join(articles).replace("_NEWLINE_", " ").split())
    assert {word: found[word.encode()] for word in WORDS} == {word: by_hand[word] for word in WORDS}
    assert "_NEWLINE_" not in str(found) and found[b"end."] == 200
    assert examples.units_counted("char") is None  # which were not counted
    # A second time there is nothing to do.
    assert call(__main__.main, tmp_path, "prepare", "wiki40b/en").out.splitlines()[-1] == folder

    # Who trains on it counts nothing more.
    from cases import train

    monkeypatch.setattr(Units, "count", lambda *_: pytest.fail("counted again"))
    train("generation", tmp_path, "--dataset", "wiki40b/en", "--level", "word", "--units", "8",
          "--epochs", "1", "--batch-size", "4", "--window", "10", "--steps-per-epoch", "5",
          "--name", "wiki")  # fmt: skip
    stored = json.loads((tmp_path / "saved_models/wiki/zoo.json").read_text())
    assert stored["dataset"]["name"] == "wiki40b/en" and stored["metrics"]["test"]["perplexity"] < 100


def test_counts_are_read_line_by_line_whatever_they_are_of(tmp_path):
    from zoo.data import counted

    lines = [counted.line_of(unit.encode(), 3) for unit in ("\u2028", "\x85", "\t", "é", '"')]
    (tmp_path / counted.name_of("char")).write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = counted.read(str(tmp_path), "char")
    assert found == {unit.encode(): 3 for unit in ("\u2028", "\x85", "\t", "é", '"')}
    assert counted.read(str(tmp_path), "word") is None


@needs_beam
def test_what_cannot_be_prepared_is_refused_in_one_line(articles, tmp_path, call):
    for arguments, words in (
        (("imdb",), ("unknown data set 'imdb'", "wiki40b")),
        (("tiny_shakespeare",), ("prepared without Beam",)),
        (("wiki40b/en", "--level", "verse"), ("--level verse", "char, word, token")),
    ):
        assert_refused(call, __main__.main, tmp_path, ("prepare", *arguments), *words)
    call(__main__.main, tmp_path, "prepare", "wiki40b/en", "--level", "char")
    told = ("is prepared already", "not counted")
    assert_refused(call, __main__.main, tmp_path, ("prepare", "wiki40b/en"), *told)


def test_without_beam_it_says_how_to_get_it(tmp_path):
    blocked = "import sys; sys.modules['apache_beam'] = None; from zoo.__main__ import main; main()"
    command = [sys.executable, "-c", blocked, "prepare", "wiki40b/en"]
    where = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=where)
    assert run.returncode == 2 and "pip install 'sequence-zoo[beam]'" in run.stderr
    assert len(run.stderr.splitlines()) == 1
