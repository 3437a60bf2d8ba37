"""python -m zoo demo: what it refuses, and that it serves its page."""

import json
import signal
import socket
import sys
import urllib.request

import pytest
from servers import started

from zoo.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("no_such",), "no saved model 'no_such'; there are: "),
        (("--port", "65536"), "--port 65536: must lie between 0 and 65535"),
    ],
)
def test_bad_flags_are_one_line(call, tmp_path, arguments, told):
    assert call(main, tmp_path, "demo", *arguments, code=2).err.startswith(f"error: {told}")


def test_a_port_that_is_taken_is_told(call, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = call(main, tmp_path, "demo", "--port", str(port), code=2).err
    assert told.startswith(f"error: 127.0.0.1:{port}: cannot be listened at (Address already in use)")


def test_a_missing_extra_is_told_with_how_to_get_it(call, tmp_path, monkeypatch):
    for name in list(sys.modules):
        if name.split(".")[0] == "uvicorn" or name.startswith("zoo.serve"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    told = call(main, tmp_path, "demo", "--no-open", code=2).err
    assert told == 'error: uvicorn is missing: pip install "sequence-zoo[demo]"\n'


def test_the_page_is_there_and_ctrl_c_ends_it(capfd):
    with started("demo", "sentiment_tweets", "--no-open") as server:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/") as page:
            assert "<title>Sequence zoo</title>" in page.read().decode()
        status, answer = server.ask("/zoo/models/sentiment_tweets", {"inputs": ["thank you, lovely crew!"]})
        assert (status, answer["rows"][0]["label"]) == (200, "positive")
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/zoo/models") as models:
            assert [model["name"] for model in json.load(models)["models"]] == ["sentiment_tweets"]
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(60) == 0
        assert server.process.stdout.read().endswith("stopped\n")
    assert "Traceback" not in capfd.readouterr().err
