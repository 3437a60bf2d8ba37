"""python -m zoo serve: what it refuses before anything is loaded."""

import socket
import sys

import pytest

from zoo.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name the models: python -m zoo serve sentiment_tweets"),
        (("no_such",), "no saved model 'no_such'; there are: "),
        (("sentiment_tweets", "--timeout", "0"), "--timeout 0.0: must be more than 0"),
        (("sentiment_tweets", "--max-rows", "-1"), "--max-rows -1: must be more than 0"),
        (("sentiment_tweets", "--port", "65536"), "--port 65536: must lie between 0 and 65535"),
    ],
)
def test_bad_flags_are_one_line(call, tmp_path, arguments, told):
    assert call(main, tmp_path, "serve", *arguments, code=2).err.startswith(f"error: {told}")


def test_a_port_that_is_taken_is_told_before_models_are_loaded(call, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = call(main, tmp_path, "serve", "sentiment_tweets", "--port", str(port), code=2).err
    assert told.startswith(f"error: 127.0.0.1:{port}: cannot be listened at (Address already in use)")
    assert told.endswith("give another --port\n")


@pytest.mark.parametrize(("missing", "extra", "flags"), [
    ("uvicorn", "serve", ()), ("tensorflow_serving", "grpc", ("--grpc-port", "1")),
])  # fmt: skip
def test_a_missing_extra_is_told_with_how_to_get_it(call, tmp_path, monkeypatch, missing, extra, flags):
    for name in list(sys.modules):
        if name.split(".")[0] == missing or name.startswith("zoo.serve"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    told = call(main, tmp_path, "serve", "sentiment_tweets", *flags, code=2).err
    assert f'pip install "sequence-zoo[{extra}]"' in told
