"""What the command line and `zoo.load` do with a captioning model."""

import csv
import dataclasses
import json
import re
from pathlib import Path

import pytest
import tensorflow as tf
from PIL import Image
from tiny import run

import zoo
from zoo import __main__, images, metrics
from zoo.cli import evaluate as evaluation
from zoo.data import Examples, Part
from zoo.data import load as load_data
from zoo.data.own import picture_files
from zoo.tasks import captioning

PLACES = ("top left", "top right", "bottom left", "bottom right")


class Namer(tf.Module):
    """Stands for a captioning model: it measures the squares of tests/tiny.py, and sees all others so too."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def caption(self, image):
        found = self.show_attention(image)
        return {name: found[name] for name in ("caption", "score", "valid")}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def caption_n_best(self, image):
        best = self.caption(image)
        second = tf.where(best["valid"], "a square", "")
        return {
            "captions": tf.stack([best["caption"], second], axis=1),
            "scores": tf.stack([best["score"], 2.0 * best["score"]], axis=1),
            "valid": best["valid"],
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def show_attention(self, image):
        pixels, valid = images.read(image, 32)
        pixels = tf.cast(pixels, tf.float32)
        colour = tf.argmax(tf.reduce_sum(pixels, [1, 2]), axis=1)
        quarters = tf.reshape(-tf.reduce_min(pixels, axis=3), [-1, 2, 16, 2, 16])
        place = tf.argmax(tf.reshape(tf.reduce_sum(quarters, [2, 4]), [-1, 4]), axis=1)
        colour, corner = tf.gather(["red", "green", "blue"], colour), tf.gather(PLACES, place)
        there = tf.reshape(tf.one_hot(place, 4), [-1, 1, 2, 2])
        even = tf.fill(tf.shape(there), 0.25)
        words = tf.strings.split(corner, " ").to_tensor(shape=[None, 2])
        tokens = [colour, tf.fill(tf.shape(colour), "squ"), tf.fill(tf.shape(colour), "are"), words[:, 0]]
        tokens = tf.stack([tokens[0], tokens[1], tokens[2], tokens[3], words[:, 1]], axis=1)
        tokens = tf.constant([" ", " ", "", " ", " "]) + tokens
        caption = tf.strings.join([colour, " square at the ", corner])
        return {
            "caption": tf.where(valid, caption, ""),
            "score": tf.where(valid, -1.0, 0.0),
            "valid": valid,
            "tokens": tf.where(valid[:, None], tokens, ""),
            "attention": tf.concat([there, there, even, even, even], axis=1),
        }


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with the saved models `namer`, and `blind`, which shows no attention."""
    folder = tmp_path_factory.mktemp("models")
    module = Namer()
    signatures = {"serving_default": module.caption, "beam": module.caption_n_best}
    for name, more in (("namer", {"attention": module.show_attention}), ("blind", {})):
        tf.saved_model.save(module, str(folder / name), signatures={**signatures, **more})
        dataset = {"name": "squares", "version": ""}
        scores = {"n": 12, "exact_match": 0.5, "bleu_4": 40.0, "bleu_1": 70.0, "bleu_2": 60.0, "bleu_3": 50.0,
                  "cider": 99.0, "rouge_l": 71.5, "word_accuracy": 0.25}  # fmt: skip
        manifest = {"mapping": "captioning", "dataset": dataset, "config": {}, "metrics": {"test": scores},
                    "baselines": {}, "files": zoo.models.hashes(folder / name)}  # fmt: skip
        (folder / name / "zoo.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def namer(models):
    """The model, loaded."""
    return zoo.load(models / "namer")


@pytest.fixture
def album(squares, tmp_path, models, namer, monkeypatch):
    """A folder with two pictures, a damaged one, and no picture; models are found from everywhere."""
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(models))
    # Loading it anew takes longer than most of what is tested here.
    load = zoo.models.Model
    monkeypatch.setattr(zoo.models, "Model", lambda saved: namer if saved.name == "namer" else load(saved))
    for name, number in (("red.png", "00"), ("blue.png", "44")):
        (tmp_path / name).write_bytes((squares / f"{number}.png").read_bytes())
    (tmp_path / "cut.png").write_bytes((squares / "00.png").read_bytes()[:60])
    (tmp_path / "text.png").write_text("not a picture")
    return tmp_path


RED, BLUE = "red square at the top left", "blue square at the bottom right"
CUT, TEXT = "cut.png is damaged or cut off", "text.png is no JPEG, PNG, GIF, BMP or WebP picture"


def test_one_picture_gives_one_line_in_a_pipe(album, call):
    assert call(__main__.main, album, "predict", "namer", "red.png").out == f"{RED}\n"


def test_of_several_pictures_each_has_its_path_and_a_broken_one_a_note(album, call):
    output = call(__main__.main, album, "predict", "namer", "blue.png", "cut.png", "red.png", "text.png")
    assert output.out == f"blue.png\t{BLUE}\ncut.png\t\nred.png\t{RED}\ntext.png\t\n"
    assert output.err.splitlines() == [f"note: {CUT}", f"note: {TEXT}"]


def test_a_webp_reaches_a_model_as_png(album, namer):
    with Image.open(album / "red.png") as image:
        image.save(album / "red.webp", lossless=True)
    cut = (album / "red.webp").read_bytes()[:40]
    found = namer.predict([album / "red.webp", (album / "red.webp").read_bytes(), cut])
    assert [row["caption"] for row in found] == [RED, RED, ""]
    assert picture_files.contents(album / "red.webp").startswith(b"\x89PNG")
    assert picture_files.contents(cut) == cut


def test_a_process_of_its_own_captions_a_folder(album, models):
    (album / "text.png").unlink()
    result = run("-m", "zoo", "predict", "namer", str(album), cwd=models, ZOO_SAVED_MODELS=str(models))
    assert result.stdout == f"{album}/blue.png\t{BLUE}\n{album}/cut.png\t\n{album}/red.png\t{RED}\n"
    assert result.stderr == f"note: {album}/{CUT}\n"


def test_the_beam_gives_several_captions_and_a_broken_picture_one_empty_line(album, call):
    arguments = ("predict", "namer", "red.png", "cut.png", "--signature", "beam")
    output = call(__main__.main, album, *arguments).out
    assert output == f"red.png\t{RED}\t-1.0000\nred.png\ta square\t-2.0000\n\ncut.png\t\t\n"
    call(__main__.main, album, *arguments, "--output", "out.csv")
    assert (album / "out.csv").read_text().splitlines() == [
        "image,rank,caption,score,valid",
        f"red.png,1,{RED},-1.0,True",
        "red.png,2,a square,-2.0,True",
        "cut.png,1,,0.0,False",
    ]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_files_are_read_and_written_with_paths_as_they_were_given(album, call, suffix):
    (album / "list.txt").write_text("blue.png\n\ncut.png\n")
    output = album / f"out{suffix}"
    (album / "elsewhere").mkdir()
    arguments = ("--input", album / "list.txt", "--output", output)
    said = call(__main__.main, album / "elsewhere", "predict", "namer", *arguments)
    assert (said.out, said.err) == (f"{output}: 2 rows\n", f"note: {CUT}\n")
    with output.open(newline="") as file:
        if suffix == ".jsonl":
            rows = [json.loads(line) for line in file]
        else:
            rows = list(csv.DictReader(file, delimiter="\t" if suffix == ".tsv" else ","))
    assert [list(row) for row in rows] == [["image", "caption", "score", "valid"]] * 2
    assert [(row["image"], row["caption"]) for row in rows] == [("blue.png", BLUE), ("cut.png", "")]
    again = album / f"again{suffix}"
    call(__main__.main, album, "predict", "namer", "--input", output, "--output", again)
    assert again.read_text() == output.read_text()


def test_the_picture_of_the_answers_says_why_there_is_none(album, call):
    call(__main__.main, album, "predict", "namer", "red.png", "cut.png", "--output", "out.svg")
    svg = (album / "out.svg").read_text()
    said = " ".join(re.findall(r"<text[^>]*>(.*?)</text>", svg))
    assert said == f"{RED} {CUT}"
    assert svg.count("<image") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["predict", "namer", "red.png", "none.png"], "none.png: no such file"),
        (["predict", "namer", "a lovely day"], "a lovely day: no such file; give the path of a picture"),
        (["predict", "namer"], "python -m zoo predict NAME"),
        (["predict", "namer", "cut.png", "--output", "x.csv"], f"{CUT}; give pictures in JPEG, PNG"),
        (["predict", "namer", "cut.png", "text.png"], f"{CUT}, and 1 more cannot be read; give"),
        (["predict", "namer", "--input", "list.csv"], "no column 'image'"),
        (
            ["predict", "namer", "red.png", "--signature", "bean"],
            "there are: attention, beam, serving_default",
        ),
        (["inspect", "attention", "namer", "none.png"], "none.png: no such file"),
        (["inspect", "attention", "namer", "cut.png"], f"{CUT}; give pictures in JPEG"),
        (["inspect", "attention", "blind", "red.png"], "blind: has no signature attention; choose a caption"),
        (["inspect", "attention", "namer", "red.png", "--output", "x.doc"], ".png, .svg or .pdf"),
        (["inspect", "reading", "namer", "red.png"], "namer: reads no text; choose a classifier"),
        (["evaluate", "namer", "--dataset", "list.csv"], "no column 'image' and 'caption'"),
        (["evaluate", "namer", "--dataset", "cut.csv"], f"cut.csv: {CUT}; replace it or remove its rows"),
        (["evaluate", "namer", "--dataset", "red.png"], "red.png: unknown kind of file"),
        (["evaluate", "namer", "--dataset", "emoji", "--split", "dev"], "choose test, test_backgrounds"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(album, call, arguments, told):
    (album / "list.csv").write_text("picture\nred.png\n")
    (album / "cut.csv").write_text("image,caption\nred.png,a square\ncut.png,a square\n")
    before = sorted(album.iterdir())
    (line,) = call(__main__.main, album, *arguments, code=2).err.strip().splitlines()
    assert told in line
    assert sorted(album.iterdir()) == before


def test_python_takes_bytes_and_paths_and_reads_a_few_at_a_time(album, namer, monkeypatch):
    red, blue = album / "red.png", album / "blue.png"
    given = [red, blue.read_bytes(), b"", album / "text.png", red]
    found = namer.predict(given)
    assert found[:2] == [
        {"caption": RED, "score": -1.0, "valid": True},
        {"caption": BLUE, "score": -1.0, "valid": True},
    ]
    assert [row["caption"] for row in found] == [RED, BLUE, "", "", RED]
    assert [row["valid"] for row in found] == [True, True, False, False, True]
    assert namer.predict([]) == []

    reads = []
    monkeypatch.setattr(captioning, "_PICTURES", 2)
    monkeypatch.setattr(picture_files, "read", lambda path: reads.append(path) or path.read_bytes())
    original = captioning.Captioning.answers
    monkeypatch.setattr(
        captioning.Captioning, "answers", lambda *some: reads.append(len(some[2])) or original(*some)
    )
    assert namer.predict(given) == found
    assert reads == [red, 2, album / "text.png", 2, red, 1]


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        (
            ["photo.jpg"],
            r"'photo.jpg' is none: give the file as pathlib.Path\(\"photo.jpg\"\), or its bytes$",
        ),
        ([b"", 3], "3 is none"),
        ([b"", Path("none.jpg")], "^none.jpg: no such file"),
        ([Path()], "is a folder"),
        (Path("none.jpg"), "put the one you have in a list"),
    ],
)
def test_python_is_told_what_is_no_picture_before_the_model_runs(namer, inputs, told):
    with pytest.raises(zoo.ZooError, match=told):
        namer.predict(inputs)


def test_beam_and_attention_are_lists_without_padding(namer, squares):
    found, none = namer.predict([squares / "00.png", b""], "beam")
    both = [{"caption": RED, "score": -1.0}, {"caption": "a square", "score": -2.0}]
    assert found == {"captions": both, "valid": True}
    assert none == {"captions": [{"caption": "", "score": 0.0}], "valid": False}
    found, none = namer.predict([squares / "00.png", b""], "attention")
    assert found["tokens"] == [" red", " squ", "are", " top", " left"]
    assert found["attention"][0] == [[1, 0], [0, 0]]
    assert (none["tokens"], none["attention"]) == ([], [])


def test_all_rows_of_a_table_are_scored_from_the_files_themselves(album, call):
    (album / "six.csv").write_text(
        f"image,caption\nred.png,{RED}\nred.png,a red thing\nblue.png,a blue square\n"
    )
    output = call(__main__.main, album, "evaluate", "namer", "--dataset", "six.csv").out
    assert "Scores on six.csv" in output
    assert "0.5000" in output  # one of two pictures
    (worst,) = [line for line in output.split("Worst captions")[1].splitlines() if "blue.png" in line]
    assert [cell.strip() for cell in worst.split("│")[1:-1]] == ["blue.png", "a blue square", BLUE]


def test_a_folder_is_scored_by_its_test_part(namer, squares, capsys):
    score = evaluation.evaluate(namer, str(squares))
    assert (score["n"], score["exact_match"]) == (12, 1.0)
    assert "Scores on test" in capsys.readouterr().out


def test_its_own_data_stands_beside_its_baselines_in_files_without_loss(namer, squares, monkeypatch, capsys):
    data = load_data(str(squares), "captioning")
    parts = {split: Part(data.split(split).dataset.map(_clear)) for split in ("train", "validation", "test")}
    data = Examples("squares", **parts, label_names=(), source="", licence="", version="")
    monkeypatch.setattr(zoo.data, "load", lambda *_, **__: data)
    baseline = metrics.captioning([["a"]], ["b"])
    trained_on = dataclasses.replace(namer.manifest.dataset, test=data.fingerprint(splits=["test"]))
    manifest = namer.manifest.with_changes(dataset=trained_on, baselines={"test": {"one for all": baseline}})
    monkeypatch.setattr(namer, "manifest", manifest)
    monkeypatch.setattr(captioning, "_PICTURES", 5)
    assert evaluation.evaluate(namer)["exact_match"] == 1.0
    assert "one for all" in capsys.readouterr().out
    evaluation.evaluate(namer, split="validation")
    assert "one for all" not in capsys.readouterr().out


def _clear(row):
    """Makes the background transparent, and black below: only a file that keeps opacity is seen rightly."""
    seen = tf.reduce_min(row["image"], axis=2, keepdims=True) < 100
    return {**row, "image": tf.where(seen, row["image"], tf.zeros_like(row["image"]))}


def test_inspect_lays_the_attention_over_the_picture(album, call):
    output = call(__main__.main, album, "inspect", "attention", "namer", "red.png").out
    assert output.splitlines() == [
        RED,
        "",
        "red     top left      0.44  top middle    0.22",
        "square  top left      0.28",
        "top     everywhere",
        "left    everywhere",
        "",
        "attention.png",
    ]
    assert (album / "attention.png").read_bytes().startswith(b"\x89PNG")


def test_the_list_has_few_figures_and_the_help_says_how_to_caption(album, call):
    output = call(__main__.main, album, "list").out
    (line,) = [line for line in output.splitlines() if "namer" in line]
    assert "exact match 0.5000, BLEU-4 40.00, CIDEr 99.00 " in line
    assert "python -m zoo predict captioning_flickr8k photo.jpg" in call(__main__.main, album, "--help").out
    assert "pictures" in call(__main__.main, album, "predict", "--help").out
