"""Training and inference speed of the sentiment recipe beside plain Keras and, if installed, PyTorch."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from zoo import export, layers, models, rebuilt, training
from zoo.bench.timing import in_turn, median_seconds, print_table
from zoo.data import Batches, Examples, Part, Ragged, gathered, load
from zoo.data.part import joined
from zoo.recipes import sentiment
from zoo.text import Known, Vocabulary, split_words

# The sizes of keras.io/examples/nlp/bidirectional_lstm_imdb.
_WORDS, _TOKENS, _EMBEDDING, _UNITS, _LAYERS = 20_000, 200, 128, 64, 2
_OURS: dict[str, tuple[layers.Cell, int]] = {  # name -> cell and rows of a batch
    "zoo, batch 128": ("lstm", 128),
    "zoo, batch 256": ("lstm", 256),
    "zoo, minGRU, batch 64": ("mingru", 64),
}
_REVIEWS, _PASSES = 4_000, 5
_MODEL = "sentiment_tweets"


def main(full: bool = False) -> None:
    """Prints reviews per second in training, and milliseconds per text in inference.

    Args:
        full: also train both on all of IMDB for two epochs, as the Keras example does, and compare accuracy.
    """
    print(f"{export.hardware()}, TensorFlow {tf.__version__}, Keras {keras.__version__}")
    examples = load("imdb_reviews", "classification")
    train, test = _imdb(examples.train.first(_REVIEWS)), None
    contestants = _contestants(train)
    _show_speed(contestants, len(train[1]))
    if full:
        train = _imdb(joined([examples.train, examples.validation]))
        test = _imdb(examples.test)
        _show_accuracy(train, test)
    _show_inference(load("tweets", "classification"))


def _imdb(part: Part) -> tuple[Ragged, np.ndarray]:
    """Numbers the words by a hash: as many as the example has, and no vocabulary to learn."""
    blocks = []
    for (texts,) in part.blocks("text"):
        words = split_words(texts)[:, -_TOKENS:]
        blocks.append(tf.cast(tf.strings.to_hash_bucket_fast(words, _WORDS - 2) + 2, tf.int32))
    return Ragged.concatenate(blocks), part.column("label")


def _example_model() -> keras.Model:
    """The model of the Keras example, layer for layer."""
    own = keras.layers
    model = keras.Sequential([keras.Input((None,), dtype="int32"), own.Embedding(_WORDS, _EMBEDDING)])
    model.add(own.Bidirectional(own.LSTM(_UNITS, return_sequences=True)))
    model.add(own.Bidirectional(own.LSTM(_UNITS)))
    model.add(own.Dense(1, activation="sigmoid"))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def _zoo_model(batches: Batches, cell: layers.Cell) -> keras.Model:
    """The recipe's model at the example's sizes, compiled as the recipe trains it."""
    config = sentiment.Config(
        word_units=_EMBEDDING, subword_units=0, layers=_LAYERS, units=_UNITS, pooling="last",
        word_dropout=0, embedding_dropout=0, dropout=0, batch_size=batches.batch_size, weight_average=0,
        schedule="constant", cell=cell,
    )  # fmt: skip
    model = sentiment.build_model(config, Known(Vocabulary([str(number) for number in range(_WORDS)])), 2)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(training.make_optimizer(config, batches.steps), loss, weighted_metrics=["accuracy"])
    return model


def _contestants(train: tuple[Ragged, np.ndarray]) -> dict[str, Callable[[], object]]:
    """Returns name -> a function that trains one pass over the data."""
    rows, labels = train
    padded = keras.utils.pad_sequences([rows.values[a:b] for a, b in _spans(rows)], maxlen=_TOKENS)
    example = _example_model()
    contestants = {
        "keras.io example, batch 32": lambda: example.fit(padded, labels, batch_size=32, verbose=0)
    }
    for name, (cell, size) in _OURS.items():
        batches = Batches({"words": rows}, labels, size)
        model = _zoo_model(batches, cell)
        data = batches.shuffled(seed=1)
        contestants[name] = lambda m=model, d=data, n=batches.steps: m.fit(
            d, steps_per_epoch=n, shuffle=False, verbose=0
        )
    try:
        contestants["PyTorch, the same, batch 32"] = _torch_pass(padded, labels)
    except ImportError:
        print("PyTorch is not installed: left out (pip install torch)")
    return contestants


def _torch_pass(padded: np.ndarray, labels: np.ndarray) -> Callable[[], object]:
    import torch
    from torch import nn

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(_WORDS, _EMBEDDING)
            self.lstm = nn.LSTM(_EMBEDDING, _UNITS, _LAYERS, bidirectional=True, batch_first=True)
            self.head = nn.Linear(2 * _UNITS, 2)

        def forward(self, words):
            return self.head(self.lstm(self.embedding(words))[0][:, -1])

    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters())
    random = np.random.default_rng(1)

    def one_pass():
        order = random.permutation(len(labels))
        for start in range(0, len(order), 32):
            chosen = order[start : start + 32]
            logits = model(torch.from_numpy(padded[chosen]).long())
            optimizer.zero_grad()
            nn.functional.cross_entropy(logits, torch.from_numpy(labels[chosen])).backward()
            optimizer.step()

    return one_pass


def _show_speed(contestants: dict[str, Callable[[], object]], reviews: int) -> None:
    seconds = in_turn(contestants, _PASSES)
    first = next(iter(seconds.values()))
    rows = []
    for name, passes in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(first, passes, strict=True))
        rows.append((name, f"{reviews / statistics.median(passes):.0f}", f"{ratio:.2f}x"))
    sizes = f"{_LAYERS} layers of {_UNITS} units in both directions"
    title = f"Training, {sizes}, on the last {_TOKENS} words of {reviews:,} IMDB reviews"
    print_table(f"{title}; median of {_PASSES} passes", ("", "reviews/s", "against the example"), rows)


def _show_accuracy(train: tuple[Ragged, np.ndarray], test: tuple[Ragged, np.ndarray]) -> None:
    def dense(rows):
        return keras.utils.pad_sequences([rows.values[a:b] for a, b in _spans(rows)], maxlen=_TOKENS)

    keras.utils.set_random_seed(1)
    example = _example_model()
    example.fit(dense(train[0]), train[1], batch_size=32, epochs=2)
    results = [("keras.io example, batch 32", example.evaluate(dense(test[0]), test[1], verbose=0)[1])]
    for name, (cell, size) in _OURS.items():
        keras.utils.set_random_seed(1)
        batches = Batches({"words": train[0]}, train[1], size)
        model = _zoo_model(batches, cell)
        model.fit(batches.shuffled(seed=1), steps_per_epoch=batches.steps, epochs=2, shuffle=False)
        held_out = Batches({"words": test[0]}, test[1], 128).in_order()
        results.append((name, model.evaluate(held_out, verbose=0)[1]))
    rows = [(name, f"{accuracy:.4f}") for name, accuracy in results]
    print_table("Test accuracy after two epochs on 25,000 reviews, no dropout", ("", "accuracy"), rows)


def _show_inference(tweets: Examples) -> None:
    model = models.load(_MODEL)
    texts = tweets.test.column("text")[:1000]
    function = model.signatures["serving_default"]
    short = tf.constant(["thanks for the quick answer, great service!"])
    single = median_seconds(lambda: function(text=short)["label"].numpy(), 200)
    many = median_seconds(lambda: function(text=tf.constant(texts))["label"].numpy(), 7)
    network, inputs = as_keras(model, texts)
    plain = median_seconds(lambda: network.predict(inputs, verbose=0), 7)
    rows = [
        ("one short text, SavedModel", f"{1000 * single:.2f} ms"),
        ("1,000 tweets in one call, SavedModel, from raw text", f"{1000 * many / len(texts):.3f} ms each"),
        ("1,000 tweets, Keras predict, from ready numbers", f"{1000 * plain / len(texts):.3f} ms each"),
    ]
    print_table(f"Inference, {_MODEL}", ("", "median"), rows)


def as_keras(model: models.Model, texts: np.ndarray) -> tuple[keras.Model, dict[str, np.ndarray]]:
    """Rebuilds the Keras model of a saved one, and encodes texts for it.

    Args:
        model: an export of the sentiment recipe.
        texts: strings (n,).

    Returns:
        The Keras model, and its padded inputs.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    config, known, network = rebuilt.sentiment(model)
    inputs = gathered(sentiment.encode(config, known, tf.constant(texts)))
    return network, {name: ragged.to_tensor().numpy() for name, ragged in inputs.items()}


def _spans(rows: Ragged):
    return zip(rows.splits, rows.splits[1:], strict=False)
