import io
import zipfile

import pytest
import tensorflow as tf
from PIL import Image
from tiny import rows_of

import zoo.data
from zoo.data.sets import flickr8k
from zoo.errors import ZooError

# Split -> name of a picture -> its size; no two are alike.
NAMES = {
    "train": {"a.jpg": (10, 8), "b.jpg": (8, 10)},
    "validation": {"c.jpg": (9, 9)},
    "test": {"d.jpg": (7, 12)},
}
LISTS = {"train": "Flickr_8k.trainImages.txt", "validation": "Flickr_8k.devImages.txt",
         "test": "Flickr_8k.testImages.txt"}  # fmt: skip
TOKENS = "Flickr8k.token.txt"


def texts():
    """Returns the files of the small archive of texts."""
    names = [name for split in NAMES.values() for name in split]
    captions = [
        f"{name}#{number}\tA dog 's  ball {number} ,  seen in {name} ."
        for name in names
        for number in range(5)
    ]
    lists = {LISTS[split]: "".join(f"{name}\n" for name in found) for split, found in NAMES.items()}
    unlisted = ["e.jpg.1#0\tnobody asks for this ."]
    return {TOKENS: "".join(f"{line}\n" for line in captions + unlisted), **lists}


def pictures():
    """Returns the files of the small archive of pictures."""
    found = {}
    for split in NAMES.values():
        for name, size in split.items():
            file = io.BytesIO()
            Image.new("RGB", size, (200, 30, 30)).save(file, "jpeg")
            found[f"Flicker8k_Dataset/{name}"] = file.getvalue()
    return found


def write(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Returns the folder of a mirror with two pictures for training, one for validation and one for test."""
    folder = tmp_path / "mirror/github.com/jbrownlee/Datasets/releases/download/Flickr8k"
    folder.mkdir(parents=True)
    write(folder / "Flickr8k_text.zip", texts())
    write(folder / "Flickr8k_Dataset.zip", pictures())
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    counts = {split: (LISTS[split], len(names)) for split, names in NAMES.items()}
    monkeypatch.setattr(flickr8k, "_LISTS", counts)
    return folder


def test_a_tiny_one_is_prepared_with_the_pictures_as_they_are(tiny, tmp_path):
    examples = zoo.data.load("flickr8k", "captioning")
    assert examples.train.dataset.element_spec == {
        "image": tf.TensorSpec([None, None, 3], tf.uint8),
        "captions": tf.TensorSpec([None], tf.string),
    }
    for split, names in NAMES.items():
        found = {row["captions"][0].decode(): row for row in rows_of(examples, split)}
        assert set(found) == {f"A dog's ball 0, seen in {name}." for name in names}
        for name, (width, height) in names.items():
            row = found[f"A dog's ball 0, seen in {name}."]
            assert row["image"].shape == (height, width, 3)
            assert abs(row["image"].astype(int) - (200, 30, 30)).max() <= 3
            assert row["captions"].tolist() == [
                f"A dog's ball {number}, seen in {name}.".encode() for number in range(5)
            ]
    assert (tmp_path / "cache" / "flickr8k" / examples.version / "dataset_info.json").is_file()


@pytest.mark.parametrize(
    ("caption", "tidied"),
    [
        ("A man , two dogs and a ball .", "A man, two dogs and a ball."),
        ("  a   girl\tsmiles  ", "a girl smiles"),
        ("The dog 's owner is n't here !", "The dog's owner isn't here!"),
        ("They 're off ; who 'll win ?", "They're off; who'll win?"),
        ("A sign says ' stop ' .", "A sign says ' stop '."),
        ("A dog 'sits' .", "A dog 'sits'."),
        ("a man eats n'towels", "a man eats n'towels"),
    ],
)
def test_spaces_before_signs_and_endings_are_taken_out(caption, tidied):
    assert flickr8k.tidy(caption) == tidied


def refused(cache, path):
    """Loads, and checks that the one line names the archive, says what to do, and that nothing is left."""
    with pytest.raises(ZooError) as error:
        zoo.data.load("flickr8k", "captioning")
    assert str(error.value) == f"{path}: is not the archive of Flickr8k; remove it and fetch it again"
    assert not list(cache.rglob("*.tfrecord*"))


@pytest.mark.parametrize("name", ["Flickr8k_text.zip", "Flickr8k_Dataset.zip"])
@pytest.mark.parametrize("damage", ["no archive", "cut off", "a changed byte"])
def test_a_damaged_archive_is_named_and_nothing_is_left(tiny, tmp_path, name, damage):
    content = (tiny / name).read_bytes()
    middle = content.index(b"Flick", 4) + 60  # in what is compressed of the first file
    (tiny / name).write_bytes(
        {
            "no archive": b"<html>not found</html>",
            "cut off": content[:-30],
            "a changed byte": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
        }[damage]
    )
    refused(tmp_path / "cache", tiny / name)


BLANK = {**texts(), TOKENS: texts()[TOKENS] + "a.jpg#5\t \n"}
SHORT = {**texts(), LISTS["train"]: "a.jpg\n"}
TWICE = {**texts(), LISTS["train"]: "a.jpg\na.jpg\n"}
NO_LIST = {name: content for name, content in texts().items() if name != LISTS["test"]}
NO_TAB = {**texts(), TOKENS: texts()[TOKENS].replace("\t", " ")}
TOO_FEW = {**texts(), TOKENS: texts()[TOKENS].replace("d.jpg#4\t", "x.jpg#4\t")}
NOT_UTF_8 = {**texts(), TOKENS: texts()[TOKENS].encode() + b"a.jpg#9\tcaf\xe9\n"}


@pytest.mark.parametrize("files", [BLANK, SHORT, TWICE, NO_LIST, NO_TAB, TOO_FEW, NOT_UTF_8],
                         ids=["a blank caption", "too few names", "a name twice", "no list",
                              "no captions", "four captions", "not UTF-8"])  # fmt: skip
def test_texts_that_are_not_the_published_ones_are_refused(tiny, tmp_path, files):
    write(tiny / "Flickr8k_text.zip", files)
    refused(tmp_path / "cache", tiny / "Flickr8k_text.zip")


def test_a_picture_that_the_archive_lacks_is_refused(tiny, tmp_path):
    files = pictures()
    del files["Flicker8k_Dataset/d.jpg"]
    write(tiny / "Flickr8k_Dataset.zip", files)
    refused(tmp_path / "cache", tiny / "Flickr8k_Dataset.zip")


def test_a_mirror_without_the_archives_says_what_to_put_where(tiny):
    (tiny / "Flickr8k_Dataset.zip").unlink()
    with pytest.raises(ZooError, match=r"^ZOO_MIRROR lacks .*Flickr8k_Dataset.zip: put there what https://"):
        zoo.data.load("flickr8k", "captioning")


def test_the_real_one_has_the_published_pictures_and_five_captions_of_each(mirror):
    examples = zoo.data.load("flickr8k", "captioning")
    captions = {
        split: examples.split(split).rows_of_strings("captions") for split in ("train", "validation", "test")
    }
    assert {split: len(found) for split, found in captions.items()} == {
        "train": 6_000,
        "validation": 1_000,
        "test": 1_000,
    }
    assert {len(each) for found in captions.values() for each in found} == {5}
    every = [caption for found in captions.values() for each in found for caption in each]
    assert all(every) and not any(" ." in caption or " ," in caption for caption in every)
    row = next(examples.test.dataset.as_numpy_iterator())
    assert row["image"].ndim == 3 and row["image"].std() > 10
