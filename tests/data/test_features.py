import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.data import features
from zoo.data import kept_features as encoded
from zoo.errors import ZooError

COUNT = 40  # more than a block


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Returns the folder of the features."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


def encoder(size=6, seed=1) -> keras.Model:
    """Returns an encoder that sees the columns of a picture apart: maps are (size / 2, size / 2, 2)."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((size, size, 3), name="image")
    x = keras.layers.Rescaling(1 / 255)(image)
    return keras.Model(image, keras.layers.Conv2D(2, 2, 2)(keras.layers.Dropout(0.5)(x)))


def pictures(count=COUNT, size=6) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3)).astype("uint8")


def dataset(images: np.ndarray) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(images)


def files(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_maps_are_those_of_the_encoder_in_the_order_of_the_pictures(cache):
    model, images = encoder(), pictures()
    found = encoded(model, dataset(images), COUNT)
    assert isinstance(found, np.memmap)
    assert (found.shape, found.dtype) == ((COUNT, 3, 3, 2), np.float16)
    np.testing.assert_allclose(found, model(images), atol=2e-3)
    assert [name.endswith(".npy") for name in files(cache)] == [True]


def test_mirrored_rows_are_those_of_mirrored_pictures(cache):
    model, images = encoder(), pictures()
    found = encoded(model, dataset(images), COUNT, mirror=True)
    assert found.shape == (2 * COUNT, 3, 3, 2)
    np.testing.assert_allclose(found[:COUNT], model(images), atol=2e-3)
    np.testing.assert_allclose(found[COUNT:], model(images[:, :, ::-1]), atol=2e-3)
    assert np.abs(found[:COUNT] - found[COUNT:]).max() > 0.1


def test_filtered_data_that_does_not_know_its_size_is_encoded_too(cache):
    images = pictures()
    images[::2] = 0
    some = dataset(images).filter(lambda image: tf.reduce_any(image > 0))
    model = encoder()
    np.testing.assert_allclose(encoded(model, some, COUNT // 2), model(images[1::2]), atol=2e-3)


def test_maps_are_computed_once(cache, monkeypatch):
    images = pictures()
    first = encoded(encoder(), dataset(images), COUNT)
    monkeypatch.setattr(features, "_write", None)
    again = encoded(encoder(), dataset(images), COUNT)  # another one with the same weights
    np.testing.assert_array_equal(again, first)
    assert len(files(cache)) == 1


def test_whatever_maps_depend_on_has_a_file_of_its_own(cache):
    images, others = pictures(4), pictures(4)
    others[3, 5, 5, 2] ^= 1
    made = [
        encoded(encoder(), dataset(images), 4),
        encoded(encoder(), dataset(others), 4),
        encoded(encoder(), dataset(images[:3]), 3),
        encoded(encoder(), dataset(images[::-1]), 4),
        encoded(encoder(seed=2), dataset(images), 4),
        encoded(encoder(), dataset(images), 4, mirror=True),
        encoded(encoder(8), dataset(pictures(4, 8)), 4),  # the very same weights
    ]
    assert len({found.filename for found in made}) == len(files(cache)) == 7
    assert np.any(made[0] != made[4])


def test_a_failure_midway_leaves_no_file(cache):
    images, passes = pictures(), []

    def failing():
        passes.append(1)
        for number, image in enumerate(images):
            if len(passes) == 2 and number == 35:  # the first pass hashes; the first block is written by now
                raise RuntimeError("the disk has a scratch")
            yield image

    broken = tf.data.Dataset.from_generator(failing, output_signature=tf.TensorSpec([6, 6, 3], tf.uint8))
    with pytest.raises(tf.errors.UnknownError, match="scratch"):
        encoded(encoder(), broken, COUNT)
    assert len(passes) == 2
    assert files(cache) == []
    assert len(encoded(encoder(), dataset(images), COUNT)) == COUNT


def test_a_disk_without_room_is_told_before_anything_is_written(cache, monkeypatch):
    images = dataset(pictures())
    needed = 2 * COUNT * 3 * 3 * 2 * 2  # two bytes a number, and mirrored ones
    left = {"free": needed - 1}
    monkeypatch.setattr(features.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, **left))
    with pytest.raises(ZooError, match=r"the features take .* GB, more than is free; .*ZOO_CACHE") as error:
        encoded(encoder(), images, COUNT, mirror=True)
    assert str(error.value).startswith(f"{cache}: ")
    assert "\n" not in str(error.value)
    assert files(cache) == []
    left["free"] = needed
    assert len(encoded(encoder(), images, COUNT, mirror=True)) == 2 * COUNT


def test_a_folder_that_cannot_be_written_is_told(cache):
    cache.parent.mkdir()
    cache.write_text("a file where the folder should be")
    with pytest.raises(
        ZooError, match=r"cannot be used .*; set ZOO_CACHE to a folder that can be written$"
    ) as error:
        encoded(encoder(), dataset(pictures(1)), 1)
    assert str(error.value).startswith(f"{cache}: ")
    assert "\n" not in str(error.value)


def test_a_disk_that_fills_up_meanwhile_is_told(cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(features.np.lib.format, "open_memmap", full)
    with pytest.raises(ZooError, match=r"cannot be used \(No space left on device\)"):
        encoded(encoder(), dataset(pictures(1)), 1)
    assert files(cache) == []
