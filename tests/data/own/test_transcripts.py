"""The user's own recordings and lines of print."""

from pathlib import Path

import numpy as np
import pytest

import zoo.data
from zoo.data.own import transcripts
from zoo.errors import ZooError

ROWS = ["a.png,one,train", "b.png,two,validation", "sub/c.WAV,drei,test"]


def folder(where: Path, *rows: str, header: str = "file,text,split", files=("a.png", "b.png", "sub/c.WAV")):
    for name in files:
        (where / name).parent.mkdir(exist_ok=True)
        (where / name).write_bytes(name.encode())
    (where / "transcripts.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return where


def test_files_stand_beside_their_texts_in_the_part_they_are_for(tmp_path):
    examples = zoo.data.load(str(folder(tmp_path, *ROWS)), "transcription")
    assert [list(examples.split(part).column("file")) for part in ("train", "validation", "test")] == [
        [b"a.png"],
        [b"b.png"],
        [b"sub/c.WAV"],
    ]
    assert examples.test.strings("text") == ["drei"]


def test_without_a_column_a_hash_of_the_name_says_which_part(tmp_path):
    names = [f"{number}.png" for number in range(200)]
    where = folder(tmp_path, *(f"{name},x" for name in names), header="file,text", files=names)
    parts = transcripts.read_transcripts(where)
    sizes = [len(parts[part]) for part in ("train", "validation", "test")]
    assert sum(sizes) == 200 and sizes[0] > 130 and min(sizes) > 5
    (tmp_path / "2").mkdir()
    fewer = folder(tmp_path / "2", *(f"{name},x" for name in names[:100]), header="file,text", files=names)
    before = {row.name for row in parts["test"]}
    assert {row.name for row in transcripts.read_transcripts(fewer)["test"]} == before & set(names[:100])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "has no rows below its first line"),
        (["a.png,one,train", "a.png,two,test"], "line 3 names a.png, as line 2 does"),
        (["./a.png,one,train", "a.png,two,test"], "as line 2 does"),
        (["d.png,one,train"], "line 2 names a file that is missing"),
        (["a.png,,train"], "line 2"),
        (["a.png,one,training"], "unknown split 'training'; write train, validation or test"),
        (ROWS[:2], "no files for the test part"),
        (["x" * 300 + ".png,one,train"], "missing"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_line(tmp_path, rows, words):
    with pytest.raises(ZooError) as error:
        transcripts.read_transcripts(folder(tmp_path, *rows))
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_folder_without_a_table_says_what_to_write(tmp_path):
    with pytest.raises(ZooError, match=r"holds no transcripts.csv; write one with the columns file and text"):
        transcripts.read_transcripts(tmp_path)


def test_a_folder_stands_for_the_files_in_it(tmp_path):
    folder(tmp_path, *ROWS)
    (tmp_path / "notes.txt").write_text("no recording")
    assert [path.name for path in transcripts.listed([str(tmp_path)])] == ["a.png", "b.png"]
    assert [path.name for path in transcripts.listed([str(tmp_path / "sub"), str(tmp_path / "b.png")])] == [
        "c.WAV",
        "b.png",
    ]
    (tmp_path / "none").mkdir()
    with pytest.raises(ZooError, match="none: holds no WAV files or pictures"):
        transcripts.listed([str(tmp_path / "none")])
    with pytest.raises(ZooError, match=r"call\.wav: no such file"):
        transcripts.listed(["call.wav"])


def test_all_rows_of_a_table_are_a_test_part(tmp_path):
    where = folder(tmp_path, *ROWS)
    from zoo.tasks import Transcription

    found = Transcription().read_rows(where / "transcripts.csv").test
    assert found.strings("text") == ["one", "two", "drei"]
    assert np.array_equal(found.column("file"), [b"a.png", b"b.png", b"sub/c.WAV"])
