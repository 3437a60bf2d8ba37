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

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import keras
import tensorflow as tf
from keras import ops

from zoo import cli, export, layers, text, training
from zoo.baselines import NaiveBayesRuns
from zoo.data import Batches, Part, Rows, gathered
from zoo.training import Count, NotNegative, Share, Size

NGRAMS = 20  # character n-grams kept of each word
SIZES = (3, 4, 5)  # of them


@dataclass(frozen=True)
class Config(training.Settings, training.Elsewhere):
    """What one experiment is; presets and flags change it."""

    dataset: str = "tweets"
    """tweets, semeval2017, imdb_reviews, glue/sst2, yelp_polarity_reviews, sentiment140, or a CSV, TSV,
    JSONL or Parquet file; several, as tweets+semeval2017, are mixed."""
    max_words: Count = 60
    """Words kept of each text, from its start."""
    vocabulary_size: Annotated[int, training.Range(4)] = 20_000
    """Most words with a vector of their own."""
    min_count: Count = 2
    """Rarer words count as unknown."""
    word_units: Count = 64
    """Size of word vectors."""
    subword_units: Size = 64
    """Size of the vectors that are added up from character n-grams; 0: none."""
    subword_buckets: Count = 30_000
    """Character n-grams are hashed into so many vectors."""
    word_dropout: Share = 0.3
    """Share of words replaced by the unknown word while training."""
    subword_dropout: Share = 0.5
    """Share of character n-grams dropped while training."""
    embedding_dropout: Share = 0.4
    """Share of features of the word vectors dropped, for a whole text at once."""
    cell: layers.AnyCell = "lstm"
    """Recurrent cell; tdnn: a time-delay network in its place, which has no state."""
    layers: Count = 2
    """Bidirectional layers on top of each other."""
    units: Count = 64
    """Size of the state, in each direction."""
    dropout: Share = 0.5
    """Dropout between layers: along depth, never along time."""
    pooling: Literal["last", "max", "mean"] = "max"
    """How the top layer becomes one vector: last state, or maximum or mean over time."""
    set_weights: tuple[NotNegative, ...] = ()
    """Of a mix of data sets (a+b), how much each text of a set counts; empty: all alike."""
    balance: Annotated[float, training.Range(0, 1)] = 0.0
    """0: each text counts alike; 1: each label does, however rare it is: for macro-averaged scores."""
    teachers: tuple[str, ...] = ()
    """Who says what unlabelled texts are: saved models by name; ngrams, a linear model on runs of words."""
    teaching: Share = 0.5
    """Share of a labelled text's target that ngrams says, having learned from other texts only."""
    unlabelled: Size = 100_000
    """Most unlabelled texts that are learned from, where the data set has some and there are teachers."""
    wide: Size = 0
    """Runs of one to three words that a linear model beside the network reads; 0: there is none."""
    epochs: Count = 5


# Data -------------------------------------------------------------------------------------------------------


def encode(config: Config, known: text.Known, texts: tf.Tensor):
    """Turns strings (batch,) into the model's inputs: words (batch, time), and what else is known of each.

    Words come again and again: the character n-grams of each, and its vector, are rows of tables.
    """
    words = text.split_words(texts)[:, : config.max_words]
    # The start symbol gives even an empty text one step: the fused kernels know no empty row.
    words = tf.concat([tf.fill([tf.size(texts), 1], "<start>"), words], axis=1)
    inputs = {"words": known.words(words)}
    distinct, rows = tf.unique(words.values)
    rows = words.with_values(rows)
    if config.subword_units:
        grams = text.character_ngrams(distinct, SIZES, NGRAMS, config.subword_buckets)
        inputs["subwords"] = Rows(rows, grams)
    return inputs | {name: Rows(rows, table) for name, table in known.tables(distinct).items()}


def count_words(train: Part) -> Counter[bytes]:
    """Counts the words of the training part."""
    return text.count(text.split_words(texts).values for (texts,) in train.blocks("text"))


def make_batches(config: Config, known: text.Known, part: Part, replicas: int) -> Batches:
    """Encodes every text once; the batches are drawn from the cached numbers.

    Targets are probabilities of the labels, (batch, labels).
    """

    def encode_block(texts, labels):
        return encode(config, known, texts), labels

    blocks, weights = part.blocks("text", "label"), part.column("weight")
    return Batches.encoded(blocks, encode_block, config.batch_size, replicas, weights=weights)


# Model ------------------------------------------------------------------------------------------------------


def build_model(config: Config, known: text.Known, labels: int) -> keras.Model:
    """Builds word numbers (batch, time) -> logits (batch, labels)."""
    words = keras.Input((None,), dtype="int32", name="words")
    inputs = {"words": words}
    # Padding stands on the right, where the fused cuDNN kernels ask for it.
    mask = ops.not_equal(words, text.PADDING)

    # Words: a vector of their own, beside one that is added up from character n-grams.
    x = layers.WordDropout(config.word_dropout, text.Vocabulary.UNKNOWN, name="word_dropout")(words)
    vectors = [keras.layers.Embedding(len(known.words), config.word_units, name="word_embedding")(x)]
    if config.subword_units:
        inputs["subwords"] = keras.Input((None, NGRAMS), dtype="int32", name="subwords")
        adder = layers.SubwordEmbedding(
            config.subword_buckets, config.subword_units, config.subword_dropout, name="subword_embedding"
        )
        vectors.append(adder(inputs["subwords"]))
    vectors += layers.from_elsewhere(known, config.cluster_units, inputs)
    x = keras.layers.Concatenate(name="word_vectors")(vectors) if len(vectors) > 1 else vectors[0]
    x = keras.layers.SpatialDropout1D(config.embedding_dropout, name="embedding_dropout")(x)

    # Memory: layer on layer, each reading in both directions. Dropout stands between layers, along depth;
    # along time it would disturb what the state carries (Zaremba et al. 2014).
    for number in range(1, config.layers + 1):
        every_step = number < config.layers or config.pooling != "last"
        if config.cell == "tdnn":
            layer = layers.time_delay(2 * config.units, number, return_sequences=every_step)
        else:
            rnn = layers.recurrent(
                config.cell, config.units, return_sequences=every_step, name=f"rnn_{number}"
            )
            layer = keras.layers.Bidirectional(rnn, name=f"both_ways_{number}")
        x = layer(x, mask=mask)
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)
    if config.pooling != "last":
        x = layers.MaskedPooling(config.pooling, name="pooling")(x, mask=mask)

    # Logits stay float32 under mixed precision: a loss needs more digits than half precision has.
    logits = keras.layers.Dense(labels, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="sentiment")


def fit_linear(train: Part, labels: int) -> NaiveBayesRuns:
    """Fits the linear model of runs of words that can teach the network, and be read beside it."""
    return NaiveBayesRuns(train.strings("text"), train.column("label"), labels)


# Serving ----------------------------------------------------------------------------------------------------


class Sentiment(export.Serving):
    """Raw strings in; label and scores out; splitting and vocabulary are part of the graph.

    Args:
        temperature: by which the network's logits are divided.
        wide: a linear model of runs of words that has its say too, `share` of it.
    """

    mapping = "classification"

    def __init__(
        self,
        config: Config,
        model: keras.Model,
        known: text.Known,
        labels: Sequence[str],
        temperature: float = 1,
        wide: text.Runs | None = None,
        share: float = 0,
    ):
        own = {"temperature": temperature} | ({"wide_share": share} if wide else {})
        super().__init__(model, config, labels, own=own)
        self.known, self.label_names, self.temperature = known, tf.constant(labels), temperature
        self.wide, self.share = wide, share

    @export.signature("text")
    def classify(self, text):
        """Returns `label` and `score` (batch,), `labels` and `scores` (batch, labels)."""
        inputs = gathered(encode(self.config, self.known, text))
        logits = export.by_length(self.model, inputs, tf.TensorSpec([None, len(self.label_names)]))
        logits /= self.temperature
        if self.wide:
            logits += self.share * self.wide(text, self.config.max_words)
        scores = tf.nn.softmax(logits)
        return {
            "label": tf.gather(self.label_names, tf.argmax(scores, axis=1)),
            "score": tf.reduce_max(scores, axis=1),
            "labels": tf.repeat(self.label_names[None], tf.size(text), axis=0),
            "scores": scores,
        }


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    run = training.Run(__file__, config, alike=training.ELSEWHERE)
    examples = run.load("classification")
    labels, train = examples.label_names, examples.train
    counts = count_words(train)
    known = run.known("vocabulary", counts, config.vocabulary_size)
    linear = functools.cache(lambda: fit_linear(examples.train, len(labels)))  # once, if at all
    teaching = (config.teaching, config.unlabelled, config.set_weights, config.balance)
    train, validation = training.taught(examples, config.teachers, *teaching, linear)
    model = run.build(build_model, config, known, len(labels))
    run.start_from(model, grown=["word_embedding/embeddings"], by_label=["logits"])
    batches = [make_batches(config, known, part, run.replicas) for part in (train, validation)]
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    run.fit(model, batches[0], batches[1], loss, [keras.metrics.CategoricalAccuracy(name="accuracy")])

    wide = linear().heaviest(config.wide) if config.wide else None
    beside = wide.read(examples.validation.strings("text"), config.max_words) if wide else None
    temperature, share = training.calibrated(model, batches[1], beside)
    module = Sentiment(config, model, known, labels, temperature, wide, share)
    run.evaluate(module)
    samples = ["", "what a day!", "I don't like it at all.", *examples.test.strings("text")[:5]]
    run.export(module, samples)


if __name__ == "__main__":
    cli.run(Config, main, presets="sentiment")
