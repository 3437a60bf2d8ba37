import gzip
from collections import Counter

import pytest
from tiny import sentences_of

import zoo.data
from zoo.data.sets import conll2000
from zoo.errors import ZooError

TRAIN = "Ann NNP B-NP\nsleeps VBZ B-VP\n. . O\n\n" + "in IN B-PP\nold JJ B-NP\nRome NNP I-NP\n\n" * 19
TEST = "Bo NNP B-NP\nsings VBZ B-VP\nin IN B-LST\n\n"


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Returns the folder of a mirror with twenty training sentences and one for testing."""
    folder = tmp_path / "mirror" / "www.clips.uantwerpen.be" / "conll2000" / "chunking"
    folder.mkdir(parents=True)
    (folder / "train.txt.gz").write_bytes(gzip.compress(TRAIN.encode()))
    (folder / "test.txt.gz").write_bytes(gzip.compress(TEST.encode()))
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(conll2000, "_SENTENCES", {"train": 20, "test": 1})
    return folder


@pytest.mark.parametrize(
    ("tags", "ann", "label_names"),
    [
        ("", ["B-NP", "B-VP", "O"], ("B-NP", "B-PP", "B-VP", "I-NP", "I-PP", "I-VP", "O")),
        ("pos", ["NNP", "VBZ", "."], (".", "IN", "JJ", "NNP", "VBZ")),
    ],
)
def test_a_tiny_one_is_prepared_in_the_cache(tiny, tmp_path, tags, ann, label_names):
    examples = zoo.data.load("conll2000", "tagging", tags=tags)
    parts = [sentences_of(examples.split(split)) for split in ("train", "validation", "test")]
    assert [len(tokens) for tokens, _ in parts] == [19, 1, 1]
    training = dict(zip(map(tuple, parts[0][0]), parts[0][1], strict=True))
    assert training["Ann", "sleeps", "."] == ann
    assert parts[2][0] == [["Bo", "sings", "in"]]
    assert examples.label_names == label_names
    assert (tmp_path / "cache" / "conll2000" / examples.version / "dataset_info.json").is_file()


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TRAIN.replace("\n\n", "\n", 1).encode()),
        gzip.compress(TRAIN.replace("NNP ", "").encode()),
        gzip.compress(b"\xff" + TRAIN.encode()),
        gzip.compress(TRAIN.encode())[:-20],
        b"<html>not found</html>",
    ],
    ids=[
        "another number of sentences",
        "another number of columns",
        "not UTF-8",
        "cut off",
        "not compressed",
    ],
)
def test_a_damaged_file_is_named_and_nothing_is_left(tiny, tmp_path, content):
    (tiny / "train.txt.gz").write_bytes(content)
    with pytest.raises(ZooError) as error:
        zoo.data.load("conll2000", "tagging")
    assert str(tiny / "train.txt.gz") in str(error.value)
    assert "20 sentences" in str(error.value)
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "cache").rglob("*.tfrecord*"))


def test_the_real_one_has_the_published_sizes(mirror):
    examples = zoo.data.load("conll2000", "tagging")
    sizes = {}
    for split in ("train", "validation", "test"):
        tokens, tags = sentences_of(examples.split(split))
        sizes[split] = len(tokens), sum(map(len, tokens))
        assert {tag for row in tags for tag in row} <= set(examples.label_names)
    assert sizes["train"][0] + sizes["validation"][0] == 8_936
    assert sizes["train"][1] + sizes["validation"][1] == 211_727
    assert sizes["test"] == (2_012, 47_377)
    counts = Counter(tag for row in tags for tag in row)
    assert (counts["B-NP"], counts["I-NP"], counts["O"]) == (12_422, 14_376, 6_180)
    assert len(examples.label_names) == 23
