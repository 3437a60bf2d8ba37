"""Speed of the tagging recipe: its CRF, its reading of characters, and its exported model."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from zoo import cli, export, models, training
from zoo.bench.timing import in_turn, median_seconds, print_table
from zoo.data import load
from zoo.recipes import tagging
from zoo.text import CHARACTERS, Known, Vocabulary
from zoo.training import CRFLoss, SequenceCrossentropy

_SENTENCES, _PASSES = 2_000, 5
_MODELS = ("tagging_conll2003", "tagging_en_ewt", "tagging_python")


def main(full: bool = False) -> None:
    """Prints sentences per second in training, and milliseconds per sentence in inference.

    Args:
        full: more passes, for steadier medians.
    """
    print(f"{export.hardware()}, TensorFlow {tf.__version__}, Keras {keras.__version__}")
    _show_training(15 if full else _PASSES)
    _show_inference(15 if full else _PASSES)


def _show_training(passes: int) -> None:
    """Times the conll2000 preset with one thing changed at a time."""
    config = cli.parse("tagging", tagging.Config, ["--preset", "conll2000"])
    examples = load(config.dataset, "tagging", tags=config.tags)
    examples = dataclasses.replace(examples, train=examples.train.first(_SENTENCES))
    variants = {
        "the preset: character RNN and CRF": config,
        "without CRF": dataclasses.replace(config, crf=False),
        "without character RNN": dataclasses.replace(config, character_units=0),
        "without both": dataclasses.replace(config, crf=False, character_units=0),
    }
    counts = tagging.count_words(examples.train)
    known = Known(Vocabulary(Vocabulary.learn(counts, config.vocabulary_size, config.min_count)))
    contestants = {name: _one_pass(variant, examples, known) for name, variant in variants.items()}
    contestants["plain Keras: padded alike, TimeDistributed characters, no CRF"] = _plain_pass(
        config, examples, known
    )
    seconds = in_turn(contestants, passes)
    first = next(iter(seconds.values()))
    rows = []
    for name, durations in seconds.items():
        share = statistics.median(b / a for a, b in zip(first, durations, strict=True))
        rows.append((name, f"{_SENTENCES / statistics.median(durations):.0f}", f"{100 * share:.0f} %"))
    headings = ("", "sentences/s", "time of a step")
    print_table(f"Training on {_SENTENCES:,} sentences of {config.dataset}; {passes} passes", headings, rows)
    without = statistics.median(b / a for a, b in zip(first, seconds["without CRF"], strict=True))
    print(f"The CRF takes {100 * (1 - without):.0f} % of a training step.")


def _one_pass(config: tagging.Config, examples, known: Known) -> Callable[[], object]:
    batches = tagging.make_batches(config, known, examples.train, examples.label_names, 1)
    model = tagging.build_model(config, known, examples.label_names)
    crf = model.get_layer("crf") if config.crf else None
    loss = CRFLoss(crf, tagging.NO_TAG) if crf else SequenceCrossentropy(tagging.NO_TAG)
    model.compile(training.make_optimizer(config, batches.steps), loss, jit_compile=False)
    data = batches.shuffled(seed=1)
    return lambda: model.fit(data, steps_per_epoch=batches.steps, shuffle=False, verbose=0)


def _plain_pass(config: tagging.Config, examples, known: Known) -> Callable[[], object]:
    """Builds what one would write with Keras's own layers: sentences padded alike, TimeDistributed."""
    batches = tagging.make_batches(config, known, examples.train, examples.label_names, 1)
    rows = np.arange(len(batches))
    inputs = {name: batches.inputs[name].padded(rows) for name in ("words", "characters")}
    targets = batches.targets.padded(rows)
    layers = keras.layers
    words = keras.Input((None,), dtype="int32", name="words")
    characters = keras.Input((None, config.characters), dtype="int32", name="characters")
    letters = layers.Embedding(CHARACTERS + 1, config.character_units)(characters)
    letters = layers.TimeDistributed(layers.Bidirectional(layers.LSTM(config.character_units)))(letters)
    x = layers.Embedding(len(known.words), config.word_units, mask_zero=True)(words)
    x = layers.Concatenate()([x, letters])
    for _ in range(config.layers):
        x = layers.Bidirectional(layers.LSTM(config.units, return_sequences=True))(x)
    model = keras.Model(
        {"words": words, "characters": characters}, layers.Dense(len(examples.label_names))(x)
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=tagging.NO_TAG)
    model.compile("adam", loss)
    return lambda: model.fit(inputs, targets, batch_size=config.batch_size, verbose=0)


def _show_inference(times: int) -> None:
    tokens = load("conll2000", "tagging").test.rows_of_strings("tokens")
    texts = [" ".join(row) for row in tokens[:1000]]
    long = " ".join(next(row for row in tokens if len(row) >= 30)[:30])
    rows = []
    for name in _MODELS:
        tag = _tagger(name)
        single = median_seconds(lambda tag=tag: tag([long]), 20 * times)
        one_by_one = median_seconds(lambda tag=tag: [tag([text]) for text in texts[:200]], times) / 200
        together = median_seconds(lambda tag=tag: tag(texts), times) / len(texts)
        figures = [f"{1000 * seconds:.2f} ms" for seconds in (single, one_by_one, together)]
        rows.append((name, *figures, f"{one_by_one / together:.0f}x"))
    headings = ("", "30 tokens", "one by one, each", "1,000 in one call, each", "faster")
    print_table("Inference from raw text, SavedModels", headings, rows)


def _tagger(name: str) -> Callable[[list[str]], object]:
    function = models.load(name).signatures["serving_default"]
    return lambda texts: function(text=tf.constant(texts))["flat_tags"].numpy()
