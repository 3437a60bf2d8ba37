"""The user's own drawings: SVG files and strokes of several kinds, and what is wrong with them."""

import json

import numpy as np
import pytest
from tiny import write_shapes

from zoo import data
from zoo.data.own import drawings
from zoo.data.own.strokes import parted
from zoo.errors import ZooError

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{}</svg>'


def corners(strokes):
    """Returns first and last points of strokes."""
    return [np.round(line[[0, -1]], 3).tolist() for line in parted(strokes)]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ('<path d="M0 0L8 0M0 8h8"/>', [[[0, 0], [1, 0]], [[0, 1], [1, 1]]]),
        ('<path d="M2 2C2 2 6 6 6 6"/>', [[[0, 0], [1, 1]]]),
        ('<path d="M0 0 Q4 0 4 4"/>', [[[0, 0], [1, 1]]]),
        ('<path d="M0 0 A4 4 0 0 1 4 4"/>', [[[0, 0], [1, 1]]]),
        ('<path d="M0 0L4 0L4 4Z"/>', [[[0, 0], [0, 0]]]),
        ('<line x1="0" y1="0" x2="4" y2="2"/>', [[[0, 0.25], [1, 0.75]]]),
        ('<polyline points="0,0 4,0 4,4"/>', [[[0, 0], [1, 1]]]),
        ('<g transform="translate(3 4)"><path d="M0 0L4 4"/></g>', [[[0, 0], [1, 1]]]),
        ('<path d="M3 3"/><path d="M5 5C5 5 5 5 5 5"/>', [[[0, 0], [0, 0]], [[1, 1], [1, 1]]]),
        ('<path d="M3 3h0"/>', [[[0.5, 0.5], [0.5, 0.5]]]),
    ],
)
def test_an_svg_file_is_brought_to_the_box(shape, expected, tmp_path):
    (tmp_path / "a.svg").write_text(SVG.format(shape))
    strokes = drawings.read_svg(tmp_path / "a.svg")
    np.testing.assert_allclose(corners(strokes), expected, atol=2e-3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no SVG file"),
        ("<svg", "no SVG file"),
        ("a cat", "no SVG file"),
        (SVG.format(""), "nothing is drawn"),
        (SVG.format("<text>hello</text>"), "nothing is drawn"),
        (SVG.format('<path d=""/>'), "nothing is drawn"),
        (SVG.format('<path d="M1 nan L 3 4"/>'), "a.svg"),
        (SVG.format('<path d="L"/>'), "a.svg"),
    ],
)
def test_an_svg_file_that_is_no_drawing_is_refused_by_name(content, words, tmp_path):
    (tmp_path / "a.svg").write_text(content)
    with pytest.raises(ZooError, match=words):
        drawings.read_svg(tmp_path / "a.svg")


def test_files_are_called_what_is_drawn_or_their_folders_are(tmp_path):
    (tmp_path / "dog").mkdir()
    for name in ("cat 1.svg", "cat-2.svg", "7.svg", "dog/x9.svg"):
        (tmp_path / name).write_text(SVG.format('<path d="M0 0L1 1"/>'))
    assert [row.text for row in drawings.read_all(tmp_path)] == ["7", "cat", "cat", "dog"]


def test_strokes_may_be_written_as_lists_of_points_or_as_quick_draw_does(tmp_path):
    rows = [{"text": "a", "strokes": [[[0, 0], [4, 4]], [[4, 0], [0, 4]]]},
            {"word": "a", "drawing": [[[0, 4], [0, 4]], [[4, 0], [0, 4]]]},
            {"word": "a", "drawing": [[[0, 4], [0, 4], [0, 99]], [[4, 0], [0, 4], [120, 150]]]}]  # fmt: skip
    file = tmp_path / "a.ndjson"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    one, *others = drawings.read_all(file)
    assert corners(one.strokes) == [[[0, 0], [1, 1]], [[1, 0], [0, 1]]]
    for other in others:
        np.testing.assert_array_equal(other.strokes, one.strokes)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"strokes": [[[0, 0]]]}', "line 1 has no text"),
        ('{"text": " ", "strokes": [[[0, 0]]]}', "line 1 has no text"),
        ('{"text": "a"}', "no lists of"),
        ('{"text": "a", "strokes": []}', "has no strokes"),
        ('{"text": "a", "strokes": [[]]}', "has no strokes"),
        ('{"text": "a", "strokes": [[[0, 0, 1]]]}', "no lists of"),
        ('{"text": "a", "strokes": [[[0, 0, 1], [1, 2, 3]]]}', "no lists of"),
        ('{"text": "a", "strokes": [[[0, "x"]]]}', "no lists of"),
        ('{"text": "a", "strokes": 3}', "no lists of"),
        ('{"text": "a", "strokes": [[[0, NaN]]]}', "no number"),
        ('{"word": "a", "drawing": [3]}', "no lists of"),
        ("[1]", "not a JSON object"),
        ("", "empty"),
    ],
)
def test_bad_lines_are_told_by_number(line, words, tmp_path):
    (tmp_path / "a.jsonl").write_text(line)
    with pytest.raises(ZooError, match=words):
        drawings.read_all(tmp_path / "a.jsonl")


def test_a_drawing_of_endlessly_many_points_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"text": "a", "strokes": [[[i, i] for i in range(100_001)]]})
    )
    with pytest.raises(ZooError, match="100,000 points"):
        drawings.read_all(tmp_path / "a.jsonl")


def write_npz(path, **parts):
    arrays = {name: np.empty(len(rows), object) for name, rows in parts.items()}
    for name, rows in parts.items():
        for i, row in enumerate(rows):
            arrays[name][i] = row
    np.savez_compressed(path, **arrays)


def test_arrays_of_moves_and_lifts_are_parts_by_themselves(tmp_path):
    cross = np.array([[0, 0, 0], [4, 4, 1], [0, -4, 0], [-4, 4, 1]], np.int16)
    write_npz(tmp_path / "cross.npz", train=[cross, cross], valid=[cross], test=[cross[:2]])
    parts = drawings.read_parts(tmp_path / "cross.npz")
    assert {part: len(rows) for part, rows in parts.items()} == {"train": 2, "validation": 1, "test": 1}
    assert parts["train"][0].text == "cross"
    assert corners(parts["train"][0].strokes) == [[[0, 0], [1, 1]], [[1, 0], [0, 1]]]


class Evil:
    def __reduce__(self):
        return print, ("taken over",)


@pytest.mark.parametrize("rows", [[Evil()], [{"a": 1}], ["text"], [np.zeros((3, 2))], [np.zeros((0, 3))]])
def test_arrays_of_anything_else_are_refused_and_nothing_runs(rows, tmp_path, capsys):
    write_npz(tmp_path / "a.npz", train=rows, valid=rows, test=rows)
    with pytest.raises(ZooError, match=r"a\.npz"):
        drawings.read_parts(tmp_path / "a.npz")
    assert "taken over" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_an_archive_that_is_none_is_refused(content, tmp_path):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ZooError, match="damaged"):
        drawings.read_parts(tmp_path / "a.npz")


def test_a_file_is_split_by_what_it_holds_and_loads_as_examples(tmp_path):
    path = write_shapes(tmp_path / "shapes.jsonl")
    examples = data.load(str(path), "drawing")
    assert len(examples.train) + len(examples.validation) + len(examples.test) == 80
    assert examples.train.column("strokes").shape[2] == 3
    assert examples.train.strings("name") == examples.train.strings("text")
    with pytest.raises(ZooError, match="unknown kind of file"):
        drawings.read_all(tmp_path / "shapes.txt")
