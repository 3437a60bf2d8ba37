"""Models within pipelines of Apache Beam, as many processes of one machine run them."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from zoo import __main__

SAVED = str(Path(__file__).parents[1] / "saved_models/sentiment_tweets")
needs_beam = pytest.mark.skipif(
    importlib.util.find_spec("apache_beam") is None,
    reason="NO apache-beam (pip install '.[beam]', in an environment of its own): pipelines are not run",
)


def rows_of(folder: Path, name: str) -> list[dict]:
    """Returns the rows of written files, which have no order."""
    files = folder.glob(f"{name}-[0-9]*-of-*.jsonl")
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


@needs_beam
@pytest.mark.parametrize("options", ["", "--direct_num_workers=2 --direct_running_mode=multi_threading"])
def test_every_row_is_answered_once_as_predict_answers_it(tmp_path, call, options):
    texts = [
        "what a lovely day",
        "three hours late, again",
        "",
        "Ünïcode ☀",
        *(f"number {i}" for i in range(300)),
    ]
    for part in range(3):
        lines = (json.dumps({"text": text, "id": i}) for i, text in enumerate(texts) if i % 3 == part)
        (tmp_path / f"in-{part}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    flags = ("--input", f"{tmp_path}/in-*.jsonl", "--output", f"{tmp_path}/out", "--runner", "DirectRunner")
    (tmp_path / "out-00007-of-00009.jsonl").write_text('{"id": -1}\n')  # of a run before, in more files
    for _ in range(2):  # a second run writes the same anew
        call(__main__.main, tmp_path, "predict", SAVED, *flags, f"--runner-options={options}")
    found = sorted(rows_of(tmp_path, "out"), key=lambda row: row["id"])
    assert [(row["id"], row["text"]) for row in found] == list(enumerate(texts))
    for row, expected in zip(found, zoo.load(SAVED).predict(texts), strict=True):
        assert row["label"] == expected["label"]
        assert row["scores"] == pytest.approx(expected["scores"], abs=1e-5)
    assert rows_of(tmp_path, "out-refused") == []


@needs_beam
def test_a_row_that_fails_is_written_beside_with_its_reason_and_spoils_no_other(tmp_path, call, monkeypatch):
    from zoo import beam
    from zoo.errors import ZooError

    lines = ['{"text": "fine", "id": 1}', "no json", '{"text": 3}', '{"text": "poison", "id": 2}', "[1]"]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    asked = []

    class Model:
        def predict(self, texts, signature, **settings):
            asked.append(texts)
            if "poison" in texts:
                raise ZooError("it is poison")
            return [{"label": text} for text in texts]

    monkeypatch.setattr(beam.zoo, "load", lambda name: Model())
    beam.predict_files(SAVED, f"{tmp_path}/*.jsonl", f"{tmp_path}/out")
    assert rows_of(tmp_path, "out") == [{"id": 1, "label": "fine", "text": "fine"}]
    refused = rows_of(tmp_path, "out-refused")
    assert {"id": 2, "text": "poison", "error": "it is poison"} in refused and len(refused) == 4
    assert {row["line"] for row in refused if "line" in row} == {lines[1], lines[2], lines[4]}
    many = [str(i) for i in range(64)] + ["poison"]
    asked.clear()
    results = list(beam.Predict(SAVED).run_inference(many, Model()))
    assert [result.inference.get("label") for result in results] == [*many[:-1], None]
    assert len(asked) < 20  # halves, not one by one


@needs_beam
def test_bytes_and_strings_that_are_no_text_stop_nothing_and_a_row_s_own_fields_stay(tmp_path):
    from zoo import beam

    lines = [b'{"text": "a\\ud83d"}', b'{"text": "a\xff", "label": "mine"}', b"[" * 100_000]
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    beam.predict_files(SAVED, f"{tmp_path}/in.jsonl", f"{tmp_path}/out")
    (row,) = rows_of(tmp_path, "out")
    assert (row["text"], row["label"]) == ("a\ufffd", "mine")
    assert row["model_label"] == zoo.load(SAVED).predict(["a\ufffd"])[0]["label"]
    assert len(rows_of(tmp_path, "out-refused")) == 2


@needs_beam
@pytest.mark.parametrize(
    ("model", "flags", "said"),
    [
        (SAVED, ("--input", "none-*.txt"), "no such file"),
        (SAVED, ("--input", "in.csv"), "must end with .jsonl"),
        (SAVED, ("--input", "in.txt", "--signature", "beam"), "no signature 'beam'"),
        (SAVED, ("--input", "in.txt", "--temperature", "0.5"), "temperature"),
        (SAVED.replace("sentiment_tweets", "captioning_emoji"), ("--input", "in.txt"), "reads pictures"),
        ("nothing", ("--input", "in.txt"), "nothing"),
        (SAVED, ("--input", "out-0-of-1.jsonl"), "would be replaced"),
    ],
)
def test_what_cannot_be_is_said_before_a_pipeline_is_built(tmp_path, call, monkeypatch, model, flags, said):
    monkeypatch.chdir(tmp_path)
    for name in ("in.txt", "in.csv", "out-0-of-1.jsonl"):
        (tmp_path / name).write_text('{"text": "a"}\n')
    command = ("predict", model, *flags, "--output", "out", "--runner", "DirectRunner")
    assert said in call(__main__.main, tmp_path, *command, code=2).err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "in.txt", "out-0-of-1.jsonl"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--runner", "DirectRunner"), "needs --input"),
        (("--runner-options=--x=1", "--input", "a.txt"), "give both, or neither"),
        (
            ("--runner", "DirectRunner", "--input", "a.txt", "--output", "o", "--json"),
            "--json is not for --runner",
        ),
    ],
)
def test_flags_that_do_not_go_together(tmp_path, call, flags, said):
    assert said in call(__main__.main, tmp_path, "predict", SAVED, *flags, code=2).err


def test_without_the_extra_the_mend_is_named(tmp_path):
    program = (
        "import sys; sys.modules['apache_beam'] = None\n"
        "from zoo import __main__; sys.argv[0] = 'zoo'; __main__.main()"
    )
    flags = ["predict", SAVED, "--input", "a.txt", "--output", "o", "--runner", "DirectRunner"]
    done = subprocess.run(
        [sys.executable, "-c", program, *flags], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2 and "pip install 'sequence-zoo[beam]'" in done.stderr
