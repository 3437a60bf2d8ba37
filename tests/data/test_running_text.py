"""Running text of the catalogue; what is stored is made up here."""

import tensorflow as tf
import tensorflow_datasets as tfds

import zoo.data
from zoo.data.sets import python_source


def stored(*texts: str):
    """Makes TFDS give these texts for every split."""

    def as_dataset(self, split, **_):
        return tf.data.Dataset.from_tensor_slices({"text": list(texts)})

    return tfds.testing.mock_data(as_dataset_fn=as_dataset)


def test_running_text_is_given_as_it_stands_without_empty_rows():
    with stored("A sentence .", "", "Another one ."):
        examples = zoo.data.load("lm1b", "text")
        for split in ("train", "validation", "test"):
            assert examples.split(split).strings("text") == ["A sentence .", "Another one ."]
    assert examples.train.dataset.element_spec == {"text": tf.TensorSpec([], tf.string)}
    assert "research" in examples.licence


def test_marks_of_line_breaks_and_headings_become_line_breaks():
    article = (
        "\n_START_ARTICLE_\nA bird\n_START_SECTION_\nLooks\n_START_PARAGRAPH_\nRed._NEWLINE_Or not."
        "\n_START_PARAGRAPH_\nIts _START is low."
    )
    with stored(article):
        examples = zoo.data.load("wiki40b/en", "text")
        assert examples.test.strings("text") == ["\nA bird\nLooks\nRed.\nOr not.\nIts _START is low."]
    assert "CC BY-SA" in examples.licence


def test_what_is_asked_of_tfds_for_text():
    def as_dataset(self, split, **_):
        return tf.data.Dataset.from_tensors({"text": str(split)})

    asked = {"lm1b": ["train[:99%]", "train[99%:]", "test"], "wiki40b/en": ["train", "validation", "test"]}
    for name, expected in asked.items():
        with tfds.testing.mock_data(as_dataset_fn=as_dataset):
            examples = zoo.data.load(name, "text")
        parts = ("train", "validation", "test")
        assert [examples.split(part).strings("text")[0] for part in parts] == expected


def test_real_shakespeare_has_its_published_parts_and_its_last_tenth_as_a_further_one(shared_tfds):
    examples = zoo.data.load("tiny_shakespeare", "text")
    (last,) = examples.extra
    parts = {part: examples.split(part).strings("text") for part in ("train", "validation", "test", last)}
    sizes = {part: sum(map(len, texts)) for part, texts in parts.items()}
    assert sizes == {"train": 1_003_854, "validation": 55_770, "test": 55_770, last: 111_540}
    assert parts[last] == parts["validation"] + parts["test"]
    assert zoo.data.tests_of("tiny_shakespeare", "text") == ["test", last]


def test_the_standard_library_is_text_module_by_module(monkeypatch, tmp_path):
    train = [("a", "x = 1\n"), ("b.c", "é\r\n")]
    modules = {"train": train, "validation": [("d", "y")], "test": [("e", "z")]}
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    monkeypatch.setattr(python_source, "_parts", lambda: modules)
    examples = zoo.data.load("python_source", "text")
    parts = {part: sorted(examples.split(part).strings("text")) for part in modules}
    assert parts == {"train": ["x = 1\n", "é\r\n"], "validation": ["y"], "test": ["z"]}
    assert examples.name == "python_source"
    assert examples.version.startswith("py3.") and "PSF" in examples.licence
    assert (tmp_path / "python_modules").is_dir()
