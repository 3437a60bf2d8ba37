import numpy as np
import pytest

from zoo.show import sheets
from zoo.show.curves import draw_learning_curve


def test_the_sheet_shows_each_picture_on_white_above_its_captions(tmp_path):
    from matplotlib.image import imread

    clear = np.zeros((20, 20, 4), np.uint8)  # black, but fully transparent
    wide = np.full((10, 40, 3), (0, 0, 255), np.uint8)
    pictures, found = [clear, wide, wide], ["boat", "costs $5 or $6", ""]
    sheets.draw_captions(
        pictures,
        [["boat"], ["boat " * 30, "b", "c"], ["x"]],
        found,
        tmp_path / "a.png",
        columns=2,
        exact=True,
    )
    sheet = (imread(tmp_path / "a.png")[..., :3] * 255).round().astype(int)
    height, width, _ = sheet.shape
    first, second = sheet[: height // 2, : width // 2], sheet[: height // 2, width // 2 :]
    assert not (first[: width // 4] < 250).any()  # nothing but white where the picture is transparent
    blue = (second == (0, 0, 255)).all(axis=-1)
    assert blue.any(axis=0).sum() == pytest.approx(4 * blue.any(axis=1).sum(), abs=4)  # keeps its shape
    assert has_colour(first, lambda r, g, b: (g > r + 60) & (g > b + 60))  # right: green
    assert has_colour(second, lambda r, g, b: (r > g + 60) & (r > b + 60))  # wrong: red


def test_free_captions_are_black_on_the_sheet(tmp_path):
    from matplotlib.image import imread

    sheets.draw_captions(
        [np.full((9, 9, 3), 255, np.uint8)] * 2, [["a"], ["b"]], ["a", "x"], tmp_path / "a.png"
    )
    sheet = imread(tmp_path / "a.png")[..., :3]
    assert np.ptp(sheet, axis=-1).max() < 0.01  # no colours
    assert sheet.min() < 0.2


def has_colour(sheet, test):
    return test(*np.moveaxis(sheet, -1, 0)).any()


def test_the_learning_curve_is_a_picture(tmp_path):
    history = [{"loss": 2.0, "val_loss": 2.1, "learning_rate": 0.1}, {"loss": 1.0, "val_loss": 1.5}]
    draw_learning_curve(history, 2, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
