"""A saved model exported once more, without a training."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

import zoo
from zoo import __main__, models, training
from zoo.again import again
from zoo.errors import ZooError
from zoo.recipes import tagging
from zoo.tasks import Manifest
from zoo.text import Vocabulary


@pytest.fixture
def model(trained_recogniser, tmp_path) -> models.Model:
    """A recogniser that an older version exported: without one of the signatures, and measured elsewhere."""
    old = tmp_path / "old"
    shutil.copytree(trained_recogniser / "saved_models/tiny", old)
    about = json.loads((old / "zoo.json").read_text(encoding="utf-8"))
    about["signatures"].pop("states")
    about["hardware"], about["command"] = "an abacus", "python -m zoo.recipes.recognition --name tiny"
    about["elsewhere"] = {"mine.csv": about["metrics"]["test"]}
    (old / "zoo.json").write_text(json.dumps(about), encoding="utf-8")
    return zoo.load(old)


def test_it_has_all_signatures_and_answers_and_measures_as_before(call, model, paths, tmp_path):
    out = tmp_path / "out" / "tiny"
    shown = call(__main__.main, tmp_path, "again", model.path, "--output", out).out
    assert "new signatures: states; new outputs: none" in shown
    new, before = models.load(out), model.manifest
    now = new.manifest
    assert "states" not in before.signatures and "states" in now.signatures
    assert new.predict(str(paths)) == model.predict(str(paths))
    assert now.metrics == before.metrics and now.baselines == before.baselines
    for kept in ("elsewhere", "training", "hardware", "command", "config", "dataset", "labels"):
        assert getattr(now, kept) == getattr(before, kept), kept
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.suffix != ".lock") == ["tiny"]


def test_it_knows_the_words_that_it_knew_whatever_the_data_has_today(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, lines = training.Run("tagging.py", tagging.Config()), ["<padding>", "<unknown>", "<start>", "Ada"]
    with training.instead_of_training(training.Past({}, {"vocabulary": lines}, Manifest())):
        words = run.vocabulary("vocabulary", Vocabulary, Counter({b"Eve": 9}), 10)
    assert list(words.lines) == lines


def test_other_labels_are_another_model_and_leave_what_was_there(model, paths, tmp_path):
    data, was = tmp_path / "other.csv", Path(model.manifest.config["dataset"])
    data.write_text(was.read_text(encoding="utf-8").replace(",eight,", ",knot,"), encoding="utf-8")
    config = {**model.manifest.config, "dataset": str(data)}
    model.manifest = model.manifest.with_changes(config=config)
    out = tmp_path / "out" / "tiny"
    shutil.copytree(model.path, out)
    with pytest.raises(ZooError, match=r"train it anew: python -m zoo\.recipes\.recognition"):
        again(model, out)
    assert models.load(out).predict(str(paths)) == model.predict(str(paths))
    assert Path.cwd().exists() and not list((tmp_path / "out").glob(".again*"))


def test_what_no_recipe_of_the_zoo_made_is_refused(model, tmp_path):
    model.manifest = model.manifest.with_changes(recipe="mine")
    with pytest.raises(ZooError, match="was not made by a recipe of the zoo"):
        again(model, tmp_path / "out")
    assert not (tmp_path / "out").exists()
