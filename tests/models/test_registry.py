from pathlib import Path

import pytest
import tensorflow as tf
from hostile import save_foreign

import zoo


def test_models_are_listed_loaded_by_name_and_answer_readably(models):
    assert [saved.name for saved in zoo.list_models()] == ["tiny"]
    model = zoo.load("tiny")
    good, bad = model.predict(["the soup was lovely", "such a train: rude again"])
    assert (good["label"], bad["label"]) == ("praise", "blame")
    assert set(good) == {"label", "score", "scores"}
    assert set(good["scores"]) == {"blame", "praise"}
    assert good["score"] == good["scores"]["praise"] > 0.5
    assert model.predict([]) == []


def test_a_thousand_rows_keep_their_order(models):
    texts = ["the soup was lovely", "the soup was stale"] * 600
    labels = [row["label"] for row in zoo.load("tiny").predict(texts)]
    assert labels == ["praise", "blame"] * 600


def test_a_single_string_is_refused_with_the_mend(models):
    with pytest.raises(zoo.ZooError, match=r"put the one you have in a list"):
        zoo.load("tiny").predict("the soup was lovely")
    with pytest.raises(zoo.ZooError, match="must be of type string"):
        zoo.load("tiny").predict([3.5])


def test_a_signature_is_chosen_by_name(models):
    text = "the soup was lovely"
    model = zoo.load("tiny")
    assert model.predict([text], "serving_default") == model.predict([text])
    with pytest.raises(zoo.ZooError, match=r"tiny: no signature 'beam'; there are: serving_default$"):
        model.predict([text], "beam")


def test_texts_and_rows_of_tokens_choose_the_signature_that_takes_them(trained_tagger):
    tagger = zoo.load(trained_tagger / "saved_models/tiny")
    for signature in ("flat", "serving_default"):
        assert tagger.predict(["Ada met Bo ."], signature) == tagger.predict(["Ada met Bo ."])
    rows = [["Ada", "met", "Bo"], ["Bo"]]
    assert tagger.predict(rows, "tokens") == tagger.predict(rows)


def test_an_unknown_name_tells_which_there_are(models):
    with pytest.raises(zoo.ZooError, match=r"no saved model 'huge'; there are: tiny"):
        zoo.load("huge")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: (path / "assets/vocabulary.txt").write_text("x\n"), "vocabulary.txt differs"),
        (
            lambda path: (path / "variables/variables.index").unlink(),
            "variables.index of the manifest is missing",
        ),
    ],
)
def test_a_model_whose_files_are_not_its_manifests_is_refused_by_name(models, damage, told):
    damage(models / "tiny")
    with pytest.raises(zoo.ZooError, match=told):
        zoo.load("tiny")


def test_asked_for_by_path_a_changed_model_loads_with_a_warning(models):
    vocabulary = models / "tiny/assets/vocabulary.txt"
    lines = vocabulary.read_text().splitlines()
    vocabulary.write_text("\n".join([*lines[:-1], "zeppelin"]) + "\n")
    with pytest.warns(UserWarning, match=r"vocabulary.txt differs from the manifest"):
        model = zoo.load("./saved_models/tiny")
    assert model.predict(["the soup was lovely"])[0]["label"] == "praise"


def test_a_truncated_model_is_one_line_even_by_path(models):
    graph = models / "tiny/saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:1000])
    with pytest.raises(zoo.ZooError, match="cannot be read") as caught:
        zoo.load("./saved_models/tiny")
    assert "\n" not in str(caught.value)


def test_a_foreign_model_loads_by_path_only(models, monkeypatch):
    save_foreign(
        models / "foreign", lambda self, text: tf.strings.length(text) * tf.cast(self.weight, tf.int32)
    )
    assert [saved.name for saved in zoo.list_models()] == ["tiny"]
    with pytest.raises(zoo.ZooError, match="no saved model 'foreign'"):
        zoo.load("foreign")
    monkeypatch.chdir(models)
    with pytest.raises(zoo.ZooError, match=r"give its path as \./foreign"):
        zoo.load("foreign")
    for path in ("./foreign", Path("foreign")):
        with pytest.warns(UserWarning, match="not a model of this zoo"):
            assert zoo.load(path).predict(["abc"]) == [{"out": 6}]


def test_the_search_path_has_the_environment_first(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)
    path = zoo.models.search_path()
    assert path[:2] == [tmp_path / "mine", tmp_path / "saved_models"]
    assert path[-2:] == [Path(zoo.__file__).parent / "saved_models", zoo.models.saved.fetched_models()]
    assert len(path) == 5


def test_the_answer_is_followed_word_by_word(models):
    from zoo.inspection.reading import scores_while_reading

    words, scores = scores_while_reading(zoo.load("tiny"), "the  soup was lovely")
    assert words == ["the", "soup", "was", "lovely"]
    whole = zoo.load("tiny").predict(["the soup was lovely"])[0]["scores"]
    assert {label: values[-1] for label, values in scores.items()} == pytest.approx(whole, abs=1e-6)
    assert scores["praise"][-1] > scores["praise"][0]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (lambda self, text: self.weight, "gives out, which are no answers .* to 2 inputs"),  # a single value
        (lambda self, text: self.weight * [1.0], "gives out, which are no answers"),
        (lambda self, text: tf.strings.to_number(text), "the model failed \\(.*convert"),
        (
            lambda self, text: tf.zeros([2**20, 2**20, tf.size(text)]) * self.weight,
            "not enough memory|failed \\(",
        ),
    ],
)
def test_whatever_a_strangers_model_answers_is_told_in_one_line(models, body, told):
    save_foreign(models / "other", body)
    with pytest.warns(UserWarning, match="not a model of this zoo"):
        model = zoo.load(models / "other")
    with pytest.raises(zoo.ZooError, match=told) as caught:
        model.predict(["a", "b"])
    assert "\n" not in str(caught.value)
