"""A converted classifier in JavaScript: in node, and on its own page in a browser."""

import functools
import http.server
import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import tensorflow as tf
from browsers import headless, installed
from strange_texts import STRANGE, TEXTS

import zoo
from zoo.edge import convert

ROOT = Path(__file__).parents[2]
NAME = "sentiment_tweets"
SAVED = f"{ROOT}/saved_models/{NAME}"
_PROGRAM = """
import * as ort from "onnxruntime-web";
import { readFile } from "node:fs/promises";
import { load } from "./answer.mjs";
const read = async (name) => {
  const file = await readFile(new URL(name, import.meta.url));
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
};
const model = await load(ort, read);
const answers = [];
for (const text of JSON.parse(process.argv[2])) answers.push(await model.answer(text));
console.log(JSON.stringify(answers));
"""


def node(folder: Path, program: str, *arguments: str):
    (folder / "program.mjs").write_text(program)
    command = [shutil.which("node"), "program.mjs", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-2000:]
    return json.loads(done.stdout)


needs_node = pytest.mark.skipif(
    not shutil.which("node"), reason="no node on this machine: JavaScript is not run"
)


@needs_node
def test_strings_fall_into_the_buckets_of_tensorflow(tmp_path):
    shutil.copy(ROOT / "zoo/edge/web/answer.js", tmp_path / "answer.mjs")
    texts = ["", *("aé日☀"[i % 4] * i for i in range(1, 80)), "x" * 64, "x" * 128, "x" * 129]
    program = (
        'import { bucket } from "./answer.mjs";\n'
        "const found = JSON.parse(process.argv[2]).map((text) => Number(bucket(text, 1000003n)));\n"
        "console.log(JSON.stringify(found));\n"
    )
    expected = tf.strings.to_hash_bucket_fast(texts, 1_000_003).numpy().tolist()
    assert node(tmp_path, program, json.dumps(texts)) == expected


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A converted model with onnxruntime-web beside it."""
    if not shutil.which("npm"):
        pytest.skip("NO npm (apt-get install npm): models are not run in JavaScript")
    folder = tmp_path_factory.mktemp("web") / NAME
    convert(zoo.load(SAVED), folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "onnxruntime-web"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        pytest.skip("NO registry that npm reaches: models are not run in JavaScript")
    if done.returncode:
        pytest.skip(f"NO onnxruntime-web: {done.stderr.strip().splitlines()[-1:]}")
    return folder


@needs_node
def test_any_text_has_the_same_answer_in_node(folder):
    shutil.copy(folder / "answer.js", folder / "answer.mjs")
    texts = [*TEXTS[NAME], *STRANGE]
    found = node(folder, _PROGRAM, json.dumps(texts))
    for text, ours, expected in zip(texts, found, zoo.load(SAVED).predict(texts), strict=True):
        assert ours["label"] == expected["label"], repr(text)
        assert ours["scores"] == pytest.approx(expected["scores"], abs=1e-4), repr(text)


@pytest.fixture
def address(folder):
    """A plain web server over the folder, which knows nothing of models."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_its_page_answers_as_one_types_with_no_server_behind_it(address):
    if not (path := installed()):
        pytest.skip("NO chromium (apt-get install chromium): the page is not tried in a browser")
    (expected,) = zoo.load(SAVED).predict(["three hours late, again"])
    with headless(path) as browser:
        tab, wrong = browser.new_page(), []
        tab.set_default_timeout(120_000)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on(
            "request",
            lambda asked: asked.url.startswith((address, "blob:", "data:")) or wrong.append(asked.url),
        )
        tab.goto(address)
        tab.locator("#answer strong", has_text="positive").wait_for()
        asked = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.get_by_label("A text").fill("three hours late, again")
        tab.locator("#answer strong", has_text=expected["label"]).wait_for()
        shares = [f"{100 * score:.0f} %" for score in expected["scores"].values()]
        assert tab.locator("#answer dd:last-of-type, #answer dd + dd").all_inner_texts() == shares
        assert not asked and not wrong
