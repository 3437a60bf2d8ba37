import random
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from tiny import pairs_of, sentences_of

import zoo.data
from zoo.data import catalogue
from zoo.data.reader import reader_of
from zoo.data.sets.seattle_weather import SeattleWeather
from zoo.data.tags import to_bio
from zoo.errors import ZooError
from zoo.tasks import tagging, translation

NAMES = ("imdb_reviews", "glue/sst2", "yelp_polarity_reviews", "sentiment140")


def rows(dataset):
    return [(row["text"].decode(), int(row["label"])) for row in dataset.dataset.as_numpy_iterator()]


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_gives_text_and_label(name):
    with tfds.testing.mock_data(num_examples=5, max_value=2):
        examples = zoo.data.load(name, "classification")
        for split in ("train", "validation", "test"):
            assert examples.split(split).dataset.element_spec == {
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
    labels = {split: examples.split(split).column("label") for split in ("train", "validation", "test")}
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
    for row in examples.validation.dataset.as_numpy_iterator():
        words[int(row["label"])] += [b"awful" in row["text"], b"wonderful" in row["text"]]
    assert words[0][0] > 3 * words[1][0]
    assert words[1][1] > 2 * words[0][1]


def test_names():
    assert set(zoo.data.names("classification")) == {"tweets", "semeval2017", *NAMES}
    assert zoo.data.names("juggling") == []
    assert set(zoo.data.names("tagging")) == {
        "python_source",
        "conll2000",
        "conll2003",
        "universal_dependencies/en_ewt",
        "wikiann/en",
        "xtreme_pos/xtreme_pos_en",
    }
    assert set(zoo.data.names("translation")) == {
        "cldr_phrases",
        "multi30k",
        "tatoeba_pairs",
        "cmudict",
        "ted_hrlr_translate/pt_to_en",
        "opus/medical",
        "wmt16_translate/de-en",
    }
    assert set(zoo.data.names("captioning")) == {
        "emoji",
        "moving_emoji",
        "ucf101",
        "flickr8k",
        "coco_captions",
    }
    assert set(zoo.data.names("text")) == {
        "python_source",
        "tiny_shakespeare",
        "imdb_reviews",
        "ptb",
        "lm1b",
        "wiki40b/en",
    }
    for mapping in ("tagging", "translation", "captioning", "text"):
        assert all(catalogue.find(name, reader_of(mapping)) for name in zoo.data.names(mapping))


@pytest.mark.parametrize("name", ["imdb", "no/such/set", "x" * 300])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(ZooError) as error:
        zoo.data.load(name, "classification")
    assert f"unknown data set {name!r}" in str(error.value)
    for known in ("tweets", *NAMES):
        assert known in str(error.value)
    assert "CSV, TSV, JSONL or Parquet" in str(error.value)


def test_an_unknown_mapping_lists_the_known_ones():
    with pytest.raises(ZooError, match="'juggling'; there is: classification, tagging, translation"):
        zoo.data.load("tweets", "juggling")


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
    assert zoo.data.cache_dir() == tmp_path
    monkeypatch.setenv("ZOO_CACHE", "")
    monkeypatch.setenv("HOME", "/home/ann")
    assert str(zoo.data.cache_dir()) == "/home/ann/.cache/sequence-zoo"


def ragged(*rows, dtype=None):
    return tf.ragged.constant(rows, dtype, ragged_rank=1)


def stored(**features):
    """Makes TFDS give these columns for every split."""

    def as_dataset(self, split, **_):
        table = {name: tf.constant(c) if isinstance(c, list) else c for name, c in features.items()}
        dataset = tf.data.Dataset.from_tensor_slices(table)
        return dataset.map(lambda row: {name: tf.convert_to_tensor(value) for name, value in row.items()})

    return tfds.testing.mock_data(as_dataset_fn=as_dataset)


CONLL2003 = {
    "tokens": ragged(["Ann", "Bo"], [], ["sleeps"], dtype=tf.string),
    "ner": ragged([2, 2], [], [0], dtype=tf.int64),  # I-PER I-PER, as IOB1 writes it
    "chunks": ragged([11, 12], [], [22], dtype=tf.int64),
    "pos": ragged([22, 22], [], [42], dtype=tf.int64),
}


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("", [["B-PER", "I-PER"], ["O"]]),
        ("ner", [["B-PER", "I-PER"], ["O"]]),
        ("chunks", [["B-NP", "I-NP"], ["B-VP"]]),
        ("pos", [["NNP", "NNP"], ["VBZ"]]),
    ],
)
def test_conll2003_gives_one_column_without_empty_sentences(tags, found):
    with stored(**CONLL2003):
        examples = zoo.data.load("conll2003", "tagging", tags=tags)
        assert sentences_of(examples.train) == ([["Ann", "Bo"], ["sleeps"]], found)
    assert {tag for row in found for tag in row} <= set(examples.label_names)
    strings = tf.TensorSpec([None], tf.string)
    assert examples.train.dataset.element_spec == {"tokens": strings, "tags": strings}


def test_treebanks_give_words_without_ranges_and_empty_nodes():
    columns_of_ewt = {
        "text": ["Don't go", "_"],
        "tokens": ragged(["Don't", "Do", "n't", "go", "go"], ["_"], dtype=tf.string),
        "upos": ragged([17, 3, 9, 15, 15], [17], dtype=tf.int64),
        "xpos": ragged(["None", "VB", "RB", "VB", "VBP"], ["None"], dtype=tf.string),
        "head": ragged(["None", "3", "3", "0", "None"], ["None"], dtype=tf.string),
    }
    with stored(**columns_of_ewt):
        upos, xpos = (
            zoo.data.load("universal_dependencies/en_ewt", "tagging", tags=tags) for tags in ("", "xpos")
        )
        assert sentences_of(upos.test) == ([["Do", "n't", "go"]], [["AUX", "PART", "VERB"]])
        assert sentences_of(xpos.test) == ([["Do", "n't", "go"]], [["VB", "RB", "VB"]])
        assert [row["text"] for row in upos.test.dataset.as_numpy_iterator()] == [b"Don't go"]
    assert len(upos.label_names) == 17
    assert "_" not in upos.label_names
    assert xpos.label_names == ("RB", "VB")
    assert "CC BY-SA 4.0" in upos.licence


def test_a_column_that_nobody_filled_in_is_refused():
    bare = ragged(["None", "None"], dtype=tf.string)
    features = {"tokens": ragged(["a", "b"], dtype=tf.string), "upos": ragged([1, 2], dtype=tf.int64)}
    heads = ragged(["2", "0"], dtype=tf.string)
    with (
        stored(text=["a b"], head=heads, xpos=bare, **features),
        pytest.raises(ZooError, match="'xpos' is not"),
    ):
        zoo.data.load("universal_dependencies/en_ewt", "tagging", tags="xpos")


def test_wikiann_and_xtreme_pos_have_their_tags():
    with stored(tokens=ragged(["Ann"], dtype=tf.string), tags=ragged([1], dtype=tf.int64)):
        examples = zoo.data.load("wikiann/en", "tagging")
        assert sentences_of(examples.validation) == ([["Ann"]], [["B-PER"]])
        assert len(examples.label_names) == 7
    with stored(tokens=ragged(["Ann", "x"], dtype=tf.string), upos=ragged([11, 17], dtype=tf.int64)):
        examples = zoo.data.load("xtreme_pos/xtreme_pos_en", "tagging")
        assert sentences_of(examples.validation) == ([["Ann"]], [["PROPN"]])
        assert len(examples.label_names) == 17


def test_an_unknown_column_lists_the_known_ones():
    with pytest.raises(ZooError, match="conll2003: no column 'xpos' of tags; choose ner or chunks or pos"):
        zoo.data.load("conll2003", "tagging", tags="xpos")


def test_an_unknown_treebank_lists_its_neighbours():
    with pytest.raises(ZooError) as error:
        zoo.data.load("universal_dependencies/en_ewx", "tagging")
    assert "en_ewt" in str(error.value)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ({"train", "dev", "test"}, ("train", "dev", "test")),
        ({"train", "test"}, ("train[:90%]", "train[90%:]", "test")),
        ({}, ("train", "dev", "test")),
    ],
)
def test_a_treebank_without_a_validation_part_gives_some_of_its_training_part(found, asked):
    name = "universal_dependencies/fr_pud"
    assert catalogue.find(name, reader_of("tagging")).splits(name, dict.fromkeys(found)) == asked


def test_a_treebank_without_a_training_part_is_refused():
    name = "universal_dependencies/fr_pud"
    with pytest.raises(ZooError, match="fr_pud: has only the parts test; choose a set with train"):
        catalogue.find(name, reader_of("tagging")).splits(name, {"test": None})


TED = {"pt": ["um cão", "  ", "dois", "três"], "en": ["a dog", "blank", "", "three"]}


@pytest.mark.parametrize(
    ("source", "target", "sides"),
    [("", "", ("pt", "en")), ("pt", "en", ("pt", "en")), ("en", "", ("en", "pt")), ("", "pt", ("en", "pt"))],
)
def test_catalogue_pairs_go_either_way_without_blank_sides(source, target, sides):
    with stored(**TED):
        name = "ted_hrlr_translate/pt_to_en"
        examples = zoo.data.load(name, "translation", source=source, target=target)
        expected = tuple([TED[side][0], TED[side][3]] for side in sides)
        assert pairs_of(examples.train) == expected
        assert examples.test.dataset.element_spec == {
            "source": tf.TensorSpec([], tf.string),
            "target": tf.TensorSpec([], tf.string),
        }
    assert (examples.label_names, examples.extra) == ((), {})


@pytest.mark.parametrize("name", ["wmt14_translate/de-en", "wmt16_translate/de-en", "opus/medical"])
def test_other_catalogues_of_pairs_are_read_alike(name):
    texts = [f"text {i}" for i in range(50)]
    with stored(de=texts, en=[text.upper() for text in texts]):
        sources, targets = pairs_of(zoo.data.load(name, "translation").train)
    assert set(sources) <= {*texts}
    assert [source.upper() for source in sources] == targets


def test_a_set_of_one_part_is_split_by_its_sources():
    texts = [f"text {i % 1_000}" for i in range(2_000)]
    with stored(de=texts, en=[f"{i}" for i in range(2_000)]):
        examples = zoo.data.load("opus/medical", "translation")
        parts = [pairs_of(examples.split(split))[0] for split in ("train", "validation", "test")]
    train, validation, test = map(set, parts)
    assert not train & validation | train & test | validation & test
    assert sum(map(len, parts)) == 2_000
    assert 860 < len(train) < 940
    assert 30 < len(validation) < 75


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("fr", "", "no language 'fr'; choose en, pt"),
        ("en", "en", "source and target are both 'en'; choose two languages"),
    ],
)
def test_a_language_that_a_catalogue_lacks_is_refused(source, target, told):
    with pytest.raises(ZooError, match=f"^ted_hrlr_translate/pt_to_en: {told}"):
        zoo.data.load("ted_hrlr_translate/pt_to_en", "translation", source=source, target=target)


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("", "", ("en", "fr")),
        ("en", "", ("en", "fr")),
        ("fr", "", ("fr", "en")),
        ("de", "", ("de", "fr")),
        ("", "fr", ("en", "fr")),
        ("", "en", ("fr", "en")),
        ("", "de", ("en", "de")),
        ("de", "en", ("de", "en")),
    ],
)
def test_what_is_left_open_comes_of_the_default(source, target, pair):
    assert translation.language_pair("x", ("de", "en", "fr"), ("en", "fr"), source, target) == pair


def test_options_are_for_their_own_mapping():
    with pytest.raises(ZooError, match=r"source \('en'\) is for translation only; leave it out for tagging"):
        zoo.data.load("conll2003", "tagging", source="en")
    with pytest.raises(ZooError, match=r"tags \('ner'\) is for tagging only; leave it out for translation"):
        zoo.data.load("multi30k", "translation", tags="ner")


@pytest.mark.parametrize("name", ["wmt99_translate/de-en", "wmt16_translate/de-xx"])
def test_an_unknown_catalogue_of_pairs_is_refused_in_one_line(name):
    with pytest.raises(ZooError, match=f"^unknown data set '{name}': .*wmt") as error:
        zoo.data.load(name, "translation")
    assert "\n" not in str(error.value)


def test_coco_gives_pictures_with_the_texts_of_their_captions():
    with tfds.testing.mock_data(num_examples=3):
        examples = zoo.data.load("coco_captions", "captioning")
        for split in ("train", "validation", "test"):
            assert examples.split(split).dataset.element_spec == {
                "image": tf.TensorSpec([None, None, 3], tf.uint8),
                "captions": tf.TensorSpec([None], tf.string),
            }
            assert len(examples.split(split).rows_of_strings("captions")) <= 3
    assert (examples.label_names, examples.languages, examples.extra) == ((), (), {})
    assert "CC BY 4.0" in examples.licence


def test_coco_is_read_in_its_three_parts_without_pictures_that_nobody_described():
    asked, spec = (
        [],
        {
            "image": tf.TensorSpec([None, None, 3], tf.uint8),
            "captions": {"id": tf.TensorSpec([None], tf.int64), "text": tf.TensorSpec([None], tf.string)},
        },
    )

    def as_dataset(self, split, **_):
        def rows():
            for size, texts in ((2, ["a dog", "a brown dog"]), (3, []), (4, ["two cats"])):
                captions = {"id": list(range(len(texts))), "text": texts}
                yield {"image": np.full((size, size, 3), size, np.uint8), "captions": captions}

        asked.append(split)
        return tf.data.Dataset.from_generator(rows, output_signature=spec)

    with tfds.testing.mock_data(as_dataset_fn=as_dataset):
        examples = zoo.data.load("coco_captions", "captioning")
    assert asked == ["train", "val", "test"]
    assert examples.test.rows_of_strings("captions") == [["a dog", "a brown dog"], ["two cats"]]
    assert [row["image"].shape for row in examples.test.dataset.as_numpy_iterator()] == [(2, 2, 3), (4, 4, 3)]


def test_clips_that_have_a_label_are_captioned_by_its_words():
    asked = []

    def as_dataset(self, split, **_):
        asked.append(split)
        videos = tf.zeros([2, 5, 4, 6, 3], tf.uint8)
        return tf.data.Dataset.from_tensor_slices({"video": videos, "label": np.int64([0, 100])})

    with tfds.testing.mock_data(as_dataset_fn=as_dataset):
        examples = zoo.data.load("ucf101", "captioning")
    assert asked == ["train[:90%]", "train[90%:]", "test"]
    assert examples.test.rows_of_strings("captions") == [["apply eye makeup"], ["yo yo"]]
    assert [row["image"].shape for row in examples.test.dataset] == [(5, 4, 6, 3)] * 2


def test_stills_and_clips_are_not_taken_for_one_another(squares, films):
    still = zoo.data.load(str(squares), "captioning").test
    moving = zoo.data.load(str(films), "captioning", frames="4").test
    assert zoo.data.read_pictures(moving, 16, frames=3).shape == (12, 3, 16, 16, 4)
    with pytest.raises(ZooError, match=r"has moving pictures.* --frames"):
        zoo.data.read_pictures(moving, 16)
    with pytest.raises(ZooError, match=r"has still pictures.*--frames.*leave it out"):
        zoo.data.read_pictures(still, 16, frames=3)
    with pytest.raises(ZooError, match=r"line 2 names .*00.png, which is a still picture, no clip"):
        zoo.data.load(str(squares), "captioning", frames="4")


def test_a_folder_of_pictures_is_a_data_set_too(squares):
    examples = zoo.data.load(str(squares), "captioning")
    parts = [examples.split(split).rows_of_strings("captions") for split in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [24, 12, 12]
    assert parts[0][0] == ["red square at the top left"]
    assert examples.name == str(squares)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("imdb_reviews", "unknown data set 'imdb_reviews': choose emoji, moving_emoji, ucf101, flickr8k, "
                         "coco_captions, or give the path of a folder of pictures with captions.csv"),
        ("photos.csv", "photos.csv: no such file; give the path of a folder of pictures with captions.csv"),
    ],
)  # fmt: skip
def test_what_holds_no_pictures_is_refused_with_the_sets_that_do(name, told, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZooError) as error:
        zoo.data.load(name, "captioning")
    assert str(error.value) == told


def test_pictures_are_refused_for_other_mappings(squares):
    with pytest.raises(ZooError, match=r"^unknown data set 'emoji': choose tweets"):
        zoo.data.load("emoji", "classification")
    for mapping in ("classification", "tagging", "translation"):
        with pytest.raises(ZooError) as error:
            zoo.data.load(str(squares), mapping)
        assert str(squares) in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(
        ZooError, match=r"source \('en'\) is for translation only; leave it out for captioning"
    ):
        zoo.data.load("emoji", "captioning", source="en")


def test_bio_in_the_graph_is_bio_in_python():
    draw = random.Random(7)
    for length in range(8):
        for _ in range(20):
            tags = draw.choices(["O", "keyword", "B-X", "I-X", "B-X-Y", "I-X-Y", "I---", "I-"], k=length)
            found = tagging._to_bio(tf.constant(tags, tf.string)).numpy().tolist()
            assert [tag.decode() for tag in found] == to_bio(tags)


def test_the_embedded_set_is_known_by_its_interpreter(monkeypatch):
    """The version names what varies: the interpreter and its library."""
    features = tfds.features.FeaturesDict(
        {name: tfds.features.Sequence(tfds.features.Text()) for name in ("tokens", "tags")}
    )
    row = {"text": "if x", "tokens": ["if", "x"], "tags": ["keyword", "I-string"]}
    builder = SimpleNamespace(
        download_and_prepare=lambda: None,
        as_dataset=lambda split: tf.data.Dataset.from_tensors(row),
        data_path="nowhere",
        builder_config=SimpleNamespace(name="py3.11.7-1a2b3c4d"),
        info=SimpleNamespace(
            features=features, splits={}, homepage="", redistribution_info=SimpleNamespace(license="PSF")
        ),
    )
    monkeypatch.setattr(tagging.Tagged, "builder", lambda *_, **__: builder)
    examples = zoo.data.load("python_source", "tagging")
    assert examples.version == "py3.11.7-1a2b3c4d"
    assert examples.label_names == ("B-string", "I-string", "keyword")
    assert [row["text"] for row in examples.train.dataset.as_numpy_iterator()] == [b"if x"]


def real(shared_tfds, name):
    if not (shared_tfds / name).is_dir():
        pytest.skip(f"TFDS_DATA_DIR holds no {name}: tests on the real one are left out")
    examples = zoo.data.load(name, "tagging")
    return examples, {split: sentences_of(examples.split(split)) for split in ("train", "validation", "test")}


def test_real_conll2003_has_the_published_sentences(shared_tfds):
    examples, parts = real(shared_tfds, "conll2003")
    assert [len(tokens) for tokens, _ in parts.values()] == [14_041, 3_250, 3_453]
    tags = [tag for row in parts["test"][1] for tag in row]
    assert len(tags) == 46_435
    assert sum(tag.startswith("B-") for tag in tags) == 5_648
    assert set(tags) == set(examples.label_names)


def test_real_ewt_has_the_published_sentences_and_words(shared_tfds):
    examples, parts = real(shared_tfds, "universal_dependencies/en_ewt")
    assert [len(tokens) for tokens, _ in parts.values()] == [12_544, 2_001, 2_077]
    assert [sum(map(len, tokens)) for tokens, _ in parts.values()] == [204_577, 25_147, 25_094]
    for _, tags in parts.values():
        assert {tag for row in tags for tag in row} == set(examples.label_names)


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        ({"train", "validation", "test"}, ("train", "validation", "test")),
        ({"train", "test"}, ("train[:90%]", "train[90%:]", "test")),
    ],
)
def test_of_a_set_of_ours_the_parts_are_those_that_its_builder_makes(made, asked):
    adapter = catalogue.find("tweets", reader_of("classification"))
    assert adapter.splits("tweets", dict.fromkeys(made)) == asked


@pytest.mark.parametrize("make", ["a file", "a link to nowhere", "a full disk"])
def test_a_cache_that_cannot_be_used_is_named_as_the_cause(tmp_path, monkeypatch, make):
    cache = tmp_path / "cache"
    if make == "a file":
        cache.write_text("")
    elif make == "a link to nowhere":
        cache.symlink_to("/proc/nowhere")
    else:

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
        monkeypatch.setattr("zoo.data.sets.tweets.Tweets.download_and_prepare", full)
    monkeypatch.setenv("ZOO_CACHE", str(cache))
    with pytest.raises(
        ZooError, match=r"cache.*: cannot be written \(.+\); set ZOO_CACHE to a folder"
    ) as caught:
        zoo.data.load("tweets", "classification")
    assert "network" not in str(caught.value)


def test_of_two_processes_that_prepare_a_set_both_find_it(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    prepare, failed = SeattleWeather.download_and_prepare, []

    def as_the_second_to_end(self, **options):
        prepare(self, **options)
        if not failed:
            failed.append(self)
            raise OSError("Cannot rename: the destination already exists")

    monkeypatch.setattr(SeattleWeather, "download_and_prepare", as_the_second_to_end)
    assert len(zoo.data.load("seattle_weather", "series").label_names) == 1
    assert failed
