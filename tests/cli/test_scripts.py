"""What programs read: objects on lines, standard input and output, scored rows in files."""

import io
import json
import sys

import pyarrow
import pytest
from pyarrow import parquet

import zoo
from zoo.cli.main import main


@pytest.fixture
def run(trained, tmp_path, monkeypatch, call):
    """Runs a command on the tiny model, whose name it takes after the command's; returns what was printed."""
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(trained / "saved_models"))

    def command(*arguments, code=0, standard_input=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(standard_input.encode())))
        return call(main, tmp_path, *arguments, code=code)

    return command


def objects(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_models_are_listed_as_objects(run):
    (tiny,) = [row for row in objects(run("list", "--json").out) if row["name"] == "tiny"]
    assert list(tiny) == ["name", "recipe", "mapping", "dataset", "test", "parameters", "megabytes", "path"]
    assert (tiny["recipe"], tiny["mapping"]) == ("sentiment", "classification")
    assert 0 <= tiny["test"]["accuracy"] <= 1


def test_a_model_says_of_itself_what_its_manifest_does(run):
    (about,) = objects(run("info", "tiny", "--json").out)
    assert about["labels"] == ["blame", "praise"]
    assert about["problem"] == ""
    assert about["files"]


def test_answers_are_objects_and_notes_are_elsewhere(run):
    result = run("predict", "tiny", "the soup was lovely", "so rude", "--json")
    first, second = objects(result.out)
    assert result.err == ""
    assert (first["text"], first["label"], second["label"]) == ("the soup was lovely", "praise", "blame")
    assert set(first["scores"]) == {"blame", "praise"}


@pytest.mark.parametrize(
    "given", ["the soup was lovely\nso rude\n", '{"text": "the soup was lovely"}\n{"text": "so rude"}\n']
)
def test_standard_input_and_output_are_pipes(run, given):
    lines = objects(run("predict", "tiny", "--input", "-", "--output", "-", standard_input=given).out)
    assert [line["label"] for line in lines] == ["praise", "blame"]
    assert [line["text"] for line in lines] == ["the soup was lovely", "so rude"]


def test_what_cannot_be_is_one_line(run, tmp_path):
    assert "standard input is empty" in run("predict", "tiny", "--input", "-", code=2).err
    assert "give one of them" in run("predict", "tiny", "x", "--json", "--output", "-", code=2).err
    assert (
        "ends in .csv, .tsv, .jsonl or .parquet" in run("evaluate", "tiny", "--output", "x.txt", code=2).err
    )
    assert "no such folder" in run("evaluate", "tiny", "--output", "no/x.csv", code=2).err
    assert not list(tmp_path.glob("x*"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["list", "--jsn"], "error: Unrecognized options: --jsn; perhaps you meant --json; see --help"),
        (
            ["--json", "list"],
            "error: Unrecognized or misplaced options: --json; flags follow their command; see --help",
        ),
    ],
)
def test_a_mistyped_or_misplaced_flag_is_one_short_line(run, arguments, told):
    assert run(*arguments, code=2).err.strip() == told


def test_parquet_goes_in_and_out(run, tmp_path):
    asked = pyarrow.table({"text": ["the soup was lovely", "so rude", ""]})
    parquet.write_table(asked, tmp_path / "in.parquet")
    said = run("predict", "tiny", "--input", "in.parquet", "--output", "out.parquet").out
    assert said == "out.parquet: 3 rows\n"
    found = parquet.read_table(tmp_path / "out.parquet")
    run("predict", "tiny", "--input", "in.parquet", "--output", "out.jsonl")
    assert found.to_pylist() == objects((tmp_path / "out.jsonl").read_text())
    assert found.schema.field("score").type == pyarrow.float64()
    (tmp_path / "in.parquet").write_bytes((tmp_path / "in.parquet").read_bytes()[:-20])
    refused = run("predict", "tiny", "--input", "in.parquet", "--output", "new.parquet", code=2).err
    assert "in.parquet: cannot be read as Parquet (" in refused
    assert len(refused.splitlines()) == 1
    assert not (tmp_path / "new.parquet").exists()


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_scored_rows_and_figures_are_for_programs_too(run, reviews, tmp_path, suffix):
    flags = ("--dataset", reviews, "--output", f"rows.{suffix}", "--json")
    result = run("evaluate", "tiny", *flags)
    (found,) = objects(result.out)
    assert list(found) == ["model", "dataset", "split", "rows", "figures", "baselines"]
    assert found["dataset"] == str(reviews)
    assert "accuracy" in result.err  # the table is for people
    if suffix == "csv":
        lines = (tmp_path / "rows.csv").read_text().splitlines()
        assert lines[0] == "text,truth,answer,score"
        assert len(lines) == 1 + found["rows"]
    else:
        file = tmp_path / f"rows.{suffix}"
        is_lines = suffix == "jsonl"
        rows = objects(file.read_text()) if is_lines else parquet.read_table(file).to_pylist()
        right = sum(row["truth"] == row["answer"] for row in rows) / len(rows)
        assert right == pytest.approx(found["figures"]["accuracy"])
        assert all(0.5 <= row["score"] <= 1 for row in rows)


def test_rows_that_are_done_are_counted(trained):
    model, done = zoo.load(trained / "saved_models/tiny"), []
    model.progress = done.append
    model.predict(["x"] * 1030)
    assert done == [512, 1024, 1030]


def test_a_batch_size_bounds_what_goes_through_together(trained):
    model, done = zoo.load(trained / "saved_models/tiny"), []
    texts = ["the soup was lovely", "so rude", "x"] * 3
    usual = model.predict(texts)
    model.progress = done.append
    assert [row["label"] for row in model.predict(texts, batch_size=4)] == [row["label"] for row in usual]
    assert done == [4, 8, 9]
    assert model.predict([], batch_size=4) == []
