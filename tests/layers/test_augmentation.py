import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.export import serving
from zoo.layers import Augmentation

STILL = {"shift": 0.0, "zoom": 0.0, "light": 0.0}
SIZE = 9


def pictures(rows=4, channels=3, size=SIZE) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (rows, size, size, channels)).astype("uint8")


def drawn(layer: Augmentation, images: np.ndarray) -> np.ndarray:
    return layer(images, training=True).numpy()


def clear(rows=200) -> np.ndarray:
    """Returns pictures of which nothing can be seen."""
    return np.zeros((rows, SIZE, SIZE, 4), "uint8")


# Not training -----------------------------------------------------------------------------------------------


def test_opaque_pictures_are_left_alone_when_not_training():
    images = pictures()
    np.testing.assert_array_equal(Augmentation(mirror=True)(images), images)
    opaque = np.concatenate([images, np.full((4, SIZE, SIZE, 1), 255, "uint8")], axis=-1)
    np.testing.assert_array_equal(Augmentation(mirror=True)(opaque), images)


def test_transparent_pictures_are_put_on_white_when_not_training():
    images = pictures(channels=4)
    share = images[..., 3:] / 255
    found = Augmentation()(images).numpy()
    np.testing.assert_allclose(found, images[..., :3] * share + 255 * (1 - share), atol=1e-4)
    np.testing.assert_array_equal(Augmentation()(clear(1)), np.full((1, SIZE, SIZE, 3), 255))


# Training ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [8, 9])
def test_with_no_strength_at_all_opaque_pictures_stay_what_they_are(channels, size):
    images = pictures(channels=channels, size=size)
    images[..., 3:] = 255
    np.testing.assert_allclose(drawn(Augmentation(**STILL), images), images[..., :3], atol=1e-3)


@pytest.mark.parametrize("size", [8, 9])
def test_half_of_the_pictures_are_mirrored_about_their_middle(size):
    images = np.zeros((200, size, size, 3), "uint8")
    images[:, :, 2] = 255
    found = drawn(Augmentation(**STILL, mirror=True, seed=1), images)
    columns = found.argmax(axis=2)
    mirrored = columns[:, 0, 0] == size - 3
    assert 70 < mirrored.sum() < 130
    np.testing.assert_allclose(found[~mirrored], images[~mirrored], atol=1e-2)
    np.testing.assert_allclose(found[mirrored], images[mirrored][:, :, ::-1], atol=1e-2)


def test_without_mirror_no_picture_is_mirrored():
    images = np.zeros((200, SIZE, SIZE, 3), "uint8")
    images[:, :, 1] = 255
    assert set(drawn(Augmentation(seed=1), images).argmax(axis=2).ravel()) <= {0, 1, 2}


def centres(found: np.ndarray) -> np.ndarray:
    """Returns the row and the column of the middle of what is dark in each picture, (rows, 2)."""
    dark = 255 - found.mean(axis=-1)
    weight = dark.sum(axis=(1, 2))
    places = np.arange(found.shape[1])
    return np.stack([dark.sum(axis=2) @ places, dark.sum(axis=1) @ places], axis=-1) / weight[:, None]


def dotted(rows=300, size=41) -> np.ndarray:
    """Returns white pictures with a black square in the middle, its centre at (20, 20)."""
    images = np.full((rows, size, size, 3), 255, "uint8")
    images[:, 18:23, 18:23] = 0
    return images


def test_pictures_move_both_ways_and_no_further_than_they_may():
    layer = Augmentation(shift=0.1, zoom=0, light=0, seed=1)
    moved = centres(drawn(layer, dotted())) - 20
    limit = 0.1 * 41
    assert np.abs(moved).max() <= limit + 0.01
    assert moved.min(axis=0) == pytest.approx(-limit, abs=0.2)
    assert moved.max(axis=0) == pytest.approx(limit, abs=0.2)
    assert np.abs(moved.mean(axis=0)).max() < 0.5
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.2


def test_pictures_grow_and_shrink_about_their_middle_and_no_more_than_they_may():
    found = drawn(Augmentation(shift=0, zoom=0.2, light=0, seed=1), dotted())
    np.testing.assert_allclose(centres(found), 20, atol=0.01)
    # A place is taken from `scale` times its distance, so that what is seen is 1 / scale as large.
    sides = np.sqrt((255 - found.mean(axis=-1)).sum(axis=(1, 2)) / 255)
    assert sides.min() > 5 / 1.2 - 0.3 and sides.max() < 5 / 0.8 + 0.3
    assert sides.min() < 4.5 and sides.max() > 5.8


def test_light_changes_a_picture_as_a_whole_and_stays_in_range():
    images = np.stack([np.full((SIZE, SIZE, 3), 100), np.full((SIZE, SIZE, 3), 250)]).astype("uint8")
    found = drawn(Augmentation(shift=0, zoom=0, light=0.1, seed=1), np.repeat(images, 200, axis=0))
    assert found.std(axis=(1, 2, 3)).max() < 1e-3
    grey, bright = found[:200, 0, 0, 0], found[200:, 0, 0, 0]
    assert 90 <= grey.min() < 92 and 108 < grey.max() <= 110.01
    assert 225 <= bright.min() < 230 and bright.max() == 255
    assert (bright == 255).sum() > 50  # all that would be brighter


# Backgrounds ------------------------------------------------------------------------------------------------


def test_what_is_transparent_takes_a_plain_background_often_white():
    found = drawn(Augmentation(**STILL, seed=1), clear())
    assert found.std(axis=(1, 2)).max() < 1e-3  # plain
    colours = found[:, 0, 0]
    white = (colours > 254.99).all(axis=1)
    assert 55 < white.sum() < 105  # 40 % of 200
    others = colours[~white]
    assert len(np.unique(others.round(), axis=0)) == len(others)
    assert others.min() < 20 and others.max() > 235
    assert np.abs(others.mean(axis=0) - 127.5).max() < 30


def test_what_is_opaque_never_takes_the_background():
    images = clear()
    images[:, 2:7, 2:7] = [10, 20, 30, 255]
    found = drawn(Augmentation(**STILL, seed=1), images)
    np.testing.assert_allclose(found[:, 2:7, 2:7], np.broadcast_to([10, 20, 30], (200, 5, 5, 3)), atol=1e-3)
    assert len(np.unique(found[:, 0, 0].round(), axis=0)) > 80


def test_what_is_half_transparent_mixes_with_the_background():
    images = clear()
    images[:, :4] = [100, 50, 0, 51]  # a fifth
    found = drawn(Augmentation(**STILL, seed=1), images)
    np.testing.assert_allclose(found[:, 0, 0], [20, 10, 0] + 0.8 * found[:, -1, 0], atol=1e-2)


# Drawing ----------------------------------------------------------------------------------------------------


def test_what_is_drawn_follows_from_the_seed_and_the_state_of_its_generator():
    images = pictures(channels=4)
    layer, like = (Augmentation(mirror=True, seed=5) for _ in range(2))
    first, second = drawn(layer, images), drawn(layer, images)
    np.testing.assert_array_equal(drawn(like, images), first)
    assert np.abs(first - second).max() > 1
    state = layer.random.state.numpy()
    third = drawn(layer, images)
    layer.random.state.assign(state)
    np.testing.assert_array_equal(drawn(layer, images), third)
    assert np.abs(drawn(Augmentation(mirror=True, seed=6), images) - first).max() > 1


def test_every_picture_of_a_batch_is_drawn_for_itself():
    found = drawn(Augmentation(seed=1), np.repeat(pictures(1), 20, axis=0))
    assert len(np.unique(found.reshape(20, -1).round(2), axis=0)) == 20


# Making it again --------------------------------------------------------------------------------------------


def network(channels: int, **options) -> keras.Model:
    image = keras.Input((SIZE, SIZE, channels), name="image")
    return keras.Model(image, Augmentation(**options)(image))


def test_it_is_made_again_with_all_its_settings():
    settings = {"shift": 0.2, "zoom": 0.3, "light": 0.4, "mirror": True, "seed": 7}
    layer = Augmentation(**settings, name="moved")
    copy = Augmentation.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert layer.get_config().items() >= {**settings, "name": "moved"}.items()
    images = pictures(channels=4)
    np.testing.assert_array_equal(drawn(copy, images), drawn(layer, images))
    assert layer.compute_output_shape((None, 8, 9, 4)) == (None, 8, 9, 3)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_portable_clone_of_a_half_precision_one_puts_pictures_on_white(channels):
    images = pictures(channels=channels)
    model = network(channels, mirror=True, seed=1, dtype="mixed_bfloat16")
    assert model.weights == []
    clone = serving.portable(model)
    expected = network(channels)(images)
    assert expected.dtype == tf.float32
    np.testing.assert_array_equal(clone(images, training=False), expected)
    half = model(images, training=True)
    assert half.dtype == tf.bfloat16
    assert tf.reduce_min(half) >= 0 and tf.reduce_max(half) <= 255


def test_it_draws_in_a_graph_for_any_number_of_pictures():
    layer, like = (Augmentation(mirror=True, seed=1) for _ in range(2))

    @tf.function(input_signature=[tf.TensorSpec([None, SIZE, SIZE, 4], tf.uint8)], autograph=False)
    def run(images):
        return layer(images, training=True)

    for rows in (3, 1):
        images = pictures(rows, channels=4)
        np.testing.assert_allclose(run(images), drawn(like, images), atol=1e-3)
