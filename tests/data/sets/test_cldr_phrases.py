import os
import re
import subprocess
import sys
from datetime import datetime
from hashlib import sha256
from itertools import islice

import babel
import pytest
from babel import dates, lists, localedata, numbers, units
from tiny import pairs_of

import zoo.data
from zoo.data.sets import cldr_formatters, cldr_phrases
from zoo.data.sets.cldr_formatters import Draw, Pair, Phrase, folded, streams, terms_of
from zoo.data.sets.cldr_phrases import SPLITS, corpus, languages
from zoo.errors import ZooError

ENGLISH_FRENCH = Pair(babel.Locale("en"), babel.Locale("fr"))
NAMES = ("territories", "languages", "scripts", "currencies", "units", "emoji")


@pytest.fixture(scope="module")
def parts():
    return corpus("en", "fr")


def words(text):
    return set(re.findall(r"[^\W\d]+", text))


def test_there_are_about_sixty_thousand_pairs_to_train_on(parts):
    assert 58_000 < len(parts["train"]) < 68_000
    for split in ("validation", "test", "test_terms"):
        assert 2_000 < len(parts[split]) < 4_000


def test_names_are_those_of_the_translators(parts):
    found = {phrase.source: phrase.target for split in SPLITS for phrase in parts[split]}
    for source, target in (
        ("Germany", "Allemagne"),
        ("Welsh", "gallois"),
        ("Cyrillic", "cyrillique"),
        ("US Dollar", "dollar des États-Unis"),
        ("acres", "acres anglo-saxonnes"),
        ("red heart", "cœur rouge"),
    ):
        assert found[source] == target


@pytest.mark.parametrize(
    ("formatter", "arguments", "options", "source", "target"),
    [
        (units.format_unit, (1_500, "length-kilometer"), {}, "1,500 kilometers", "1\u202f500\xa0kilomètres"),
        (
            units.format_compound_unit,
            (90, "length-mile"),
            {"denominator_unit": "duration-hour"},
            "90 miles per hour",
            "90\xa0miles par heure",
        ),
        (
            numbers.format_currency,
            (7, "EUR"),
            {"format_type": "name"},
            "7.00 euros",
            "7,00 euros",
        ),
        (
            dates.format_date,
            (datetime(2025, 3, 4), "full"),
            {},
            "Tuesday, March 4, 2025",
            "mardi 4 mars 2025",
        ),
        (lists.format_list, (["A", "B", "C"], "or"), {}, "A, B, or C", "A, B ou C"),
    ],
)
def test_a_phrase_is_what_babel_writes_with_the_spaces_of_cldr(formatter, arguments, options, source, target):
    found = ENGLISH_FRENCH.phrase("x", ["y"], formatter, *arguments, **options)
    assert found == Phrase("x", source, target, frozenset(["y"]))


def test_no_source_stands_twice(parts):
    sources = [folded(phrase.source) for split in SPLITS for phrase in parts[split]]
    assert len(set(sources)) == len(sources)


def test_the_words_and_terms_of_test_phrases_were_all_seen_in_training(parts):
    for side in (1, 2):
        known = {word for phrase in parts["train"] for word in words(phrase[side])}
        for split in ("validation", "test"):
            assert {word for phrase in parts[split] for word in words(phrase[side])} <= known
    terms = {term for phrase in parts["train"] for term in phrase.terms}
    assert all(phrase.terms <= terms for phrase in parts["test"])


def test_terms_that_are_held_out_are_nowhere_in_training(parts):
    seen = {term for phrase in parts["train"] + parts["validation"] + parts["test"] for term in phrase.terms}
    assert all(phrase.terms - seen for phrase in parts["test_terms"])
    held_out = [folded(phrase.source) for phrase in parts["test_terms"] if phrase.kind in NAMES]
    assert len(held_out) > 100
    text = "\n".join(folded(phrase.source) for phrase in parts["train"])
    assert [name for name in held_out if name in text] == []


def test_every_kind_of_names_is_held_out_now_and_then(parts):
    assert {phrase.kind for phrase in parts["test_terms"]} >= set(NAMES)


def test_every_kind_is_in_training_and_test(parts):
    for split in ("train", "test"):
        kinds = {phrase.kind for phrase in parts[split]} - {*NAMES}
        assert kinds == {*cldr_phrases._QUOTAS, "lists of phrases"}


def test_lists_of_phrases_hold_none_of_the_test(parts):
    test = {phrase.source for phrase in parts["test"] if phrase.kind == "prices"}
    text = [phrase.source for phrase in parts["train"] if phrase.kind == "lists of phrases"]
    assert not any(
        name in re.split(r", (?:or |and |& )?| or | and | & ", line) for line in text for name in test
    )


def test_another_process_makes_the_same_corpus(parts):
    program = (
        "from hashlib import sha256; from zoo.data.sets.cldr_phrases import SPLITS, corpus; "
        "parts = corpus('en', 'fr'); "
        "print(sha256(repr([p[:3] for s in SPLITS for p in parts[s]]).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    found = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    here = repr([phrase[:3] for split in SPLITS for phrase in parts[split]])
    assert found.stdout.strip() == sha256(here.encode()).hexdigest()


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(cldr_phrases, "_QUOTAS", dict.fromkeys(cldr_phrases._QUOTAS, 50))
    monkeypatch.setattr(cldr_phrases, "_LISTS_OF_PHRASES", 50)


@pytest.mark.parametrize("language", [code for code in languages() if code != "en"])
def test_every_language_has_phrases_of_every_kind(small, language):
    parts = corpus(language, "en")
    kinds = {phrase.kind for split in SPLITS for phrase in parts[split]}
    assert kinds == {*cldr_phrases._QUOTAS, "lists of phrases", *NAMES}
    assert all(phrase.source.strip() and phrase.target.strip() for phrase in parts["train"])


def test_languages_are_those_of_both_packages():
    assert {"en", "fr", "de", "es", "it", "pt"} <= {*languages()}
    assert all(localedata.exists(code) for code in languages())


def test_of_formats_that_look_alike_the_first_is_kept():
    # A time with seconds is formatted to the same by "medium" and by the skeleton hms, in French to another.
    time = datetime(2030, 5, 4, 15, 5, 9)
    assert folded(dates.format_time(time, "medium", locale="en")) == folded(
        dates.format_skeleton("hms", time, locale="en")
    )
    found = islice(streams(ENGLISH_FRENCH, [])["dates"], 4_000)
    afternoons = [phrase.target for phrase in found if re.fullmatch(r"\d+:\d\d:\d\d\sPM", phrase.source)]
    assert len(afternoons) > 10
    assert not any("PM" in target for target in afternoons)


def test_a_format_that_a_language_lacks_is_left_out():
    def looks(option, locale):
        return [{"en": {"a": "x", "b": "y", "c": "X"}, "fr": {"a": "u", "c": "w"}}[locale.language][option]]

    assert cldr_formatters._distinct(ENGLISH_FRENCH, "abc", looks) == ["a"]


def test_skin_tones_belong_to_the_emoji_that_they_colour():
    terms = [phrase for phrase in terms_of(ENGLISH_FRENCH) if phrase.source == "thumbs up"]
    assert [phrase.terms for phrase in terms] == [frozenset(["emoji 👍"])]
    found = {phrase.source: phrase.terms for phrase in streams(ENGLISH_FRENCH, terms)["skin tones"]}
    assert found["thumbs up light skin tone"] == frozenset(["emoji 👍"])
    assert len(found) == 5


def test_locales_are_made_of_names_that_are_terms():
    terms = [
        Phrase("x", "", "", frozenset([key])) for key in ("languages sr", "scripts Latn", "territories ME")
    ]
    (found,) = (streams(ENGLISH_FRENCH, terms)["locales"],)
    assert [phrase.source for phrase in found] == ["Serbian (Latin)", "Serbian (Latin, Montenegro)"]


def test_what_is_drawn_lies_in_its_range():
    draw = Draw("seed")
    for _ in range(1_000):
        assert 1 <= draw.number() < 10_000
        assert 1950 <= draw.time().year <= 2049
        assert len(set(draw.some("abcd", 3))) == 3
    assert sorted(draw.some("ab", 4)) == ["a", "b"]
    assert [Draw("seed").number() for _ in range(2)] == [Draw("seed").number()] * 2
    assert [Draw(f"seed {i}").number() for i in range(9)] != [Draw("seed").number()] * 9


def test_a_pair_is_prepared_in_the_cache_under_its_versions(small, monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    examples = zoo.data.load("cldr_phrases", "translation", source="de", target="it")
    assert examples.version.startswith(f"de-it-babel{babel.__version__}-emoji")
    assert (tmp_path / "cldr_phrases" / examples.version / "1.0.0" / "dataset_info.json").is_file()
    parts = corpus("de", "it")
    for split in SPLITS:
        found = zip(*pairs_of(examples.split(split)), strict=True)
        assert set(found) == {(phrase.source, phrase.target) for phrase in parts[split]}
    assert set(examples.extra) == {"test_terms"}
    assert examples.label_names == ()
    assert "Unicode" in examples.licence


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("xx", "", "no language 'xx'; choose ar, de, en, es"),
        ("", "English", "no language 'English'; choose ar, de, en, es"),
        ("de", "de", "source and target are both 'de'; choose two languages"),
    ],
)
def test_a_wrong_language_is_refused_in_one_line(source, target, told):
    with pytest.raises(ZooError, match=f"^cldr_phrases: {told}"):
        zoo.data.load("cldr_phrases", "translation", source=source, target=target)
