"""Converted models answer as the saved ones do, on a machine that has neither TensorFlow nor the zoo."""

import json
import sys

import pytest
from converted import SAVED_MODELS, asked, converted
from strange_texts import STRANGE, TEXTS

import zoo
from zoo import __main__
from zoo.edge import convert, runtime
from zoo.errors import ZooError

LITERT = ("sentiment_tweets", "tagging_conll2003", "translation_cldr_en_fr")
KINDS = [*((name, "onnx") for name in TEXTS), *((name, "litert") for name in LITERT)]


@pytest.fixture(scope="module", params=KINDS, ids=" ".join)
def both(request, tmp_path_factory):
    """A saved model, and the converted one."""
    name, to = request.param
    model, folder, _ = converted(name, tmp_path_factory, to)
    return model, folder


def comparable(row):
    """Returns what must be equal of an answer, and the numbers that must be near."""
    if "label" in row:
        return (row["label"], list(row["scores"])), list(row["scores"].values())
    if "translation" in row:
        return (row["translation"], row["finished"], row["truncated"]), [row["score"]]
    tokens = row["tokens"]
    same = [tuple(token[name] for name in ("token", "tag", "start", "end")) for token in tokens]
    return same, [token["score"] for token in tokens]


def confidences(row) -> list[float]:
    """Returns how sure a tagger is of each span: of a saved one's, or of what a converted one's spans are."""
    if "spans" in row:
        return [span["confidence"] for span in row["spans"] if "confidence" in span]
    tokens = (token for token in row.get("tokens", ()) if "confidence" in token)
    return [token["confidence"] for token in tokens if token["tag"].startswith("B-")]


def test_any_text_has_the_same_answer(both):
    model, folder = both
    texts = [*TEXTS[model.name], *STRANGE]
    converted = runtime.load(folder)
    saved = model.predict(texts, "greedy" if model.manifest.mapping == "translation" else "")
    for text, expected in zip(texts, saved, strict=True):
        answer = converted.answer(text)
        same, numbers = comparable(expected)
        found, others = comparable(answer)
        assert found == same, repr(text)
        assert others == pytest.approx(numbers, abs=1e-4), repr(text)
        if sure := confidences(expected):  # which exports of before do not say
            assert confidences(answer) == pytest.approx(sure, abs=1e-4), repr(text)


def test_it_runs_where_there_is_neither_tensorflow_nor_the_zoo(both):
    model, folder = both
    text = TEXTS[model.name][0]
    (row,) = asked(folder, text)
    same, numbers = comparable(runtime.load(folder).answer(text))
    found, others = comparable(row)
    assert found == same and others == pytest.approx(numbers, abs=1e-5)


def test_bytes_that_are_no_utf_8_are_read_as_the_saved_model_reads_them(both):
    model, folder = both
    texts = [b"a\xff\xc3b \xe2\x82", b"\xed\xa0\x80", b"\xf0\x80\x80x", b"\xf4\x90\x80\x80", b"x\xc0\xaf"]
    saved = model.predict(texts, "greedy" if model.manifest.mapping == "translation" else "")
    converted = runtime.load(folder)
    for text, expected in zip(texts, saved, strict=True):
        assert comparable(converted.answer(text))[0] == comparable(expected)[0], text


def test_a_folder_that_holds_none_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m zoo convert NAME"):
        runtime.load(tmp_path)


# The command ----------------------------------------------------------------------------------------------


def test_the_command_writes_a_folder_and_says_how_to_use_it(tmp_path, call):
    name = str(SAVED_MODELS / "tagging_python")
    said = call(__main__.main, tmp_path, "convert", name, "--int8")
    assert "ask.py" in said.out and "MB (the SavedModel has" in said.out
    folder = tmp_path / "tagging_python-onnx-int8"
    whole = json.loads((folder / "model.json").read_text())
    assert whole["int8"] and (folder / "zoo_edge/answering.py").exists()
    tags = [token["tag"] for token in runtime.load(folder).answer("def f(x):\n    return x\n")["tokens"]]
    assert tags[:2] == ["keyword", "function"]
    # A second time in its place; but nothing else is replaced, nor lost.
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("of an afternoon")
    (folder / "mine.txt").write_text("of a day")
    call(__main__.main, tmp_path, "convert", name, "--output", str(folder), "--to", "litert")
    assert not json.loads((folder / "model.json").read_text())["int8"]
    assert (folder / "core.tflite").exists() and not (folder / "core.onnx").exists()
    assert (folder / "mine.txt").read_text() == "of a day"
    assert (folder / "mine" / "notes.txt").read_text() == "of an afternoon"
    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.txt").write_text("years")
    said = call(__main__.main, tmp_path, "convert", name, "--output", str(other), code=2)
    assert "choose another --output" in said.err and (other / "thesis.txt").exists()


def test_eight_bits_are_enough_for_nearly_the_same_answers_in_a_third_of_the_size(tmp_path):
    model = zoo.load(str(SAVED_MODELS / "sentiment_tweets"))
    for to in ("onnx", "litert"):
        sizes = {}
        for int8 in (False, True):
            convert(model, tmp_path / to, to, int8)
            sizes[int8] = sum(file.stat().st_size for file in (tmp_path / to).glob("core.*"))
        assert sizes[True] < 0.35 * sizes[False]
        converted = runtime.load(tmp_path / to)
        texts = TEXTS["sentiment_tweets"]
        for text, expected in zip(texts, model.predict(texts), strict=True):
            assert converted.answer(text)["scores"] == pytest.approx(expected["scores"], abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("captioning_emoji",),
            "classification, tagging, translation, recognition, series, transcription, text",
        ),
        (("nothing",), "nothing"),
        (("tagging_python", "--to", "paper"), "onnx"),
    ],
)
def test_what_cannot_be_converted_is_said_in_a_line(tmp_path, call, arguments, said):
    name = str(SAVED_MODELS / arguments[0]) if (SAVED_MODELS / arguments[0]).exists() else arguments[0]
    assert said in call(__main__.main, tmp_path, "convert", name, *arguments[1:], code=2).err
    assert not list(tmp_path.iterdir())


def test_without_the_extra_the_mend_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ZooError, match=r"pip install .*edge"):
        convert(zoo.load(str(SAVED_MODELS / "tagging_python")), tmp_path / "x")
    assert not list(tmp_path.iterdir())
