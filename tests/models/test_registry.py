import json
import shutil
from pathlib import Path

import pytest
import tensorflow as tf

import zoo


@pytest.fixture
def models(trained, tmp_path, monkeypatch):
    """A copy of the tiny model that a test may damage; the folder is the only place that is searched."""
    shutil.copytree(trained / "saved_models", tmp_path / "saved_models")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(zoo.models.saved, "search_path", lambda: [tmp_path / "saved_models"])
    return tmp_path / "saved_models"


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
        (lambda path: (path / "more.txt").write_text("x"), "more.txt is not in the manifest"),
    ],
)
def test_a_model_whose_files_are_not_its_manifests_is_refused_by_name(models, damage, told):
    damage(models / "tiny")
    with pytest.raises(zoo.ZooError, match=told):
        zoo.load("tiny")


def test_asked_for_by_path_a_changed_model_loads_with_a_warning(models):
    (models / "tiny/more.txt").write_text("x")
    with pytest.warns(UserWarning, match=r"more.txt is not in the manifest"):
        model = zoo.load("./saved_models/tiny")
    assert model.predict(["the soup was lovely"])[0]["label"] == "praise"


def test_a_truncated_model_is_one_line_even_by_path(models):
    graph = models / "tiny/saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:1000])
    with pytest.raises(zoo.ZooError, match="cannot be read") as caught:
        zoo.load("./saved_models/tiny")
    assert "\n" not in str(caught.value)


class Foreign(tf.Module):
    """A model that another program saved."""

    def __init__(self, body):
        super().__init__()
        self.weight = tf.Variable(2.0)
        self.body = body

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        return {"out": self.body(self, text)}


def save_foreign(path, body):
    module = Foreign(body)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve})


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


def write_file(self, text):
    tf.io.write_file("should-never-exist", text[0])
    return tf.strings.length(text)


def call_python(self, text):
    return tf.py_function(lambda t: t, [text], tf.string)


def hidden_in_a_loop(self, text):
    def step(i):
        tf.print("x", output_stream="file://should-never-exist")
        return i + 1

    return tf.strings.length(text) + tf.while_loop(lambda i: i < 3, step, [0])[0]


def legacy_save(self, text):
    tf.raw_ops.Save(filename="should-never-exist", tensor_names=["a"], data=[text])
    return tf.strings.length(text)


def saver_operation(self, text):
    tf.raw_ops.SaveV2(prefix="should-never-exist", tensor_names=["a"], shape_and_slices=[""], tensors=[text])
    return tf.strings.length(text)


@pytest.mark.parametrize("body", [write_file, call_python, hidden_in_a_loop, legacy_save, saver_operation])
def test_a_model_that_writes_files_or_calls_python_is_refused_always(models, body):
    save_foreign(models / "bad", body)
    with pytest.raises(zoo.ZooError, match="can write files or call Python"):
        zoo.load("./saved_models/bad")
    hashes = zoo.models.hashes(models / "bad")
    (models / "bad/zoo.json").write_text(json.dumps({"files": hashes}))
    with pytest.raises(zoo.ZooError, match="can write files or call Python"):
        zoo.load("bad")


def test_a_model_cannot_pass_its_own_deeds_off_as_the_savers(models):
    from tensorflow.core.protobuf import saved_model_pb2

    save_foreign(models / "bad", saver_operation)
    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((models / "bad/saved_model.pb").read_bytes())
    (graph,) = proto.meta_graphs
    graph.saver_def.save_tensor_name = graph.signature_def["serving_default"].outputs["out"].name
    (models / "bad/saved_model.pb").write_bytes(proto.SerializeToString())
    with pytest.raises(zoo.ZooError, match="holds SaveV2: such a model can write files"):
        zoo.load("./saved_models/bad")


def test_the_search_path_has_the_environment_first(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)
    path = zoo.models.search_path()
    assert path[:2] == [tmp_path / "mine", tmp_path / "saved_models"]
    assert len(path) == 3


def test_the_answer_is_followed_word_by_word(models):
    from zoo.inspection.reading import scores_while_reading

    words, scores = scores_while_reading(zoo.load("tiny"), "the  soup was lovely")
    assert words == ["the", "soup", "was", "lovely"]
    whole = zoo.load("tiny").predict(["the soup was lovely"])[0]["scores"]
    assert {label: values[-1] for label, values in scores.items()} == pytest.approx(whole, abs=1e-6)
    assert scores["praise"][-1] > scores["praise"][0]
