"""The user's own signals: tables, folders and .ts files."""

from pathlib import Path

import numpy as np
import pytest

import zoo.data
from zoo.data.own import signals
from zoo.errors import ZooError

LONG = "id,label,x,y\na,up,1,2\na,up,3,\nb,down,-1,NaN\nb,down,?,7e1\n"
TS = """# made up
@problemName Made
@timeStamps false
@classLabel true up down
@data
1,2,3:4,?,6:up
7:8,9:down
"""


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_long_table_has_a_row_for_each_moment(tmp_path):
    found = signals.read(file(tmp_path, "a.csv", LONG))
    assert found.channels == ("x", "y")
    assert [(row.name, row.label) for row in found.rows] == [("a", "up"), ("b", "down")]
    np.testing.assert_array_equal(found.rows[0].values, [[1, 2], [3, np.nan]])
    np.testing.assert_array_equal(found.rows[1].values, [[-1, np.nan], [np.nan, 70]])
    assert found.rows[0].values.dtype == np.float64


def test_columns_choose_channels_and_their_order(tmp_path):
    path = file(tmp_path, "a.csv", LONG)
    assert signals.read(path, "y").rows[0].values.tolist() == [[2]]  # what stands behind is missing
    assert signals.read(path, "y,x").channels == ("y", "x")
    with pytest.raises(ZooError, match=r"no column of numbers 'z'.*'x', 'y'"):
        signals.read(path, "z")


def test_a_table_without_ids_is_one_signal(tmp_path):
    found = signals.read(file(tmp_path, "a.csv", "x\n1\n2\n"), labelled=False)
    assert [(row.name, row.label, len(row.values)) for row in found.rows] == [("", "", 2)]


def test_a_ts_file_has_a_signal_on_each_line_and_channels_of_unequal_length_are_filled_up(tmp_path):
    found = signals.read(file(tmp_path, "a.ts", TS))
    assert found.channels == ("channel_1", "channel_2")
    np.testing.assert_array_equal(found.rows[0].values, [[1, 4], [2, np.nan], [3, 6]])
    np.testing.assert_array_equal(found.rows[1].values, [[7, 8], [np.nan, 9]])
    assert [(row.name, row.label) for row in found.rows] == [("line 6", "up"), ("line 7", "down")]


def test_moments_behind_the_last_number_are_no_part_of_a_signal(tmp_path):
    found = signals.read(file(tmp_path, "a.csv", "id,label,x,y\na,up,,1\na,up,,\na,up,2,\na,up,,\na,up,,\n"))
    np.testing.assert_array_equal(found.rows[0].values, [[np.nan, 1], [np.nan, np.nan], [2, np.nan]])


def test_lines_of_jsonl_may_lack_channels_that_others_have(tmp_path):
    rows = '{"id": 1, "label": "a", "x": 1}\n{"id": 1, "label": "a", "x": 2, "y": 3}\n'
    found = signals.read(file(tmp_path, "a.jsonl", rows))
    assert found.channels == ("x", "y")
    np.testing.assert_array_equal(found.rows[0].values, [[1, np.nan], [2, 3]])


def test_labels_of_a_ts_file_do_not_matter_to_who_asks_for_them(tmp_path):
    path = file(tmp_path, "a.ts", TS.replace(":down", ":?"))
    assert len(signals.read(path, labelled=False).rows) == 2


def test_a_folder_for_each_label_is_split_by_names(tmp_path):
    for label in ("walk", "run"):
        for number in range(20):
            file(tmp_path / "own", f"{label}/{number}.csv", f"x,y\n{number},1\n2,3\n")
    file(tmp_path / "own", ".ipynb_checkpoints/1.csv", "x,y\n1,1\n")
    file(tmp_path / "own", "walk/._1.csv", "no table")
    channels, parts = signals.read_parts(tmp_path / "own")
    assert channels == ("x", "y")
    assert sum(map(len, parts.values())) == 40
    assert {row.label for row in parts["train"]} == {"walk", "run"}
    assert signals.read_parts(tmp_path / "own")[1].keys() == parts.keys()


def test_parts_that_files_name_stay_as_they_are(tmp_path):
    for split in ("train", "validation", "test"):
        file(tmp_path / "own", f"{split}.csv", LONG.replace("a,", f"{split},"))
    examples = zoo.data.load(str(tmp_path / "own"), "recognition")
    assert examples.label_names == ("down", "up") and examples.columns == ("x", "y")
    assert [len(examples.split(name)) for name in ("train", "validation", "test")] == [2, 2, 2]
    values = examples.train.column("values")
    assert values.row_lengths().numpy().tolist() == [2, 2] and values.shape[2] == 2
    assert examples.train.column("label").tolist() == [1, 0]
    assert len(examples.fingerprint()) == 64


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "", "empty"),
        ("a.csv", "id,label,x\n", "no rows"),
        ("a.csv", "id,label\na,up\n", "no columns of numbers"),
        ("a.csv", "label,x\nup,1\n", "'id'"),
        ("a.csv", "id,label,x\na,up,1\n,up,2\n", "line 3 has a blank id"),
        ("a.csv", "id,label,x\na,up,1\na,down,2\n", "line 3: the signal 'a' has the labels 'up' and 'down'"),
        ("a.csv", "id,label,x\na,,1\n", "'a' has no label"),
        ("a.csv", "id,label,x\na,up,\n", "'a' has not one number"),
        ("a.csv", "id,label,x\na,up,fast\n", "line 2: the column 'x' holds 'fast'"),
        ("a.csv", "id,label,x\na,up,inf\n", "'inf'"),
        ("a.csv", "id,label,x\na,up,1e39\n", "too large"),
        ("a.csv", ",id,label,x\n0,a,up,1\n1,b,down,2\n", "a channel is called ''"),
        ("a.csv", 'id,label,"x, y"\na,up,1\n', "a channel is called 'x, y'"),
        ("a.jsonl", '{"id": 1, "label": "a", "x": 1}\n{"label": "a", "x": 1}\n', "'id'"),
        ("a.ts", TS.replace("9:down", "1e999:down"), "too large"),
        ("a.ts", TS.replace("true up down", "true"), "names no labels"),
        ("a.ts", TS.replace("@classLabel true up down", "@targetLabel true"), "@targetLabel"),
        ("a.ts", "1,2:up\n", "no line @data"),
        ("a.ts", "@data\n", "no signals below"),
        ("a.ts", TS.replace("?", "many"), "line 6 holds 'many'"),
        ("a.ts", TS.replace("7:8,9:down", "7:down"), "line 7 has 1 channels, not 2"),
        ("a.ts", TS.replace(":down", ":left"), "line 7: the label 'left'"),
        ("a.ts", TS.replace("@timeStamps false", "@timeStamps true"), "@timeStamps true"),
        ("a.ts", TS.replace("@classLabel true up down\n", ""), "line 5 holds 'up'"),
    ],
)
def test_what_is_wrong_is_named_with_a_mend(tmp_path, name, text, words):
    with pytest.raises(ZooError) as error:
        signals.read(file(tmp_path, name, text))
    assert words in str(error.value) and ";" in str(error.value)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "holds no signals"),
        ({"walk/1.csv": "id,x\na,1\n"}, "holds a column id or label"),
        ({f"{label}/{n}.csv": "x\n1\n" for label in ("a",) for n in range(30)}, "only one label"),
        (
            {f"{label}/{n}.csv": f"{label}\n1\n" for label in ("a", "b") for n in range(30)},
            "differ in their channels, a and b",
        ),
        ({"a/1.csv": "x\n1\n", "b/1.csv": "x\n1\n"}, "too few signals"),
    ],
)
def test_what_is_wrong_with_a_folder_is_named(tmp_path, files, words):
    folder = tmp_path / "own"
    folder.mkdir()
    for name, text in files.items():
        file(folder, name, text)
    with pytest.raises(ZooError, match=words):
        zoo.data.load(str(folder), "recognition")


def test_a_label_that_training_lacks_is_refused(tmp_path):
    for split in ("train", "validation", "test"):
        text = LONG if split != "test" else LONG.replace("down", "left")
        file(tmp_path / "own", f"{split}.csv", text)
    with pytest.raises(ZooError, match="label 'left' of the test part"):
        zoo.data.load(str(tmp_path / "own"), "recognition")
