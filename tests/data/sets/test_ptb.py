import io
import tarfile

import pytest
import tensorflow as tf

import zoo.data
from zoo.data.sets import ptb
from zoo.errors import ZooError
from zoo.text.units import split

PLACE = "www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz"
PARTS = {
    "train": " the <unk> sat \n a N é \n",
    "valid": " it sat \n",
    "test": " the end \n",
}


def archive(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as file:
        for name, text in parts.items():
            member = tarfile.TarInfo(f"./simple-examples/data/ptb.{name}.txt")
            member.size = len(text)
            file.addfile(member, io.BytesIO(text))
    return content.getvalue()


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Returns the place of an archive of two sentences for training and one of each other part."""
    path = tmp_path / "mirror" / PLACE
    path.parent.mkdir(parents=True)
    path.write_bytes(archive({name: text.encode() for name, text in PARTS.items()}))
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ptb, "_LINES", {"train": 2, "validation": 1, "test": 1})
    return path


def the_text(part) -> str:
    (text,) = part.strings("text")
    return text


def test_a_part_is_one_text_of_lines(tiny):
    examples = zoo.data.load("ptb", "text")
    assert the_text(examples.train) == "the <unk> sat\na N é\n"
    assert the_text(examples.validation) == "it sat\n"
    assert the_text(examples.test) == "the end\n"
    assert examples.train.dataset.element_spec == {"text": tf.TensorSpec([], tf.string)}
    assert "Penn Treebank" in examples.licence


WHOLE = {name: text.encode() for name, text in PARTS.items()}


@pytest.mark.parametrize(
    "content",
    [
        b"<html>not found</html>",
        archive(WHOLE)[:-30],
        archive({name: text for name, text in WHOLE.items() if name != "test"}),
        archive({**WHOLE, "train": b" one sentence \n"}),
        archive({**WHOLE, "train": b" one \n  \n"}),
        archive({**WHOLE, "train": b" one \n \xff \n"}),
    ],
    ids=["not an archive", "cut off", "a part missing", "other lines", "a blank one", "not UTF-8"],
)
def test_a_damaged_archive_is_named_and_nothing_is_left(tiny, tmp_path, content):
    tiny.write_bytes(content)
    with pytest.raises(ZooError) as error:
        zoo.data.load("ptb", "text")
    assert str(tiny) in str(error.value)
    assert "remove it and fetch it again" in str(error.value)
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "cache").rglob("*.tfrecord*"))


def test_the_real_one_has_the_published_words(mirror):
    if not (mirror / PLACE).is_file():
        pytest.skip("ZOO_MIRROR lacks the Penn Treebank")
    examples = zoo.data.load("ptb", "text")
    words = {
        part: split(tf.constant([the_text(examples.split(part))]), "word").values
        for part in ("train", "validation", "test")
    }
    assert {part: len(found) for part, found in words.items()} == {
        "train": 929_589,
        "validation": 73_760,
        "test": 82_430,
    }
    different = set(words["train"].numpy().tolist())
    assert len(different) == 10_000
    assert {b"\n", b"<unk>", b"N"} <= different
    assert set(words["test"].numpy().tolist()) <= different
