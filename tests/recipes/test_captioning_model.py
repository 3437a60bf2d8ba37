import io

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.image import imread, imsave
from tiny import assert_same_answers, tensorflow_alone

import zoo
from zoo import images
from zoo.decoding import Habits
from zoo.rebuilt import captioning as as_keras
from zoo.recipes import captioning
from zoo.tasks.base import Answered
from zoo.text.pieces import Pieces

SIGNATURES = ("serving_default", "beam", "attention")
VALID = [True, False, True, False, True, False, True, True]


def png(pixels) -> bytes:
    return tf.io.encode_png(np.asarray(pixels, np.uint8)).numpy()


@pytest.fixture(scope="module")
def files(squares) -> list[bytes]:
    """Files of all kinds; `VALID` says which can be decoded."""
    square = (squares / "00.png").read_bytes()
    photo = tf.io.encode_jpeg(np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)).numpy()
    huge = bytearray(png(np.zeros((1, 1, 1))))
    huge[16:24] = (10_000).to_bytes(4, "big") * 2
    return [
        square,
        b"",
        photo,
        photo[: len(photo) // 2],
        png(np.zeros((1, 1, 1))),
        bytes(huge),
        png(np.full((40, 20, 4), 128)),
        (squares / "47.png").read_bytes(),
    ]


@pytest.fixture(scope="module")
def model(trained_captioner):
    return zoo.load(f"{trained_captioner}/saved_models/tiny")


@pytest.fixture(scope="module")
def rebuilt(model):
    """What was exported, made again from the recipe and the stored weights."""
    config, pieces, network = as_keras(model)
    habits = Habits.from_json(model.manifest.own["habits"], len(pieces))
    module = captioning.Captioning(config, network, pieces, habits)
    module.confidence.weights.assign(tf.saved_model.load(str(model.path)).confidence.weights)
    return module


def ask(model, signature: str, given) -> dict[str, np.ndarray]:
    found = model.signatures[signature](image=tf.constant(given, tf.string))
    return {name: value.numpy() for name, value in found.items()}


@pytest.fixture(scope="module")
def answers(model, files):
    return {signature: ask(model, signature, files) for signature in SIGNATURES}


# The export -----------------------------------------------------------------------------------------------


def test_tensorflow_alone_captions_raw_bytes_as_the_model_in_memory(model, rebuilt, files, tmp_path):
    found = tensorflow_alone(model.path, "image", files, tmp_path)
    assert set(found) == set(SIGNATURES)
    methods = (rebuilt.caption, rebuilt.caption_n_best, rebuilt.show_attention)
    for signature, method in zip(SIGNATURES, methods, strict=True):
        assert_same_answers(found[signature], method(tf.constant(files)))


@pytest.mark.parametrize("row", range(len(VALID)))
def test_a_row_has_the_same_answer_alone_and_among_broken_ones(model, files, answers, row):
    for signature, together in answers.items():
        for name, alone in ask(model, signature, files[row : row + 1]).items():
            # Tokens and weights are filled up to the longest row.
            expected = together[name][(row, *map(slice, alone.shape[1:]))]
            if alone.dtype == np.float32:
                np.testing.assert_allclose(alone[0], expected, rtol=1e-5, atol=1e-5)
            else:
                np.testing.assert_array_equal(alone[0], expected)


def test_a_batch_of_no_rows_gives_no_rows(model):
    for signature in SIGNATURES:
        for value in ask(model, signature, []).values():
            assert value.shape[0] == 0


def test_more_pictures_than_are_read_at_a_time_keep_their_order(model, files, answers):
    many = ask(model, "serving_default", files * 9)
    np.testing.assert_array_equal(many["caption"], np.tile(answers["serving_default"]["caption"], 9))


def test_the_kind_of_file_makes_no_difference(model, squares):
    pixels = (imread(squares / "05.png")[..., :3] * 255).round().astype(np.uint8)
    bmp = io.BytesIO()
    imsave(bmp, pixels, format="tiff")  # which is no kind that TensorFlow decodes
    from PIL import Image

    kinds = {}
    for kind in ("PNG", "BMP"):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, kind)
        kinds[kind] = file.getvalue()
    transparent = np.concatenate([pixels, np.full((32, 32, 1), 255, np.uint8)], axis=-1)
    found = ask(model, "serving_default", [*kinds.values(), png(transparent), bmp.getvalue()])
    assert found["valid"].tolist() == [True, True, True, False]
    assert len(set(found["caption"][:3])) == 1
    np.testing.assert_allclose(found["score"][:3], found["score"][0], rtol=1e-5)


# Truths about the search ----------------------------------------------------------------------------------


def test_the_beam_holds_the_best_first_and_the_first_is_served(answers):
    beam, best = answers["beam"], answers["serving_default"]
    assert beam["scores"].shape == beam["captions"].shape == (len(VALID), 3)
    np.testing.assert_array_equal(beam["captions"][:, 0], best["caption"])
    np.testing.assert_array_equal(beam["scores"][:, 0], best["score"])
    np.testing.assert_array_equal(answers["attention"]["caption"], best["caption"])


def test_a_score_is_what_teacher_forcing_gives(rebuilt, files, answers):
    pixels, _ = images.read(tf.constant(files[:1]), rebuilt.config.image_size)
    text = answers["serving_default"]["caption"][0]
    numbers = rebuilt.writer.pieces.encode(tf.constant([text])).to_tensor().numpy()[0].tolist()
    inputs = {"picture": tf.cast(pixels, tf.float32), "caption": tf.constant([[Pieces.START, *numbers]])}
    steps = tf.nn.log_softmax(rebuilt.model(inputs, training=False)[0]).numpy()
    total = sum(step[number] for step, number in zip(steps, [*numbers, Pieces.END], strict=True))
    expected = total / ((5 + len(numbers)) / 6) ** rebuilt.config.length_penalty
    assert answers["serving_default"]["score"][0] == pytest.approx(expected, rel=1e-4)


def test_attention_of_each_token_adds_up_to_one_over_the_grid(rebuilt, answers):
    found = answers["attention"]
    rows, columns = rebuilt.model.get_layer("encoder").output_shape[1:3]
    assert found["attention"].shape[2:] == (rows, columns)
    for tokens, weights in zip(found["tokens"], found["attention"], strict=True):
        np.testing.assert_allclose(weights.sum(axis=(1, 2)), (tokens != b"").astype(float), atol=1e-5)


def test_a_picture_that_is_unlike_training_is_told_by_every_signature(rebuilt, files):
    limit, before = rebuilt.familiarity.limit, rebuilt.familiarity.limit.numpy()
    assert (
        rebuilt.caption(tf.constant(files))["familiar"].numpy().tolist() == VALID
    )  # by few rows: all that are
    pixels, _ = images.read(tf.constant([files[0], files[2]]), rebuilt.config.image_size)
    maps = rebuilt.model.get_layer("encoder")(tf.cast(pixels, tf.float32))
    apart = rebuilt.familiarity.distances(captioning.mean_features(maps)).numpy()
    near, far = (0, 2) if apart[0] < apart[1] else (2, 0)
    try:
        limit.assign(apart.mean())
        for method in (rebuilt.caption, rebuilt.caption_n_best, rebuilt.show_attention):
            told = method(tf.constant(files))
            assert told["familiar"].numpy()[near] and not told["familiar"].numpy()[far]
            assert told["valid"].numpy().tolist() == VALID
        (row,) = rebuilt.predict([files[far]])
        answered = Answered([{"image": "x.png", **row}], rebuilt.manifest, {})
        assert "unlike all" in rebuilt.task.notes(answered.rows[0], answered)[0]
        del row["familiar"]  # of an export of before
        assert not any("unlike" in note for note in rebuilt.task.notes({"image": "x.png", **row}, answered))
    finally:
        limit.assign(before)
