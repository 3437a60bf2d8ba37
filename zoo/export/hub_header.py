"""The header of a card that model hubs read.

The fields: https://huggingface.co/docs/hub/model-cards#model-card-metadata
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from zoo.metrics import FIGURES
from zoo.tasks import Manifest, of

_CODE = "MIT"
# What the terms of data may ask of what was made from them: to be given on alike, or not to be sold.
_BINDING = ("none stated", "-SA", " SA", "-NC", " NC")
_AS_HUBS_CALL_IT = {"macro_f1": "f1", "word_error_rate": "wer", "bleu_4": "bleu", "rouge_l": "rouge"}


def header(manifest: Manifest) -> str:
    """Returns a block of YAML: licence, data, figures, and what the model is for.

    Strings are written as JSON has them, which is YAML too.
    """
    data, pipeline = manifest.dataset, of(manifest).pipeline
    figures = list(dict.fromkeys(name for score in manifest.metrics.values() for name in score.figures))
    fields: dict[str, Any] = {
        "license": "other" if _is_bound(manifest) else _CODE.lower(),
        **({"license_name": "mit-within-the-terms-of-the-data"} if _is_bound(manifest) else {}),
        "library_name": "keras",
        "tags": ["tensorflow", "recurrent", manifest.config.get("cell", "rnn"), manifest.recipe],
        "datasets": data.name.split("+"),
        "metrics": list(dict.fromkeys(_AS_HUBS_CALL_IT.get(name, name) for name in figures)),
    }
    languages = [code for code in data.languages if len(code) == 2]
    if languages:
        fields["language"] = languages
    if pipeline:
        fields["pipeline_tag"] = pipeline
    fields["model-index"] = [{"name": manifest.name, "results": list(_results(manifest, pipeline))}]
    return (
        "---\n"
        + "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items())
        + "---\n"
    )


def licence(manifest: Manifest) -> str:
    """Returns what the card says of the licence of the weights, and of the data they learned from."""
    ours = f"Like the code, the weights are given under the {_CODE} licence"
    terms = manifest.dataset.licence or "not known"
    if _is_bound(manifest):
        return f"{ours}, as far as the terms of their data allow: {terms}."
    return f"{ours}. Licence of what they learned from: {terms}."


def _is_bound(manifest: Manifest) -> bool:
    return not manifest.dataset.licence or any(word in manifest.dataset.licence for word in _BINDING)


def _results(manifest: Manifest, pipeline: str) -> Iterator[dict[str, Any]]:
    """Yields the scores of each part."""
    for part, score in manifest.metrics.items():
        data = {"name": manifest.dataset.name, "type": manifest.dataset.name, "split": part}
        yield {
            "task": {"type": pipeline or manifest.mapping},
            "dataset": data,
            "metrics": [
                {
                    "type": _AS_HUBS_CALL_IT.get(name, name),
                    "name": FIGURES[name].heading,
                    "value": float(FIGURES[name].written(value)),
                }
                for name, value in score.figures.items()
                if name in FIGURES
            ],
        }
