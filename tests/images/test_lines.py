"""Pictures of lines as columns of ink."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from zoo.images import read_lines


def file(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(held, kind)
    return held.getvalue()


def page(rows: int = 16, columns: int = 40, ink: float = 20, paper: float = 230) -> np.ndarray:
    """Paper with one upright stroke, four columns wide, at a quarter of the width."""
    picture = np.full((rows, columns), paper)
    picture[:, columns // 4 : columns // 4 + 4] = ink
    return picture


def test_columns_stand_from_left_to_right_and_ink_is_above_paper():
    lines = read_lines(tf.constant([file(page())]), 16, 100)
    columns = lines.frames[0].numpy()
    assert columns.shape == (40, 16)
    assert (columns[10:14] > 2).all()
    np.testing.assert_allclose(np.delete(columns, range(10, 14), axis=0), 0, atol=1e-5)
    assert np.sqrt((columns**2).mean()) == pytest.approx(1, abs=1e-3)


def test_light_ink_on_dark_paper_is_ink_too():
    dark, light = read_lines(tf.constant([file(page()), file(page(ink=230, paper=20))]), 16, 100).frames
    np.testing.assert_allclose(dark, light, atol=1e-5)


def test_pictures_of_other_heights_keep_their_proportions():
    lines = read_lines(tf.constant([file(page(32, 80)), file(page(8, 20))]), 16, 100)
    assert lines.frames.row_lengths().numpy().tolist() == [40, 40]
    assert lines.widths.numpy().tolist() == [2, 0.5]
    assert lines.valid.numpy().all() and not lines.truncated.numpy().any()


def test_of_a_long_line_the_beginning_is_read():
    lines = read_lines(tf.constant([file(page(16, 120)), file(page(16, 100))]), 16, 100)
    assert lines.frames.row_lengths().numpy().tolist() == [100, 100]
    assert lines.truncated.numpy().tolist() == [True, False]


def test_blank_pages_colours_and_opacity():
    blank = np.full((16, 40), 255)
    colour = np.stack([page()] * 3, axis=-1)
    clear = np.concatenate(
        [np.zeros((16, 40, 3)), (255 - page())[..., None]], axis=-1
    )  # black, where it is seen
    lines = read_lines(tf.constant([file(blank), file(colour), file(clear), file(colour, "JPEG")]), 16, 100)
    assert (lines.frames[0].numpy() == 0).all()
    plain = read_lines(tf.constant([file(page())]), 16, 100).frames[0]
    np.testing.assert_allclose(lines.frames[1], plain, atol=1e-4)
    np.testing.assert_allclose(lines.frames[2], plain, atol=0.05)
    np.testing.assert_allclose(lines.frames[3], plain, atol=0.3)


def test_what_is_no_picture_is_not_valid_and_harms_no_neighbour():
    good = file(page())
    lines = read_lines(tf.constant([good, b"", b"no picture", good[:60], good]), 16, 100)
    assert lines.valid.numpy().tolist() == [True, False, False, False, True]
    assert lines.frames.row_lengths().numpy().tolist() == [40, 0, 0, 0, 40]
    assert read_lines(tf.zeros([0], tf.string), 16, 100).valid.shape == (0,)
