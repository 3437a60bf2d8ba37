import csv
import json
import shutil

import pytest
import tensorflow as tf
from tiny import assert_refused, run

from zoo import __main__, models

ZOO = ("-m", "zoo")


class Shouter(tf.Module):
    """Stands for a translation model: its foreign language is capitals, of three words at most."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def translate(self, text):
        found = self.show_attention(text)
        return {name: found[name] for name in ("translation", "score", "finished", "truncated")}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def translate_n_best(self, text):
        best = self.translate(text)
        return {
            "translations": tf.stack([best["translation"], text], axis=1),
            "scores": tf.stack([best["score"], best["score"] - 1.0], axis=1),
            "finished": tf.stack([best["finished"]] * 2, axis=1),
            "truncated": best["truncated"],
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def show_attention(self, text):
        words = tf.strings.split(text)
        source = words[:, :3].with_values(" " + words[:, :3].values)
        target = tf.strings.upper(source.to_tensor())
        return {
            "translation": tf.strings.strip(tf.strings.reduce_join(target, axis=1)),
            "score": -tf.cast(words.row_lengths(), tf.float32),
            "finished": ~tf.strings.regex_full_match(text, ".*!"),
            "truncated": words.row_lengths() > 3,
            "source_tokens": source.to_tensor(),
            "target_tokens": target,
            "attention": tf.eye(tf.shape(target)[1], batch_shape=[tf.size(text)]),
        }


@pytest.fixture(scope="module")
def shouter(tmp_path_factory):
    """A folder with the saved models `shouter`, and `deaf`, which shows no attention."""
    folder = tmp_path_factory.mktemp("shouter")
    module = Shouter()
    signatures = {"serving_default": module.translate, "beam": module.translate_n_best}
    for name, more in (("shouter", {"attention": module.show_attention}), ("deaf", {})):
        path = folder / "saved_models" / name
        tf.saved_model.save(module, str(path), signatures={**signatures, **more})
        manifest = {"mapping": "translation", "config": {"max_pieces": 3}, "files": models.hashes(path)}
        (path / "zoo.json").write_text(json.dumps(manifest))
    return folder


def test_help_names_every_command_and_imports_nothing_that_takes_long(tmp_path):
    program = """
import runpy, sys
sys.argv = ["zoo", "--help"]
try:
    runpy.run_module("zoo", run_name="__main__", alter_sys=True)
finally:
    print("SLOW", sorted({"tensorflow", "keras", "sklearn", "matplotlib"} & set(sys.modules)))
"""
    text = run("-c", program, cwd=tmp_path).stdout
    assert "SLOW []" in text
    for command in ("list", "info", "predict", "evaluate", "inspect", "bench"):
        assert command in text


def test_importing_the_zoo_imports_neither_tensorflow_nor_keras(tmp_path):
    slow = "{'tensorflow', 'keras', 'sklearn', 'numpy', 'zoo.tasks'}"
    program = f"import sys, zoo, zoo.__main__; print({slow} & set(sys.modules))"
    assert run("-c", program, cwd=tmp_path).stdout.strip() == "set()"


def test_list_shows_name_data_and_scores(trained, call):
    text = call(__main__.main, trained, "list").out
    assert "tiny" in text
    assert "macro-F1" in text


def test_info_shows_the_card_and_checks_the_files(trained, call):
    text = call(__main__.main, trained, "info", "tiny").out
    assert "tf.saved_model.load" in text
    assert "as the manifest says" in text


def test_predict_prints_texts_with_labels(trained):
    # As people call it, in a process of its own.
    text = run(*ZOO, "predict", "tiny", "the soup was lovely", "", cwd=trained, COLUMNS="150").stdout
    assert "praise" in text
    assert "blame" in text


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_predict_reads_and_writes_files(trained, tmp_path, suffix, call):
    (tmp_path / "in.txt").write_text('the "soup", was lovely\n\nour room felt rude today\n', encoding="utf-8")
    output = tmp_path / f"out{suffix}"
    call(__main__.main, trained, "predict", "tiny", "--input", tmp_path / "in.txt", "--output", output)
    with output.open(encoding="utf-8", newline="") as file:
        if suffix == ".jsonl":
            rows = [json.loads(line) for line in file]
        else:
            rows = list(csv.DictReader(file, delimiter="\t" if suffix == ".tsv" else ","))
    assert [row["text"] for row in rows] == ['the "soup", was lovely', "", "our room felt rude today"]
    assert [rows[0]["label"], rows[2]["label"]] == ["praise", "blame"]
    again = tmp_path / f"again{suffix}"
    call(__main__.main, trained, "predict", "tiny", "--input", output, "--output", again)
    assert again.read_text() == output.read_text()


def test_only_generators_have_a_cache(trained, call):
    said = call(__main__.main, trained, "evaluate", "tiny", "--cache", "9", code=2)
    assert "--cache is for generators" in said.err and "Scores" not in said.out


def test_evaluate_scores_every_row_of_a_file(trained, tmp_path, call):
    # Two of three right: one row of praise is called blame.
    rows = [
        "our soup felt lovely today,praise",
        "our soup felt stale today,blame",
        "our room felt rude today,praise",
    ]
    (tmp_path / "three.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    text = call(__main__.main, trained, "evaluate", "tiny", "--dataset", tmp_path / "three.csv").out
    assert "0.6667" in text
    assert "TF-IDF" not in text
    assert "our room felt rude today" in text


def test_evaluate_repeats_the_training_scores_beside_the_baselines(trained, call):
    text = call(__main__.main, trained, "evaluate", "tiny").out
    score = json.loads((trained / "saved_models/tiny/zoo.json").read_text())["metrics"]["test"]
    assert f"{score['macro_f1']:.4f}" in text
    assert "TF-IDF + logistic regression" in text


def test_a_score_on_a_set_that_a_model_never_saw_is_recorded(trained, tmp_path, call):
    folder = tmp_path / "saved_models/tiny"
    shutil.copytree(trained / "saved_models/tiny", folder)
    before = json.loads((folder / "zoo.json").read_text())
    record = (__main__.main, tmp_path, "evaluate", "tiny", "--record", "--dataset")
    for label, accuracy in (("blame", "0.5000"), ("praise", "1.0000")):  # the second one replaces the first
        rows = f"our soup felt lovely today,praise\nour soup felt lovely today,{label}\n"
        (tmp_path / "two.csv").write_text(f"text,label\n{rows}")
        call(*record, "two.csv")
        (row,) = [line for line in (folder / "README.md").read_text().splitlines() if "`two.csv`" in line]
        assert row.startswith(f"| `two.csv` | 2 | {accuracy} |")
    after = json.loads((folder / "zoo.json").read_text())
    assert after.pop("elsewhere")["two.csv"]["accuracy"] == 1
    assert after == before
    assert "as the manifest says" in call(__main__.main, tmp_path, "info", "tiny").out
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]
    assert_refused(call, __main__.main, tmp_path, [*record[2:], before["dataset"]["name"]], "was trained on")


def test_inspect_draws_how_the_answer_grows(trained, tmp_path, call):
    picture = tmp_path / "reading.png"
    call(__main__.main, trained, "inspect", "reading", "tiny", "the soup was lovely", "--output", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_inspect_without_output_names_the_picture_after_what_it_shows(shouter, tmp_path, call, monkeypatch):
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(shouter / "saved_models"))
    output = call(__main__.main, tmp_path, "inspect", "attention", "shouter", "we like old trains").out
    assert output.splitlines() == [
        "WE LIKE OLD",
        "(only the first 3 pieces were read)",
        "",
        "WE    we 1.00",
        "LIKE  like 1.00",
        "OLD   old 1.00",
        "",
        "attention.png",
    ]
    assert (tmp_path / "attention.png").read_bytes().startswith(b"\x89PNG")


def test_predict_prints_one_translation_a_line_in_a_pipe(shouter, call):
    output = call(__main__.main, shouter, "predict", "shouter", "oh no", "", "a b c d", "oh!")
    assert output.out == "OH NO\n\nA B C\nOH!\n"
    assert output.err.splitlines() == [
        "note: text 3: only the first 3 pieces were read",
        "note: text 4: stopped at the length limit",
    ]


def test_a_model_that_does_not_say_how_sure_it_is_marks_nothing(shouter, call):
    said = call(__main__.main, shouter, "predict", "shouter", "oh", "--min-confidence", "0.7", code=2).err
    assert "does not say how sure it is of each answer; leave it out" in said


def test_predict_runs_the_signature_that_is_asked_for(shouter, tmp_path, call):
    arguments = ("predict", "shouter", "oh no", "a b c d", "--signature", "beam")
    assert call(__main__.main, shouter, *arguments).out == (
        "OH NO\t-2.0000\noh no\t-3.0000\n\nA B C\t-4.0000\na b c d\t-5.0000\n"
    )
    output = tmp_path / "out.csv"
    said = call(__main__.main, shouter, *arguments, "--output", output)
    assert "2 rows" in said.out
    assert said.err == "note: text 2: only the first 3 pieces were read\n"
    assert output.read_text().splitlines()[1:] == [
        "oh no,1,OH NO,-2.0,True,False",
        "oh no,2,oh no,-3.0,True,False",
        "a b c d,1,A B C,-4.0,True,True",
        "a b c d,2,a b c d,-5.0,True,True",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["predict", "shouter", "oh", "--signature", "bean"], "there are: attention, beam, serving_default"),
        (["inspect", "attention", "shouter", " "], "the text is empty; give at least one word"),
        (["inspect", "attention", "shouter", "oh", "--output", "x.doc"], ".png, .svg or .pdf"),
        (
            ["inspect", "attention", "deaf", "oh"],
            "deaf: has no signature attention; choose a translation model",
        ),
        (["inspect", "reading", "shouter", "oh"], "choose a classifier"),
    ],
)
def test_what_a_translator_cannot_do_is_one_line(shouter, call, arguments, told):
    before = sorted(shouter.iterdir())
    (line,) = call(__main__.main, shouter, *arguments, code=2).err.strip().splitlines()
    assert told in line
    assert sorted(shouter.iterdir()) == before


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
        (
            ["bench", "tagging", "--model", "tiny"],
            "--model is for translation, captioning, generation, edge and",
        ),
        (["bench", "gpu"], "TensorFlow sees no GPU here"),
        (["bench", "tagging", "--output", "x.csv"], "--output is for training and gpu"),
        (["bench", "translation", "--model", "tiny"], "tiny: is of the recipe sentiment; choose one of"),
        (["info", "./"], "not a SavedModel"),
        (["predict", "tiny", "text", "--top-k", "3"], "--top-k: is for generators; leave it out"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(trained, tmp_path, arguments, told, call, monkeypatch):
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "latin.txt").write_bytes("fine\ncafé\n".encode("latin-1"))
    (tmp_path / "nocolumn.csv").write_text("words\nhello\n")
    (tmp_path / "header.csv").write_text("text\n")
    (tmp_path / "truncated").mkdir()
    (tmp_path / "truncated/saved_model.pb").write_bytes(b"not a graph")
    (tmp_path / "labels.csv").write_text(
        "text,label\n" + "".join(f"text {i},{'xy'[i % 2]}\n" for i in range(60))
    )
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(trained / "saved_models"))
    assert_refused(call, __main__.main, tmp_path, arguments, told)
