import random
import re

import numpy as np
import pytest
from tiny import rows_of, run

from zoo.data import load
from zoo.data.own import plain_text
from zoo.data.splits import split_of
from zoo.errors import ZooError

SPLITS = ("train", "validation", "test")
LINE = "twenty-four characters.\n"


def texts(examples) -> dict[str, list[str]]:
    return {split: [row["text"].decode() for row in rows_of(examples, split)] for split in SPLITS}


def test_a_file_is_split_by_place_at_line_breaks(tmp_path):
    text = "".join(f"{number:03} {LINE}" for number in range(100))
    (tmp_path / "book.txt").write_text(text, encoding="utf-8")
    examples = load(str(tmp_path / "book.txt"), "text")
    parts = texts(examples)
    assert [len(part) for part in parts.values()] == [1, 1, 1]
    assert "".join(part for (part,) in parts.values()) == text
    assert all(part.endswith("\n") for (part,) in parts.values())
    assert [part.count("\n") for (part,) in parts.values()] == [81, 10, 9]
    assert (examples.name, examples.source) == (str(tmp_path / "book.txt"), "book.txt")
    assert examples.licence == "the user's own"


def test_without_line_breaks_nearby_a_file_is_cut_all_the_same(tmp_path):
    (tmp_path / "line.txt").write_text("x" * 2000, encoding="utf-8")
    parts = texts(load(str(tmp_path / "line.txt"), "text"))
    assert [len(part) for (part,) in parts.values()] == [1600, 200, 200]


def test_line_ends_are_one_kind_and_a_byte_order_mark_is_left_out(tmp_path):
    (tmp_path / "book").write_bytes(b"\xef\xbb\xbf" + b"line\r\nof\rtext\n\x0b\xc3\xa9\n" * 200)
    parts = texts(load(str(tmp_path / "book"), "text"))
    whole = "".join(part for (part,) in parts.values())
    assert whole == "line\nof\ntext\n\x0bé\n" * 200


def test_a_folder_of_named_parts_has_these(tmp_path):
    for number, split in enumerate(SPLITS):
        (tmp_path / f"{split}.md").write_text(LINE * (100 - number), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not read", encoding="utf-8")
    parts = texts(load(str(tmp_path), "text"))
    assert parts == {split: [LINE * (100 - number)] for number, split in enumerate(SPLITS)}


def test_files_of_a_folder_are_split_by_their_places_and_hidden_ones_are_left_out(tmp_path):
    expected = {split: [] for split in SPLITS}
    for number in range(30):
        name = f"{number % 3}/{number}.txt"
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{number} {LINE}" * 20, encoding="utf-8")
        expected[split_of(name)].append(f"{number} {LINE}" * 20)
    (tmp_path / "empty.txt").touch()
    (tmp_path / ".hidden").write_bytes(b"\xff")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text("not read", encoding="utf-8")
    found = texts(load(str(tmp_path), "text"))
    assert {split: sorted(part) for split, part in found.items()} == {
        split: sorted(part) for split, part in expected.items()
    }


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"own.txt": b""}, "own.txt: the file is empty; it needs text"),
        ({"own.txt": b" \r\n\n"}, "own.txt: the file is empty; it needs text"),
        ({"own.txt": b"short\n" * 9}, r"own.txt: too little text for a train part \(\d+ char.*\); give more"),
        ({"own.txt": b"x\n" * 999 + b"\n" * 9999}, "too little text for a validation part .*; give more"),
        ({"own.txt": b"fine\ncaf\xe9\n"}, "own.txt: line 2 is not UTF-8; save the file as UTF-8"),
        ({"folder/a.txt": b"fine\n" * 999}, "folder: too little text for a .* part .0 characters.; give"),
        ({"folder/.a.txt": b"fine\n" * 999}, "folder: too little text for a train part"),
        ({"folder/a.txt": b"\xff"}, "a.txt: line 1 is not UTF-8"),
        ({"folder/train.txt": b"a", "folder/test.txt": b"a"}, "folder: .* train, validation, test give one"),
        ({"folder/train.txt": b"a", "folder/train.md": b"a"}, "folder: .* give one of each, or none"),
    ],
)
def test_what_is_no_text_is_refused_in_one_line(tmp_path, files, told):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ZooError, match=told) as error:
        load(str(tmp_path / next(iter(files)).split("/")[0]), "text")
    assert "\n" not in str(error.value)


@pytest.fixture
def passages(monkeypatch):
    """Has small files read as large ones are."""
    monkeypatch.setattr(plain_text, "_LARGE", 1_000)
    monkeypatch.setattr(plain_text, "_PASSAGE", 100)


def test_a_large_file_is_read_in_passages_that_are_its_text(tmp_path, passages):
    text = "".join(f"{number:03} {LINE}" for number in range(1000))
    path = tmp_path / "book.txt"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    examples = load(str(path), "text")
    parts = texts(examples)
    assert "".join(passage for part in parts.values() for passage in part) == text
    assert {len(passage) % 28 for part in parts.values() for passage in part} == {0}
    assert max(len(passage) for part in parts.values() for passage in part) < 200
    sizes = [sum(map(len, part)) for part in parts.values()]
    assert sizes == pytest.approx([0.8 * len(text), 0.1 * len(text), 0.1 * len(text)], abs=300)
    # Blocks of it are read anew, and never held.
    assert b"".join(examples.train.one_by_one("text")).decode() == "".join(parts["train"])
    assert not examples.train._columns
    assert len(examples.train) == len(parts["train"])
    assert len(next(examples.train.blocks("text"))[0]) == 64
    assert load(str(path), "text").fingerprint() == examples.fingerprint()
    path.write_bytes(text.replace("5", "6").encode())
    assert load(str(path), "text").fingerprint() != examples.fingerprint()


@pytest.mark.parametrize("end", ["", "\r", " "])
def test_a_large_file_without_lines_is_read_in_passages_too(tmp_path, passages, end):
    path = tmp_path / "book.txt"
    path.write_text(f"größer{end}" * 1000, encoding="utf-8", newline="")
    parts = texts(load(str(path), "text"))
    whole = [passage for part in parts.values() for passage in part]
    assert "".join(whole) == f"größer{end}".replace("\r", "\n") * 1000
    assert 30 < np.mean([len(passage) for passage in whole]) < 110
    sizes = [sum(map(len, part)) for part in parts.values()]
    assert sizes == pytest.approx(np.array([0.8, 0.1, 0.1]) * sum(sizes), abs=150)


def test_of_very_much_text_what_is_scored_can_be_held(tmp_path, passages, monkeypatch):
    monkeypatch.setattr(plain_text, "_MOST_HELD", 500)
    (tmp_path / "book.txt").write_text(LINE * 1000)
    sizes = [sum(map(len, part)) for part in texts(load(str(tmp_path / "book.txt"), "text")).values()]
    assert sum(sizes) == 24_000
    assert sizes[1:] == pytest.approx([500, 500], abs=150)


def test_a_large_file_of_blanks_is_refused(tmp_path, passages):
    (tmp_path / "book.txt").write_text(" \n" * 2000)
    with pytest.raises(ZooError, match=r"too little text for a train part \(0 characters\)"):
        load(str(tmp_path / "book.txt"), "text")


def test_a_large_file_that_is_not_utf8_is_refused_by_line(tmp_path, passages):
    (tmp_path / "book.txt").write_bytes(LINE.encode() * 100 + b"caf\xe9\n" + LINE.encode() * 100)
    with pytest.raises(ZooError, match=r"book.txt: line 101 is not UTF-8"):
        load(str(tmp_path / "book.txt"), "text")


# Trains on a text, and tells by how much memory grew from where TensorFlow was ready.
MEMORY = """
import resource, sys
from zoo import cli, training
from zoo.recipes import generation

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MB

load = training.Run.load
def load_and_look(self, *arguments):
    print("before", most())
    return load(self, *arguments)
training.Run.load = load_and_look
def evaluate(self, *_):
    print("after", most())
    sys.exit(0)
training.Run.evaluate = evaluate
cli.run(generation.Config, generation.main)
"""


def test_training_takes_no_more_memory_of_a_long_text_than_of_a_short_one(tmp_path):
    words = [f"w{number}" for number in range(1000)]
    draw = random.Random(1)
    page = "".join(" ".join(draw.choices(words, k=12)) + "\n" for _ in range(2000))
    grown = {}
    for name, copies in (
        ("short", 16),
        ("long", 240),
    ):  # 2 MB and 30 MB; files of more than 1 MB are streamed
        (tmp_path / f"{name}.txt").write_text(page * copies)
        small = "--level word --width 8 --units 8 --epochs 1 --steps-per-epoch 20 --batch-size 16"
        flags = ["--dataset", f"{name}.txt", "--name", name, *small.split()]
        limits = (
            "from zoo.data.own import plain_text; plain_text._LARGE = 1_000_000\n"
            "from zoo.data.feeds import spool; spool.MOST_HELD = 100_000\n"
        )
        said = run("-c", limits + MEMORY, *flags, cwd=tmp_path).stdout
        before, after = (float(re.search(rf"{when} ([\d.]+)", said)[1]) for when in ("before", "after"))
        grown[name] = after - before
    assert grown["long"] - grown["short"] < 15, grown
