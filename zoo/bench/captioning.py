"""Speed of the captioning recipe: beside a loop in Python, and what features computed once save."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo import export, images, models, rebuilt
from zoo.bench.saved import first_of
from zoo.bench.timing import in_turn, median_seconds, print_table
from zoo.recipes import captioning
from zoo.text import PADDING, Pieces, with_ends

_MODELS = ("captioning_flickr8k", "captioning_emoji", "captioning")
_PICTURES, _SAMPLE, _ROWS = 128, 8, 64
_SIZES = ((224, 224), (1080, 1920), (3000, 4000))  # height and width of single pictures

Caption = Callable[[Sequence[bytes]], list[str]]


def main(full: bool = False, model: str = "") -> None:
    """Prints pictures per second, milliseconds for one picture, and those of a training step.

    Args:
        full: more passes, for steadier medians.
        model: name or path of a saved model; empty for the first one that is here.
    """
    print(f"{export.hardware()}, TensorFlow {tf.__version__}, Keras {keras.__version__}")
    saved = first_of(_MODELS, "captioning", model)
    config, pieces, network = rebuilt.captioning(saved)
    _show_one_picture(saved, 30 if full else 10)
    _show_captioning(saved, config, pieces, network, 5 if full else 2)
    _show_training(config, pieces, network, 15 if full else 5)


def _picture(height: int, width: int, seed: int = 0) -> bytes:
    """Makes a JPEG file of smooth noise, which takes as long as a photograph."""
    coarse = np.random.default_rng(seed).uniform(0, 255, (12, 16, 3))
    smooth = tf.image.resize(coarse, (height, width), method="bicubic")
    return tf.io.encode_jpeg(tf.saturate_cast(smooth, tf.uint8), quality=90).numpy()


def _show_one_picture(model: models.Model, times: int) -> None:
    asked = {"serving_default": "best caption", "attention": "and where it looks"}
    asked = {name: what for name, what in asked.items() if name in model.signatures}
    rows = []
    for height, width in _SIZES:
        file = tf.constant([_picture(height, width)])
        row = [f"JPEG of {width:,} x {height:,}"]
        for name in asked:
            function = model.signatures[name]
            row.append(f"{1000 * median_seconds(lambda f=function, x=file: f(image=x), times):.1f}")
        rows.append(row)
    headings = ("", *(f"ms: {what}" for what in asked.values()))
    print_table(f"{model.name}: one file to its caption", headings, rows)


# Captioning -------------------------------------------------------------------------------------------------


def _show_captioning(model, config, pieces, network, passes: int) -> None:
    """Times the SavedModel and the loop that one would write without it, with the same weights."""
    files = [_picture(config.image_size, config.image_size, seed) for seed in range(_PICTURES)]
    loop = f"(b) Keras predict per step, one by one, greedy ({_SAMPLE} pictures)"
    contestants = {
        f"(a) SavedModel, beam {config.beam_size}, batches of {_ROWS}": (_signature(model), files),
        loop: (_predict_loop(config, pieces, network), files[:_SAMPLE]),
    }
    seconds = in_turn(
        {name: lambda run=run, given=given: run(given) for name, (run, given) in contestants.items()}, passes
    )
    per_picture = {
        name: statistics.median(seconds[name]) / len(given) for name, (_, given) in contestants.items()
    }
    exported = next(iter(per_picture.values()))
    rows = [(name, f"{1 / value:.1f}", f"{value / exported:.1f}x") for name, value in per_picture.items()]
    print_table(f"{_PICTURES} files to captions", ("", "pictures/s", "time against (a)"), rows)


def _signature(model: models.Model) -> Caption:
    function = model.signatures["serving_default"]

    def run(files):
        blocks = (files[i : i + _ROWS] for i in range(0, len(files), _ROWS))
        return [text for block in blocks for text in function(image=tf.constant(block))["caption"].numpy()]

    return run


def _predict_loop(config, pieces, network) -> Caption:
    """Writes captions as tutorials do: the whole network's next piece, one `predict` for each."""
    network.compile()

    def run(files):
        captions = []
        for file in files:
            pixels = images.read(tf.constant([file]), config.image_size)[0].numpy()
            tokens = [Pieces.START]
            while tokens[-1] != Pieces.END and len(tokens) <= config.max_pieces:
                given = {"picture": pixels, "caption": np.array([tokens])}
                tokens.append(int(network.predict(given, verbose=0)[0, -1].argmax()))
            captions.append(pieces.decode(tf.constant([tokens])).numpy()[0].decode())
        return captions

    return run


# Training ---------------------------------------------------------------------------------------------------


def _show_training(config, pieces, network, passes: int) -> None:
    """Times a training step that runs the encoder, and one on features that were computed before."""
    texts = tf.constant(["a dog runs over the grass with a red ball in its mouth"] * config.batch_size)
    caption = with_ends(pieces.encode(texts)).to_tensor(PADDING).numpy()
    size = config.image_size
    pixels = np.random.default_rng(0).uniform(0, 255, (config.batch_size, size, size, 3)).astype(np.float32)
    features = network.get_layer("encoder")(pixels, training=False).numpy()
    learners = {
        "pictures": (network, pixels),
        "features, computed once": (network.get_layer("teller"), features),
    }
    steps: dict[str, Any] = {}
    for name, (learner, picture) in learners.items():
        learner.compile(
            "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
        )
        batch = ({"picture": picture, "caption": caption[:, :-1]}, caption[:, 1:])
        steps[name] = lambda learner=learner, batch=batch: learner.train_on_batch(*batch)
    seconds = in_turn(steps, passes)
    rows = [(name, f"{1000 * statistics.median(times):.0f}") for name, times in seconds.items()]
    learns = "learns" if captioning.encoder_learns(config) else "is frozen"
    title = f"A training step of {config.batch_size} captions from (the encoder {learns})"
    print_table(title, ("", "ms"), rows)
