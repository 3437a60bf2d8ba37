"""Text that is handed on while it is written."""

import pytest

import zoo


@pytest.fixture(scope="module")
def generator(trained_generator):
    return zoo.load(trained_generator / "saved_models/tiny")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0.7, "seed": 5, "length": 130},  # over two blocks of random numbers
        {"temperature": 1.0, "top_k": 3, "top_p": 0.8, "length": 40},
        {"temperature": 0, "length": 5},
        {"length": 0},
        {"length": 1},
    ],
)
@pytest.mark.parametrize("prompt", ["", "the soup", "ß\nsuch a train"])
def test_all_pieces_together_are_what_predict_writes(generator, prompt, settings):
    (row,) = generator.predict([prompt], **settings)
    pieces = list(generator.stream(prompt, **settings))
    assert "".join(pieces) == row["continuation"]
    assert len(pieces) == settings.get("length", generator.manifest.defaults["length"])


def test_words_come_with_the_space_before_them():
    model = zoo.load("generation_ptb")
    (row,) = model.predict(["the company said"], length=60, seed=3, temperature=0.8)
    pieces = list(model.stream("the company said", length=60, seed=3, temperature=0.8))
    assert "".join(pieces) == row["continuation"]
    assert "\n" in row["continuation"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"temperature": -1}, "temperature"),
        ({"top_p": 2}, "top_p"),
        ({"length": -1}, "length"),
        (
            {"heat": 1},
            "heat is no setting of serving_default, which takes length, temperature",
        ),
    ],
)
def test_what_cannot_be_set_is_told_before_anything_is_written(generator, settings, told):
    with pytest.raises(zoo.ZooError, match=told):
        generator.stream("x", **settings)


def test_only_generators_stream(trained):
    with pytest.raises(zoo.ZooError, match="only generators stream"):
        zoo.load(trained / "saved_models/tiny").stream("x")
