"""A server in a process of its own, asked by clients as they are."""

import contextlib
import functools
import json
import random
import resource
import signal
import socket
import threading
import urllib.request

import numpy as np
import pytest
import tensorflow as tf
from requests_of_strangers import Hostile, hostile, post, status_of
from servers import serving

import zoo

MODELS = ("sentiment_tweets", "tagging_python", "generation_python")
TEXTS = ["what a lovely day", "three hours late, again", "", "naïve \U0001f600 " * 30]


@pytest.fixture(scope="module")
def server():
    # One test opens a thousand connections.
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    with serving(*MODELS) as running:
        yield running
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture(scope="module")
def loaded():
    return {name: zoo.load(name) for name in MODELS}


def test_answers_are_those_of_predict(server, loaded):
    status, answer = server.ask("/v1/models/sentiment_tweets:predict", {"instances": TEXTS})
    assert status == 200
    expected = loaded["sentiment_tweets"].predict(TEXTS)
    assert [row["label"] for row in answer["predictions"]] == [row["label"] for row in expected]
    right = [row["score"] for row in expected]
    assert [row["score"] for row in answer["predictions"]] == pytest.approx(right, abs=1e-6)
    status, columns = server.ask("/v1/models/sentiment_tweets/versions/1:predict", {"inputs": TEXTS})
    assert columns["outputs"]["label"] == [row["label"] for row in expected]


def test_tags_are_padded_to_the_longest_of_the_request_whoever_else_asks(server, loaded):
    sources = ["x = 1  # one", "", "def f(a, b): return a"]
    graph = loaded["tagging_python"].signatures["serving_default"](text=tf.constant(sources))
    answers = [None] * 8

    def ask(place):
        body = {"inputs": sources if place % 2 else ["y" * 40 + " = 2 " * 30]}
        answers[place] = server.ask("/v1/models/tagging_python:predict", body)[1]["outputs"]

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(answers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lengths = np.diff(graph["row_splits"].numpy()).tolist()
    for answer in answers[1::2]:
        assert answer["length"] == lengths
        for key in ("tokens", "tags", "starts", "ends"):
            assert answer[key] == [
                [item.decode() if isinstance(item, bytes) else item for item in row]
                for row in graph[key].numpy().tolist()
            ]
        np.testing.assert_allclose(answer["scores"], graph["scores"], atol=1e-6)


def test_what_a_generator_needs_may_be_left_out(server, loaded):
    status, answer = server.ask(
        "/v1/models/generation_python:predict", {"instances": [{"prompt": "def ", "length": 20}]}
    )
    assert status == 200
    (expected,) = loaded["generation_python"].predict(["def "], length=20)
    assert answer["predictions"][0]["continuation"] == expected["continuation"]
    body = {"instances": [{"prompt": "def ", "length": 20, "temperature": -1}]}
    status, answer = server.ask("/v1/models/generation_python:predict", body)
    assert (status, "temperature" in answer["error"]) == (400, True)


def test_states_are_columns_since_one_output_is_for_all_rows(server):
    body = {"signature_name": "states", "inputs": ["x = 1"]}
    status, answer = server.ask("/v1/models/tagging_python:predict", body)
    assert (status, len(answer["outputs"]["layers"])) == (200, 256)
    status, answer = server.ask("/v1/models/tagging_python:predict", {**body, "inputs": None})
    assert status == 400


def test_it_says_what_it_has_and_what_it_has_not(server):
    status, answer = server.ask("/v1/models/sentiment_tweets")
    state = answer["model_version_status"][0]
    assert (state["version"], state["state"], state["status"]["error_code"]) == ("1", "AVAILABLE", "OK")
    _, answer = server.ask("/v1/models/tagging_python/metadata")
    signature = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["text"]["dtype"] == "DT_STRING"
    assert [dim["size"] for dim in signature["outputs"]["tags"]["tensor_shape"]["dim"]] == ["-1", "-1"]
    assert not any(key.startswith("flat_") for key in signature["outputs"])
    for path, code in (
        ("/v1/models/no", 404),
        ("/v1/models/sentiment_tweets/versions/2", 404),
        ("/nothing", 404),
    ):
        status, answer = server.ask(path)
        assert status == code, answer
        assert set(answer) == {"error"}
    assert server.ask("/v1/models/sentiment_tweets:classify", {})[0] == 400
    assert server.ask("/v1/models/sentiment_tweets:predict", {}, "PUT")[0] == 405
    assert server.ask("/health") == (200, {"state": "AVAILABLE"})


def test_prometheus_reads_what_was_counted(server):
    server.ask("/v1/models/sentiment_tweets:predict", {"instances": ["a"] * 3})
    text = _page(server.port).decode()
    assert 'zoo_requests_total{model="sentiment_tweets",status="200"}' in text
    assert 'zoo_batch_rows_sum{model="sentiment_tweets",signature="serving_default"}' in text
    assert "zoo_waiting_rows 0.0" in text


def test_grpc_answers_the_official_client(server, loaded):
    grpc = pytest.importorskip("grpc")
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )

    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        request = predict_pb2.PredictRequest(output_filter=["label", "scores"])
        request.model_spec.name = "sentiment_tweets"
        request.inputs["text"].CopyFrom(tf.make_tensor_proto(TEXTS))
        answer = stub.Predict(request, timeout=20)
        labels = [label.decode() for label in tf.make_ndarray(answer.outputs["label"]).tolist()]
        assert labels == [row["label"] for row in loaded["sentiment_tweets"].predict(TEXTS)]
        assert set(answer.outputs) == {"label", "scores"}
        assert answer.model_spec.version.value == 1

        for change, code in (
            (lambda r: setattr(r.model_spec, "name", "no"), grpc.StatusCode.NOT_FOUND),
            (lambda r: setattr(r.model_spec, "signature_name", "no"), grpc.StatusCode.NOT_FOUND),
            (
                lambda r: r.inputs["text"].CopyFrom(tf.make_tensor_proto([1])),
                grpc.StatusCode.INVALID_ARGUMENT,
            ),
            (
                lambda r: r.inputs["more"].CopyFrom(tf.make_tensor_proto([1])),
                grpc.StatusCode.INVALID_ARGUMENT,
            ),
            (
                lambda r: r.inputs["text"].tensor_shape.dim[0].__setattr__("size", 10**12),
                grpc.StatusCode.INVALID_ARGUMENT,
            ),
            (
                lambda r: r.inputs["text"].tensor_shape.dim[0].__setattr__("size", -1),
                grpc.StatusCode.INVALID_ARGUMENT,
            ),
            (lambda r: r.output_filter.append("no"), grpc.StatusCode.INVALID_ARGUMENT),
        ):
            wrong = predict_pb2.PredictRequest()
            wrong.CopyFrom(request)
            change(wrong)
            with pytest.raises(grpc.RpcError) as refused:
                stub.Predict(wrong, timeout=20)
            assert refused.value.code() == code, refused.value.details()

        asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        asked.model_spec.name = "tagging_python"
        found = get_model_metadata_pb2.SignatureDefMap()
        stub.GetModelMetadata(asked, timeout=20).metadata["signature_def"].Unpack(found)
        assert "length" in found.signature_def["serving_default"].outputs

        state = get_model_status_pb2.GetModelStatusRequest()
        state.model_spec.name = "sentiment_tweets"
        (version,) = (
            model_service_pb2_grpc.ModelServiceStub(channel)
            .GetModelStatus(state, timeout=20)
            .model_version_status
        )
        assert version.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE


def test_what_strangers_send_is_refused_and_leaves_no_mark(server):
    draw = random.Random(1)
    for _ in range(150):
        request = hostile(draw)
        if request.kind != "slow":  # which has a test of its own
            status = status_of(server.port, request)
            assert status in request.allowed, (request.kind, request.sent[:300], status)
    assert server.ask("/v1/models/sentiment_tweets:predict", {"instances": ["fine"]})[0] == 200


def test_who_does_not_finish_is_sent_away(server):
    body = post(json.dumps({"instances": ["a"]}).encode())
    with contextlib.ExitStack() as stack:
        address = ("127.0.0.1", server.port)
        connections = [stack.enter_context(socket.create_connection(address, 60)) for _ in range(3)]
        for connection, part in zip(connections, (body[:10], body[:-3], b""), strict=True):
            connection.sendall(part)
        *late, idle = [connection.recv(4096) for connection in connections]
        assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in late), late
        assert idle == b""  # it asked for nothing


def test_more_connections_than_there_may_be_are_told_to_come_again(server):
    address = ("127.0.0.1", server.port)
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(socket.create_connection(address, 60))
        one_more = stack.enter_context(socket.create_connection(address, 60))
        answer = one_more.recv(4096)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in answer
    while status_of(server.port, Hostile("a friend", b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")) != 200:
        pass  # the others are gone as soon as it has seen that


def test_a_connection_is_kept_and_requests_on_it_follow_each_other(server):
    body = post(json.dumps({"instances": ["a"]}).encode())
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(body + body)
        seen = b""
        while seen.count(b"predictions") < 2:
            seen += connection.recv(65536)
        assert seen.count(b"HTTP/1.1 200") == 2


def test_told_to_end_it_gives_the_answers_under_way_first(server):
    answer = []
    body = {"instances": [{"prompt": "def ", "length": 100}]}
    ask = functools.partial(server.ask, "/v1/models/generation_python:predict", body)
    thread = threading.Thread(target=lambda: answer.append(ask()))
    thread.start()
    while b"zoo_waiting_rows 1.0" not in _page(server.port) and thread.is_alive():
        pass
    server.process.send_signal(signal.SIGTERM)  # no test of this file comes after it
    thread.join(60)
    assert answer[0][0] == 200
    assert server.process.wait(30) == 0
    assert server.process.stdout.read().endswith("stopped\n")


def _page(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        return page.read()
