import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import stored

from zoo import export
from zoo.layers import CELLS, states_of
from zoo.recipes import generation
from zoo.text import PADDING, Vocabulary
from zoo.text.units import Units
from zoo.training.carried import state_names, zero_states

RESERVED = ["<padding>", "<unknown>", "<start>"]
UNITS, LAYERS = 6, 2
TEXTS = ["abc cab", "", "aЖb\n", "a" * 40, b"\xffab", "b"]


def made(
    folder, cell="lstm", level="char", storage="float32", **settings
) -> tuple[keras.Model, generation.Generation]:
    """An untrained network, as it is trained and as it would be exported."""
    keras.utils.set_random_seed(6)
    config = generation.Config(cell=cell, level=level, storage=storage, units=UNITS, width=4, **settings)
    spoken = ["a", "b", "c", "dd"] if level == "word" else [*"abcd ", "\u2028"]
    units = stored(Units, [*RESERVED, *spoken], folder / "vocabulary.txt", level)
    core = generation.build_model(config, len(units))
    # Larger weights than a fresh model has: answers then differ visibly from row to row.
    core.set_weights([2 * weight for weight in core.get_weights()])
    return core, generation.Generation(config, core, units)


@pytest.fixture(scope="module", params=CELLS)
def every(request, tmp_path_factory):
    return made(tmp_path_factory.mktemp("made"), request.param)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return made(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def module(both) -> generation.Generation:
    return both[1]


def test_what_is_dropped_is_so_at_all_steps_where_that_is_asked_for(tmp_path):
    for variational in (True, False):
        core, _ = made(tmp_path, dropout=0.5, variational=variational)
        for name in ("dropout_1", "dropout_2", "dropout"):
            left = core.get_layer(name)(tf.ones((2, 9, 32)), training=True).numpy()
            alike = (left == left[:, :1]).all()
            assert alike == variational, name
            assert set(np.unique(left)) == {0, 2}


def numbers_of(module, text) -> list[int]:
    return module.units.encode(tf.constant([text])).to_list()[0]


def whole_run(core, numbers: list[int]) -> np.ndarray:
    """Returns the logits of each unit of a text, and of what would follow, (time + 1, size)."""
    tokens = tf.constant([[Vocabulary.START, *numbers]])
    return core({"tokens": tokens, **zero_states(core, 1)}, training=False)["logits"][0].numpy()


def log_chances(logits) -> np.ndarray:
    logits = np.asarray(logits, np.float64)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def wrote(module, prompts, length=12, temperature=1.0, top_k=0, top_p=1.0, seed=1) -> list[str]:
    """Returns continuations; a setting is for all rows or one for each."""
    found = (length, temperature, top_k, top_p, seed)
    columns = [value if isinstance(value, list) else [value] * len(prompts) for value in found]
    return [text.decode() for text in module.write(prompts, *columns)["continuation"].numpy()]


# Of every cell ----------------------------------------------------------------------------------------------


def test_a_score_is_the_sum_of_what_the_trained_model_gives_each_unit(every):
    core, module = every
    found = module.score(tf.constant(TEXTS))
    for row, text in enumerate(TEXTS):
        numbers = numbers_of(module, text)
        chances = log_chances(whole_run(core, numbers)[:-1])
        expected = chances[np.arange(len(numbers)), numbers].sum()
        alone = module.score(tf.constant([text]))
        for answer in (found["log_probability"][row], alone["log_probability"][0]):
            np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=1e-6)
        assert found["units"][row] == len(numbers)
        perplexity = np.exp(-expected / max(1, len(numbers)))
        np.testing.assert_allclose(found["perplexity"][row], perplexity, rtol=1e-5)


def test_a_streamed_run_is_the_whole_run_and_adds_up_to_the_score(every):
    core, module = every
    texts = ["abc\ncabЖ" * 3, "cc b\nabd" * 3]
    rows = np.array([[Vocabulary.START, *numbers_of(module, text)] for text in texts], np.int32)
    state = tf.zeros([2, LAYERS * states_of(module.config.cell) * UNITS])
    total, expected = np.zeros(2), np.stack([whole_run(core, row[1:].tolist()) for row in rows])
    for time in range(rows.shape[1]):
        found = module.stream(rows[:, time], state)
        np.testing.assert_allclose(found["logits"], expected[:, time], rtol=2e-6, atol=1e-5)
        if time + 1 < rows.shape[1]:
            total += log_chances(found["logits"])[[0, 1], rows[:, time + 1]]
        state = found["state"]
    np.testing.assert_allclose(total, module.score(tf.constant(texts))["log_probability"], rtol=1e-5)


def test_states_are_those_of_each_layer_after_each_unit(every):
    core, module = every
    found = module.show_states(["ab", "", "abc\nЖ"])
    assert found["tokens"].numpy()[0].tolist() == [b"a", b"b", b"", b"", b""]
    assert found["tokens"].numpy()[2].tolist() == [b"a", b"b", b"c", b"\n", "\ufffd".encode()]
    assert found["activations"].shape == (3, 5, LAYERS * UNITS)
    assert found["layers"].numpy().tolist() == [0] * UNITS + [1] * UNITS
    step = states_of(module.config.cell)
    outputs = state_names(core)[::step]  # the first state of a cell is its output
    numbers = numbers_of(module, "abc\nЖ")
    for time in range(5):
        after = core({"tokens": tf.constant([numbers[: time + 1]]), **zero_states(core, 1)}, training=False)
        expected = np.concatenate([after[name][0] for name in outputs])
        np.testing.assert_allclose(found["activations"][2, time], expected, atol=1e-5)
        if time < 2:
            np.testing.assert_allclose(found["activations"][0, time], expected, atol=1e-5)


# Scores -----------------------------------------------------------------------------------------------------


def test_a_text_of_several_windows_is_scored_and_continued_as_a_whole(both):
    core, module = both
    text = "".join(np.random.default_rng(1).choice(list("abc \n"), 600))
    numbers = numbers_of(module, text)
    logits = whole_run(core, numbers)
    found = module.score(tf.constant(["ab", text]))["log_probability"][1]
    np.testing.assert_allclose(found, log_chances(logits[:-1])[np.arange(600), numbers].sum(), rtol=1e-5)
    (written,) = wrote(module, [text], length=1, temperature=0.0)
    assert numbers_of(module, written) == [Vocabulary.START + int(logits[-1, Vocabulary.START :].argmax())]


def test_half_precision_weights_answer_as_their_rounded_clone(tmp_path):
    core, stored = made(tmp_path, storage="float16")
    core.set_weights([weight.astype("float16").astype("float32") for weight in core.get_weights()])
    clone = generation.Generation(dataclasses.replace(stored.config, storage="float32"), core, stored.units)
    assert {weight.dtype for weight in stored._variables_} == {tf.float16}
    scores = [each.score(tf.constant(TEXTS))["log_probability"] for each in (stored, clone)]
    np.testing.assert_allclose(*scores, rtol=1e-6)


# Writing ----------------------------------------------------------------------------------------------------


def test_temperature_0_writes_the_likeliest_step_by_step(both):
    core, module = both
    prompts = ["", "ab", "aЖ\r\nb"]
    found = wrote(module, prompts, length=6, temperature=0.0)
    for prompt, text in zip(prompts, found, strict=True):
        numbers, written = numbers_of(module, prompt), []
        for _ in range(6):
            logits = whole_run(core, numbers + written)[-1]
            written.append(Vocabulary.START + int(logits[Vocabulary.START :].argmax()))
        assert text == module.units.decode(tf.constant([written])).numpy()[0].decode()
    assert wrote(module, prompts, length=6, temperature=5.0, top_k=1) == found
    assert wrote(module, prompts, length=6, top_p=0.0) == found


def test_a_rows_text_follows_from_its_own_seed_and_settings_wherever_it_stands(module):
    rows = [
        dict(zip(("prompt", "length", "temperature", "top_k", "top_p", "seed"), row, strict=True))
        for row in [
            ("ab", 12, 1.0, 0, 1.0, 5), ("", 0, 1.0, 0, 1.0, 5), ("ab", 12, 1.0, 0, 1.0, 5),
            ("cЖ\n", 70, 0.7, 3, 1.0, 6), ("ab", 12, 1.0, 0, 0.8, 5), ("ab", 20, 1.0, 0, 1.0, -6),
            ("ab", 5, 1.0, 0, 1.0, 5), ("abc " * 9, 12, 0.0, 0, 1.0, 5),
        ]
    ]  # fmt: skip

    def ask(rows):
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        return wrote(module, columns.pop("prompt"), **columns)

    found = ask(rows)
    assert [ask([row])[0] for row in rows] == found
    assert ask(rows[::-1]) == found[::-1]
    assert found[0] == found[2]
    assert found[1] == ""
    assert found[0][:5] == found[6]  # a longer text begins with the shorter one
    assert found[0] != found[5][:12]  # another seed
    assert [len(text) for text in found] == [row["length"] for row in rows]


def test_seeds_draw_as_often_as_the_model_thinks(both):
    core, module = both
    logits = whole_run(core, numbers_of(module, "ab"))[-1][Vocabulary.START :]
    expected = np.exp(log_chances(logits / 0.7))
    found = wrote(module, ["ab"] * 3000, 1, temperature=0.7, seed=list(range(3000)))
    for number, chance in enumerate(expected, Vocabulary.START):
        share = found.count(module.units.units([number]).numpy()[0].decode()) / 3000
        assert share == pytest.approx(chance, abs=4 * (chance / 3000) ** 0.5 + 1e-9)


def test_padding_and_unknown_are_never_written_however_likely(tmp_path):
    core, untrained = made(tmp_path)
    readout = core.get_layer("embedding").reverse_embeddings
    logits = whole_run(core, [Vocabulary.START])[-1]
    weights = readout.numpy()
    weights[:, [PADDING, Vocabulary.UNKNOWN]] = 9 * weights[:, [logits.argmax()]]
    readout.assign(weights)
    module = generation.Generation(untrained.config, core, untrained.units)
    assert whole_run(core, [Vocabulary.START])[-1].argmax() in (PADDING, Vocabulary.UNKNOWN)
    for temperature in (0.0, 1.0, 1e30):
        texts = wrote(module, ["\n"] * 20, 30, temperature, seed=list(range(20)))
        assert all("\ufffd" not in text and len(text) >= 30 for text in texts)


def test_what_stands_for_rare_words_in_the_training_text_is_read_for_others_and_never_written(tmp_path):
    units = Units([*RESERVED, "a", "<unk>", "b"], "word")
    assert units.encode(["zebra a <unk>\n"]).to_list() == [[4, 3, 4, 2]]
    assert units.never == [0, 1, 4]
    _, module = made(tmp_path, level="word", tied=True, layers=1)
    module.units.never.append(3)
    for temperature in (1.0, 1e30):
        words = " ".join(wrote(module, [""] * 20, 30, temperature, seed=list(range(20)))).split()
        assert words and module.units.units([3]).numpy()[0].decode() not in words


def test_the_text_is_prompt_and_continuation_and_its_probability_that_of_the_drawn(both):
    core, module = both
    prompt = b"a\xff\r\nb"
    found = module.write([prompt], [9], [1.0], [0], [1.0], [4])
    (text,), (written,) = found["text"].numpy(), found["continuation"].numpy()
    assert text == prompt.decode("utf-8", "replace").encode() + written
    before, numbers = numbers_of(module, prompt), numbers_of(module, written)
    logits = whole_run(core, before + numbers)[len(before) : -1, Vocabulary.START :]
    expected = log_chances(logits)[np.arange(9), np.array(numbers) - Vocabulary.START].sum()
    np.testing.assert_allclose(found["log_probability"][0], expected, rtol=1e-4)


def test_words_are_written_behind_a_space_and_lines_behind_none(tmp_path):
    _, module = made(tmp_path, level="word", tied=True, layers=1)
    prompts = ["a b", "a\n", "zebra", ""]
    found = module.write(prompts, [20] * 4, [1.0] * 4, [0] * 4, [1.0] * 4, [1, 2, 3, 4])
    for prompt, text, written in zip(
        prompts, *(found[k].numpy() for k in ("text", "continuation")), strict=True
    ):
        text, written = text.decode(), written.decode()
        apart = "" if prompt in ("", "a\n") or written.startswith("\n") else " "
        assert text == prompt + apart + written
        assert len(numbers_of(module, written)) == 20
        assert "  " not in text and " \n" not in text and "\n " not in text
    assert module.score(["a b\nzebra a"])["units"].numpy().tolist() == [5]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"length": -1}, "length must be 0 or more"),
        ({"temperature": -0.1}, "temperature must be 0 or more"),
        ({"temperature": float("nan")}, "temperature must be 0 or more"),
        ({"temperature": float("inf")}, "temperature must be finite"),
        ({"top_k": -1}, "top_k must be 0 or more"),
        ({"top_p": -0.1}, "top_p must be 0 or more"),
        ({"top_p": 1.1}, "top_p must be 1 or less"),
    ],
)
def test_what_cannot_be_is_an_error_that_says_so(module, settings, told):
    with pytest.raises(tf.errors.InvalidArgumentError, match=told):
        wrote(module, ["a", "b"], **{name: [0, value] for name, value in settings.items()})


def test_a_batch_of_no_rows_gives_no_rows(module):
    none = tf.zeros([0], tf.string)
    written = module.write(none, *[[]] * 5)
    assert {name: value.shape.as_list() for name, value in written.items()} == {
        "text": [0], "continuation": [0], "log_probability": [0], "truncated": [0]
    }  # fmt: skip
    assert all(value.shape == [0] for value in module.score(none).values())
    assert module.encode(none)["tokens"].shape[0] == 0
    assert module.show_states(none)["activations"].shape[0] == 0
    assert module.stream([], tf.zeros([0, 2 * LAYERS * UNITS]))["logits"].shape[0] == 0


@pytest.mark.parametrize("token", [-1, 10_000])
def test_a_step_takes_no_token_that_there_is_not(both, token):
    _, module = both
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"tokens must be (0 or more|below)"):
        module.stream([token], tf.zeros([1, sum(module.sizes)]))


def test_what_is_longer_than_what_is_read_is_told_and_scored_up_to_there(tmp_path, monkeypatch):
    monkeypatch.setattr(export.bounds, "MOST_STEPS", 20)
    monkeypatch.setattr(export, "MOST_STEPS", 20)
    monkeypatch.setattr(export.bounds, "MOST_SHOWN", 9)
    monkeypatch.setattr(export.serving, "MOST_SHOWN", 9)
    _, module = made(tmp_path)
    texts = tf.constant(["ab" * 10, "ab" * 11])
    found = module.score(texts)
    assert found["truncated"].numpy().tolist() == [False, True]
    assert found["units"].numpy().tolist() == [20, 20]
    np.testing.assert_allclose(*found["log_probability"], rtol=1e-6)
    shown = module.show_states(texts)
    assert shown["tokens"].shape[1] == shown["activations"].shape[1] == 9
    assert shown["truncated"].numpy().tolist() == [True, True]
    # Of a prompt it is the end that counts.
    prompts = ["ba" + "ab" * 10, "ab" * 10]
    one, other = wrote(module, prompts, length=5, temperature=0.0)
    assert one == other
    written = module.write(prompts, [5] * 2, [0.0] * 2, [0] * 2, [1.0] * 2, [1] * 2)
    assert written["truncated"].numpy().tolist() == [True, False]
