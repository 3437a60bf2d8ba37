import pytest
from tiny import pairs_of

import zoo.data
from zoo.data.sets import cmudict
from zoo.errors import ZooError
from zoo.tasks.translation import sources_and_references

FILES = {
    "train-dev-20-21": "CAT  K AE T\r\nREAD  R EH D\r\nREAD  R IY D\r\n",
    "train-dev-1-21": "CAT  K AA T\r\nIT'S  IH T S\r\n",
    "test": "DATA  D EY T AH\r\nDATA  D AE T AH\r\nZOO  Z UW\r\n",
}


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Returns the folder of a mirror with a few words."""
    folder = tmp_path / "mirror/raw.githubusercontent.com/microsoft/CNTK/master"
    folder = folder / "Examples/SequenceToSequence/CMUDict/Data"
    folder.mkdir(parents=True)
    for part, text in FILES.items():
        (folder / f"cmudict-0.7b.{part}").write_bytes(text.encode())
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cmudict, "_ENTRIES", {"train": 3, "validation": 2, "test": 3})
    return folder


def test_words_are_in_lower_case_with_all_their_pronunciations(tiny):
    examples = zoo.data.load("cmudict", "translation")
    assert examples.languages == ("word", "phonemes")
    assert sorted(zip(*pairs_of(examples.train), strict=True)) == [
        ("cat", "K AE T"),
        ("read", "R EH D"),
        ("read", "R IY D"),
    ]
    references = dict(zip(*sources_and_references(examples.test), strict=True))
    assert {word: set(texts) for word, texts in references.items()} == {
        "data": {"D EY T AH", "D AE T AH"},
        "zoo": {"Z UW"},
    }


def test_validation_holds_no_word_of_training(tiny):
    examples = zoo.data.load("cmudict", "translation")
    assert pairs_of(examples.validation) == (["it's"], ["IH T S"])


def test_it_is_read_from_phonemes_to_words_as_well(tiny):
    examples = zoo.data.load("cmudict", "translation", source="phonemes")
    assert ("K AE T", "cat") in set(zip(*pairs_of(examples.train), strict=True))


@pytest.mark.parametrize(
    "content",
    [
        b"DATA  D EY T AH\r\n",
        b"DATA  D\nZOO Z UW\nA  AH\n",
        b"DATA  D\nZOO  \nA  AH\n",
        b"\xff  A\nB  B\nC  K\n",
    ],
    ids=["another number of entries", "one space", "no phonemes", "not UTF-8"],
)
def test_a_damaged_file_is_named_and_nothing_is_left(tiny, tmp_path, content):
    (tiny / "cmudict-0.7b.test").write_bytes(content)
    with pytest.raises(ZooError, match="is not the file of CMUdict with 3 entries") as error:
        zoo.data.load("cmudict", "translation")
    assert str(tiny / "cmudict-0.7b.test") in str(error.value)
    assert not list((tmp_path / "cache").rglob("*.tfrecord*"))


def test_the_real_one_has_the_published_split_but_for_validation(mirror):
    examples = zoo.data.load("cmudict", "translation")
    found = {split: pairs_of(examples.split(split)) for split in ("train", "validation", "test")}
    sizes = {split: len(words) for split, (words, _) in found.items()}
    assert sizes == {"train": 108_952, "validation": 4_726, "test": 12_855}
    words = {split: set(column) for split, (column, _) in found.items()}
    assert not words["train"] & words["test"] | words["train"] & words["validation"]
    assert len(words["test"]) == 11_994
    assert len({phoneme for text in found["train"][1] for phoneme in text.split()}) == 39
