import json
from html.parser import HTMLParser

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.image import imread
from tiny import assert_refused, stored

from zoo import __main__, models
from zoo.inspection import state_pages, states
from zoo.inspection.tracked import tracked
from zoo.recipes import tagging
from zoo.recipes.tagging import Config
from zoo.tasks import Manifest
from zoo.text import Known, Vocabulary, tokenize

TEXT = 'say = f("a (b", [x])  # no "q" here\nif y:\n    z = 1\n'


class Reader(tf.Module):
    """Stands for a language model: unit 2 knows what is a bracket, and unit 3 counts the depth of them."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def show_states(self, text):
        tokens = tf.strings.unicode_split(text, "UTF-8").to_tensor()
        opened, closed = (
            tf.cast(tf.strings.regex_full_match(tokens, sort), tf.float32) for sort in (r"[(\[]", r"[)\]]")
        )
        noise = tf.cast(tf.strings.to_hash_bucket_fast(tokens, 97), tf.float32) / 97 - 0.5
        units = [noise, -noise, opened + closed, tf.cumsum(opened - closed, axis=1) / 4, tf.zeros_like(noise)]
        return {
            "tokens": tokens,
            "activations": tf.stack(units, axis=2),
            "layers": tf.constant([0, 0, 0, 1, 1]),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def score(self, text):
        return {"log_probability": -tf.cast(tf.strings.length(text), tf.float32)}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A folder with the saved models `reader`, and `mute`, which shows no states; and a longer text."""
    folder = tmp_path_factory.mktemp("shelf")
    module = Reader()
    (folder / "probe.py").write_text("f(g[0], h(1))\nwhile q:\n    k(2)\n" * 20)
    for name, signatures in (
        ("reader", {"states": module.show_states, "serving_default": module.score}),
        ("mute", {"serving_default": module.score}),
    ):
        path = folder / "saved_models" / name
        tf.saved_model.save(module, str(path), signatures=signatures)
        config = {"level": "char", "dataset": "python_source"}
        manifest = {"mapping": "text", "config": config, "files": models.hashes(path)}
        manifest["dataset"] = {"name": str(folder / "gone.txt")}
        (path / "zoo.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def reader(shelf):
    return models.Model(models.find(shelf / "saved_models" / "reader"))


def test_a_tagger_shows_both_directions_of_every_layer(tmp_path, layers=2):
    config = Config(style="prose", word_units=4, character_units=0, spelling_units=0, units=3, layers=layers)
    known = Known(stored(Vocabulary, ["a", "b"], tmp_path / "vocabulary.txt"))
    model = tagging.build_model(config, known, ("O", "B-x", "I-x"))
    module = tagging.Tagging(config, model, known, ["O", "B-x", "I-x"])
    tf.saved_model.save(module, str(tmp_path / "tagger"), signatures={"states": module.show_states})
    saved = models.Saved((tmp_path / "tagger").resolve(), Manifest(mapping="tagging"))
    long, empty, short = states.states(models.Model(saved), ["b a, b!", "", "b"])
    assert long.places == [(0, 1), (2, 3), (3, 4), (5, 6), (6, 7)]
    assert empty.places == []
    assert long.layers.tolist() == [layer for layer in range(layers) for _ in range(6)]
    tokens = tokenize(tf.constant(["b a, b!"]), "prose").tokens
    numbers = tagging.encode(config, known, tokens)["words"]
    x = model.get_layer("word_embedding")(numbers.to_tensor())
    for number in range(layers):
        x = model.get_layer(f"both_ways_{number + 1}")(x)
        np.testing.assert_allclose(long.activations[:, 6 * number : 6 * number + 6], x[0], atol=1e-6)
    # Forward units have read nothing yet that differs; a row knows nothing of its neighbours.
    np.testing.assert_allclose(short.activations[0, :3], long.activations[0, :3], atol=1e-6)
    assert states.states(models.Model(saved), [""])[0].activations.shape == (0, 6 * layers)


def marked(text, name, code=True):
    """Returns the text with a dot for each character where the number is 0."""
    return "".join(c if value else "." for c, value in zip(text, tracked(text, code)[name], strict=True))


def test_strings_comments_and_brackets_of_code_are_known():
    assert marked("a = 'b#\\'c' # d's", "inside quotes") == "....'b#\\'c......."
    assert marked("a = 'b#\\'c' # d's", "inside a comment") == "............# d's"
    assert marked('"""a"b\n\'c"""d', "inside quotes") == '"""a"b\n\'c""..'
    assert marked("'a\nb'c", "inside quotes") == "'a..'c"  # a line break ends what was not closed
    assert tracked("f('(', [x]))(", True)["depth of brackets"].tolist() == [
        0, 1, 1, 1, 1, 1, 1, 2, 2, 1, 0, 0, 1,
    ]  # fmt: skip


def test_quotations_of_prose_end_with_their_own_mark_and_apostrophes_open_none():
    assert marked("don't \"say 'no'\" a “b” c", "inside quotes", code=False) == ("......\"say 'no'....“b...")
    assert "inside a comment" not in tracked("a # b", False)


def test_places_are_counted_from_line_and_word_and_indentation_grows_as_it_is_read():
    found = tracked("if a:\n    bc d\n\ne", True)
    assert found["indentation"].tolist() == [0] * 6 + [1, 2, 3, 4, 4, 4, 4, 4, 0, 0, 0]
    assert found["place in the line"].tolist() == [1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 1]
    assert found["place in the word"].tolist() == [1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 1, 0, 0, 1]


def test_the_unit_that_counts_brackets_is_found(reader):
    text = "f(g[0], h(1)) + k(2)\n" * 3
    ranking = states.rank(states.states(reader, [text, ""]), code=True)
    best = ranking["depth of brackets"][0]
    assert (best.unit, round(best.correlation, 6)) == (3, 1.0)
    assert "inside quotes" not in ranking  # there are none in this text
    assert all(tracker.unit != 4 for trackers in ranking.values() for tracker in trackers)  # it never moves


def test_a_unit_that_falls_where_something_rises_has_a_negative_correlation():
    values = np.array([0.0, 1.0, 2.0, 3.0])
    columns = np.stack([values, -2 * values, [1, 1, 1, 1], [0, 1, 0, 1]], axis=1)
    expected = [1, -1, 0, np.corrcoef(values, columns[:, 3])[0, 1]]
    np.testing.assert_allclose(states.correlations(columns, values), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "tokens", "level", "expected"),
    [
        ("aé\n", ["a", "\N{REPLACEMENT CHARACTER}", "\n"], "char", [(0, 1), (1, 2), (2, 3)]),
        (" one  odd\nx", ["one", "\N{REPLACEMENT CHARACTER}", "\n", "x"], "word",
         [(1, 4), (6, 9), (9, 10), (10, 11)]),
        ("a\u00a0b c\x0b\u2028d\fe", ["a\u00a0b", "c\x0b\u2028d", "e"], "word", [(0, 3), (4, 8), (9, 10)]),
        ("Oh, no-one!", ["Oh", ",", "no-one", "!"], "", [(0, 2), (2, 3), (4, 10), (10, 11)]),
    ],
)  # fmt: skip
def test_tokens_stand_where_they_were_read(text, tokens, level, expected):
    assert states._places(text, tokens, level) == expected


def test_colours_go_from_blue_over_white_to_orange():
    assert state_pages.colour(0) == (255, 255, 255)
    assert state_pages.colour(-1) == (33, 102, 172)
    assert state_pages.colour(2) == (217, 95, 2)


def test_a_panel_breaks_long_lines_and_ends_where_it_is_full():
    assert state_pages.laid_out("ab\ncdefg", columns=4, lines=3) == {
        0: (0, 0), 1: (0, 1), 2: (0, 2), 3: (1, 0), 4: (1, 1), 5: (1, 2), 6: (1, 3), 7: (2, 0),
    }  # fmt: skip
    assert len(state_pages.laid_out("x" * 100, columns=4, lines=3)) == 12


class Page(HTMLParser):
    """Collects what a page shows."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.links, self.ids, self.views = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name == "href"]
        self.ids += [value for name, value in attributes if name == "id"]
        if tag == "pre":
            self.views.append("")

    def handle_data(self, data):
        if "pre" in self.tags and self.tags[-1] in ("pre", "b"):
            self.views[-1] += data


def test_the_page_has_every_unit_and_the_text_escaped_and_needs_nothing_else(reader):
    text = 'a<b>&"c"</pre>\n\x1b(x)'
    (read,) = states.states(reader, [text])
    page = state_pages.as_html(read, states.rank([read], True), "<reader>", first=3)
    assert "<reader>" not in page
    shown = Page(page)
    assert not {"script", "link", "img", "iframe"} & set(shown.tags)
    assert shown.ids == [f"u{unit}" for unit in range(5)]
    assert {f"#u{unit}" for unit in range(5)} == set(shown.links)
    seen = {view.strip().replace("↵", "") for view in shown.views}
    assert seen == {text.replace("\x1b", "\ufffd")}  # a terminal would obey escape


def test_the_command_prints_the_ranking_and_writes_picture_and_page(shelf, tmp_path, call, monkeypatch):
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(shelf / "saved_models"))
    flags = ("--probe", shelf / "probe.py", "--output", "depth.png")
    output = call(__main__.main, tmp_path, "inspect", "states", "reader", TEXT, *flags).out
    assert output.splitlines()[-2:] == ["depth.png", "depth.html"]
    (line,) = (line for line in output.splitlines() if "depth of brackets" in line)
    assert "unit 3 (layer 2)" in line
    assert "+1.00" in line
    picture = imread(tmp_path / "depth.png")
    assert len(np.unique(picture.reshape(-1, picture.shape[2])[:, :3], axis=0)) > 20
    assert "z = 1" in (tmp_path / "depth.html").read_text(encoding="utf-8")


def test_without_test_data_units_are_ranked_on_the_text_itself(shelf, tmp_path, call, monkeypatch):
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(shelf / "saved_models"))
    output = call(__main__.main, tmp_path, "inspect", "states", "reader", "f(x)", "--units", "1", "4").out
    assert "this text alone" in output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["states.html", "states.png"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mute", "f(x)"], "mute: has no signature states; choose a language model or a tagger"),
        (["reader", ""], "the text is empty"),
        (["reader", "a" * 20_001], "20,000 at most"),
        (["reader", "f(x)", "--units", "5"], "--units 5: reader has units 0 to 4"),
        (["reader", "f(x)", "--units", *"012340123"], "--units: 9 are too many for a picture; give 8"),
        (["reader", "f(x)", "--output", "x.doc"], ".png, .svg or .pdf"),
        (["reader", "f(x)", "--probe", "none.txt"], "none.txt"),
    ],
)
def test_bad_input_gets_one_line(shelf, tmp_path, call, monkeypatch, arguments, words):
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(shelf / "saved_models"))
    assert_refused(call, __main__.main, tmp_path, ["inspect", "states", *arguments], words)
