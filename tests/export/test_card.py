"""What the card of a model tells, from a manifest made up here."""

from pathlib import Path

import pytest

from zoo.export.card import card
from zoo.tasks import Manifest
from zoo.tasks.manifest import DataSet

MANIFEST = {
    "mapping": "translation",
    "name": "phrases",
    "recipe": "translation",
    "command": "python -m zoo.recipes.translation",
    "seed": 7,
    "dataset": {
        "name": "cldr_phrases",
        "version": "1.0",
        "source": "https://example.org",
        "licence": "free",
        "sizes": {"train": 9000, "validation": 500, "test": 1200, "test_terms": 34},
    },
    "metrics": {
        "test": {
            "n": 1200,
            "bleu": 56.789,
            "chrf": 78.0,
            "exact_match": 0.9512,
            "signatures": {"bleu": "tok:13a|v:1", "chrf": "nc:6|v:1"},
        },
        "test_terms": {"n": 34, "bleu": 5.0, "chrf": 17.125, "exact_match": 0.0, "signatures": {}},
    },
    "baselines": {
        "test": {"the source itself": {"n": 1200, "bleu": 1.0, "chrf": 2.0, "exact_match": 0.25}},
        "test_terms": {"the source itself": {"n": 34, "bleu": 3.0, "chrf": 4.0, "exact_match": 0.5}},
    },
    "training": {"seconds": 200.4, "epochs": 5, "best_epoch": 4},
    "signatures": {
        "serving_default": {"inputs": {"text": "string (any)"}, "outputs": {"score": "float32 (any)"}}
    },
    "hardware": "2 cores",
    "parameters": 1234567,
    "versions": {"tensorflow": "2.21.0"},
}
TEST = """| | BLEU | chrF | exact match |
|---|---|---|---|
| the source itself | 1.00 | 2.00 | 0.2500 |
| **phrases** | 56.79 | 78.00 | 0.9512 |

Part `test` of `cldr_phrases`, 1,200 rows, seed 7.
As sacreBLEU signs its figures, BLEU is `tok:13a|v:1` and chrF is `nc:6|v:1`.
"""
TERMS = """| the source itself | 3.00 | 4.00 | 0.5000 |
| **phrases** | 5.00 | 17.12 | 0.0000 |

Part `test_terms` of `cldr_phrases`, 34 rows, seed 7.

## Use it
"""


def written(manifest: dict) -> str:
    return card(Manifest.from_json(manifest))


def test_each_part_has_a_table_and_its_size():
    text = written(MANIFEST)
    assert TEST in text
    assert TERMS in text
    assert text.index(TEST) < text.index(TERMS)
    assert text.count("As sacreBLEU") == 1


ELSEWHERE = """
## Elsewhere

The model never saw these data sets: it learned nothing from them.

| data set | rows | accuracy | macro-F1 |
|---|---|---|---|
| `imdb_reviews`, choosing among bad, good | 25,000 | 0.8125 | 0.8000 |
| `own.csv`, without 1,200 rows of other labels (a, b, c ...) | 34 | 0.5000 | 0.2500 |

## Use it
"""


def test_scores_on_sets_that_it_never_saw_have_a_section_of_their_own():
    score = {"n": 1200, "accuracy": 0.5, "macro_f1": 0.25}
    elsewhere = {
        "imdb_reviews": {
            "n": 25000, "accuracy": 0.8125, "macro_f1": 0.8, "choosing_among": ["bad", "good"]
        },
        "own.csv": {**score, "n": 34, "left_out": {"a": 1197, "b": 1, "c": 1, "d": 1}},
    }  # fmt: skip
    known = {**MANIFEST, "mapping": "classification", "metrics": {"test": score}, "baselines": {}}
    assert ELSEWHERE in written({**known, "elsewhere": elsewhere})
    assert "Elsewhere" not in written(known)


def test_a_manifest_keeps_scores_elsewhere_and_is_as_it_was_without():
    manifest = Manifest.from_json({**MANIFEST, "elsewhere": {"own.csv": {"n": 34, "bleu": 5.0}}})
    assert manifest.elsewhere["own.csv"].figures == {"bleu": 5.0}
    assert Manifest.from_json(manifest.to_json()).elsewhere == manifest.elsewhere
    assert "elsewhere" not in Manifest.from_json(MANIFEST).to_json()


@pytest.mark.parametrize("without", ["metrics", "baselines"])
def test_a_part_may_have_no_baseline_and_other_models_have_one_part(without):
    manifest = {**MANIFEST, without: {"test": MANIFEST[without]["test"]}}
    text = written(manifest)
    assert TEST in text
    assert ("`test_terms` of" in text) == (without == "baselines")
    assert text.count("the source itself") == 1


def test_labels_of_figures_and_the_way_to_use_the_model_are_there():
    score = {"n": 1200, "accuracy": 0.5, "macro_f1": 0.25, "f1": {"a": 1.0}}
    text = written({**MANIFEST, "metrics": {"test": score}, "baselines": {"test": {}}})
    assert "| | accuracy | macro-F1 |\n|---|---|---|\n| **phrases** | 0.5000 | 0.2500 |" in text
    assert 'model.signatures["serving_default"](text=tf.constant(["..."]))' in text
    assert "(9,000 train, 500 validation, 1,200 test, 34 test_terms)" in text


def test_a_captioner_is_used_with_a_file():
    signatures = {"serving_default": {"inputs": {"image": "string (any)"}, "outputs": {}}}
    text = written({**MANIFEST, "mapping": "captioning", "signatures": signatures})
    assert '["serving_default"](image=tf.constant([open("photo.jpg", "rb").read()]))' in text
    assert "`python -m zoo predict phrases photo.jpg`" in text
    assert '`zoo.load("phrases").predict([open("photo.jpg", "rb").read()])`' in text
    assert '`python -m zoo predict phrases "..."`, or\n`zoo.load("phrases").predict(["..."])`.' in written(
        MANIFEST
    )


def test_a_generator_is_used_with_its_settings():
    types = {"prompt": "string", "length": "int32", "temperature": "float32", "seed": "int64"}
    inputs = {name: f"{kind} (any)" for name, kind in sorted(types.items())}
    defaults = {"length": 60, "temperature": 1.0, "seed": 1}
    signatures = {"serving_default": {"inputs": inputs, "outputs": {}}}
    text = written({**MANIFEST, "mapping": "text", "signatures": signatures, "defaults": defaults})
    lines = (
        'prompt=tf.constant(["..."])',
        "length=tf.constant([60])",
        "temperature=tf.constant([1.0])",
        "seed=tf.constant([1], tf.int64)",
    )
    assert "".join(f"        {line},\n" for line in lines) in text
    assert '`python -m zoo predict phrases "..."`' in text


HEADS = {path.parent.name: path for path in (Path(__file__).parents[2] / "saved_models").glob("*/README.md")}


@pytest.mark.parametrize("name", sorted(HEADS))
def test_hubs_read_the_header(name):
    yaml = pytest.importorskip("yaml", reason="no PyYAML: headers of cards are not read")
    _, head, body = HEADS[name].read_text(encoding="utf-8").split("---\n", 2)
    fields = yaml.safe_load(head)
    assert body.startswith(f"\n# {name}\n")
    assert fields["license"] in ("mit", "other")
    assert ("license_name" in fields) == (fields["license"] == "other")
    assert fields["pipeline_tag"]
    assert all(isinstance(data, str) for data in fields["datasets"])
    (entry,) = fields["model-index"]
    assert entry["name"] == name
    figures = [figure for result in entry["results"] for figure in result["metrics"]]
    assert all(figure["value"] >= 0 or figure["type"] == "nats" for figure in figures)  # of a density
    assert "under the MIT licence" in body


def test_terms_that_bind_are_told():
    from zoo.export.hub_header import header, licence

    free = Manifest(name="m", mapping="tagging", dataset=DataSet(name="d", licence="BSD-3-Clause"))
    bound = Manifest(name="m", mapping="tagging", dataset=DataSet(name="d", licence="CC BY-NC 4.0"))
    assert 'license: "mit"\n' in header(free)
    assert 'license: "other"\n' in header(bound)
    assert licence(free).endswith("licence. Licence of what they learned from: BSD-3-Clause.")
    assert licence(bound).endswith("as far as the terms of their data allow: CC BY-NC 4.0.")
