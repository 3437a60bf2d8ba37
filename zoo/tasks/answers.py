"""What a model's output tensors mean to a person: plain Python values for each input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.data.tags import spans

_COLUMNS = {"token": "tokens", "tag": "tags", "score": "scores", "start": "starts", "end": "ends"}
_ONE = ("translation", "caption", "score", "finished", "truncated", "valid")
_SEVERAL = {
    "translations": {"translation": "translations", "score": "scores", "finished": "finished"},
    "captions": {"caption": "captions", "score": "scores"},
}


def read(outputs: dict[str, np.ndarray], inputs: Sequence[Any]) -> list[dict[str, Any]]:
    """Returns one dict for each input.

    Args:
        outputs: name -> array, as a signature gave them.
        inputs: what it was given.

    Returns:
        For a tagger `tokens`, a list of dicts with `token`, `tag`, `score`, `start` and `end`, and `spans`,
        what B- and I- tags join, as dicts with `type`, `text`, `start` and `end`; offsets count code points
        of the text. Ready tokens have no offsets, and those of their spans count tokens.
        For a classifier `label`, `score` and `scores`, label -> probability.
        For a translator `translation`, `score`, `finished` (whether it came to its end) and `truncated`
        (whether the text was cut); where there are several, `translations`, a list of dicts with the first
        three, the best first; of the signature `attention` also `source_tokens`, `target_tokens` and
        `attention`, a list of weights for each target token, all without padding.
        For a captioner `caption`, `score` and `valid`, whether the picture could be decoded; where there are
        several, `captions`, a list of dicts with the first two, the best first, of a picture that is not
        valid a single empty one; of the signature `attention` also `tokens`, and `attention`, a grid of
        weights for each, both without padding.
        Of the signature `states`, `tokens`, `activations`, a list of all units for each token, both without
        padding, and `layers`, the layer of each unit.
        For others, the outputs.
    """
    if "row_splits" in outputs:
        return [_tagged(outputs, row, given) for row, given in enumerate(inputs)]
    if "activations" in outputs and "layers" in outputs:  # which are the same for all rows
        outputs = {**outputs, "layers": np.tile(outputs["layers"], (len(inputs), 1))}
    return [_readable({key: value[i] for key, value in outputs.items()}) for i in range(len(inputs))]


def _tagged(outputs: dict[str, np.ndarray], row: int, given: str | bytes | Sequence[str]) -> dict[str, Any]:
    first, end = outputs["row_splits"][row : row + 2]
    names = {name: f"flat_{column}" for name, column in _COLUMNS.items() if f"flat_{column}" in outputs}
    columns = [python(outputs[flat][first:end]) for flat in names.values()]
    tokens = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    found = []
    for kind, start, end in spans([token["tag"] for token in tokens]):
        if isinstance(given, str | bytes):
            text = given.decode("utf-8", "replace") if isinstance(given, bytes) else given
            start, end = tokens[start]["start"], tokens[end - 1]["end"]
            found.append({"type": kind, "text": text[start:end], "start": start, "end": end})
        else:
            joined = " ".join(token["token"] for token in tokens[start:end])
            found.append({"type": kind, "text": joined, "start": start, "end": end})
    return {"tokens": tokens, "spans": found}


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    if "attention" in row or "activations" in row:
        row = _without_padding(row)
    values = {key: python(value) for key, value in row.items()}
    for name, fields in _SEVERAL.items():
        if name in values:
            columns = [values.pop(column) for column in fields.values()]
            found = [dict(zip(fields, column, strict=True)) for column in zip(*columns, strict=True)]
            return {name: found if values.get("valid", True) else found[:1], **values}
    if "translation" in values or "caption" in values:
        return {name: values[name] for name in _ONE if name in values} | values
    if "labels" in values and "scores" in values:
        values["scores"] = dict(zip(values.pop("labels"), values["scores"], strict=True))
    return values


def _without_padding(row: dict[str, Any]) -> dict[str, Any]:
    if "tokens" in row:
        real = row["tokens"] != b""
        each = [name for name in ("tokens", "attention", "activations") if name in row]
        return {**row, **{name: row[name][real] for name in each}}
    source, target = (row[side] != b"" for side in ("source_tokens", "target_tokens"))
    return {
        **row,
        "source_tokens": row["source_tokens"][source],
        "target_tokens": row["target_tokens"][target],
        "attention": row["attention"][target][:, source],
    }


def python(value: Any) -> Any:
    """Turns arrays into lists, bytes into strings, and NumPy's numbers into Python's."""
    if isinstance(value, np.ndarray):
        return [python(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value
