"""Offsets and scores by hand; the models are tables of tags and of translations, and a word."""

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import zoo.data
from zoo import metrics
from zoo.cli.evaluate import evaluate, evaluated, learned_from, title_of
from zoo.data import Examples, Part, load
from zoo.errors import ZooError
from zoo.tasks import Manifest, of
from zoo.tasks.tagging import offsets


@pytest.mark.parametrize(
    ("text", "tokens", "expected"),
    [
        ("do n't", ["do", "n't"], [(0, 2), (3, 6)]),
        ("don't go.", ["do", "n't", "go", "."], [(0, 2), (2, 5), (6, 8), (8, 9)]),
        ("in New  York now", ["in", "New York", "now"], [(0, 2), (3, 12), (13, 16)]),  # a space in a token
        ("1 000", ["10", "00"], [(0, 3), (3, 5)]),  # and one in the text that the tokens do not show
        ("  a\n\u00a0b\u3000", ["a", "b"], [(2, 3), (5, 6)]),
        ("Zoë 👩🏽\u200d🚀日本", ["Zoë", "👩🏽\u200d🚀", "日", "本"], [(0, 3), (4, 8), (8, 9), (9, 10)]),
        ("", [], []),
        (" \n", [], []),
    ],
)
def test_offsets_are_where_tokens_stand(text, tokens, expected):
    assert offsets(text, tokens) == expected


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a b c", ["a", "c"]),
        ("a b", ["a", "b", "c"]),
        ("a", []),
        ("", ["a"]),
        ("(a)", ["-LRB-", "a", "-RRB-"]),
        ("“a”", ['"', "a", '"']),
        ("ab", ["b", "a"]),
        ("é", ["e\u0301"]),  # alike to the eye only
        ("a b", ["a", " ", "b"]),  # a token without ink has no place
        ("a", ["a", ""]),
        ("a\u200b", ["a"]),
    ],
)
def test_a_text_that_holds_anything_else_has_no_offsets(text, tokens):
    assert offsets(text, tokens) is None


class Tagger:
    """Stands for a loaded model."""

    name = "table"

    def __init__(self, tags, **manifest):
        self.tags = tags
        stored = {
            "mapping": "tagging", "labels": sorted({*tags.values(), "X"}), "config": {"tags": ""},
            "dataset": {"name": "none", "version": ""}, "baselines": {"test": {"own": {}}}, **manifest,
        }  # fmt: skip
        self.says(Manifest.from_json(stored))

    def says(self, manifest):
        self.manifest, self.task = manifest, of(manifest)

    def predict(self, inputs):
        return [self._text(row) if isinstance(row, str) else self._tokens(row) for row in inputs]

    def _tokens(self, tokens):
        return {
            "tokens": [{"token": token, "tag": self.tags.get(token, "X"), "score": 0.5} for token in tokens]
        }

    def _text(self, text):
        found = list(re.finditer(r"\S+", text))
        rows = self._tokens([match[0] for match in found])["tokens"]
        return {
            "tokens": [
                {**row, "start": m.start(), "end": m.end()} for row, m in zip(rows, found, strict=True)
            ]
        }


TAGS = {"We": "PRON", "do": "AUX", "n't": "PART", "go": "VERB", "home": "NOUN", "don't": "AUX"}
TREEBANK = """# text = We don't go
1\tWe\t_\tPRON\t_\t_\t_\t_\t_\t_
2\tdo\t_\tAUX\t_\t_\t_\t_\t_\t_
3\tn't\t_\tPART\t_\t_\t_\t_\t_\t_
4\tgo\t_\tVERB\t_\t_\t_\t_\t_\t_

# text = go home now
1\tgo\t_\tNOUN\t_\t_\t_\t_\t_\t_
2\thome\t_\tNOUN\t_\t_\t_\t_\t_\t_
"""


@pytest.fixture
def file(tmp_path):
    """Returns a function that writes a column file."""

    def write(content, name="sentences.conllu"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return str(path)

    return write


def test_a_tagger_is_scored_on_ready_tokens_and_from_raw_text_on(file, capsys):
    score = evaluate(Tagger(TAGS), file(TREEBANK))
    assert (score["n"], score["tokens"], score["accuracy"]) == (2, 6, pytest.approx(5 / 6))
    # The tokens of the second sentence do not make up its text. Of the first, four are right; three are
    # found, We and go at their places; don't is one token.
    assert score["raw"]["tokens"] == pytest.approx({"precision": 2 / 3, "recall": 2 / 4, "f1": 4 / 7})
    assert score["raw"]["tags"] == pytest.approx({"precision": 2 / 3, "recall": 2 / 4, "f1": 4 / 7})
    output = " ".join(capsys.readouterr().out.split())
    assert "(1 of 2 sentences)" in output


def test_a_wrong_tag_on_a_found_token_is_wrong_from_raw_text_on(file):
    raw = evaluate(Tagger({**TAGS, "go": "X"}), file(TREEBANK))["raw"]
    assert raw["tokens"]["f1"] == pytest.approx(4 / 7)
    assert raw["tags"] == pytest.approx({"precision": 1 / 3, "recall": 1 / 4, "f1": 2 / 7})


def test_without_raw_text_tokens_alone_are_scored(file):
    content = "".join(line for line in TREEBANK.splitlines(True) if not line.startswith("#"))
    score = evaluate(Tagger(TAGS), file(content))
    assert score["accuracy"] == pytest.approx(5 / 6)
    assert "raw" not in score


def test_spans_are_scored_as_spans(file):
    model = Tagger({"New": "B-LOC", "York": "I-LOC", "Ann": "B-PER", "in": "O"})
    score = evaluate(model, file("Ann B-PER\nin O\nNew B-LOC\nYork I-LOC\n\nBo B-PER\n", "a.conll"))
    assert (score["precision"], score["recall"]) == (1, pytest.approx(2 / 3))
    assert score["f1_by_type"] == pytest.approx({"LOC": 1, "PER": 2 / 3})


def test_a_column_may_be_chosen(file):
    path = file("We a PRON\ngo b VERB\n", "a.conll")
    assert evaluate(Tagger(TAGS), path)["accuracy"] == 1
    assert evaluate(Tagger({"We": "a", "go": "c"}), path, tags="2")["accuracy"] == 0.5


def test_a_few_tags_that_the_model_lacks_count_as_mistakes(file):
    path = file("We PRON\ngo VERB\nhome OTHER\nhome RARE\n", "a.conll")
    assert evaluate(Tagger(TAGS), path)["accuracy"] == 0.5


def test_a_file_of_other_tags_is_refused_in_one_line(file, capsys):
    path = file("We PRON\ngo VB\nhome NN\n", "a.conll")
    with pytest.raises(ZooError) as error:
        evaluate(Tagger(TAGS), path)
    assert re.fullmatch(
        r".*a\.conll: most tags, as 'VB', are not among those of table \(AUX, .*\); .*--tags",
        str(error.value),
    )
    assert capsys.readouterr().out == ""


def test_spans_of_other_types_are_refused_although_both_have_o(file):
    model = Tagger({"New": "B-LOC", "York": "I-LOC", "in": "O", "of": "O"})
    with pytest.raises(ZooError, match="most tags, as 'B-NP', are not among those"):
        evaluate(model, file("in O\nof O\nin O\nNew B-NP\n", "a.conll"))


@pytest.fixture
def folder(tmp_path):
    """A data set of the user's own: each word has two tags."""
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.conll").write_text("We PRON a\ngo VERB b\n\ngo NOUN b\n")
    return str(tmp_path)


def test_the_column_of_the_training_is_scored_whether_its_set_is_named_or_not(folder):
    model = Tagger(TAGS, config={"tags": "2"}, dataset={"name": folder, "version": ""})
    assert evaluate(model)["accuracy"] == evaluate(model, folder)["accuracy"] == pytest.approx(2 / 3)


def test_baselines_are_shown_only_while_the_test_rows_are_those_of_the_training(folder, capsys):
    rows = load(folder, "tagging", tags="2").fingerprint(splits=["test"])
    each = {"PRON": 1.0, "VERB": 0.5, "NOUN": 0.0}
    model = Tagger(
        TAGS,
        config={"tags": "2"},
        dataset={"name": folder, "version": "", "test": rows},
        baselines={"test": {"own": {"accuracy": 0.5, "macro_f1": 0.5, "f1_by_tag": each}}},
    )
    evaluate(model)
    assert "own" in capsys.readouterr().out.split()
    (Path(folder) / "test.conll").write_text("We OTHER a\ngo VERB b\n")
    evaluate(model)
    assert "own" not in capsys.readouterr().out.split()


def test_baselines_of_the_training_are_not_shown_beside_another_file(file, capsys):
    evaluate(Tagger(TAGS), file(TREEBANK))
    assert "own" not in capsys.readouterr().out.split()


def test_an_unknown_split_and_a_model_without_tags_or_labels_are_refused():
    with pytest.raises(ZooError, match="--split dev: choose test, validation or train"):
        evaluate(Tagger(TAGS), split="dev")
    with pytest.raises(ZooError, match="table: only models of this zoo's recipes"):
        evaluate(Tagger(TAGS, mapping=""))


class Classifier(Tagger):
    """Stands for one of texts: those with "fun" are good."""

    def predict(self, texts):
        chances = [0.75 if "fun" in text else 0.25 for text in texts]
        labels = ["good" if chance > 0.5 else "bad" for chance in chances]
        return [
            {"label": label, "score": 0.75, "scores": {"bad": 1 - chance, "good": chance}}
            for label, chance in zip(labels, chances, strict=True)
        ]


def test_a_classifier_is_scored_on_a_file(file):
    model = Classifier({}, mapping="classification", labels=["bad", "good"])
    path = file("text,label\nfun,good\nno fun,bad\ndull,bad\n", "rows.csv")
    assert evaluate(model, path)["confusion"] == [[1, 1], [0, 1]]
    with pytest.raises(ZooError, match=r"label 'odd' is not one of table \(bad, good\)"):
        evaluate(model, file("text,label\nfun,odd\ndull,strange\n", "rows.csv"))


class Chances(Tagger):
    """Stands for a classifier of texts: a table tells the chance of each label."""

    def __init__(self, chances, *labels):
        super().__init__({}, mapping="classification", labels=labels)
        self.chances = chances

    def predict(self, texts):
        rows = [dict(zip(self.manifest.labels, self.chances[text], strict=True)) for text in texts]
        return [{"label": max(row, key=row.get), "score": max(row.values()), "scores": row} for row in rows]


def test_a_model_chooses_among_the_labels_that_a_set_has(file, capsys):
    model = Chances(
        {"a": (0.2, 0.5, 0.3), "b": (0.1, 0.6, 0.3), "c": (0.7, 0.2, 0.1)}, "bad", "neutral", "good"
    )
    found = evaluated(model, file("text,label\na,good\nb,bad\nc,bad\n", "rows.csv")).evaluation
    # Without neutral a is good, b too, and c is bad.
    assert (found.score.n, found.score["accuracy"]) == (3, pytest.approx(2 / 3))
    assert found.score["confusion"] == [[1, 1], [0, 1]]
    assert found.score["choosing_among"] == ["bad", "good"]
    assert found.rows[1] == {"text": "b", "truth": "bad", "answer": "good", "score": 0.3}
    assert "Scores, choosing among bad, good" in " ".join(capsys.readouterr().out.split())


def test_of_a_single_label_there_is_no_choice(file):
    model = Chances({"a": (0.2, 0.5, 0.3), "b": (0.1, 0.2, 0.7)}, "bad", "neutral", "good")
    score = evaluate(model, file("text,label\na,good\nb,good\n", "rows.csv"))
    assert score["accuracy"] == 0.5
    assert "choosing_among" not in score


def test_rows_whose_label_a_model_does_not_know_are_left_out_and_counted(file, capsys):
    model = Chances({"a": (0.2, 0.8), "c": (0.7, 0.3), "d": (0.6, 0.4)}, "bad", "good")
    path = file("text,label\na,good\nb,neutral\nc,good\nd,bad\n", "rows.csv")
    found = evaluated(model, path).evaluation
    assert (found.score.n, found.score["accuracy"]) == (3, pytest.approx(2 / 3))
    assert found.score["left_out"] == {"neutral": 1}
    assert "choosing_among" not in found.score
    assert [row["text"] for row in found.rows] == ["a", "c", "d"]
    assert "Scores, without 1 row of other labels (neutral)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("trained_on", "asked", "found"),
    [
        ("multi30k", "", "multi30k"),
        ("multi30k", "multi30k", "multi30k"),
        ("multi30k+tatoeba_pairs", "tatoeba_pairs", "tatoeba_pairs"),
        ("multi30k", "cldr_phrases+multi30k", "multi30k"),
        ("multi30k", "cldr_phrases", ""),
        ("/mine/pairs.tsv", "/mine/../mine/pairs.tsv", "/mine/pairs.tsv"),
        ("/mine", "/mine/test.tsv", "/mine"),
        ("/mine", "/mine.tsv", ""),
    ],
)
def test_what_a_model_learned_from_is_told_apart_from_what_it_never_saw(trained_on, asked, found):
    model = make_translator(dataset={"name": trained_on, "version": ""})
    assert learned_from(model.manifest, asked) == found


def test_what_taught_a_model_or_started_it_is_what_it_learned_from_too(monkeypatch):
    parents = {"films": "imdb_reviews", "other": "glue/sst2"}

    def find(name):
        if name not in parents:
            raise ZooError("no model")
        return SimpleNamespace(manifest=SimpleNamespace(dataset=SimpleNamespace(name=parents[name])))

    monkeypatch.setattr("zoo.models.find", find)
    model = Chances({}, "bad", "good")
    settings = {"init_from": "gone+films", "teachers": ("ngrams", "other")}
    manifest = model.manifest.with_changes(
        dataset=dataclasses.replace(model.manifest.dataset, name="tweets"), config=settings
    )
    asked = ["imdb_reviews", "glue/sst2", "tweets", "yelp_polarity_reviews"]
    found = [learned_from(manifest, name) for name in asked]
    assert found == ["imdb_reviews", "glue/sst2", "tweets", ""]


def test_cards_call_files_by_their_names_and_tell_the_part_of_a_set(file):
    assert title_of("glue/sst2", "test") == "glue/sst2"
    assert title_of("glue/sst2", "validation") == "glue/sst2 (validation)"
    assert title_of("conll2003", "test", "chunks") == "conll2003 (chunks)"
    assert title_of("conll2003", "validation", "pos") == "conll2003 (validation, pos)"
    assert title_of(file("text,label\nfun,good\n", "rows.csv"), "validation") == "rows.csv"


class Translator(Tagger):
    """Stands for one: what its table lacks stays as it is."""

    def predict(self, texts):
        return [{"translation": self.tags.get(text, text), "score": -1.0} for text in texts]


FRENCH = {"a cat": "un chat", "a dog": "un chien", "the small black cat": "le petit chat noir"}


def make_translator(table=FRENCH, **manifest):
    return Translator(
        table, mapping="translation", labels=[], **{"config": {"source": "", "target": ""}, **manifest}
    )


def test_a_translator_is_scored_on_all_rows_of_a_file(file, capsys):
    rows = ("the small black cat\tle petit chat noir", "a dog\tun chien", "Rome\tRome", "a bird\tun oiseau")
    path = file("\n".join(["source\ttarget", *rows]), "pairs.tsv")
    score = evaluate(make_translator(), path)
    assert (score["n"], score["exact_match"]) == (4, 0.75)
    output = capsys.readouterr().out
    assert "Scores on pairs.tsv" in output
    (worst,) = [line for line in output.split("Worst translations")[1].splitlines() if "oiseau" in line]
    assert [cell.strip() for cell in worst.split("│")[1:-1]] == ["a bird", "un oiseau", "a bird"]


def test_a_source_that_stands_twice_in_a_file_has_two_right_answers(file):
    path = file("source\ttarget\na cat\tun chat\na cat\tune chatte\na dog\tun dogue\n", "pairs.tsv")
    score = evaluate(make_translator(), path)
    assert (score["n"], score["exact_match"]) == (2, 0.5)
    spoken = make_translator(config={"source": "", "target": "", "scored_as": "pronunciation"})
    assert evaluate(spoken, path) == {"n": 2, "word_error_rate": 50.0, "phoneme_error_rate": 25.0}


def test_a_mix_is_asked_for_in_the_languages_of_the_training(phrases):
    evaluate(made_with(phrases), "multi30k+tatoeba_pairs", split="validation")
    assert (phrases["source"], phrases["target"]) == ("en", "fr")


def test_a_mix_of_a_set_and_a_file_is_asked_for_in_the_languages_of_the_training_too(phrases, tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("en\tfr\na cat\tun chat\n")
    evaluate(made_with(phrases), f"multi30k+{path}", split="validation")
    assert (phrases["source"], phrases["target"]) == ("en", "fr")


def test_a_further_part_that_has_changed_has_no_baselines_and_is_said_to(phrases, capsys):
    model = made_with(phrases)
    data = zoo.data.load("cldr_phrases", "translation")
    scored_elsewhere(model, further_tests={"test_terms": data.fingerprint(splits=["test_terms"])})
    evaluate(model, split="test_terms")
    output = capsys.readouterr().out
    assert "terms" in output.split() and "Note" not in output
    scored_elsewhere(model, further_tests={"test_terms": "another"})
    evaluate(model, split="test_terms")
    output = capsys.readouterr().out
    assert "terms" not in output.split() and "with another test part" in output


def test_columns_or_languages_are_those_of_the_training_unless_others_are_named(file):
    path = file("en,fr,de\na cat,un chat,eine Katze\n", "pairs.csv")
    model = make_translator(config={"source": "en", "target": "fr"})
    assert evaluate(model, path)["exact_match"] == 1
    assert evaluate(model, path, target="de")["exact_match"] == 0
    with pytest.raises(ZooError, match="no column 'source' and 'target', but 'en', 'fr', 'de'"):
        evaluate(make_translator(), path)


@pytest.fixture
def phrases(monkeypatch):
    """Stands for a data set with a further test part; tells with which languages it was loaded."""
    asked = {}

    def part(pairs):
        sources, targets = zip(*pairs.items(), strict=True)
        return Part({"source": list(sources), "target": list(targets)})

    def fake(name, mapping, **options):
        asked.update(options)
        terms = {"test_terms": part({"a dog": "un chien", "a fox": "un renard"})}
        return Examples(name, *[part(FRENCH)] * 3, (), "", "", "1", extra=terms)

    monkeypatch.setattr(zoo.data, "load", fake)
    return asked


def made_with(phrases, **config):
    """Returns a translator that was trained on the phrases, and has a baseline for each part."""
    baseline = metrics.translation([["a"]], ["b"]).to_json()
    data = zoo.data.load("cldr_phrases", "translation")
    hash_ = data.fingerprint(splits=["test"])
    dataset = {"name": "cldr_phrases", "version": "1", "test": hash_, "languages": ["en", "fr"]}
    baselines = {"test": {"own": baseline}, "test_terms": {"terms": baseline}}
    # The languages may have been left open in the config.
    return make_translator(
        config={"source": "", "target": "", **config}, dataset=dataset, baselines=baselines
    )


def scored_elsewhere(model, **changes):
    """Says that the model was tested on other rows."""
    dataset = dataclasses.replace(model.manifest.dataset, **changes)
    model.says(model.manifest.with_changes(dataset=dataset))


def test_a_further_test_part_is_scored_beside_its_own_baselines(phrases, capsys):
    model = made_with(phrases)
    assert evaluate(model)["exact_match"] == 1
    words = capsys.readouterr().out.split()
    assert "own" in words and "terms" not in words
    assert evaluate(model, split="test_terms")["exact_match"] == 0.5
    output = capsys.readouterr().out
    assert "Scores on test_terms" in output
    assert "terms" in output.split() and "own" not in output.split()
    assert (phrases["source"], phrases["target"]) == ("en", "fr")
    evaluate(model, split="validation")
    assert not {"own", "terms"} & set(capsys.readouterr().out.split())


def test_other_languages_other_rows_or_another_set_have_no_baselines(phrases, capsys):
    model = made_with(phrases)
    evaluate(model, source="de")
    evaluate(model, "multi30k")
    scored_elsewhere(model, test="another hash")
    evaluate(model)
    evaluate(model, split="test_terms")
    assert not {"own", "terms"} & set(capsys.readouterr().out.split())


def test_languages_go_along_to_another_set_and_columns_do_not(phrases, tmp_path, capsys):
    model = made_with(phrases)
    evaluate(model, source="en")
    assert "own" in capsys.readouterr().out.split()
    evaluate(model, "multi30k")
    assert (phrases["source"], phrases["target"]) == ("en", "fr")
    (tmp_path / "pairs.tsv").write_text(
        "source\ttarget\n" + "".join(f"{s}\t{t}\n" for s, t in FRENCH.items())
    )
    assert evaluate(model, str(tmp_path / "pairs.tsv"))["exact_match"] == 1


def test_a_part_that_a_set_lacks_is_refused_before_the_set_is_loaded():
    model = make_translator(dataset={"name": "cldr_phrases", "version": ""})
    with pytest.raises(ZooError, match=r"^--split terms: choose test, test_terms, validation or train$"):
        evaluate(model, split="terms")
    with pytest.raises(ZooError, match=r"^--split test_terms: choose test, validation or train$"):
        evaluate(model, "multi30k", split="test_terms")
    with pytest.raises(ZooError, match=r"choose test, test_tatoeba_pairs, validation or train$"):
        evaluate(model, "multi30k+tatoeba_pairs", split="test_terms")
