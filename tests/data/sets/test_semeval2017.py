import io
import tarfile

import pytest
from tiny import labelled

import zoo.data
from zoo.data.sets import semeval2017
from zoo.errors import ZooError

FOLDER = "datastories-semeval2017-task4-master/dataset/Subtask_A"
FILES = {
    "downloaded/twitter-2013train-A.tsv": (
        "1\tpositive\tGas hit $3\\u002c what a day \\ud83d\\ude00 &amp; more\n"
        "2\tnegative\tI can\\u2019t wait\n"
        "3\tneutral\tThe bus leaves at nine\n"
        "4\tneutral\tsame words here http://t.co/a\n"
    ),
    "downloaded/twitter-2016test-A.tsv": (
        "5\tneutral\tI can’t wait\t\r\n"  # rated once each way: nobody knows
        '6\tpositive\t"@bo: ""super"" stuff\t\r\n'
        '7\tnegative\tdreadful \\"show\\" again\t\r\n'
    ),
    "gold/SemEval2017-task4-test.subtask-A.english.txt": (
        "8\tneutral\t@Cy SAME words, here!\n9\tx\tfine\n10\tx\tbad\n"
    ),
    "gold/SemEval2017_task4_subtaskA_test_english_gold.txt": "8\tneutral\n9\tpositive\n10\tnegative\n",
}


def archive(files) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


@pytest.fixture
def written(monkeypatch, tmp_path):
    """Returns what writes the archive into a mirror."""
    path = tmp_path / "mirror/github.com/cbaziotis/datastories-semeval2017-task4/archive/master.tar.gz"
    path.parent.mkdir(parents=True)
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return path.write_bytes


def test_tweets_up_to_2016_train_and_those_of_2017_test(written, monkeypatch):
    written(archive(FILES))
    monkeypatch.setattr(semeval2017, "split_of", lambda key: "validation" if "bus" in key else "test")
    examples = zoo.data.load("semeval2017", "classification")
    assert examples.label_names == ("negative", "neutral", "positive")
    rows = {part: sorted(zip(*labelled(examples.split(part)), strict=True)) for part in zoo.data.SPLITS}
    assert rows == {
        "train": [
            ('@bo: "super" stuff', 2),
            ("Gas hit $3, what a day 😀 & more", 2),
            ('dreadful "show" again', 0),
        ],
        "validation": [("The bus leaves at nine", 1)],
        "test": [("@Cy SAME words, here!", 1), ("bad", 0), ("fine", 2)],
    }


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ('"a ""b"" c"', 'a "b" c'),
        ('"cut in the middle', "cut in the middle"),
        ('"said" so', '"said" so'),
        ("&lt;3", "<3"),
        ("\\ud83d alone", "\ufffd alone"),
        ("a\\b", "a\\b"),
    ],
)
def test_tweets_are_read_as_they_were_written(raw, read):
    assert semeval2017.clean(raw) == read


@pytest.mark.parametrize("left_out", list(FILES)[1:])
def test_a_damaged_archive_is_named(written, left_out):
    written(archive({name: text for name, text in FILES.items() if name != left_out and "2013" not in name}))
    with pytest.raises(ZooError, match=r"master\.tar\.gz: is not the archive"):
        zoo.data.load("semeval2017", "classification")


def test_no_archive_at_all(written):
    written(b"<html>")
    with pytest.raises(ZooError, match="remove it and fetch it again"):
        zoo.data.load("semeval2017", "classification")


def test_the_real_one_has_the_published_test_part(mirror):
    examples = zoo.data.load("semeval2017", "classification")
    _, labels = labelled(examples.test)
    assert [int((labels == number).sum()) for number in range(3)] == [3972, 5937, 2375]
    assert (len(examples.train), len(examples.validation)) == (44_271, 5_036)
    assert not set(examples.test.fingerprints("text")) & set(examples.train.fingerprints("text"))
