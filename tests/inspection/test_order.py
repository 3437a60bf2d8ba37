import json

import pytest
import tensorflow as tf
from matplotlib.image import imread
from tiny import assert_refused

from zoo import __main__, models
from zoo.errors import ZooError
from zoo.inspection import order
from zoo.metrics import Score
from zoo.tasks import Manifest, Reordered, of


class Model:
    """Stands for a loaded model, whose answers are worked out by hand from its inputs."""

    name = "tiny"

    def __init__(self, mapping, dataset, answer, **others):
        stored = {"mapping": mapping, "dataset": {"name": str(dataset)}, "config": {}, **others}
        self.manifest = Manifest.from_json(stored)
        self.task = of(self.manifest)
        self.answer = answer
        self.asked = []

    def predict(self, inputs, signature=""):
        self.asked.append(list(inputs))
        return [self.answer(given) for given in inputs]


def write_parts(folder, suffix, test, other):
    """Writes a folder of train, validation and test; only the last is read here."""
    for part, content in (("train", other), ("validation", other), ("test", test)):
        (folder / f"{part}{suffix}").write_text(content)
    return folder


@pytest.fixture
def reviews(tmp_path):
    rows = "text,label\nnot bad at all,good\nnot good at all,bad\nbad,bad\n"
    return write_parts(tmp_path, ".csv", rows, "text,label\nfine,good\npoor,bad\nso so,bad\n")


def last_word(text):
    return {"label": "good" if text.split()[-1] == "all" else "bad"}


def test_a_classifier_is_scored_on_the_same_words_in_three_orders(reviews):
    # Calls texts good that end in "all": that is wrong of the second text as it is, and misses the first one
    # reversed.
    model = Model("classification", reviews, last_word, labels=["bad", "good"])
    task, scores = order.scores_by_order(model)
    plain, shuffled, backwards = model.asked
    assert plain == ["not bad at all", "not good at all", "bad"]
    assert backwards == ["all at bad not", "all at good not", "bad"]
    assert [sorted(text.split()) for text in shuffled] == [sorted(text.split()) for text in plain]
    assert shuffled != plain
    assert scores["as it is"]["accuracy"] == pytest.approx(2 / 3)
    assert scores["reversed"]["accuracy"] == pytest.approx(2 / 3)
    assert (task.tokens, len(task.rows)) == ("words", 3)


def test_a_seed_decides_how_words_are_shuffled_and_which_rows_are_drawn(reviews):
    asked = []
    for seed in (1, 1, 2, 3, 4):
        model = Model("classification", reviews, last_word, labels=["bad", "good"])
        order.scores_by_order(model, most=2, seed=seed)
        asked.append(str(model.asked))
        assert [len(block) for block in model.asked] == [2, 2, 2]
    assert asked[0] == asked[1]
    assert len(set(asked)) > 2


def test_tags_move_with_their_tokens(tmp_path):
    part = "Ada B-p\nFalk I-p\nmet O\nBo B-p\n\nrain O\n"
    folder = write_parts(tmp_path, ".conll", part, part)
    tag_of = {"Ada": "B-p", "Falk": "I-p", "met": "O", "Bo": "B-p", "rain": "O"}
    model = Model(
        "tagging", folder, lambda tokens: {"tokens": [{"token": t, "tag": tag_of[t]} for t in tokens]}
    )
    _, scores = order.scores_by_order(model)
    assert model.asked[2] == [["Bo", "met", "Falk", "Ada"], ["rain"]]
    # A tagger that looks at single words alone is right in every order.
    assert [scores[each]["accuracy"] for each in order.ORDERS] == [1, 1, 1]


@pytest.mark.parametrize(
    ("scored_as", "source", "backwards", "tokens", "as_it_is", "change"),
    [
        ("translation", "a red dog", "dog red a", "words", 100, "drops by 100%"),
        ("pronunciation", "dog", "god", "letters", 0, "rises from 0"),
    ],
)
def test_sources_change_and_right_answers_stay(
    tmp_path, scored_as, source, backwards, tokens, as_it_is, change
):
    table = f"source\ttarget\n{source}\tun chien rouge brun\n"
    folder = write_parts(tmp_path, ".tsv", table, "source\ttarget\nx\ty\n")

    def translate(text):
        return {"translation": "un chien rouge brun" if text == source else "un chat"}

    model = Model("translation", folder, translate, config={"scored_as": scored_as})
    task, scores = order.scores_by_order(model)
    assert model.asked[2] == [backwards]
    assert task.tokens == tokens
    best, worst = scores["as it is"][task.figure], scores["reversed"][task.figure]
    assert (best, worst) == (pytest.approx(as_it_is), pytest.approx(100 - as_it_is))
    assert f"it {change}: that much the model owes to the order of {tokens}" in order.meaning(task, scores)


class Bigrams(tf.Module):
    """Stands for a language model: a character that follows its neighbour in the alphabet is likelier."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def score(self, text):
        codes = tf.strings.unicode_decode(text, "UTF-8")
        rise = tf.cast(codes[:, 1:].to_tensor() == codes[:, :-1].to_tensor() + 1, tf.float32)
        units = tf.cast(codes.row_lengths(), tf.int32)
        return {
            "log_probability": tf.reduce_sum(rise, axis=1) - tf.cast(units, tf.float32),
            "units": units,
            "perplexity": tf.exp(-tf.reduce_sum(rise, axis=1)),
        }


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A folder with a text in lines, the saved model `speller` of it, and `eye`, which reads no text."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "book").mkdir()
    write_parts(folder / "book", ".txt", "abcdefghij" * 100, "abcdefghij" * 100)
    module = Bigrams()
    for name, mapping in (("speller", "text"), ("eye", "captioning")):
        path = folder / "saved_models" / name
        tf.saved_model.save(module, str(path), signatures={"score": module.score})
        manifest = {"mapping": mapping, "config": {"level": "char"}, "files": models.hashes(path)}
        manifest["dataset"] = {"name": str(folder / "book")}
        (path / "zoo.json").write_text(json.dumps(manifest))
    return folder


def test_the_command_prints_the_scores_draws_them_and_says_what_they_mean(shelf, tmp_path, call, monkeypatch):
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(shelf / "saved_models"))
    output = call(__main__.main, tmp_path, "inspect", "order", "speller", "--rows", 3).out
    # Three passages of 300 characters, in each of which 270 of 300 characters follow their neighbour.
    assert "perplexity 1.11 as it is" in output
    assert "2.72 reversed" in output  # nothing follows its neighbour: e
    assert "it rises by" in output
    assert "the order of characters" in output
    assert output.splitlines()[-1] == "order.png"
    picture = imread(tmp_path / "order.png")
    assert picture.shape[1] > 500
    assert picture.std() > 0.05


def test_a_score_that_stays_owes_nothing_to_order():
    task = Reordered("words", "accuracy", [(["a"], 0)], None)
    values = zip(order.ORDERS, (0.9, 0.899, 0.7), strict=True)
    scores = {name: Score(1, {"accuracy": value}) for name, value in values}
    assert "order does not matter to it" in order.meaning(task, scores)
    scores["shuffled"] = Score(1, {"accuracy": 0.45})
    assert "accuracy 0.9000 as it is, 0.4500 shuffled, 0.7000 reversed; it drops by 50%" in order.meaning(
        task, scores
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["eye"], "eye: reads no tokens whose order could change"),
        (["speller", "--rows", "0"], "--rows 0: give at least 1"),
        (["speller", "--output", "x.doc"], ".png, .svg or .pdf"),
    ],
)
def test_bad_input_gets_one_line(shelf, tmp_path, call, monkeypatch, arguments, words):
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(shelf / "saved_models"))
    assert_refused(call, __main__.main, tmp_path, ["inspect", "order", *arguments], words)


def test_data_that_is_gone_gets_one_line(tmp_path):
    with pytest.raises(ZooError, match="gone"):
        order.scores_by_order(Model("classification", tmp_path / "gone.csv", None))
