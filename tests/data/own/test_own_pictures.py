import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import zoo.data
from zoo.data.own import picture_files, pictures
from zoo.data.splits import split_of
from zoo.errors import ZooError

ROWS = [
    ("a.png", "a red square", "train"),
    ("sub/b.jpg", "a green square", "train"),
    ("c.png", "glass", "validation"),
    ("a.png", "red", "train"),
    ("d.gif", 'blue, or "blue-ish"', "test"),
]
COLOURS = {"a.png": (255, 0, 0), "sub/b.jpg": (0, 255, 0), "c.png": (9, 9, 9, 0), "d.gif": (0, 0, 255)}


def write(folder, rows=ROWS, header="image,caption,split"):
    """Writes pictures of one colour, each wider than the last, and the table of captions."""
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    for number, (name, colour) in enumerate(COLOURS.items()):
        Image.new("RGBA" if len(colour) == 4 else "RGB", (10 + number, 8), colour).save(folder / name)
    lines = [header, *(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)]
    (folder / "captions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def refusal(path):
    """Returns the message, which is one line and names the path."""
    with pytest.raises(ZooError) as error:
        pictures.read_captions(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    return str(error.value)


def changed(row, *cells):
    """Returns the rows with one replaced."""
    return [*ROWS[:row], cells, *ROWS[row + 1 :]]


def test_captions_of_a_picture_are_gathered_and_splits_are_as_the_table_says(tmp_path):
    expected = {
        "train": [("a.png", ["a red square", "red"]), ("sub/b.jpg", ["a green square"])],
        "validation": [("c.png", ["glass"])],
        "test": [("d.gif", ['blue, or "blue-ish"'])],
    }
    write(tmp_path)
    for path in (tmp_path, tmp_path / "captions.csv"):
        found = pictures.read_captions(path)
        assert found == {s: [(tmp_path / n, c) for n, c in rows] for s, rows in expected.items()}


def test_pictures_are_decoded_with_opacity_in_the_order_of_the_table(tmp_path):
    examples = zoo.data.load(str(write(tmp_path)), "captioning")
    parts = (examples.split(split).dataset for split in zoo.data.SPLITS)
    rows = [row for part in parts for row in part.as_numpy_iterator()]
    found, captions = zip(*((row["image"], row["captions"].tolist()) for row in rows), strict=True)
    assert captions[:2] == ([b"a red square", b"red"], [b"a green square"])
    red, green, glass, blue = found
    assert [picture.shape for picture in found] == [(8, width, 4) for width in (10, 11, 12, 13)]
    assert (red == (255, 0, 0, 255)).all()
    assert np.abs(green.astype(int) - (0, 255, 0, 255)).max() <= 3
    assert (glass[..., 3] == 0).all()
    assert (blue == (0, 0, 255, 255)).all()
    assert examples.train.dataset.element_spec == {
        "image": tf.TensorSpec([None, None, 4], tf.uint8),
        "captions": tf.TensorSpec([None], tf.string),
    }


def test_without_splits_pictures_are_split_by_their_names_whatever_way_they_are_written(tmp_path):
    names = [f"{number}.png" for number in range(30)]
    rows = [(name, f"number {name}") for name in names] + [(f"./sub/../{name}", "again") for name in names]
    write(tmp_path, rows, "image,caption")
    for name in names:
        Image.new("L", (1, 1)).save(tmp_path / name)
    for split, found in pictures.read_captions(tmp_path).items():
        expected = [name for name in names if split_of(name) == split]
        assert found == [(tmp_path / name, [f"number {name}", "again"]) for name in expected]
        assert found


def test_the_table_may_stand_beside_the_folder_of_pictures_and_be_jsonl(tmp_path):
    write(tmp_path / "pictures")
    path = tmp_path / "table.jsonl"
    names = ("image", "caption", "split")
    rows = [dict(zip(names, (f"pictures/{row[0]}", *row[1:]), strict=True)) for row in ROWS]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert pictures.read_captions(path)["test"] == [(tmp_path / "pictures/d.gif", ['blue, or "blue-ish"'])]


def test_a_folder_without_a_table_is_refused(tmp_path):
    assert "holds no captions.csv" in refusal(tmp_path)
    assert "no such file" in refusal(tmp_path / "captions.csv")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (changed(1, "gone.png", "x", "train"), ("line 3 names a picture that is missing", "gone.png")),
        (changed(1, "x" * 300, "x", "train"), ("line 3 names a picture that is missing",)),
        (changed(1, "sub", "x", "train"), ("line 3 names a picture that is missing",)),
        (changed(1, "sub/b.jpg", " ", "train"), ("line 3 has a blank caption",)),
        (changed(1, "", "x", "train"), ("line 3 has a blank image",)),
        (changed(1, "sub/b.jpg", "x", "dev"), ("line 3 has the unknown split 'dev'", "validation")),
        (changed(1, "sub/b.jpg", "x", ""), ("line 3 has the unknown split ''",)),
        (changed(3, "./a.png", "x", "test"), ("line 5 puts a.png into test, but line 2 into train",)),
        (changed(2, "c.png", "x", "train"), ("no pictures for the validation part", "column 'split'")),
        ([], ("no pictures for the train part",)),
        (changed(1, "captions.csv", "x", "train"), ("line 3 names", "which is no JPEG, PNG")),
    ],
    ids=["missing", "long name", "folder", "blank caption", "blank image", "split", "no split", "two splits",
         "empty part", "no rows", "no picture"],
)  # fmt: skip
def test_a_bad_row_is_refused_by_its_line(tmp_path, rows, words):
    message = refusal(write(tmp_path, rows))
    for word in words:
        assert word in message


def test_a_table_without_the_columns_is_refused(tmp_path):
    assert "no column 'caption'" in refusal(write(tmp_path, header="image,text,split"))


@pytest.mark.parametrize("name", ["a.png", "sub/b.jpg", "d.gif"])
def test_a_picture_that_is_cut_off_or_empty_is_refused_before_training(tmp_path, name):
    write(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) * 2 // 3])
    line = [row[0] for row in ROWS].index(name) + 2
    assert f"line {line} names {tmp_path / name}, which is damaged or cut off" in refusal(tmp_path)
    (tmp_path / name).write_bytes(b"")
    assert f"line {line} names {tmp_path / name}, which is empty" in refusal(tmp_path)


def test_an_accent_in_one_character_or_in_two_names_one_picture(tmp_path):
    composed, apart = "caf\u00e9.png", "cafe\u0301.png"
    write(tmp_path, changed(3, composed, "red", "train"))
    (tmp_path / "a.png").rename(tmp_path / apart)
    table = tmp_path / "captions.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("a.png", apart), encoding="utf-8")
    assert pictures.read_captions(tmp_path)["train"][0] == (tmp_path / apart, ["a red square", "red"])
    (tmp_path / "list.txt").write_text(f"{composed}\n{apart}\n", encoding="utf-8")
    assert [picture.file.name for picture in picture_files.listed(tmp_path / "list.txt")] == [apart, apart]
