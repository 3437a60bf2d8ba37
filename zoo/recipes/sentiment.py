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
Expect:      macro-F1 about 0.74 on the test part, one to two minutes on two CPU cores.
Better ones: --preset tweets-best, --preset imdb
Your data:   --dataset FILE.csv, with the columns text and label
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import cli, export, metrics, report, training
from zoo.data import Batches, Examples, Ragged, load
from zoo.data.examples import columns
from zoo.layers import MaskedPooling, SubwordEmbedding, WordDropout, recurrent
from zoo.run import Run
from zoo.text import PADDING, UNKNOWN, Vocabulary, character_ngrams, split_words
from zoo.warm_start import known_words, warm_start

RECIPE = "sentiment"


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
    cell: Literal["simple_rnn", "lstm", "gru"] = "lstm"
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


def encode(config: Config, vocabulary: Vocabulary, text: tf.Tensor) -> dict[str, tf.RaggedTensor]:
    """Turns strings (batch,) into word numbers (batch, time) and n-gram numbers (batch, time, most)."""
    words = split_words(text)[:, : config.max_words]
    # The start symbol gives even an empty text one step: the fused kernels know no empty row.
    words = tf.concat([tf.fill([tf.size(text), 1], "<start>"), words], axis=1)
    features = {"words": vocabulary(words)}
    if config.subword_units:
        grams = character_ngrams(words.values, sizes=(3, 4, 5), most=20, buckets=config.subword_buckets)
        features["subwords"] = tf.RaggedTensor.from_row_splits(grams, words.row_splits)
    return features


def learn_vocabulary(config: Config, examples: Examples) -> list[str]:
    """Counts the words of the training part and keeps the frequent ones."""
    counts = Counter()
    for (texts,) in columns(examples.train, "text"):
        counts.update(split_words(texts).values.numpy())
    known = known_words(config.init_from)
    return Vocabulary.learn(counts, config.vocabulary_size, config.min_count, known)


def make_batches(config: Config, vocabulary: Vocabulary, dataset, replicas: int) -> Batches:
    """Encodes every text once; the batches are drawn from the cached numbers."""
    encode_block = tf.function(lambda text: encode(config, vocabulary, text))
    blocks, labels = [], []
    for texts, numbers in columns(dataset, "text", "label"):
        blocks.append(encode_block(tf.constant(texts)))
        labels.append(numbers)
    inputs = {name: Ragged.concatenate([block[name] for block in blocks]) for name in blocks[0]}
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
        inputs["subwords"] = keras.Input((None, 20), dtype="int32", name="subwords")
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
    return batches.restore_order(tf.nn.softmax(logits).numpy())


def fit_baselines(examples: Examples) -> dict[str, dict]:
    """Scores what a recurrent model must beat: the commonest label, and a linear model of word pairs."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    texts, labels = {}, {}
    for split in ("train", "validation", "test"):
        rows = list(columns(examples.split(split), "text", "label"))
        texts[split] = [text.decode("utf-8", "replace") for block, _ in rows for text in block]
        labels[split] = np.concatenate([block for _, block in rows])

    def score(split: str, predicted: np.ndarray) -> dict:
        return metrics.classification(labels[split], predicted, examples.label_names)

    tfidf = TfidfVectorizer(ngram_range=(1, 2), max_features=50_000, sublinear_tf=True)
    features = {"train": tfidf.fit_transform(texts["train"])}
    features |= {split: tfidf.transform(texts[split]) for split in ("validation", "test")}
    models = [
        LogisticRegression(C=c, max_iter=1000).fit(features["train"], labels["train"]) for c in (1, 2, 4, 8)
    ]
    best = max(models, key=lambda m: score("validation", m.predict(features["validation"]))["macro_f1"])
    commonest = np.bincount(labels["train"]).argmax()
    return {
        "majority": score("test", np.full(len(labels["test"]), commonest)),
        "TF-IDF + logistic regression": score("test", best.predict(features["test"])),
    }


# Serving ----------------------------------------------------------------------------------------------------


class Sentiment(export.Serving):
    """Raw strings in; label and scores out; splitting and vocabulary are part of the graph."""

    def __init__(self, config: Config, model: keras.Model, vocabulary: Vocabulary, label_names):
        super().__init__(model)
        self.config, self.vocabulary, self.label_names = config, vocabulary, tf.constant(label_names)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def classify(self, text):
        """Returns `label` and `score` (batch,), `labels` and `scores` (batch, labels)."""
        features = encode(self.config, self.vocabulary, text)
        scores = tf.nn.softmax(export.by_length(self.model, features, len(self.label_names)))
        return {
            "label": tf.gather(self.label_names, tf.argmax(scores, axis=1)),
            "score": tf.reduce_max(scores, axis=1),
            "labels": tf.repeat(self.label_names[None], tf.size(text), axis=0),
            "scores": scores,
        }


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    run = Run(RECIPE, config)
    target = export.SAVED_MODELS / run.name
    export.check_target(target, RECIPE)
    strategy = training.start(config)
    examples = load(config.dataset, "classification")
    vocabulary_words = learn_vocabulary(config, examples)
    run.create(examples.fingerprint())
    vocabulary = Vocabulary.write(vocabulary_words, run.directory / "vocabulary.txt")
    train, validation, test = (
        make_batches(config, vocabulary, examples.split(split), strategy.num_replicas_in_sync)
        for split in ("train", "validation", "test")
    )

    with strategy.scope():
        model = build_model(config, len(vocabulary), len(examples.label_names))
        warm_start(model, config.init_from)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    outcome = training.fit(run, config, model, train, validation, loss, [accuracy])

    chances = probabilities(model, test)
    scores = fit_baselines(examples)
    scores[run.name] = metrics.classification(test.targets, chances.argmax(axis=1), examples.label_names)
    texts = [text.decode("utf-8", "replace") for (block,) in columns(examples.test, "text") for text in block]
    report.print_classification(scores, texts, test.targets, chances, examples.label_names)
    run.write_metrics({"test": scores, **outcome})

    module = Sentiment(config, model, vocabulary, examples.label_names)
    sizes = {"train": len(train), "validation": len(validation), "test": len(test)}
    manifest = export.manifest(run, "classification", examples, sizes, scores, outcome)
    samples = ["", "what a day!", "I don't like it at all.", *texts[:5]]
    export.save(module, target, {"serving_default": module.classify}, samples, manifest)


if __name__ == "__main__":
    cli.run(RECIPE, Config, main)
