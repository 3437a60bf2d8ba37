"""Generation: one-to-many. A language model guesses each next character or word, and writes by guessing on.

    t1    t2    t3    t4            what was written so far
     |     |     |     |
    RNN-->RNN-->RNN-->RNN-->        stacked; the states behind a window start the next one (return_state)
     |     |     |     |
    t2?   t3?   t4?   t5?           logits of the next: trained on the true one, sampled when writing

Run it:      python -m zoo.recipes.generation
Its data:    the source of Python's own standard library, character by character; nothing is downloaded.
Expect:      1.29 nats a character on modules it never saw, and code that looks like Python, within three to
             five minutes on two CPU cores.
Others:      --preset shakespeare (characters), --preset ptb (words)
Your data:   --dataset book.txt, or a folder of text files
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import baselines, cli, export, metrics, training
from zoo.data import Examples, Streams, load
from zoo.data.examples import columns
from zoo.decoding import assert_sampling, sample
from zoo.errors import ZooError
from zoo.export import serving
from zoo.layers import Cell, recurrent, states_of
from zoo.show import report, sheets
from zoo.text import PADDING, START
from zoo.text.units import Level, Units
from zoo.training.carried import Carried, read, state_names, zero_states
from zoo.training.losses import WindowCrossentropy
from zoo.training.run import Run
from zoo.training.warm_start import config_of, known_words, warm_start

RECIPE = "generation"
NEVER = -1  # no number: a text ends where it is long enough
NO_LOGIT = float("-inf")
ROWS = 256  # texts that are scored together


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "python_source"
    """python_source, tiny_shakespeare, ptb, lm1b, wiki40b/en, a text file, or a folder of text files."""
    level: Level = "char"
    """What is guessed one of at a time: characters, or words, which are parted by white space."""
    vocabulary_size: int = 20_000
    """Most characters or words with a number of their own."""
    min_count: int = 20
    """Rarer ones count as unknown."""
    width: int = 64
    """Size of the vectors that they are read as."""
    cell: Cell = "lstm"
    """Recurrent cell."""
    layers: int = 2
    """Layers on top of each other."""
    units: int = 192
    """Size of each layer's state."""
    tied: bool = False
    """Score the next word with the vectors that words are read as (Press and Wolf 2017): for many words."""
    dropout: float = 0.0
    """Dropout before each layer and before the logits: along depth, never along time."""
    window: int = 64
    """Steps that gradients flow back over; the state itself is carried on from window to window."""
    storage: training.Storage = "float16"
    """Type of the exported weights; float16 halves the files, and scores are those of the rounded weights."""
    epochs: int = 4
    """Most epochs; the schedule ends with the last one."""
    steps_per_epoch: int = 250
    """Batches in an epoch; 0: one pass over the data."""
    batch_size: int = 64
    """Windows in a batch, over all devices; the text is cut into so many streams."""
    learning_rate: float = 4e-3
    """Highest learning rate."""
    length: int = 500
    """Characters or words that the exported model writes, unless told otherwise."""
    temperature: float = 0.6
    """How freely it writes, unless told otherwise: 1 as often as the model thinks, 0 always the likeliest."""
    top_k: int = 0
    """Likewise: only so many of the likeliest are drawn from; 0: all."""
    top_p: float = 1.0
    """Likewise: only the likeliest, so many that their shares add up to this."""
    patience: int = 0
    """Epochs without a better validation loss before training stops; 0: all epochs are run."""


# Data -------------------------------------------------------------------------------------------------------


def learn_units(config: Config, examples: Examples, known: Sequence[str] = ()) -> list[str]:
    """Counts the characters or words of the training part and keeps the frequent ones, after those known."""
    texts = (texts for (texts,) in columns(examples.train, "text", rows=64))
    return Units.learn(texts, config.level, config.vocabulary_size, config.min_count, known)


def texts_of(dataset: tf.data.Dataset) -> list[bytes]:
    """Returns all texts of a part, empty ones left out."""
    return [text for (texts,) in columns(dataset, "text", rows=64) for text in texts if text]


def make_streams(config: Config, texts: Sequence[np.ndarray]) -> Streams:
    """Cuts windows from texts."""
    return Streams(texts, START, PADDING, config.batch_size, config.window)


# Model ------------------------------------------------------------------------------------------------------


def build_model(config: Config, size: int, masked: bool = False) -> keras.Model:
    """Builds tokens (batch, time) and states (batch, units) -> logits (batch, time, size) and next states.

    Args:
        config: sizes.
        size: of the vocabulary.
        masked: whether rows may be padded on the right; their states are then those of their last real step.
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    mask = ops.not_equal(tokens, PADDING) if masked else None
    names = [f"state_{i}" for i in range(config.layers * states_of(config.cell))]
    states = {name: keras.Input((config.units,), name=name) for name in names}

    # As an input a vector should not be short, as a scorer it should, so that first logits are small.
    vectors = keras.initializers.RandomNormal(stddev=config.width**-0.5)
    embedding = keras.layers.ReversibleEmbedding(
        size, config.width, config.tied, vectors, reverse_dtype="float32", name="embedding"
    )
    x = embedding(tokens) * config.width**0.5

    # Dropout stands between layers, along depth; along time it would disturb what the state carries (Zaremba
    # et al. 2014).
    left, after = list(states.values()), []
    for number in range(1, config.layers + 1):
        own, left = left[: states_of(config.cell)], left[states_of(config.cell) :]
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)
        layer = recurrent(
            config.cell, config.units, return_sequences=True, return_state=True, name=f"rnn_{number}"
        )
        x, *behind = layer(x, initial_state=own, mask=mask)
        after += behind

    if config.units != config.width:
        x = keras.layers.Dense(config.width, name="readout")(x)
    x = keras.layers.Dropout(config.dropout, name="dropout")(x)
    # Logits stay float32 under mixed precision: a loss needs more digits than half precision has.
    x = ops.copy(x)  # without the mask, for which the next layer has no use
    outputs = {"logits": embedding(x, reverse=True), **dict(zip(names, after, strict=True))}
    return keras.Model({"tokens": tokens, **states}, outputs, name=RECIPE)


# Serving ----------------------------------------------------------------------------------------------------


class Generation(serving.Serving):
    """Raw strings in; what follows them, how probable they are, and the states behind them out."""

    def __init__(self, config: Config, core: keras.Model, units: Units):
        # Texts of a batch differ in length: the mask holds the state of a row that is over.
        reader = build_model(config, len(units), masked=True)
        reader.set_weights(core.get_weights())
        super().__init__(reader, config.storage)
        self.config, self.units = config, units
        self.sizes = [reader.input[name].shape[1] for name in state_names(reader)]
        self.stream = self.exported(
            self._stream,
            tokens=tf.TensorSpec([None], tf.int32),
            state=tf.TensorSpec([None, sum(self.sizes)], tf.float32),
        )

    @serving.signature(
        prompt=tf.TensorSpec([None], tf.string),
        length=tf.TensorSpec([None], tf.int32),
        temperature=tf.TensorSpec([None], tf.float32),
        top_k=tf.TensorSpec([None], tf.int32),
        top_p=tf.TensorSpec([None], tf.float32),
        seed=tf.TensorSpec([None], tf.int64),
    )
    def write(self, prompt, length, temperature, top_k, top_p, seed):
        """Draws `length` characters or words that follow each prompt, by each row's own seed.

        `log_probability` is that of what was drawn, where padding and unknown cannot be.
        """
        assert_sampling(length, temperature, top_k, top_p)
        before, last = self.inputs(self.units.encode(prompt))
        _, states = read(self.model, before)
        found = sample(self.step, states, last, NEVER, length, temperature, top_k, top_p, seed)
        written = self.units.decode(found.tokens)
        return {
            "text": self.units.follow(prompt, written),
            "continuation": written,
            "log_probability": found.log_probabilities,
        }

    @serving.signature("text")
    def score(self, text):
        """Returns each text's `log_probability`, how many `units` it has, and its `perplexity`."""
        numbers = self.units.encode(text)
        before, _ = self.inputs(numbers)
        total, _ = read(self.model, before, numbers)
        count = tf.cast(numbers.row_lengths(), tf.int32)
        mean = tf.math.divide_no_nan(total, tf.cast(count, tf.float32))
        return {"log_probability": total, "units": count, "perplexity": tf.exp(-mean)}

    def _stream(self, tokens, state):
        """Takes one step; `state` is what the step before returned, zeros at first, all layers side by side.

        Logits are the model's own, as `score` takes them; who writes leaves out 0 and 1, padding and unknown.
        """
        states = dict(zip(state_names(self.model), tf.split(state, self.sizes, 1), strict=True))
        logits, after = self.advance(tokens, states)
        return {"logits": logits, "state": tf.concat(list(after.values()), axis=1)}

    @serving.signature("text")
    def show_states(self, text):
        """Returns each text's characters or words, and every unit of all layers when it has read them."""
        numbers = self.units.encode(text)
        shown = serving.padded(numbers)
        outputs = keras.Model(
            self.model.input, [layer.output[0] for layer in serving.recurrent_layers(self.model)]
        )
        found = outputs({"tokens": shown, **zero_states(self.model, tf.shape(shown)[0])}, training=False)
        layers = [number for number in range(self.config.layers) for _ in range(self.config.units)]
        return {
            "tokens": self.units.units(shown),
            "activations": tf.concat(found, axis=2),
            "layers": tf.constant(layers),
        }

    @serving.signature("text")
    def encode(self, text):
        """Returns the `tokens` of texts (batch, time), padded with 0, as `step` takes them."""
        return {"tokens": self.units.encode(text).to_tensor()}

    def inputs(self, numbers: tf.RaggedTensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
        """Returns what stands before each of the numbers (batch, time), and the last of each row."""
        starts = tf.fill([numbers.nrows(), 1], START)
        whole = tf.concat([starts, numbers], axis=1)
        return whole[:, :-1], whole[:, -1:].values

    def step(self, tokens: tf.Tensor, states: dict[str, tf.Tensor]):
        """As `advance`, but only what can be written is possible."""
        logits, after = self.advance(tokens, states)
        written = tf.range(tf.shape(logits)[1]) >= START  # neither padding nor unknown
        return tf.where(written, logits, NO_LOGIT), after

    def advance(self, tokens: tf.Tensor, states: dict[str, tf.Tensor]):
        """Returns the logits (rows, size) behind one more token of each row, and the next states."""
        found = self.model({"tokens": tokens[:, None], **states}, training=False)
        return found.pop("logits")[:, 0], found


# Program ----------------------------------------------------------------------------------------------------


def check(config: Config) -> None:
    """Refuses sizes and shares that make no model."""
    training.require(config, 1, None, "min_count", "width", "layers", "units", "window")
    training.require(config, 4, None, "vocabulary_size")
    training.require(config, 0, 0.99, "dropout")
    training.require(config, 0, 1_000_000, "length", "top_k")
    training.require(config, 0, 1_000, "temperature")
    training.require(config, 0, 1, "top_p")
    trained = config_of(config.init_from).get("level", config.level)
    if trained != config.level:
        raise ZooError(f"--init-from {config.init_from}: guesses {trained}s; add --level {trained}")


def check_streams(config: Config, streams: dict[str, Streams], replicas: int) -> None:
    """Refuses text that is too short for a batch, and batches that devices cannot share."""
    if config.batch_size % replicas:
        raise ZooError(
            f"--batch-size {config.batch_size}: {replicas} devices share it; give a multiple of that"
        )
    needed = (config.batch_size + 1) * config.window
    if not streams["train"].steps:
        raise ZooError(
            f"{config.dataset}: the training part has {len(streams['train']):,} {config.level}s, but a batch "
            f"takes {needed:,}; give more text, or lower --batch-size or --window"
        )


def evaluate(module: Generation, name: str, examples: Examples, train) -> dict[str, dict[str, dict]]:
    """Scores test part -> n-grams, and the model as it will be exported, under its name."""
    parts = {part: texts_of(examples.split(part)) for part in ("test", *examples.extra)}
    numbers = {part: module.units.array(texts) for part, texts in parts.items()}
    scores = baselines.generation(train, numbers, len(module.units), module.config.level)
    for part, texts in parts.items():
        blocks = [module.score(tf.constant(texts[i : i + ROWS])) for i in range(0, len(texts), ROWS)]
        found = (np.concatenate([block[key] for block in blocks]) for key in ("log_probability", "units"))
        scores[part][name] = metrics.generation(*found, module.config.level)
        report.print_scores(scores[part], f"Scores ({part})")
    return scores


def settings_of(config: Config) -> dict[str, float]:
    """Returns how the exported model writes, unless told otherwise: what `serving_default` takes."""
    names = ("length", "temperature", "top_k", "top_p", "seed")
    return {name: getattr(config, name) for name in names}


def show(module: Generation) -> None:
    """Prints what the model writes by itself."""
    found = module.write([""], *([value] for value in settings_of(module.config).values()))
    title = f"A sample at temperature {module.config.temperature:g}"
    report.print_text(found["text"].numpy()[0].decode("utf-8"), title)


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    check(config)
    run = Run(RECIPE, config)
    target = export.SAVED_MODELS / run.name
    export.check_target(target, RECIPE)
    strategy = training.start(config)
    examples = load(config.dataset, "text")
    known = known_words(config.init_from)
    words = learn_units(config, examples, known)
    replicas = strategy.num_replicas_in_sync
    with TemporaryDirectory() as folder:
        units = Units.write(words, Path(folder) / "vocabulary.txt", config.level)
        texts = {part: units.array(texts_of(examples.split(part))) for part in ("train", "validation")}
    streams = {part: make_streams(config, found) for part, found in texts.items()}
    check_streams(config, streams, replicas)
    with strategy.scope():
        core = build_model(config, len(words))
        readout = ["embedding/reverse_embeddings"]
        warm_start(core, config.init_from, ["embedding/embeddings"], by_column=readout)
        model = Carried(core, config.batch_size // replicas)

    # Nothing is written before this line, and what can be wrong with the input was found.
    run.create(examples.fingerprint(known))
    units = Units.write(words, run.directory / "vocabulary.txt", config.level)
    # Papers clip the gradient of a window's sum at 5 (Zaremba et al. 2014); this loss is its mean.
    settings = replace(config, clip_norm=config.clip_norm / config.window)
    loss = WindowCrossentropy(PADDING)
    outcome = training.fit(run, settings, model, streams["train"], streams["validation"], loss, [])
    sheets.draw_learning_curve(outcome, run.directory / "learning_curve.png")

    module = Generation(config, core, units)
    scores = evaluate(module, run.name, examples, texts["train"])
    run.write_metrics({**scores, **outcome})
    show(module)

    sizes = {part: len(found) for part, found in texts.items()}
    sizes |= {part: named[run.name]["n"] for part, named in scores.items()}
    manifest = export.manifest(run, "text", examples, sizes, scores, outcome)
    manifest["defaults"] = settings_of(config)
    prompts = ["", "The ", "a\nb", "Ж\r\n"]
    rows = len(prompts)
    samples = {name: [value] * rows for name, value in settings_of(config).items()}
    state = np.zeros([rows, sum(module.sizes)], np.float32)
    signatures = {
        "serving_default": (module.write, {"prompt": prompts, **samples}),
        "score": (module.score, prompts),
        "step": (module.stream, {"tokens": [START, START, 3, 3], "state": state}),
        "encode": (module.encode, prompts),
        "states": (module.show_states, prompts),
    }
    functions, samples = ({name: pair[i] for name, pair in signatures.items()} for i in (0, 1))
    export.save(module, target, functions, samples, manifest)


if __name__ == "__main__":
    cli.run(RECIPE, Config, main)
