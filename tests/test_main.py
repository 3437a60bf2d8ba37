import csv
import json
import time

import pytest
from tiny import run

ZOO = ("-m", "zoo")


def test_help_answers_in_half_a_second_and_names_every_command(tmp_path):
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        text = run(*ZOO, "--help", cwd=tmp_path).stdout
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 0.5
    for command in ("list", "info", "predict", "evaluate", "inspect", "bench"):
        assert command in text


def test_importing_the_zoo_imports_neither_tensorflow_nor_keras(tmp_path):
    program = "import sys, zoo, zoo.__main__; print({'tensorflow', 'keras', 'sklearn'} & set(sys.modules))"
    assert run("-c", program, cwd=tmp_path).stdout.strip() == "set()"


def test_list_shows_name_data_and_scores(trained):
    text = run(*ZOO, "list", cwd=trained, COLUMNS="200").stdout
    assert "tiny" in text
    assert "macro f1" in text


def test_info_shows_the_card_and_checks_the_files(trained):
    text = run(*ZOO, "info", "tiny", cwd=trained, COLUMNS="200").stdout
    assert "tf.saved_model.load" in text
    assert "as the manifest says" in text


def test_predict_prints_texts_with_labels(trained):
    text = run(*ZOO, "predict", "tiny", "the soup was lovely", "", cwd=trained, COLUMNS="150").stdout
    assert "praise" in text
    assert "blame" in text


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_predict_reads_and_writes_files(trained, tmp_path, suffix):
    (tmp_path / "in.txt").write_text('the "soup", was lovely\n\nour room felt rude today\n', encoding="utf-8")
    output = tmp_path / f"out{suffix}"
    run(*ZOO, "predict", "tiny", "--input", str(tmp_path / "in.txt"), "--output", str(output), cwd=trained)
    with output.open(encoding="utf-8", newline="") as file:
        if suffix == ".jsonl":
            rows = [json.loads(line) for line in file]
        else:
            rows = list(csv.DictReader(file, delimiter="\t" if suffix == ".tsv" else ","))
    assert [row["text"] for row in rows] == ['the "soup", was lovely', "", "our room felt rude today"]
    assert [rows[0]["label"], rows[2]["label"]] == ["praise", "blame"]
    again = tmp_path / f"again{suffix}"
    run(*ZOO, "predict", "tiny", "--input", str(output), "--output", str(again), cwd=trained)
    assert again.read_text() == output.read_text()


def test_evaluate_scores_every_row_of_a_file(trained, tmp_path):
    # Two of three right: one row of praise is called blame.
    rows = [
        "our soup felt lovely today,praise",
        "our soup felt stale today,blame",
        "our room felt rude today,praise",
    ]
    (tmp_path / "three.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    text = run(*ZOO, "evaluate", "tiny", "--dataset", str(tmp_path / "three.csv"), cwd=trained).stdout
    assert "0.6667" in text
    assert "TF-IDF" not in text
    assert "our room felt rude today" in text


def test_evaluate_repeats_the_training_scores_beside_the_baselines(trained):
    text = run(*ZOO, "evaluate", "tiny", cwd=trained, COLUMNS="120").stdout
    score = json.loads((trained / "saved_models/tiny/zoo.json").read_text())["metrics"]["test"]
    assert f"{score['macro_f1']:.4f}" in text
    assert "TF-IDF + logistic regression" in text


def test_inspect_draws_how_the_answer_grows(trained, tmp_path):
    picture = tmp_path / "reading.png"
    run(*ZOO, "inspect", "reading", "tiny", "the soup was lovely", "--output", str(picture), cwd=trained)
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["predikt"], "predict"),
        (["predict", "nope", "text"], "no saved model 'nope'; there are: "),
        (["predict", "tiny"], "--input FILE"),
        (["predict", "tiny", "--input", "missing.txt"], "missing.txt: no such file"),
        (["predict", "tiny", "--input", "empty.txt"], "empty.txt: the file is empty"),
        (["predict", "tiny", "--input", "latin.txt"], "line 2 is not UTF-8"),
        (["predict", "tiny", "--input", "nocolumn.csv"], "no column 'text'"),
        (["predict", "tiny", "text", "--output", "out.xml"], "--output out.xml"),
        (["predict", "tiny", "text", "--output", "nowhere/out.csv"], "no such folder"),
        (["evaluate", "tiny", "--dataset", "labels.csv"], "label 'x' is not one of tiny"),
        (["evaluate", "tiny", "--split", "dev"], "choose test, validation or train"),
        (["predict", "tiny", "--input", "header.csv"], "no rows"),
        (["predict", "./truncated", "hello"], "cannot be read"),
        (["inspect", "reading", "tiny", " "], "at least one word"),
        (["inspect", "reading", "tiny", "text", "--output", "x.doc"], ".png, .svg or .pdf"),
        (["inspect", "reading", "tiny", "text", "--output", "nowhere/x.png"], "cannot be written"),
        (["bench", "nothing"], "sentiment"),
        (["info", "./"], "not a SavedModel"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(trained, tmp_path, arguments, told):
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "latin.txt").write_bytes("fine\ncafé\n".encode("latin-1"))
    (tmp_path / "nocolumn.csv").write_text("words\nhello\n")
    (tmp_path / "header.csv").write_text("text\n")
    (tmp_path / "truncated").mkdir()
    (tmp_path / "truncated/saved_model.pb").write_bytes(b"not a graph")
    (tmp_path / "labels.csv").write_text(
        "text,label\n" + "".join(f"text {i},{'xy'[i % 2]}\n" for i in range(60))
    )
    environment = {"ZOO_SAVED_MODELS": str(trained / "saved_models")}
    before = sorted(tmp_path.iterdir())
    result = run(*ZOO, *arguments, cwd=tmp_path, code=2, **environment)
    (line,) = result.stderr.strip().splitlines()
    assert told in line
    assert sorted(tmp_path.iterdir()) == before
