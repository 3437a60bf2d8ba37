"""Requests and answers of TensorFlow Serving's REST, as columns of arrays.

The format: https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from zoo.errors import one_line
from zoo.serve.errors import Refused, Unknown
from zoo.serve.signatures import Columns, Signature

if TYPE_CHECKING:
    import tensorflow as tf

DEFAULT = "serving_default"


class Request(NamedTuple):
    """What was asked.

    Attributes:
        signature: of the model.
        columns: name -> array of what it takes, with the batch first.
        rows: how many rows each has.
        by_row: whether the answer is a list of rows, `predictions`, or of columns, `outputs`.
    """

    signature: Signature
    columns: Columns
    rows: int
    by_row: bool


def read(body: bytes, signatures: Mapping[str, Signature], model: str) -> Request:
    """Reads the body of a request to `:predict`.

    Args:
        body: JSON with `instances`, a list of rows, or `inputs`, columns; and `signature_name`, if it is not
            `serving_default`.
        signatures: of the model.
        model: its name, for messages.

    Raises:
        Refused: it is something else.
    """
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(
            f'the body is no JSON ({one_line(str(error))[:100]}); send {{"instances": [...]}}'
        ) from None
    if not isinstance(asked, dict) or ("instances" in asked) == ("inputs" in asked):
        raise Refused('the body needs either "instances", a list of rows, or "inputs", columns')
    signature = named(asked.get("signature_name", DEFAULT) or DEFAULT, signatures, model)
    if "instances" in asked:
        columns = _of_rows(asked["instances"], signature)
    else:
        columns = _of_columns(asked["inputs"], signature)
    arrays = {key: array(key, value, signature.inputs[key]) for key, value in columns.items()}
    return Request(signature, *completed(arrays, signature), "instances" in asked)


def named(name: Any, signatures: Mapping[str, Signature], model: str) -> Signature:
    """Returns a signature by its name.

    Raises:
        Refused: there is none.
    """
    if not isinstance(name, str) or name not in signatures:
        raise Unknown(f"{model}: no signature {str(name)[:100]!r}; there are: {', '.join(signatures)}")
    return signatures[name]


def completed(columns: Columns, signature: Signature) -> tuple[Columns, int]:
    """Adds what may be left out, and returns how many rows there are.

    Raises:
        Refused: columns differ in how many they have, or there are none.
    """
    counts = {key: len(column) for key, column in columns.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} of {key}" for key, count in counts.items())
        raise Refused(f"inputs differ in their rows: {told}; give as many of each")
    rows = next(iter(counts.values()))
    if not rows:
        raise Refused(f"{next(iter(counts))} has no rows; send at least one")
    for key, value in signature.defaults.items():
        if key not in columns:
            columns[key] = np.full([rows], value, signature.inputs[key].dtype.as_numpy_dtype)
    return columns, rows


def _needed(signature: Signature) -> list[str]:
    return [key for key in signature.inputs if key not in signature.defaults]


def _of_rows(instances: Any, signature: Signature) -> dict[str, list[Any]]:
    if not isinstance(instances, list) or not instances:
        raise Refused('"instances" must be a list with at least one row')
    if not isinstance(instances[0], dict) or set(instances[0]) == {"b64"}:
        return {_only(signature): instances}
    keys = list(instances[0])
    for row in instances:
        if not isinstance(row, dict) or row.keys() != instances[0].keys():
            raise Refused(f'rows of "instances" differ in what they hold; give each {", ".join(keys)[:200]}')
    return checked({key: [row[key] for row in instances] for key in keys}, signature)


def _of_columns(inputs: Any, signature: Signature) -> dict[str, Any]:
    if not isinstance(inputs, dict) or set(inputs) == {"b64"}:
        return {_only(signature): inputs}
    return checked(inputs, signature)


def _only(signature: Signature) -> str:
    needed = _needed(signature) or list(signature.inputs)
    if len(needed) != 1:
        raise Refused(
            f"signature {signature.name} takes {', '.join(needed)}; name them: {{name: value, ...}}"
        )
    return needed[0]


def checked(columns: dict[str, Any], signature: Signature) -> dict[str, Any]:
    """Returns columns, if all that a signature needs are there, and no others.

    Raises:
        Refused: they are not.
    """
    unknown = [key for key in columns if key not in signature.inputs]
    missing = [key for key in _needed(signature) if key not in columns]
    if unknown or missing or not columns:
        what = (
            f"no input {unknown[0][:100]!r}"
            if unknown
            else f"{missing[0]} is missing"
            if missing
            else "no inputs"
        )
        raise Refused(f"signature {signature.name}: {what}; it takes {', '.join(signature.inputs)}")
    return columns


def array(key: str, value: Any, spec: tf.TensorSpec) -> np.ndarray:
    """Turns nested lists of JSON into an array.

    Args:
        key: the input's name, for messages.
        value: numbers, or strings, or `{"b64": "..."}` for bytes.
        spec: shape and type of the tensor.

    Raises:
        Refused: they are of another type or shape.
    """
    kind = str(spec.dtype.name)
    shape, flat = _flat(key, value, spec)
    wrong = next((item for item in flat if not _is_of(item, kind)), None)
    if wrong is not None:
        shown = json.dumps(wrong)[:40]
        raise Refused(f"{key}: {shown} is not of type {kind}")
    try:
        if kind == "string":
            filled = np.empty([len(flat)], object)
            filled[:] = [_bytes(key, item) for item in flat]
            return filled.reshape(shape)
        return np.asarray(flat, spec.dtype.as_numpy_dtype).reshape(shape)
    except (OverflowError, ValueError):
        raise Refused(f"{key}: a number is too large; it is of type {kind}") from None


def _flat(key: str, value: Any, spec: tf.TensorSpec) -> tuple[list[int], list[Any]]:
    """Returns the shape of nested lists, and what is in them in a row."""
    shape, flat = [], [value]
    for size in spec.shape:
        if not all(isinstance(item, list) for item in flat):
            raise Refused(
                f"{key} must have {spec.shape.rank} dimensions, {_sizes(spec)}; give lists in lists"
            )
        lengths = {len(item) for item in flat}
        if len(lengths) > 1:
            raise Refused(f"{key}: lists differ in length; fill the shorter ones up to one length")
        shape.append(lengths.pop() if lengths else size or 0)
        if size not in (None, shape[-1]):
            raise Refused(f"{key} has {shape[-1]} values where {size} belong; it is {_sizes(spec)}")
        flat = [one for item in flat for one in item]
    return shape, flat


def _sizes(spec: tf.TensorSpec) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in spec.shape)})"


def _is_of(item: Any, kind: str) -> bool:
    if kind == "string":
        return isinstance(item, str) or (isinstance(item, dict) and set(item) == {"b64"})
    if kind == "bool":
        return isinstance(item, bool)
    return isinstance(item, int if "int" in kind else int | float) and not isinstance(item, bool)


def _bytes(key: str, item: Any) -> bytes:
    if isinstance(item, str):
        return item.encode("utf-8", "replace")  # a lone surrogate is no text
    try:
        return base64.b64decode(item["b64"], validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Refused(f'{key}: what stands behind "b64" is no base64') from None


def written(outputs: Columns, request: Request) -> bytes:
    """Returns the body of an answer.

    Numbers that JSON has no word for are `NaN`, `Infinity` and `-Infinity`, as of TensorFlow Serving.

    Raises:
        Refused: rows were asked for, and an output is one for all of them.
    """
    if request.by_row and request.signature.whole:
        whole = request.signature.whole[0]
        raise Refused(f'{whole} is one for all rows; ask with "inputs" instead of "instances"')
    plain = {key: _plain(key, value.tolist()) for key, value in sorted(outputs.items())}
    if not request.by_row:
        return _dumped({"outputs": plain if len(plain) > 1 else next(iter(plain.values()))})
    if len(plain) == 1:
        return _dumped({"predictions": next(iter(plain.values()))})
    return _dumped(
        {"predictions": [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]}
    )


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return (
            [_plain(key, item) for item in value] if value and isinstance(value[0], list | bytes) else value
        )
    if not isinstance(value, bytes):
        return value
    # By its name an output tells that it is no text.
    return (
        {"b64": base64.b64encode(value).decode()}
        if key.endswith("_bytes")
        else value.decode("utf-8", "replace")
    )


def _dumped(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
