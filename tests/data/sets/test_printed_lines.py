"""Lines of print: what can be said of them without setting all of them."""

import io

import numpy as np
import pytest
from PIL import Image

from zoo.data.sets import printed_lines
from zoo.errors import ZooError


@pytest.fixture(scope="module")
def fonts() -> dict[str, bytes]:
    return printed_lines.read_fonts()


def printed(fonts, font="DejaVuSans", text="A line of text", seed=1) -> np.ndarray:
    return printed_lines.printed(text, fonts[font], np.random.default_rng(seed))


def test_all_fonts_are_there_and_unseen_ones_are_not_for_training(fonts):
    assert fonts.keys() == {*printed_lines.FONTS, *printed_lines.UNSEEN}
    assert not set(printed_lines.FONTS) & set(printed_lines.UNSEEN)


@pytest.mark.parametrize("font", [*printed_lines.FONTS, *printed_lines.UNSEEN])
def test_every_font_sets_letters_that_differ(fonts, font):
    pictures = {text: printed(fonts, font, text).tobytes() for text in ("aaaaaaa", "bbbbbbb", "1234567")}
    assert len(set(pictures.values())) == 3
    picture = printed(fonts, font)
    assert picture.shape[0] == printed_lines.HEIGHT and 60 < picture.shape[1] < 260
    assert np.percentile(picture, 1) < np.median(picture) - 30  # there is ink


def test_a_seed_repeats_a_picture_and_another_gives_another(fonts):
    first, again, other = (printed(fonts, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or (first != other).any()
    file = Image.open(io.BytesIO(printed_lines.as_png(first)))
    np.testing.assert_array_equal(np.asarray(file), first)


def test_fonts_of_other_signs_set_no_line_that_holds_these():
    assert printed_lines._can_set("cmr10", "plain (text), here: 1+1=2")
    assert not printed_lines._can_set("cmr10", 'a "quoted" word')
    assert printed_lines._can_set("cmtt10", 'a "quoted" word') and printed_lines._can_set(
        "DejaVuSans", "<a_b>"
    )


def test_long_lines_are_cut_between_words():
    text = "one two three four five six seven eight nine ten eleven twelve"
    pieces = list(printed_lines._cut(text))
    assert " ".join(pieces) == text and max(map(len, pieces)) <= 36
    assert list(printed_lines._cut("x" * 50)) == ["x" * 50]


def test_without_a_font_it_says_so(monkeypatch):
    monkeypatch.setattr(printed_lines, "files_of", lambda package: [])
    with pytest.raises(ZooError, match="install matplotlib anew"):
        printed_lines.read_fonts()
