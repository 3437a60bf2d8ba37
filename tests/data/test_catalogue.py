import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import zoo.data
from zoo.data import catalogue
from zoo.data.examples import columns
from zoo.errors import ZooError

NAMES = ("imdb_reviews", "glue/sst2", "yelp_polarity_reviews", "sentiment140")


def rows(dataset):
    return [(row["text"].decode(), int(row["label"])) for row in dataset.as_numpy_iterator()]


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_gives_text_and_label(name):
    with tfds.testing.mock_data(num_examples=5, max_value=2):
        examples = zoo.data.load(name, "classification")
        for split in ("train", "validation", "test"):
            assert examples.split(split).element_spec == {
                "text": tf.TensorSpec([], tf.string),
                "label": tf.TensorSpec([], tf.int64),
            }
            assert {label for _, label in rows(examples.split(split))} <= {0, 1}
    assert examples.label_names == ("negative", "positive")
    assert examples.name == name
    assert examples.source.startswith("http")
    assert examples.version
    assert examples.licence


def test_splits_that_are_asked_of_tfds():
    asked = {
        "imdb_reviews": ("train[:90%]", "train[90%:]", "test"),
        "glue/sst2": ("train[:90%]", "train[90%:]", "validation"),
        "yelp_polarity_reviews": ("train[:90%]", "train[90%:]", "test"),
    }

    def as_dataset(self, split, **_):
        feature = "sentence" if self.name == "glue" else "text"
        return tf.data.Dataset.from_tensors({feature: str(split), "label": np.int64(1)})

    for name, expected in asked.items():
        with tfds.testing.mock_data(as_dataset_fn=as_dataset):
            examples = zoo.data.load(name, "classification")
        found = (rows(examples.split(split)) for split in ("train", "validation", "test"))
        assert tuple(found) == tuple([(text, 1)] for text in expected)


def test_sentiment140_numbers_its_labels_anew_and_drops_the_neutral_rows():
    def as_dataset(self, **_):
        table = {"text": ["bad", "so-so", "good", "bad too"], "polarity": np.int32([0, 2, 4, 0])}
        return tf.data.Dataset.from_tensor_slices(table)

    with tfds.testing.mock_data(as_dataset_fn=as_dataset):
        examples = zoo.data.load("sentiment140", "classification")
    assert rows(examples.test) == [("bad", 0), ("good", 1), ("bad too", 0)]
    assert rows(examples.test) == rows(examples.test)


def test_real_imdb_has_the_published_rows(shared_tfds):
    examples = zoo.data.load("imdb_reviews", "classification")
    labels = {
        split: np.concatenate([block for (block,) in columns(examples.split(split), "label")])
        for split in ("train", "validation", "test")
    }
    assert {split: len(found) for split, found in labels.items()} == {
        "train": 22_500,
        "validation": 2_500,
        "test": 25_000,
    }
    assert np.bincount(labels["test"]).tolist() == [12_500, 12_500]
    assert np.bincount(np.concatenate([labels["train"], labels["validation"]])).tolist() == [12_500, 12_500]


def test_real_imdb_numbers_negative_0_and_positive_1(shared_tfds):
    examples = zoo.data.load("imdb_reviews", "classification")
    words = {0: np.zeros(2), 1: np.zeros(2)}
    for row in examples.validation.as_numpy_iterator():
        words[int(row["label"])] += [b"awful" in row["text"], b"wonderful" in row["text"]]
    assert words[0][0] > 3 * words[1][0]
    assert words[1][1] > 2 * words[0][1]


def test_names():
    assert set(zoo.data.names("classification")) == {"tweets", *NAMES}
    assert zoo.data.names("juggling") == []


@pytest.mark.parametrize("name", ["imdb", "no/such/set", "x" * 300])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(ZooError) as error:
        zoo.data.load(name, "classification")
    assert f"unknown data set {name!r}" in str(error.value)
    for known in ("tweets", *NAMES):
        assert known in str(error.value)
    assert "CSV, TSV or JSONL" in str(error.value)


def test_data_that_cannot_be_fetched_gives_one_line(monkeypatch):
    def unreachable(self, **_):
        raise ConnectionError("no route to host\nand a long story")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", unreachable)
    with pytest.raises(ZooError) as error:
        zoo.data.load("yelp_polarity_reviews", "classification")
    assert "'yelp_polarity_reviews'" in str(error.value)
    assert "no route to host" in str(error.value)
    assert "TFDS_DATA_DIR" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_cache_is_zoo_cache_or_in_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    assert catalogue.cache_dir() == tmp_path
    monkeypatch.setenv("ZOO_CACHE", "")
    monkeypatch.setenv("HOME", "/home/ann")
    assert str(catalogue.cache_dir()) == "/home/ann/.cache/sequence-zoo"
