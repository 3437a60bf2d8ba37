import numpy as np
import pytest

from zoo.layers.small_cnn import small_cnn


@pytest.mark.parametrize(("size", "rows"), [(72, 9), (64, 8), (50, 7), (1, 1)])
def test_maps_have_an_eighth_of_the_rows_and_columns_rounded_up(size, rows):
    model = small_cnn(size, width=8)
    assert model.output_shape == (None, rows, rows, 32)
    assert model(np.full((2, size, size, 3), 255, "uint8")).shape == (2, rows, rows, 32)


def convolution(kernel: int, inputs: int, outputs: int) -> int:
    """Returns the weights of a convolution and of the normalisation behind it, running averages included."""
    return kernel * kernel * inputs * outputs + 4 * outputs


@pytest.mark.parametrize("width", [8, 32])
def test_weights_are_those_of_the_paper_s_blocks(width):
    stem = convolution(5, 3, width)
    first = 2 * convolution(3, width, width)
    second = (
        convolution(3, width, 2 * width)
        + convolution(3, 2 * width, 2 * width)
        + convolution(1, width, 2 * width)
    )
    third = (
        convolution(3, 2 * width, 4 * width)
        + convolution(3, 4 * width, 4 * width)
        + convolution(1, 2 * width, 4 * width)
    )
    assert small_cnn(64, width).count_params() == stem + first + second + third
    more = [2 * convolution(3, channels, channels) for channels in (width, 2 * width, 4 * width)]
    assert small_cnn(64, width, blocks=2).count_params() == stem + first + second + third + sum(more)


def test_the_usual_one_has_a_third_of_a_million_weights():
    assert small_cnn(72).count_params() == pytest.approx(310_000, rel=0.02)


def test_a_map_tells_where_something_is():
    image = np.full((1, 64, 64, 3), 255, "uint8")
    image[0, 40:44, 8:12] = 0
    model = small_cnn(64, width=8)
    changed = np.abs(model(image) - model(np.full_like(image, 255))).max(axis=-1)[0]
    row, column = np.unravel_index(changed.argmax(), changed.shape)
    assert abs(row - 5) <= 1 and abs(column - 1) <= 1
    assert changed[0, 7] < 1e-5  # out of the sight of what changed
