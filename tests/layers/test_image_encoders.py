"""Image encoders by name: what goes in and out, and that an exported clone sees the same."""

import urllib.error

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.backend import config
from keras.src.utils import file_utils

from zoo.errors import ZooError
from zoo.export import serving
from zoo.layers import image_encoders
from zoo.layers.image_encoders import KerasPreprocessing, image_encoder

SIZE = 32
# Name -> shape of the feature map; Keras's two want their pixels in different ways.
NETWORKS = {
    "small": (4, 4, 128),
    "tiny": (2, 2, 64),
    "efficientnet_lite0": (1, 1, 1280),
    "keras:ResNet50": (1, 1, 2048),
    "keras:mobilenetv2": (1, 1, 1280),
}


@pytest.fixture(scope="module", params=NETWORKS)
def encoder(request) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = image_encoder(request.param, SIZE, weights=False)
    assert model.output_shape == (None, *NETWORKS[request.param])
    return model


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, SIZE, SIZE, 3)).astype("uint8")


def same(found, expected: np.ndarray) -> None:
    """Compares by the size of what is expected: Keras's random MobileNet lets hardly anything through."""
    assert expected.std() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * expected.std())


def recipe(encoder: keras.Model) -> keras.Model:
    """Returns a model that contains the encoder, as a recipe's does."""
    image = keras.Input((SIZE, SIZE, 3), dtype="uint8", name="image")
    return keras.Model(image, keras.layers.Flatten()(encoder(image)))


def test_an_encoder_has_its_name_and_takes_pictures_of_any_type(encoder, pictures):
    assert encoder.name == "encoder"
    assert [tensor.name for tensor in encoder.inputs] == ["image"]
    found = encoder(pictures).numpy()
    np.testing.assert_array_equal(encoder(pictures.astype("float32")), found)
    same(encoder(pictures[1:2])[0], found[1])


def test_an_exported_clone_sees_the_same(encoder, pictures, tmp_path):
    model = recipe(encoder)
    expected = model(pictures, training=False).numpy()
    clone, module = serving.portable(model), tf.Module()
    module._variables_ = [weight.value for weight in clone.weights]
    signature = [tf.TensorSpec([None, SIZE, SIZE, 3], tf.uint8)]
    module.encode = tf.function(lambda image: clone(image, training=False), input_signature=signature)
    same(clone(pictures, training=False), expected)
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    same(loaded.encode(pictures), expected)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("resnet", [30 - 103.939, 20 - 116.779, 10 - 123.68]),  # blue, green, red
        ("mobilenet_v2", [10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1]),
        ("densenet", [(10 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224, (30 / 255 - 0.406) / 0.225]),
        ("mobilenet_v3", [10, 20, 30]),  # it has its own inside
    ],
)
def test_pictures_are_prepared_as_the_network_was_trained(module, expected):
    layer = KerasPreprocessing(module)
    pixel = np.array([10, 20, 30], "float32").reshape(1, 1, 1, 3)
    np.testing.assert_allclose(layer(pixel)[0, 0, 0], expected, rtol=1e-5)
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    np.testing.assert_array_equal(copy(pixel), layer(pixel))


def test_mean_and_variance_inside_a_network_reach_its_clone(pictures):
    image = keras.Input((SIZE, SIZE, 3))
    normalise = keras.layers.Normalization()
    network = keras.Model(image, keras.layers.Conv2D(2, 3)(normalise(image)))
    normalise.set_weights([np.array([1.0, 2, 3]), np.array([4.0, 5, 6]), np.array(0)])
    normalise.finalize_state()  # as reading a weights file does
    expected = network(pictures).numpy()
    fixed = image_encoders._fixed_statistics(network)
    np.testing.assert_array_equal(fixed(pictures), expected)
    np.testing.assert_allclose(serving.portable(recipe(fixed))(pictures), expected.reshape(3, -1), atol=1e-5)


def refusal(name: str, size: int = SIZE, weights: bool = True) -> str:
    with pytest.raises(ZooError) as error:
        image_encoder(name, size, weights)
    assert f"encoder {name!r}" in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_unknown_encoders_are_refused_with_the_known_ones():
    assert "choose small, tiny, efficientnet_lite0, or keras:<name>" in refusal("resnet50")
    assert "among them keras:MobileNetV3Small" in refusal("keras:mobilenetv3smal")


def test_a_size_that_a_network_cannot_take_is_refused():
    told = refusal("keras:Xception", 64, weights=False)
    assert "takes no pictures of 64x64, choose another size: Input size must be at least 71x71" in told


def test_weights_that_cannot_be_fetched_are_told_in_one_line(monkeypatch, tmp_path):
    def unreachable(*_):
        raise urllib.error.URLError("name not known")

    monkeypatch.setattr(file_utils, "urlretrieve", unreachable)
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    told = refusal("keras:VGG16")
    assert "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5" in told
    assert "name not known); copy ~/.keras/models from a machine that has fetched them" in told
    assert "or choose another encoder, such as efficientnet_lite0" in told
