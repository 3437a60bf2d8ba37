import numpy as np
import pytest
from matplotlib.image import imread, imsave

from zoo.errors import ZooError
from zoo.inspection import looking
from zoo.tasks import Manifest

# "horses" is cut in two pieces, and "né" is spelled in bytes.
TOKENS = [" hor", "ses", ",", " n", "<0xC3>", "<0xA9>"]
WEIGHTS = np.array(
    [
        [[0.5, 0.0], [0.0, 0.5]],
        [[0.0, 0.5], [0.5, 0.0]],
        [[1.0, 0.0], [0.0, 0.0]],
        [[0.0, 0.0], [0.0, 1.0]],
        [[0.0, 0.0], [0.0, 1.0]],
        [[0.0, 0.0], [1.0, 0.0]],
    ]
)


class Captioner:
    """Stands for a loaded model, and gives one answer to everything."""

    name = "tiny"
    signatures = {"attention": None}  # noqa: RUF012
    manifest = Manifest()

    def __init__(self, tokens=TOKENS, weights=WEIGHTS, valid=True):
        self.answer = {
            "caption": "horses, né",
            "valid": valid,
            "tokens": tokens,
            "attention": weights.tolist(),
        }

    def predict(self, inputs, signature):
        assert signature == "attention"
        return [self.answer] * len(inputs)


@pytest.fixture
def photo(tmp_path):
    """A picture of 40 x 20, white at the left and transparent over black at the right."""
    picture = np.zeros((20, 40, 4), np.uint8)
    picture[:, :20] = 255
    imsave(tmp_path / "photo.png", picture)
    return tmp_path / "photo.png"


def test_pieces_are_joined_to_words_and_their_maps_averaged(photo):
    found = looking.looks(Captioner(), photo)
    assert found.words == ["horses", ",", "né"]
    expected = [[[0.25, 0.25], [0.25, 0.25]], [[1, 0], [0, 0]], [[0, 0], [1 / 3, 2 / 3]]]
    assert found.weights == pytest.approx(np.array(expected))


def test_shares_of_ninths_are_by_area():
    # Of four rows the second lies in the first third by a third of it.
    column = np.array([[0.0], [0.9], [0.1], [0.0]])
    found = looking.shares(column)
    for place in ("top left", "top middle", "top right"):
        assert found[place] == pytest.approx(0.1)
    assert found["middle"] == pytest.approx((0.6 + 0.2 / 3) / 3)
    assert found["bottom left"] == pytest.approx(0.1 / 9)
    assert sum(found.values()) == pytest.approx(1)
    corner = np.zeros((3, 3))
    corner[1, 2] = 1
    assert looking.shares(corner)["middle right"] == pytest.approx(1)


def test_text_names_the_places_with_a_fifth_of_the_attention():
    weights = np.zeros((4, 3, 3))
    weights[0, 1, 1] = 1
    weights[1, 0] = [0.15, 0.25, 0.6]
    weights[2, :, 0] = [0.19, 0.21, 0.19]
    weights[2, :, 1] = [0.14, 0.14, 0.13]
    weights[3] = 1 / 9
    found = looking.Looks(["a", "猫", "dog", "in"], weights, "a 猫 dog in")
    assert looking.as_text(found).split("\n") == [
        "a    middle        1.00",
        "猫   top right     0.60  top middle    0.25",
        "dog  middle left   0.21",
        "in   everywhere",
    ]


def test_a_picture_is_shown_in_its_own_proportions_on_white(photo):
    (found,) = looking.shown(photo, Captioner())
    assert found.shape == (180, 360, 3)
    assert found == pytest.approx(1)


def test_a_thin_picture_keeps_a_line_and_a_large_one_is_made_smaller(tmp_path):
    imsave(tmp_path / "thin.png", np.zeros((1, 900, 3), np.uint8))
    (found,) = looking.shown(tmp_path / "thin.png", Captioner())
    assert found.shape == (1, 360, 3)
    assert not found.any()
    looking.draw_looking(Captioner(), tmp_path / "thin.png", tmp_path / "map.png")


def test_light_falls_where_the_weights_are_high():
    picture = np.ones((60, 120, 3))
    weights = np.zeros((3, 3))
    weights[1, 2] = 1
    found = looking.lit(picture, weights).mean(axis=2)
    rows, columns = np.nonzero(found > 0.8 * found.max())
    assert (rows.mean(), columns.mean()) == pytest.approx((29.5, 104), abs=8)
    assert found[:, :60].max() < 0.5
    # Where all is even, nothing stands out.
    assert np.ptp(looking.lit(picture, np.full((3, 3), 1 / 9))) < 0.3


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_panel_for_each_word_is_drawn_and_said(photo, tmp_path, caplog, suffix):
    path = tmp_path / f"map{suffix}"
    said = looking.draw_looking(Captioner(), photo, path)
    assert said.split("\n")[:3] == ["horses, né", "", "horses  everywhere"]
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml", b"%PDF-")
    assert not caplog.records  # matplotlib logs that colours are out of range


@pytest.mark.parametrize(("words", "rows"), [(1, 1), (4, 1), (5, 2), (39, 8)])
def test_panels_stand_in_rows_of_five(tmp_path, words, rows):
    picture = np.zeros((60, 60, 3))
    weights = np.full((words, 2, 2), 0.25)
    looking.draw(looking.Looks(["$wörd$"] * words, weights, "so"), [picture], "tiny", tmp_path / "map.png")
    dark = imread(tmp_path / "map.png")[..., :3].max(axis=2) < 0.6
    # Panels are the runs of dark lines; letters are not so dense.
    lines = dark.mean(axis=1) > 0.16
    starts = np.flatnonzero(np.diff(lines.astype(int)) == 1)
    assert len(starts) == rows


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (Captioner(valid=False), r"photo.png is no JPEG, .*; give pictures in JPEG"),
        (Captioner(tokens=[], weights=np.zeros((0, 2, 2))), "tiny: the caption of this picture is empty"),
    ],
)
def test_nothing_to_draw_is_said_and_nothing_is_written(tmp_path, model, told):
    (tmp_path / "photo.png").write_text("text")
    with pytest.raises(ZooError, match=told):
        looking.draw_looking(model, tmp_path / "photo.png", tmp_path / "map.png")
    assert not (tmp_path / "map.png").exists()


# Clips ------------------------------------------------------------------------------------------------------


def test_of_a_clip_each_word_is_seen_on_the_frame_that_it_looked_at_most(films, tmp_path):
    weights = np.zeros((2, 3, 3, 3))  # words, frames, rows, columns
    weights[0, 2, 0, 2] = 0.6
    weights[0, 0, 1, 1] = 0.4
    weights[1, 0, 2, :2] = 0.3
    weights[1, 1, 0, 0] = 0.4
    captioner = Captioner([" red", " square"], weights)
    captioner.manifest = Manifest(config={"frames": 3})
    clip = films / "00.gif"
    found = looking.looks(captioner, clip)
    assert found.frames == [2, 0]
    assert found.times == pytest.approx(np.array([[0.4, 0, 0.6], [0.6, 0.4, 0]]))
    expected = np.zeros((2, 3, 3))
    expected[0, 0, 2], expected[1, 2, :2] = 1, 0.5
    assert found.weights == pytest.approx(expected)
    said = looking.draw_looking(captioner, clip, tmp_path / "map.png")
    assert said.split("\n")[2:] == [
        "red     frame  3  top right     1.00",
        "square  frame  1  bottom left   0.50  bottom middle 0.50",
    ]
    assert len(looking.shown(clip, captioner)) == 3
    captioner.answer["valid"] = False
    (tmp_path / "still.png").write_bytes((tmp_path / "map.png").read_bytes())
    with pytest.raises(ZooError, match=r"still.png is a still picture.*; give animated GIF"):
        looking.looks(captioner, tmp_path / "still.png")
