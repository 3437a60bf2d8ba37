import gzip

import pytest
import tensorflow as tf
from tiny import pairs_of

import zoo.data
from zoo.data.sets import multi30k
from zoo.errors import ZooError

SENTENCES = {
    "train": {
        "en": "A dog.\nTwo\x0b cats. \n",
        "de": "Ein Hund.\nZwei Katzen.\n",
        "fr": "Un chien.\nDeux chats.\n",
    },
    "val": {"en": "A horse.\n", "de": "Ein Pferd.\n", "fr": "Un cheval.\n"},
    "test_2016_flickr": {"en": "A goat.\n", "de": "Eine Ziege.\n", "fr": "Une chèvre.\n"},
}


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Returns the folder of a mirror with two sentences for training, one for validation and one for test."""
    host = tmp_path / "mirror" / "raw.githubusercontent.com"
    folder = host / "multi30k" / "dataset" / "master" / "data" / "task1" / "raw"
    folder.mkdir(parents=True)
    for part, texts in SENTENCES.items():
        for language, text in texts.items():
            (folder / f"{part}.{language}.gz").write_bytes(gzip.compress(text.encode()))
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(multi30k, "_SENTENCES", {"train": 2, "validation": 1, "test": 1})
    return folder


@pytest.mark.parametrize(
    ("source", "target", "train", "test"),
    [
        ("", "", {("Ein Hund.", "A dog."), ("Zwei Katzen.", "Two\x0b cats.")}, ("Eine Ziege.", "A goat.")),
        ("en", "", {("A dog.", "Ein Hund."), ("Two\x0b cats.", "Zwei Katzen.")}, ("A goat.", "Eine Ziege.")),
        (
            "",
            "fr",
            {("Ein Hund.", "Un chien."), ("Zwei Katzen.", "Deux chats.")},
            ("Eine Ziege.", "Une chèvre."),
        ),
        ("fr", "en", {("Un chien.", "A dog."), ("Deux chats.", "Two\x0b cats.")}, ("Une chèvre.", "A goat.")),
    ],
)
def test_a_tiny_one_is_prepared_for_any_pair(tiny, tmp_path, source, target, train, test):
    examples = zoo.data.load("multi30k", "translation", source=source, target=target)
    assert set(zip(*pairs_of(examples.train), strict=True)) == train
    assert list(zip(*pairs_of(examples.test), strict=True)) == [test]
    assert examples.train.dataset.element_spec == {
        "source": tf.TensorSpec([], tf.string),
        "target": tf.TensorSpec([], tf.string),
    }
    assert (tmp_path / "cache" / "multi30k" / examples.version / "dataset_info.json").is_file()


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b"Ein Hund.\n"),
        gzip.compress(b"Ein Hund.\n\n"),
        gzip.compress(b"Ein Hund.\n\xff\n"),
        gzip.compress(b"Ein Hund.\nZwei Katzen.\n")[:-12],
        b"<html>not found</html>",
    ],
    ids=["another number of sentences", "a blank one", "not UTF-8", "cut off", "not compressed"],
)
def test_a_damaged_file_is_named_and_nothing_is_left(tiny, tmp_path, content):
    (tiny / "train.de.gz").write_bytes(content)
    with pytest.raises(ZooError) as error:
        zoo.data.load("multi30k", "translation")
    assert str(tiny / "train.de.gz") in str(error.value)
    assert "2 sentences" in str(error.value)
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "cache").rglob("*.tfrecord*"))


def test_an_unknown_language_lists_the_known_ones(tiny):
    with pytest.raises(ZooError, match="multi30k: no language 'es'; choose de, en, fr"):
        zoo.data.load("multi30k", "translation", target="es")


def test_the_real_one_has_the_published_sizes(mirror):
    examples = zoo.data.load("multi30k", "translation", source="de", target="en")
    pairs = {split: pairs_of(examples.split(split)) for split in ("train", "validation", "test")}
    sizes = {split: len(sources) for split, (sources, _) in pairs.items()}
    assert sizes == {"train": 29_000, "validation": 1_014, "test": 1_000}
    assert dict(zip(*pairs["train"], strict=True))[
        "Mehrere Männer mit Schutzhelmen bedienen ein Antriebsradsystem."
    ] == ("Several men in hard hats are operating a giant pulley system.")
