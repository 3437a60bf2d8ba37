import numpy as np
import pytest
from tiny import pairs_of

import zoo.data
from zoo.data import Examples, Part, mixed
from zoo.errors import ZooError


def dataset(*pairs):
    sources, targets = zip(*pairs, strict=True)
    return Part({"source": list(sources), "target": list(targets)})


def examples(name, train, validation, test, languages=("en", "fr"), **extra) -> Examples:
    parts = {part: dataset(*rows) for part, rows in extra.items()}
    sets = (dataset(*rows) for rows in (train, validation, test))
    return Examples(name, *sets, (), f"of {name}", f"licence of {name}", "1", languages, parts)


FIRST = (
    [("a dog", "un chien"), ("A goat!", "une chèvre")],
    [("a cow", "une vache")],
    [("a horse", "un cheval")],
)
SECOND = (
    [("a cat", "un chat"), ("A Horse.", "le cheval")],
    [("a horse", "un cheval"), ("a pig", "un porc")],
    [("a goat", "une chèvre"), ("a hen", "une poule")],
)


def rows(part):
    return list(zip(*pairs_of(part), strict=True))


def test_parts_are_joined_and_what_another_set_tests_is_left_out():
    sets = [examples("one", *FIRST), examples("two", *SECOND, terms=[("a fox", "un renard")])]
    mix = mixed.mix(sets, "source")
    assert rows(mix.train) == [("a dog", "un chien"), ("a cat", "un chat")]
    assert rows(mix.validation) == [("a cow", "une vache"), ("a pig", "un porc")]
    assert rows(mix.test) == FIRST[2]
    assert {part: rows(dataset) for part, dataset in mix.extra.items()} == {
        "test_two": SECOND[2],
        "terms_two": [("a fox", "un renard")],
    }
    assert (mix.name, mix.languages) == ("one+two", ("en", "fr"))
    assert (mix.licence, mix.version) == ("one: licence of one; two: licence of two", "one: 1; two: 1")


def test_a_row_that_its_own_set_tests_is_its_own_business():
    same = [("a dog", "un chien")]
    mix = mixed.mix([examples("one", same, same, same), examples("two", *SECOND)], "source")
    assert rows(mix.train)[0] == same[0]


def test_files_which_tell_no_languages_go_with_any_set():
    for languages in (("en", "fr"), ()):
        sets = [examples("own.tsv", *FIRST, languages=()), examples("two", *SECOND, languages=languages)]
        assert mixed.mix(sets, "source").languages == languages


def test_other_languages_are_refused():
    told = "one from en to fr with two from de to en: choose two languages that all have"
    with pytest.raises(ZooError, match=told):
        mixed.mix([examples("one", *FIRST), examples("two", *SECOND, languages=("de", "en"))], "source")


def test_files_are_mixed_by_their_paths_and_a_plus_in_a_path_is_no_mix(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.tsv", "b.tsv", "a+b.tsv"):
        lines = "".join(f"{name} {i}\tx {i}\n" for i in range(40))
        (tmp_path / name).write_text(f"source\ttarget\n{lines}")
    assert len(rows(zoo.data.load("a+b.tsv", "translation").train)) < 40
    mix = zoo.data.load("a.tsv+b.tsv", "translation")
    for part in (mix.train, mix.validation):
        assert {source.split()[0] for source, _ in rows(part)} == {"a.tsv", "b.tsv"}
    assert list(mix.extra) == ["test_b.tsv"]


def test_a_source_that_is_not_utf_8_is_left_out_as_well():
    train = [(b"a \xff horse", "un"), ("a dog", "un chien")]
    test = [(b"A \xff Horse!", "un")]
    mix = mixed.mix([examples("one", train, train, train), examples("two", *SECOND[:2], test)], "source")
    assert rows(mix.train)[0] == ("a dog", "un chien")


def test_a_file_and_a_set_that_tells_its_languages_need_both_told(tmp_path):
    (tmp_path / "own.tsv").write_text("en\tfr\n" + "one\tun\n" * 9)
    for languages in ({}, {"source": "en"}):
        with pytest.raises(ZooError, match="give --source and --target, languages which are columns"):
            zoo.data.load(f"cldr_phrases+{tmp_path}/own.tsv", "translation", **languages)


def test_a_set_that_is_named_twice_is_refused():
    with pytest.raises(ZooError, match="names multi30k twice"):
        zoo.data.load("multi30k+tatoeba_pairs+multi30k", "translation")


def test_an_unknown_set_of_a_mix_is_named():
    with pytest.raises(ZooError, match="unknown data set 'multi40k'"):
        zoo.data.load("multi40k+tatoeba_pairs", "translation")


def test_the_test_parts_of_a_name():
    assert zoo.data.tests_of("cldr_phrases", "translation") == ["test", "test_terms"]
    assert zoo.data.tests_of("multi30k+cldr_phrases", "translation") == [
        "test",
        "test_cldr_phrases",
        "test_terms_cldr_phrases",
    ]
    assert zoo.data.tests_of("own.tsv", "translation") == ["test"]


# Classification ---------------------------------------------------------------------------------------------


def rated(name, labels, train, test, unlabelled=None) -> Examples:
    parts = [Part({"text": [text for text, _ in rows], "label": np.array([n for _, n in rows])}) for rows in
             (train, train[:1], test)]  # fmt: skip
    more = unlabelled and (lambda: Part({"text": unlabelled}))
    return Examples(name, *parts, labels, "", "", "", unlabelled=more)


def test_labels_are_matched_by_name_and_rows_know_their_set():
    one = rated("one", ("bad", "good"), [("a", 1), ("b", 0), ("Tested!", 1)], [("c", 1)])
    two = rated("two", ("good", "so-so"), [("d", 0), ("C.", 1)], [("tested", 1)], ["e", "c", "f"])
    mix = mixed.mix([one, two], "text")
    assert mix.label_names == ("bad", "good", "so-so")
    train = mix.train
    assert train.strings("text") == ["a", "b", "d"]
    assert train.column("label").tolist() == [1, 0, 1]
    assert train.column("set").tolist() == [0, 0, 1]
    assert mix.extra["test_two"].column("label").tolist() == [2]
    assert mix.test.column("label").tolist() == [1]
    assert mix.unlabelled().strings("text") == ["e", "f"]
    assert mixed.mix([one, rated("three", ("good",), [("x", 0)], [("y", 0)])], "text").unlabelled is None


def test_classifiers_learn_from_several_sets(reviews, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(
        "text,label\n"
        + "".join(f"nothing number {i},{'neutral' if i % 2 else 'positive'}\n" for i in range(60))
    )
    mix = zoo.data.load(f"{reviews}+{other}", "classification")
    assert "neutral" in mix.label_names
    assert zoo.data.tests_of(f"{reviews}+{other}", "classification") == ["test", f"test_{other}"]
