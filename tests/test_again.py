"""A saved model exported once more, without a training."""

import json
import shutil
from pathlib import Path

import pytest

import zoo
from zoo import __main__, models
from zoo.again import again
from zoo.errors import ZooError

SENTENCES = ["Ada met Bo in Rome.", "", "nobody came"]


@pytest.fixture
def model(trained_tagger, tmp_path) -> models.Model:
    """A tagger that an older version exported: without one of the signatures, and measured elsewhere."""
    old = tmp_path / "old"
    shutil.copytree(trained_tagger / "saved_models/tiny", old)
    about = json.loads((old / "zoo.json").read_text(encoding="utf-8"))
    about["signatures"].pop("flat")
    about["hardware"], about["command"] = "an abacus", "python -m zoo.recipes.tagging --name tiny"
    about["elsewhere"] = {"mine.conll": about["metrics"]["test"]}
    (old / "zoo.json").write_text(json.dumps(about), encoding="utf-8")
    return zoo.load(old)


def test_it_has_all_signatures_and_answers_and_measures_as_before(call, model, tmp_path):
    out = tmp_path / "out" / "tiny"
    shown = call(__main__.main, tmp_path, "again", model.path, "--output", out).out
    assert "new signatures: flat; new outputs: none" in shown
    new, before = models.load(out), model.manifest
    now = new.manifest
    assert "flat" not in before.signatures and "flat" in now.signatures
    assert new.predict(SENTENCES) == model.predict(SENTENCES)
    assert now.metrics == before.metrics and now.baselines == before.baselines
    for kept in ("elsewhere", "training", "hardware", "command", "config", "dataset", "labels"):
        assert getattr(now, kept) == getattr(before, kept), kept
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.suffix != ".lock") == ["tiny"]


def test_other_data_is_another_model_and_leaves_what_was_there(model, tmp_path, monkeypatch):
    data, was = tmp_path / "other.conll", Path(model.manifest.config["dataset"])
    data.write_text(was.read_text(encoding="utf-8").replace("Ada", "Eve"), encoding="utf-8")
    config = {**model.manifest.config, "dataset": str(data)}
    model.manifest = model.manifest.with_changes(config=config)
    out = tmp_path / "out" / "tiny"
    shutil.copytree(model.path, out)
    with pytest.raises(ZooError, match=r"train it anew: python -m zoo\.recipes\.tagging"):
        again(model, out)
    assert models.load(out).predict(SENTENCES) == model.predict(SENTENCES)
    assert Path.cwd().exists() and not list((tmp_path / "out").glob(".again*"))


def test_what_no_recipe_of_the_zoo_made_is_refused(model, tmp_path):
    model.manifest = model.manifest.with_changes(recipe="mine")
    with pytest.raises(ZooError, match="was not made by a recipe of the zoo"):
        again(model, tmp_path / "out")
    assert not (tmp_path / "out").exists()
