"""Bodies of TensorFlow Serving's REST, read and written by hand."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from zoo.serve import json_tensors
from zoo.serve.errors import Refused
from zoo.serve.signatures import Signature


def signature_of(inputs: dict, outputs: dict, defaults: dict | None = None) -> Signature:
    model = SimpleNamespace(name="m", manifest=SimpleNamespace(defaults=defaults or {}))
    specs = [
        {key: tf.TensorSpec(shape, kind) for key, (shape, kind) in side.items()} for side in (inputs, outputs)
    ]
    return Signature(model, "serving_default", SimpleNamespace(inputs=specs[0], outputs=specs[1]))


TEXT = signature_of(
    {"text": ([None], tf.string)}, {"label": ([None], tf.string), "score": ([None], tf.float32)}
)
SERIES = signature_of(
    {"values": ([None, None, 2], tf.float32), "time": ([None], tf.string), "n": ([None], tf.int32)},
    {"forecast": ([None, 3], tf.float32)},
    {"n": 7},
)
WHOLE = signature_of({"text": ([None], tf.string)}, {"a": ([None], tf.int32), "layers": ([4], tf.int32)})


def read(body, signature=TEXT):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json_tensors.read(content, {"serving_default": signature}, "m")


def test_texts_are_rows_by_themselves_or_by_name_or_a_column():
    for body in (
        {"instances": ["a", {"b64": "YWI="}]},
        {"instances": [{"text": "a"}, {"text": {"b64": "YWI="}}]},
        {"inputs": ["a", {"b64": "YWI="}]},
        {"inputs": {"text": ["a", {"b64": "YWI="}]}, "signature_name": "serving_default"},
    ):
        request = read(body)
        assert request.columns["text"].tolist() == [b"a", b"ab"]
        assert (request.rows, request.by_row) == (2, "instances" in body)


def test_numbers_have_their_shape_and_what_is_left_out_its_default():
    values = [[[1, 2.5], [3, 4]], [[5, 6], [7, 8]]]
    request = read({"inputs": {"values": values, "time": ["x", "y"]}}, SERIES)
    assert request.columns["values"].dtype == np.float32
    assert request.columns["values"].tolist() == values
    assert request.columns["n"].tolist() == [7, 7]
    rows = [{"values": v, "time": t, "n": 3} for v, t in zip(values, "xy", strict=True)]
    assert read({"instances": rows}, SERIES).columns["n"].tolist() == [3, 3]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        ([], "needs either"),
        ({"instances": ["a"], "inputs": ["a"]}, "needs either"),
        ({"instances": []}, "at least one row"),
        ({"instances": "a"}, "must be a list"),
        ({"instances": [1]}, "1 is not of type string"),
        ({"instances": [["a"]]}, 'text: ["a"] is not of type string'),
        ({"instances": [{"text": "a"}, "b"]}, "rows of .* differ"),
        ({"instances": [{"more": "a"}]}, "no input 'more'; it takes text"),
        ({"instances": [{"b64": "?"}]}, "no base64"),
        ({"inputs": "a"}, "must have 1 dimensions"),
        ({"inputs": {}}, "text is missing"),
        ({"instances": ["a"], "signature_name": "beam"}, "no signature 'beam'; there are: serving_default"),
        ({"instances": ["a"], "signature_name": ["beam"]}, "no signature"),
    ],
)
def test_what_is_no_request_is_told_in_words(body, said):
    with pytest.raises(Refused, match=said.replace("[", r"\[")):
        read(body)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"values": [[[1, 2]]]}, "time is missing"),
        ({"values": [[[1, 2]]], "time": ["a", "b"]}, "1 of values, 2 of time"),
        ({"values": [[[1, 2, 3]]], "time": ["a"]}, "3 values where 2 belong"),
        ({"values": [[[1, 2]], [[1, 2], [3, 4]]], "time": ["a", "b"]}, "differ in length"),
        ({"values": [[1, 2]], "time": ["a"]}, "must have 3 dimensions"),
        ({"values": [[[1, "2"]]], "time": ["a"]}, '"2" is not of type float32'),
        ({"values": [[[1, True]]], "time": ["a"]}, "true is not of type"),
        ({"values": [[[1, 2]]], "time": ["a"], "n": [1.5]}, "1.5 is not of type int32"),
        ({"values": [[[1, 2]]], "time": ["a"], "n": [2**40]}, "too large"),
    ],
)
def test_numbers_of_another_shape_or_type_are_told_in_words(inputs, said):
    with pytest.raises(Refused, match=said):
        read({"inputs": inputs}, SERIES)


def test_answers_are_rows_or_columns_as_they_were_asked_for():
    outputs = {"label": np.array([b"good", b"\xff"], object), "score": np.array([0.5, np.nan], np.float32)}
    rows = json.loads(json_tensors.written(outputs, read({"instances": ["a", "b"]})))
    assert rows["predictions"][0] == {"label": "good", "score": 0.5}
    assert rows["predictions"][1]["label"] == "�"
    assert np.isnan(rows["predictions"][1]["score"])
    columns = json.loads(json_tensors.written(outputs, read({"inputs": ["a", "b"]})))
    assert columns["outputs"]["label"] == ["good", "�"]


def test_an_only_output_has_no_name_and_bytes_are_base64():
    asked = {"inputs": {"values": [[[1, 2]]], "time": ["a"]}}
    forecast = {"forecast": np.array([[1.0, 2.0, 3.0]])}
    assert json.loads(json_tensors.written(forecast, read(asked, SERIES))) == {"outputs": [[1, 2, 3]]}
    picture = {"image_bytes": np.array([b"ab"], object)}
    assert json.loads(json_tensors.written(picture, read({"instances": ["a"]}))) == {
        "predictions": [{"b64": "YWI="}]
    }


def test_what_is_one_for_all_rows_is_no_part_of_a_row():
    outputs = {"a": np.array([1]), "layers": np.array([1, 1, 2, 2])}
    with pytest.raises(Refused, match='layers is one for all rows; ask with "inputs"'):
        json_tensors.written(outputs, read({"instances": ["a"]}, WHOLE))
    assert json.loads(json_tensors.written(outputs, read({"inputs": ["a"]}, WHOLE)))["outputs"]["layers"] == [
        1,
        1,
        2,
        2,
    ]
