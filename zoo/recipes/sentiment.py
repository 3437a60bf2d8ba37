"""Sentiment: many-to-one. A text goes in, one label comes out.

    words   w1   w2   w3   w4
            |    |    |    |
            RNN<>RNN<>RNN<>RNN    bidirectional, stacked: every step of a layer feeds the next layer
             \\___ \\_ _/ ___/
               one vector         the last state, or the maximum or mean over time
                   |
                 label

Run it:      python -m zoo.recipes.sentiment
Its data:    38,158 tweets that people rated; they come with the installation, nothing is downloaded.
Expect:      macro-F1 about 0.75 on the test part, under two minutes on two CPU cores.
Better ones: --preset tweets-best, --preset imdb
Your data:   --dataset FILE.csv, with the columns text and label
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import baselines, cli, export, metrics, training
from zoo.data import Batches, Examples, Ragged, RowTable, load
from zoo.data.examples import columns, text_and_labels
from zoo.export import serving
from zoo.layers import Cell, MaskedPooling, SubwordEmbedding, WordDropout, recurrent
from zoo.show import report, sheets
from zoo.text import PADDING, UNKNOWN, Vocabulary, character_ngrams, split_words
from zoo.training.run import Run
from zoo.training.warm_start import known_words, warm_start

RECIPE = "sentiment"
NGRAMS = 20  # character n-grams kept of each word


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "tweets"
    """tweets, imdb_reviews, glue/sst2, yelp_polarity_reviews, sentiment140, or a CSV, TSV or JSONL file."""
    max_words: int = 60
    """Words kept of each text, from its start."""
    vocabulary_size: int = 20_000
    """Most words with a vector of their own."""
    min_count: int = 2
    """Rarer words count as unknown."""
    word_units: int = 64
    """Size of word vectors."""
    subword_units: int = 64
    """Size of the vectors that are added up from character n-grams; 0: none."""
    subword_buckets: int = 30_000
    """Character n-grams are hashed into so many vectors."""
    word_dropout: float = 0.3
    """Share of words replaced by the unknown word while training."""
    subword_dropout: float = 0.5
    """Share of character n-grams dropped while training."""
    embedding_dropout: float = 0.4
    """Share of features of the word vectors dropped, for a whole text at once."""
    cell: Cell = "lstm"
    """Recurrent cell."""
    layers: int = 2
    """Bidirectional layers on top of each other."""
    units: int = 64
    """Size of the state, in each direction."""
    dropout: float = 0.5
    """Dropout between layers: along depth, never along time."""
    pooling: Literal["last", "max", "mean"] = "max"
    """How the top layer becomes one vector: last state, or maximum or mean over time."""
    epochs: int = 5
    """Most epochs; the schedule ends with the last one."""


# Data -------------------------------------------------------------------------------------------------------


def encode(config: Config, vocabulary: Vocabulary, text: tf.Tensor):
    """Turns strings (batch,) into word numbers (batch, time) and, one row for each distinct word, n-grams.

    Returns:
        Word numbers and row numbers, both ragged (batch, time), and the n-grams (rows, most).
    """
    words = split_words(text)[:, : config.max_words]
    # The start symbol gives even an empty text one step: the fused kernels know no empty row.
    words = tf.concat([tf.fill([tf.size(text), 1], "<start>"), words], axis=1)
    distinct, rows = tf.unique(words.values)
    grams = character_ngrams(distinct, sizes=(3, 4, 5), most=NGRAMS, buckets=config.subword_buckets)
    return vocabulary(words), words.with_values(rows), grams


def features(config: Config, vocabulary: Vocabulary, text: tf.Tensor) -> dict[str, tf.RaggedTensor]:
    """Turns strings (batch,) into the model's inputs: words (batch, time), subwords (batch, time, most)."""
    words, rows, grams = encode(config, vocabulary, text)
    subwords = rows.with_values(tf.gather(grams, rows.values))
    return {"words": words} | ({"subwords": subwords} if config.subword_units else {})


def learn_vocabulary(config: Config, examples: Examples, known: Sequence[str] = ()) -> list[str]:
    """Counts the words of the training part and keeps the frequent ones, after those already known."""
    counts = Counter()
    for (texts,) in columns(examples.train, "text"):
        counts.update(split_words(texts).values.numpy())
    return Vocabulary.learn(counts, config.vocabulary_size, config.min_count, known)


def make_batches(config: Config, vocabulary: Vocabulary, dataset, replicas: int) -> Batches:
    """Encodes every text once; the batches are drawn from the cached numbers."""
    encode_block = tf.function(lambda text: encode(config, vocabulary, text))
    words, labels, subwords = [], [], RowTable()
    for texts, numbers in columns(dataset, "text", "label"):
        block_words, rows, grams = encode_block(tf.constant(texts))
        words.append(block_words)
        subwords.add(rows, grams)
        labels.append(numbers)
    inputs = {"words": Ragged.concatenate(words)}
    if config.subword_units:
        inputs["subwords"] = subwords.ragged()
    return Batches(inputs, np.concatenate(labels), config.batch_size, replicas)


# Model ------------------------------------------------------------------------------------------------------


def build_model(config: Config, vocabulary_size: int, labels: int) -> keras.Model:
    """Builds word numbers (batch, time) -> logits (batch, labels)."""
    words = keras.Input((None,), dtype="int32", name="words")
    inputs = {"words": words}
    # Padding stands on the right, where the fused cuDNN kernels ask for it.
    mask = ops.not_equal(words, PADDING)

    # Words: a vector of their own, beside one that is added up from character n-grams.
    x = WordDropout(config.word_dropout, UNKNOWN, name="word_dropout")(words)
    x = keras.layers.Embedding(vocabulary_size, config.word_units, name="word_embedding")(x)
    if config.subword_units:
        inputs["subwords"] = keras.Input((None, NGRAMS), dtype="int32", name="subwords")
        subwords = SubwordEmbedding(
            config.subword_buckets, config.subword_units, config.subword_dropout, name="subword_embedding"
        )(inputs["subwords"])
        x = keras.layers.Concatenate(name="word_vectors")([x, subwords])
    x = keras.layers.SpatialDropout1D(config.embedding_dropout, name="embedding_dropout")(x)

    # Memory: layer on layer, each reading in both directions. Dropout stands between layers, along depth;
    # along time it would disturb what the state carries (Zaremba et al. 2014).
    for number in range(1, config.layers + 1):
        every_step = number < config.layers or config.pooling != "last"
        layer = recurrent(config.cell, config.units, return_sequences=every_step, name=f"rnn_{number}")
        x = keras.layers.Bidirectional(layer, name=f"both_ways_{number}")(x, mask=mask)
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)
    if config.pooling != "last":
        x = MaskedPooling(config.pooling, name="pooling")(x, mask=mask)

    # Logits stay float32 under mixed precision: a loss needs more digits than half precision has.
    logits = keras.layers.Dense(labels, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name=RECIPE)


# Evaluation -------------------------------------------------------------------------------------------------


def probabilities(model: keras.Model, batches: Batches) -> np.ndarray:
    """Returns (n, labels), in the order of the data."""
    logits = model.predict(batches.in_order().map(lambda inputs, *_: inputs), verbose=0)
    return np.array(batches.restore_order(tf.nn.softmax(logits).numpy()))


# Serving ----------------------------------------------------------------------------------------------------


class Sentiment(serving.Serving):
    """Raw strings in; label and scores out; splitting and vocabulary are part of the graph."""

    def __init__(self, config: Config, model: keras.Model, vocabulary: Vocabulary, label_names):
        super().__init__(model, config.storage)
        self.config, self.vocabulary, self.label_names = config, vocabulary, tf.constant(label_names)

    @serving.signature("text")
    def classify(self, text):
        """Returns `label` and `score` (batch,), `labels` and `scores` (batch, labels)."""
        inputs = features(self.config, self.vocabulary, text)
        specs = {"logits": tf.TensorSpec([None, len(self.label_names)])}
        found = serving.by_length(lambda padded: {"logits": self.model(padded)}, inputs, specs)
        scores = tf.nn.softmax(found["logits"])
        return {
            "label": tf.gather(self.label_names, tf.argmax(scores, axis=1)),
            "score": tf.reduce_max(scores, axis=1),
            "labels": tf.repeat(self.label_names[None], tf.size(text), axis=0),
            "scores": scores,
        }


# Program ----------------------------------------------------------------------------------------------------


def check(config: Config) -> None:
    """Refuses sizes and shares that make no model."""
    training.require(config, 1, None, "max_words", "min_count", "word_units", "layers", "units")
    training.require(config, 4, None, "vocabulary_size")
    training.require(config, 0, None, "subword_units")
    training.require(config, 1, None, "subword_buckets")
    training.require(config, 0, 0.99, "word_dropout", "subword_dropout", "embedding_dropout", "dropout")


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    check(config)
    run = Run(RECIPE, config)
    target = export.SAVED_MODELS / run.name
    export.check_target(target, RECIPE)
    strategy = training.start(config)
    examples = load(config.dataset, "classification")
    known = known_words(config.init_from)
    words = learn_vocabulary(config, examples, known)
    with strategy.scope():
        model = build_model(config, len(words), len(examples.label_names))
        warm_start(model, config.init_from, ["word_embedding/embeddings"], examples.label_names, ["logits"])

    # Nothing is written before this line, and what can be wrong with the input was found.
    run.create(examples.fingerprint(known), examples.label_names)
    vocabulary = Vocabulary.write(words, run.directory / "vocabulary.txt")
    train, validation, test = (
        make_batches(config, vocabulary, examples.split(split), strategy.num_replicas_in_sync)
        for split in ("train", "validation", "test")
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    outcome = training.fit(run, config, model, train, validation, loss, [accuracy])
    sheets.draw_learning_curve(outcome, run.directory / "learning_curve.png")

    module = Sentiment(config, model, vocabulary, examples.label_names)
    # The clone, since that is what is exported: float32, its weights rounded if they are stored so.
    chances = probabilities(module.model, test)
    scores = baselines.text_classification(examples)
    scores[run.name] = metrics.classification(test.targets, chances.argmax(axis=1), examples.label_names)
    texts, _ = text_and_labels(examples.test)
    report.print_classification(scores, texts, test.targets, chances, examples.label_names)
    run.write_metrics({"test": scores, **outcome})

    sizes = {"train": len(train), "validation": len(validation), "test": len(test)}
    manifest = export.manifest(run, "classification", examples, sizes, {"test": scores}, outcome)
    samples = ["", "what a day!", "I don't like it at all.", *texts[:5]]
    signatures = {"serving_default": module.classify}
    export.save(module, target, signatures, {"serving_default": samples}, manifest)


if __name__ == "__main__":
    cli.run(RECIPE, Config, main)
