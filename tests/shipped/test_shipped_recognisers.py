"""The recognisers that we ship, on the test parts of their data."""

from pathlib import Path

import numpy as np
import pytest

import zoo.data
from zoo import models

SHIPPED = Path(__file__).parents[2] / "saved_models"


@pytest.fixture(scope="module", params=["recognition_exercises", "recognition_vowels"])
def model(request) -> models.Model:
    return models.load(SHIPPED / request.param)


def test_it_scores_what_its_manifest_says(zoo_cache, model):
    examples = zoo.data.load(model.manifest.dataset.name, "recognition")
    assert examples.fingerprint(splits=("test",)) == model.manifest.dataset.test
    found = model.task.evaluate(model, examples, "test").score
    stored = model.manifest.metrics["test"]
    assert found["accuracy"] == pytest.approx(stored["accuracy"], abs=1e-9)
    assert found["confusion"] == stored["confusion"]
    assert found["accuracy"] > 0.8


def test_what_a_page_offers_is_what_it_recognises(model, tmp_path):
    tries = model.task.to_try(model.manifest)
    assert len(tries) == 7
    right = []
    for number, (label, table) in enumerate(tries):
        path = tmp_path / f"{number}.csv"
        path.write_text(table)
        (answer,) = model.predict(str(path))
        right.append(answer["label"] == label)
    assert np.mean(right) > 0.7


def test_saved_model_cli_s_signatures_are_all_there(model):
    assert set(model.signatures) == {"serving_default", "step", "states"}
