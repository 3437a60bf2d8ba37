import zipfile
from itertools import combinations, pairwise

import pytest
from tiny import pairs_of

import zoo.data
from zoo.data.sets import tatoeba_pairs
from zoo.data.splits import fingerprint
from zoo.errors import ZooError

PAIRS = [(f"Sentence {i} is here.", f"La phrase {i} est ici.") for i in range(300)]
PAIRS += [("Run!", "Cours !"), ("run", "Courez !"), ("Run!", "Courez\u202f!")]
SIZES = {"train": 160_549, "validation": 2_919, "test": 3_025}
LONG = "I would like to have a cup of"
PAIRS += [(f"{LONG} tea.", "Un thé."), (f"{LONG} coffee.", "Un café."), (f"{LONG} milk.", "Un lait.")]


@pytest.fixture
def archive(monkeypatch, tmp_path):
    """Returns the zip file of a mirror, not yet written."""
    path = tmp_path / "mirror" / "www.manythings.org" / "anki" / "fra-eng.zip"
    path.parent.mkdir(parents=True)
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return path


def write(path, text: str | bytes, name="fra.txt"):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, text)


def parts(examples) -> dict[str, list[tuple[str, str]]]:
    return {
        split: list(zip(*pairs_of(examples.split(split)), strict=True))
        for split in ("train", "validation", "test")
    }


@pytest.mark.parametrize("third", ["", "\tCC-BY 2.0 (France): tatoeba.org"])
def test_a_tiny_one_is_split_so_that_sentences_much_alike_stay_together(archive, third):
    write(archive, "".join(f"{source}\t{target}{third}\r\n" for source, target in PAIRS))
    found = parts(zoo.data.load("tatoeba_pairs", "translation"))
    assert sorted(pair for pairs in found.values() for pair in pairs) == sorted(PAIRS)
    for split in found:  # one of 50 each, by chance
        assert len(found[split]) >= 1
    assert len(found["train"]) > 250
    for alike in ({"Run!", "run"}, {f"{LONG} {drink}." for drink in ("tea", "coffee", "milk")}):
        holding = [split for split in found if alike & {source for source, _ in found[split]}]
        assert len(holding) == 1


def test_it_goes_the_other_way_too(archive):
    write(archive, "".join(f"{source}\t{target}\n" for source, target in PAIRS))
    examples = zoo.data.load("tatoeba_pairs", "translation", source="fr")
    assert examples.languages == ("fr", "en")
    assert "CC BY 2.0" in examples.licence
    assert {pair[::-1] for part in parts(examples).values() for pair in part} == set(PAIRS)


def test_other_languages_are_other_files(archive):
    write(archive, "".join(f"{source}\t{target}\n" for source, target in PAIRS))
    write(archive.with_name("deu-eng.zip"), "".join(f"{i}.\tNummer {i}.\n" for i in range(300)), "deu.txt")
    for sides in ({"source": "de"}, {"source": "de", "target": "en"}):
        examples = zoo.data.load("tatoeba_pairs", "translation", **sides)
        assert examples.languages == ("de", "en")
        assert ("Nummer 7.", "7.") in {pair for part in parts(examples).values() for pair in part}
    assert zoo.data.load("tatoeba_pairs", "translation", target="de").languages == ("en", "de")
    assert zoo.data.load("tatoeba_pairs", "translation").languages == ("en", "fr")


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ({"source": "de", "target": "fr"}, "one of each pair is English; choose --source en"),
        ({"source": "xx"}, "no language 'xx'; choose en, de, es"),
        ({"source": "en", "target": "en"}, "are both 'en'"),
    ],
)
def test_pairs_that_it_does_not_have_are_refused(sides, message):
    with pytest.raises(ZooError, match=message):
        zoo.data.load("tatoeba_pairs", "translation", **sides)


def test_what_training_has_in_other_words_is_left_out_of_the_test_part(archive, monkeypatch):
    pairs = [("We're tired.", "Nous sommes fatigués."), ("We are tired!", "On est fatigués."),
             ("I see.", "Je vois."), ("I can't.", "Je ne peux pas."), ("I got it.", "Je vois !"),
             ("No.", "Non.")]  # fmt: skip
    splits = {"we re tired": "train", "we are tired": "test", "i got it": "test", "no": "validation"}
    monkeypatch.setattr(tatoeba_pairs, "split_of", lambda key, _: splits.get(key, "train"))
    write(archive, "".join(f"{source}\t{target}\n" for source, target in [*pairs, ("Oh.", "Oh.")] * 2))
    splits["oh"] = "test"
    found = parts(zoo.data.load("tatoeba_pairs", "translation"))
    assert sorted(set(found["train"])) == sorted([pairs[0], pairs[2], pairs[3]])
    assert set(found["test"]) == {("Oh.", "Oh.")}
    assert set(found["validation"]) == {pairs[5]}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Go.\tVa !\n", "deu.txt"),
        ("Go.\n", "fra.txt"),
        ("Go.\t \n", "fra.txt"),
        (b"Go.\tVa\xff\n", "fra.txt"),
    ],
    ids=["another language", "one column", "a blank side", "not UTF-8"],
)
def test_a_damaged_file_is_named_and_nothing_is_left(archive, tmp_path, text, name):
    write(archive, text, name)
    with pytest.raises(ZooError, match="is not the zip file with") as error:
        zoo.data.load("tatoeba_pairs", "translation")
    assert str(archive) in str(error.value)
    assert not list((tmp_path / "cache").rglob("*.tfrecord*"))


def test_a_page_instead_of_the_zip_file_is_refused(archive):
    archive.write_text("<html>Not Acceptable!</html>")
    with pytest.raises(ZooError, match="remove it and fetch it again"):
        zoo.data.load("tatoeba_pairs", "translation")


def of_split(key: str) -> set[tuple[str, str]]:
    return set(pairwise(key.split()))


def test_the_real_one_shares_no_sentence_between_its_splits(mirror):
    examples = zoo.data.load("tatoeba_pairs", "translation")
    found = {split: pairs_of(examples.split(split)) for split in SIZES}
    assert {split: len(sources) for split, (sources, _) in found.items()} == SIZES
    for side in (0, 1):
        keys = {split: set(map(fingerprint, pairs[side])) for split, pairs in found.items()}
        for one, other in combinations(keys.values(), 2):
            assert not one & other
    keys = {split: set(map(fingerprint, sources)) for split, (sources, _) in found.items()}
    known = [pairs for pairs in map(of_split, keys["train"]) if len(pairs) >= 4]
    for mine in [pairs for pairs in map(of_split, sorted(keys["test"])) if len(pairs) >= 4][::500]:
        assert max(len(mine & other) / len(mine | other) for other in known) < 0.6
