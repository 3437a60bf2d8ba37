import numpy as np
import pytest
from matplotlib.image import imread

from zoo.errors import ZooError
from zoo.inspection import attention
from zoo.tasks import Manifest, of

# " the" is one piece, " cats" is cut in three, "é" is spelled in bytes; the end is read too.
SOURCE = [" the", " ", "ca", "ts", "<0xC3>", "<0xA9>", ".", "<end>"]
TARGET = [" les", " <0xC3>", "ch", "<0xC3>", "<0xA9>", "."]
WEIGHTS = [
    [0.9, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.1, 0.2, 0.3, 0.1, 0.3, 0.0, 0.0],
    [0.1, 0.1, 0.5, 0.3, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.5, 0.3, 0.2, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.3, 0.1, 0.2, 0.4],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5],
]


class Translator:
    """Stands for a loaded model, and gives one answer to everything."""

    name = "tiny"
    manifest = Manifest(mapping="translation", config={"max_pieces": 7})
    task = of(manifest)
    signatures = {"attention": None}  # noqa: RUF012

    def __init__(self, source=SOURCE, target=TARGET, weights=WEIGHTS, **others):
        tokens = {"source_tokens": list(source), "target_tokens": list(target)}
        self.answer = {"translation": "les chés.", **tokens, "attention": weights, **others}

    def predict(self, inputs, signature):
        assert signature == "attention"
        return [self.answer] * len(inputs)


def test_bytes_of_a_character_are_joined_their_source_weights_added_and_target_rows_averaged():
    found = attention.attention_map(Translator(), "the catsé.")
    assert found.source == [" the", " ", "ca", "ts", "é", ".", "<end>"]
    assert found.target == [" les", " <0xC3>", "ch", "é", "."]
    assert found.weights == pytest.approx(
        np.array(
            [
                [0.9, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0],
                [0.0, 0.1, 0.2, 0.3, 0.4, 0.0, 0.0],
                [0.1, 0.1, 0.5, 0.3, 0.0, 0.0, 0.0],
                [0.0, 0.0, 0.0, 0.0, 0.6, 0.2, 0.2],  # the mean of 0.8 and 0.4, of twice 0.2, of 0 and 0.4
                [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5],
            ]
        )
    )


@pytest.mark.parametrize(
    ("tokens", "characters"),
    [
        (["<0xE6>", "<0x97>", "<0xA5>", "<0x78>"], ["日", "x"]),
        (["<0xF0>", "<0x9F>", "<0x98>", "<0x80>"], ["😀"]),
        (["<0x97>", "a", "<0xA5>", "<0xE6>", "<0x97>"], ["<0x97>", "a", "<0xA5>", "<0xE6><0x97>"]),
        (["<0x1B>", "<0xC2>", "<0x9B>"], ["<0x1B>", "<0xC2><0x9B>"]),  # which a terminal would obey
    ],
)
def test_bytes_that_make_no_character_to_be_shown_stay_bytes(tokens, characters):
    assert attention.characters(tokens)[0] == characters


def test_parts_of_words_have_a_dot_and_punctuation_and_new_words_have_none():
    pieces = [" l'", "été", " ", "ca", "ts", ",", " 2", "1", "<end>"]
    assert attention._labels(pieces) == ["l'", "·été", "␣", "·ca", "·ts", ",", "2", "·1", "<end>"]


def test_text_has_each_word_with_the_words_it_looked_at_most():
    weights = [
        [0.7, 0.05, 0.05, 0.1, 0.1, 0.0],
        [0.02, 0.6, 0.2, 0.06, 0.08, 0.04],
        [0.0, 0.1, 0.1, 0.4, 0.4, 0.0],
        [0.17, 0.17, 0.17, 0.15, 0.18, 0.16],
        [0.0, 0.0, 0.0, 0.0, 0.2, 0.8],
    ]
    source, target = [" the", " old", "est", " cat", "-", "<end>"], [" der", " 猫", "å", "!", "?"]
    found = attention.AttentionMap(source, target, np.array(weights), "der 猫å!?", [])
    # Columns of " old" and "est" are added; rows of " 猫" and "å", and of "!" and "?", are averaged. A wide
    # character takes two places.
    assert attention.as_text(found).split("\n") == [
        "der  the 0.70  oldest 0.10  cat 0.10",
        "猫å  oldest 0.50  - 0.24  cat 0.23",
        "!?   <end> 0.48  - 0.19  oldest 0.17",
    ]


def test_a_word_that_looks_everywhere_names_one_place():
    pieces = [f" w{i}" for i in range(20)]
    weights = np.full((1, 20), 0.05)
    weights[0, 3] += 0.01
    assert attention.as_text(attention.AttentionMap(pieces, [" a"], weights, "a", [])) == "a  w3 0.06"


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_map_is_drawn_and_said(tmp_path, suffix):
    path = tmp_path / f"map{suffix}"
    said = attention.draw_attention(Translator(truncated=True, finished=False), "the catsé.", path)
    assert said.split("\n")[:5] == [
        "les chés.",
        "(only the first 7 pieces were read)",
        "(stopped at the length limit)",
        "",
        "les        the 0.90  catsé 0.10",
    ]
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml", b"%PDF-")


@pytest.mark.parametrize("size", [1, 60])
def test_cells_of_long_and_short_sentences_have_the_colour_of_their_weight(tmp_path, size):
    pieces = [f" word{i}" for i in range(size)]
    weights = np.eye(size)[::-1]
    found = attention.AttentionMap(pieces, pieces, weights, " ".join(pieces), [])
    attention.draw(found, "tiny", tmp_path / "map.png")
    image = imread(tmp_path / "map.png")[..., :3]
    assert min(image.shape[:2]) > 300
    assert max(image.shape[:2]) < 9000
    # The darkest blue stands where the weight is 1: as many pixels as its share of the matrix, and the bar's.
    dark = np.all(np.abs(image - np.array([8, 48, 107]) / 255) < 0.02, axis=2)
    rows, columns = np.nonzero(dark[:, : int(image.shape[1] * 0.8)])
    if size > 1:  # from the left at the bottom to the right at the top
        assert np.corrcoef(rows, columns)[0, 1] < -0.9
    assert len(rows) > 50


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (Translator(source=["<end>"], target=[], weights=[]), "the text is empty; give at least one word"),
        (Translator(target=[], weights=[]), "tiny: the translation of this text is empty"),
    ],
)
def test_nothing_to_draw_is_said_and_nothing_is_written(tmp_path, model, told):
    with pytest.raises(ZooError, match=told):
        attention.draw_attention(model, " ", tmp_path / "map.png")
    assert not list(tmp_path.iterdir())


def test_a_model_without_attention_is_told_what_has_it(tmp_path):
    model = Translator()
    model.signatures = {"serving_default": None}
    with pytest.raises(
        ZooError, match=r"tiny: has no signature attention; choose .* --attention dot or additive"
    ):
        attention.draw_attention(model, "the cat", tmp_path / "map.png")


def test_the_real_model_looks_with_all_its_attention_at_each_step(trained_translator):
    import zoo

    model = zoo.load(trained_translator / "saved_models/tiny")
    found = attention.attention_map(model, "The red dog sees the green bird.")
    assert found.source[-1] == "<end>"
    assert "".join(found.source[:-1]) == " The red dog sees the green bird."
    assert found.weights.shape == (len(found.target), len(found.source))
    assert found.weights.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (
        "".join(found.target).strip()
        == found.translation
        == model.predict(["The red dog sees the green bird."])[0]["translation"]
    )
