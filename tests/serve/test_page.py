"""What the page asks of the server."""

import asyncio
import base64
import itertools
import json
import re
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
from servers import awaited

from zoo import models
from zoo.serve import page, rest
from zoo.serve.served import Limits, Served
from zoo.tasks import DataSet, Manifest, of

SERIES = "forecasting_seattle"


def offered(demo) -> dict:
    status, answer = demo.ask("/zoo/models")
    assert status == 200
    return {model["name"]: model for model in answer["models"]}


def test_each_model_says_what_it_is_and_what_can_be_tried(demo):
    found = offered(demo)
    assert [model["mapping"] for model in found.values()] == [
        "classification", "tagging", "translation", "captioning", "captioning", "text", "series",
        "recognition", "transcription", "drawing",
    ]  # fmt: skip
    assert all(model["examples"] for model in found.values())
    assert found["sentiment_tweets"]["labels"] == ["negative", "neutral", "positive"]
    assert found["tagging_python"]["style"] == "code"
    assert found["translation_cldr_en_fr"]["languages"] == ["en", "fr"]
    assert found["generation_python"]["settings"] == {
        "length": 500, "temperature": 0.6, "top_k": 0, "top_p": 1.0, "seed": 1
    }  # fmt: skip
    assert [found[name]["reads"] for name in ("captioning_emoji", SERIES)] == ["pictures", "series"]


def test_answers_are_the_rows_of_predict(demo, dog, tmp_path):
    table = offered(demo)[SERIES]["examples"][0]["given"]
    (tmp_path / "table.csv").write_text(table)
    asked = {
        "sentiment_tweets": (["three hours late", "thank you"], ["three hours late", "thank you"]),
        "tagging_python": (["x = 1  # 😀"], ["x = 1  # 😀"]),
        SERIES: ([table], [tmp_path / "table.csv"]),
    }
    for name, (sent, given) in asked.items():
        status, answer = demo.ask(f"/zoo/models/{name}", {"inputs": sent})
        assert (status, answer["rows"]) == (200, demo.model(name).predict(given)), name
    asked = {
        "translation_cldr_en_fr": ("3 days ago", "3 days ago"),
        "captioning_emoji": (base64.b64encode(dog).decode(), dog),
    }
    for name, (sent, given) in asked.items():
        _, answer = demo.ask(f"/zoo/models/{name}", {"inputs": [sent], "signature": "attention"})
        assert answer["rows"] == demo.model(name).predict([given], "attention"), name


def test_columns_parted_by_tabs_are_a_table_too(demo):
    table = offered(demo)[SERIES]["examples"][0]["given"]
    answers = [demo.ask(f"/zoo/models/{SERIES}", {"inputs": [t]}) for t in (table, table.replace(",", "\t"))]
    assert answers[0] == answers[1]
    assert answers[0][1]["rows"][0]["forecasts"][0]["time"] == "2016-01-01"


def test_a_text_comes_as_predict_writes_it(demo):
    settings = {"length": 60, "temperature": 0.5, "seed": 3}
    body = json.dumps({"prompt": "def main(", **settings}).encode()
    url = f"http://127.0.0.1:{demo.port}/zoo/models/generation_python/stream"
    with urllib.request.urlopen(url, body) as answer:
        written = answer.read().decode()
    (row,) = demo.model("generation_python").predict(["def main("], **settings)
    assert written == row["continuation"]


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("sentiment_tweets", b"{", 400, "the body is no JSON"),
        pytest.param("sentiment_tweets", b"[" * 100_000, 400, "the body is no JSON", id="deep"),
        ("sentiment_tweets", [], 400, "the body is no object"),
        ("sentiment_tweets", {"inputs": []}, 400, "must be a list of 1 to 1,024"),
        ("sentiment_tweets", {"inputs": ["a"] * 1025}, 400, "must be a list of 1 to 1,024"),
        ("sentiment_tweets", {"inputs": [3]}, 400, "must be strings"),
        ("sentiment_tweets", {"inputs": ["a"], "signature": ["no"]}, 400, "must be strings"),
        ("sentiment_tweets", {"inputs": ["a"], "signature": "no"}, 400, "no signature 'no'"),
        ("sentiment_tweets", {"inputs": ["a"], "seed": 1}, 400, "which takes no settings"),
        ("sentiment_tweets", {"inputs": ["a"], "batch_size": 1}, 400, "'batch_size' is no setting"),
        ("sentiment_tweets", {"prompt": "a"}, 400, "must be a list"),
        ("sentiment_tweets/stream", {"prompt": "a"}, 400, "only generators stream"),
        ("captioning_emoji", {"inputs": ["?"]}, 400, "must come as base64"),
        (SERIES, {"inputs": ["date,temp_max\n2020-01-01,3\n"]}, 400, "table 1.csv: has 1 rows"),
        (SERIES, {"inputs": ["date\ttemp_max\n2020-01-01\tx\n" * 3]}, 400, "table 1.tsv"),
        (SERIES, {"inputs": ["\0"]}, 400, "table 1.csv"),
        ("generation_python/stream", {"prompt": "a", "temperature": -1}, 400, "temperature"),
        ("generation_python/stream", b'{"temperature": NaN}', 400, "'temperature' must be a number"),
        ("generation_python/stream", {"prompt": "a", "length": 10**9}, 400, "at most 20,000"),
        ("generation_python/stream", {"prompt": "a" * 20_001}, 400, "at most 20,000 characters"),
        (
            "generation_python/stream",
            {"prompt": "a", "model": 3},
            400,
            "'model' is no setting of generation_python",
        ),
        ("no_such", {"inputs": ["a"]}, 404, "no model 'no_such' on this page"),
    ],
)
def test_what_cannot_be_answered_is_told_in_words(demo, path, body, status, told):
    found, answer = demo.ask(f"/zoo/models/{path}", body)
    assert (found, told in answer["error"]) == (status, True), answer
    assert "/tmp" not in answer["error"]


def test_a_large_picture_arrives(demo):
    """Larger than headers may be, and in one piece."""
    noise = base64.b64encode(bytes(300_000)).decode()
    status, answer = demo.ask("/zoo/models/captioning_emoji", {"inputs": [noise]})
    assert (status, answer["rows"][0]["valid"]) == (200, False)


def test_files_of_the_page_and_no_others(demo, files_of_the_page):
    with urllib.request.urlopen(f"http://127.0.0.1:{demo.port}/") as answer:
        policy = answer.headers["content-security-policy"]
        assert answer.read().decode() == files_of_the_page["index.html"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    for name, content in files_of_the_page.items():
        with urllib.request.urlopen(f"http://127.0.0.1:{demo.port}/page/{name}") as answer:
            assert (answer.read().decode(), answer.headers["content-security-policy"]) == (content, policy)
    for name in ("..%2Fpage.py", "page.py", "%2e%2e", "no.js", "%00.js"):
        assert demo.ask(f"/page/{name}")[0] == 404


def test_files_name_no_others_than_those_that_are_there(files_of_the_page):
    """None from elsewhere, none that is missing; and what a model says never becomes markup."""
    for name, content in files_of_the_page.items():
        elsewhere = set(re.findall(r"https?://[^\"' )]+", content)) - {"http://www.w3.org/2000/svg"}
        assert elsewhere == set(), name
        asked = re.findall(r"\"(?:/page|\.)/([\w.]+)\"", content)
        assert set(asked) <= set(files_of_the_page), name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", content), name


# Without a socket -------------------------------------------------------------------------------------------


async def answered(served, offered, path, body, enough=lambda parts: False):
    """Asks the application itself; goes away as soon as there is enough. Returns the status and the parts."""
    application = rest.application(served, page.routes(served, offered))
    sent, gone, status, parts = iter([json.dumps(body).encode()]), asyncio.Event(), [], []

    async def receive():
        for content in sent:
            return {"type": "http.request", "body": content, "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            status.append(message["status"])
        else:
            parts.append(message["body"])
        if enough(parts):
            gone.set()

    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [], "http_version": "1.1", "scheme": "http", "server": ("x", 1), "client": ("x", 1),
    }  # fmt: skip
    try:
        await application(scope, receive, send)
    finally:
        served.close()
    return status[0], b"".join(parts).decode()


def test_nothing_is_written_for_a_client_that_went_away(monkeypatch):
    drawn = itertools.count()

    async def ask():
        served = Served([], Limits())

        async def loaded(saved):
            pieces = (f"{next(drawn)} " for _ in range(10**9))
            return SimpleNamespace(stream=lambda prompt, **_: pieces, manifest=Manifest())

        monkeypatch.setattr(served, "loaded", loaded)
        return await answered(
            served, {"writer": None}, "/zoo/models/writer/stream", {}, lambda parts: len(parts) > 2
        )

    monkeypatch.setattr(page, "about", lambda saved, overview: {})
    status, text = awaited(ask())
    assert (status, text[:6]) == (200, "0 1 2 ")
    last = next(drawn)
    assert next(drawn) == last + 1  # nobody else draws


def test_a_model_that_cannot_be_loaded_is_told(tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/saved_model.pb").write_bytes(b"no graph")
    saved = models.Saved(tmp_path / "broken", models.find("sentiment_tweets").manifest)
    status, text = awaited(
        answered(Served([], Limits()), {"broken": saved}, "/zoo/models/broken", {"inputs": ["a"]})
    )
    assert status == 400
    assert str(Path("broken")) in json.loads(text)["error"]


def test_what_can_be_tried_is_known_by_data_and_language():
    def tried(name):
        saved = models.find(name)

        return [name for name, _ in of(saved.manifest).to_try(saved.manifest)]

    assert tried("translation_cldr_en_fr")[0] == "3 days ago"
    manifest = models.find("translation_cldr_en_fr").manifest

    german = manifest.with_changes(dataset=DataSet(name="own.csv", languages=["de", "en"]))
    assert of(german).to_try(german)[0].name == "Zwei Hunde spielen im Schnee."
    for name in ("sentiment_tweets", SERIES, "captioning_emoji"):
        own = models.find(name).manifest.with_changes(dataset=DataSet(name="own.csv"))
        assert tried(name)
        assert of(own).to_try(own) == []
