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

from dataclasses import dataclass
from typing import Annotated

import keras
import tensorflow as tf
from keras import ops

from zoo import cli, decoding, export, layers, show, tasks, text, training
from zoo.data import Part, Streams
from zoo.training import Count, Positive, Share, Size

START = text.Vocabulary.START
NEVER = -1  # no number: a text ends where it is long enough
SETTINGS = ("length", "temperature", "top_k", "top_p", "seed")  # what `serving_default` takes


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "python_source"
    """python_source, tiny_shakespeare, ptb, imdb_reviews, lm1b, wiki40b/en, a text file, or a folder of text
    files."""
    level: text.Level = "char"
    """What is guessed one of at a time: characters; words, which are parted by white space; or tokens, words
    and signs in lower case as the recipe sentiment reads them, which can start from what was learned here."""
    backwards: bool = False
    """Read and write texts from their end: the other half of what reads in both directions."""
    vocabulary_size: Annotated[int, training.Range(4)] = 20_000
    """Most characters or words with a number of their own."""
    min_count: Count = 20
    """Rarer ones count as unknown."""
    width: Count = 64
    """Size of the vectors that they are read as."""
    cell: layers.Cell = "lstm"
    """Recurrent cell."""
    layers: Count = 2
    """Layers on top of each other."""
    units: Count = 192
    """Size of each layer's state."""
    tied: bool = False
    """Score the next word with the vectors that words are read as (Press and Wolf 2017): for many words."""
    samples: Size = 0
    """Words that the right one is compared with while training, drawn anew for each batch; 0: all of them.
    A few hundred of tens of thousands save most of the time; needs --tied."""
    dropout: Share = 0.0
    """Dropout before each layer and before the logits: along depth, never along time."""
    variational: bool = False
    """Drop the same units at all steps of a window, not others at each (Gal and Ghahramani 2016)."""
    weight_dropout: Share = 0.0
    """Share of the weights from state to state that each batch is learned without (Merity et al. 2018): of
    lstm, gru and simple_rnn."""
    window: Count = 64
    """Steps that gradients flow back over; the state itself is carried on from window to window."""
    length: Annotated[int, training.Range(0, 1_000_000)] = 500
    """Characters or words that the exported model writes, unless told otherwise."""
    temperature: Annotated[float, training.Range(0, 1_000)] = 0.6
    """How freely it writes, unless told otherwise: 1 as often as the model thinks, 0 always the likeliest."""
    top_k: Annotated[int, training.Range(0, 1_000_000)] = 0
    """Likewise: only so many of the likeliest are drawn from; 0: all."""
    top_p: Annotated[float, training.Range(0, 1)] = 1.0
    """Likewise: only the likeliest, so many that their shares add up to this."""
    # Other defaults than elsewhere; what they mean is said where they are inherited from.
    storage: training.Storage = "float16"
    epochs: Count = 4
    steps_per_epoch: Size = 250
    learning_rate: Positive = 4e-3
    patience: Size = 0


# Data -------------------------------------------------------------------------------------------------------


def make_streams(config: Config, units: text.Units, part: Part) -> Streams:
    """Cuts windows from the texts of a part."""
    texts = units.arrays(part.one_by_one("text"))
    return Streams(texts, START, text.PADDING, config.batch_size, config.window, told=config.samples > 0)


# Model ------------------------------------------------------------------------------------------------------


def build_model(config: Config, size: int, masked: bool = False) -> keras.Model:
    """Builds tokens (batch, time) and states (batch, units) -> logits (batch, time, size) and next states.

    Args:
        config: sizes.
        size: of the vocabulary.
        masked: whether rows may be padded on the right; their states are then those of their last real step.
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    mask = ops.not_equal(tokens, text.PADDING) if masked else None
    names = [f"state_{i}" for i in range(config.layers * layers.states_of(config.cell))]
    states = {name: keras.Input((config.units,), name=name) for name in names}

    # As an input a vector should not be short, as a scorer it should, so that first logits are small.
    embedding = layers.tied_embedding(size, config.width, config.tied)
    x = embedding(tokens) * config.width**0.5

    # Dropout stands between layers, along depth; along time it would disturb what the state carries (Zaremba
    # et al. 2014).
    drop = keras.layers.SpatialDropout1D if config.variational else keras.layers.Dropout
    left, after = list(states.values()), []
    for number in range(1, config.layers + 1):
        own, left = left[: layers.states_of(config.cell)], left[layers.states_of(config.cell) :]
        x = drop(config.dropout, name=f"dropout_{number}")(x)
        options = {"weight_dropout": config.weight_dropout, "name": f"rnn_{number}"}
        layer = layers.recurrent(
            config.cell, config.units, return_sequences=True, return_state=True, **options
        )
        x, *behind = layer(x, initial_state=own, mask=mask)
        after += behind

    if config.units != config.width:
        x = keras.layers.Dense(config.width, name="readout")(x)
    x = drop(config.dropout, name="dropout")(x)
    # Logits stay float32 under mixed precision: a loss needs more digits than half precision has.
    x = ops.copy(x)  # without the mask, for which the next layer has no use
    outputs = {"logits": embedding(x, reverse=True), **dict(zip(names, after, strict=True))}
    return keras.Model({"tokens": tokens, **states}, outputs, name="generation")


# Serving ----------------------------------------------------------------------------------------------------


class Generation(export.Serving):
    """Raw strings in; what follows them, how probable they are, and the states behind them out."""

    mapping = "text"

    def __init__(self, config: Config, core: keras.Model, units: text.Units):
        # Texts of a batch differ in length: the mask holds the state of a row that is over.
        reader = build_model(config, len(units), masked=True)
        reader.set_weights(core.get_weights())
        settings = {name: getattr(config, name) for name in SETTINGS}
        super().__init__(reader, config, defaults=settings, own={"never": units.never})
        self.units = units
        self.sizes = [reader.input[name].shape[1] for name in training.state_names(reader)]

    @export.signature(
        prompt=tf.TensorSpec([None], tf.string),
        length=tf.TensorSpec([None], tf.int32),
        temperature=tf.TensorSpec([None], tf.float32),
        top_k=tf.TensorSpec([None], tf.int32),
        top_p=tf.TensorSpec([None], tf.float32),
        seed=tf.TensorSpec([None], tf.int64),
    )
    def write(self, prompt, length, temperature, top_k, top_p, seed):
        """Draws `length` characters or words that follow each prompt, by each row's own seed.

        `log_probability` is that of what was drawn, where padding and unknown cannot be. Of a prompt that is
        `truncated` only the end was read, 200,000 characters or words.
        """
        decoding.assert_sampling(length, temperature, top_k, top_p)
        numbers = self.units.encode(prompt)
        before, last = self.inputs(numbers[:, -export.MOST_STEPS :])
        _, states = training.read(self.model, before)
        settings = (length, temperature, top_k, top_p, seed)
        drawn = decoding.sample(self.step, states, last, NEVER, *settings)
        written = self.units.decode(drawn.tokens)
        return {
            "text": self.units.follow(prompt, written),
            "continuation": written,
            "log_probability": drawn.log_probabilities,
            "truncated": numbers.row_lengths() > export.MOST_STEPS,
        }

    @export.signature("text", "score")
    def score(self, text):
        """Returns each text's `log_probability`, of how many `units` it is, and its `perplexity`.

        Of a text that is `truncated` these are the first 200,000 characters or words.
        """
        numbers, truncated = export.cut(self.units.encode(text))
        before, _ = self.inputs(numbers)
        total, _ = training.read(self.model, before, numbers)
        count = tf.cast(numbers.row_lengths(), tf.int32)
        mean = tf.math.divide_no_nan(total, tf.cast(count, tf.float32))
        figures = {"log_probability": total, "units": count, "perplexity": tf.exp(-mean)}
        return {**figures, "truncated": truncated}

    @export.signature(
        name="step",
        tokens=tf.TensorSpec([None], tf.int32),
        state=lambda self: tf.TensorSpec([None, sum(self.sizes)], tf.float32),
    )
    def stream(self, tokens, state):
        """Takes one step; `state` is what the step before returned, zeros at first, all layers side by side.

        Logits are the model's own, as `score` takes them; who writes leaves out what the manifest's
        `never` names, padding and unknown.
        """
        tokens = decoding.assert_tokens(tokens, len(self.units))
        states = dict(zip(training.state_names(self.model), tf.split(state, self.sizes, 1), strict=True))
        logits, after = self.advance(tokens, states)
        return {"logits": logits, "state": tf.concat(list(after.values()), axis=1)}

    @export.signature("text", "encode")
    def encode(self, text):
        """Returns the `tokens` of texts (batch, time), padded with 0, as `step` takes them.

        All texts together have 64 million places; one that needs more is `truncated`.
        """
        numbers, truncated = export.cut(self.units.encode(text), export.columns(tf.size(text), each=8))
        return {"tokens": numbers.to_tensor(), "truncated": truncated}

    @export.signature("text", "states")
    def show_states(self, text):
        """Returns each text's characters or words, and every unit of all layers when it has read them."""
        stack = list(export.recurrent_layers(self.model))
        numbers, truncated = export.cut_to_show(self.units.encode(text), stack)
        shown = export.padded(numbers)
        inputs = {"tokens": shown, **training.zero_states(self.model, tf.shape(shown)[0])}
        inside = export.activations(self.model, stack, inputs)
        return {"tokens": self.units.units(shown), **inside, "truncated": truncated}

    def inputs(self, numbers: tf.RaggedTensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
        """Returns what stands before each of the numbers (batch, time), and the last of each row."""
        starts = tf.fill([numbers.nrows(), 1], START)
        whole = tf.concat([starts, numbers], axis=1)
        return whole[:, :-1], whole[:, -1:].values

    def step(self, tokens: tf.Tensor, states: dict[str, tf.Tensor]):
        """As `advance`, but only what can be written is possible."""
        logits, after = self.advance(tokens, states)
        return decoding.without(logits, self.units.never), after

    def advance(self, tokens: tf.Tensor, states: dict[str, tf.Tensor]):
        """Returns the logits (rows, size) behind one more token of each row, and the next states."""
        outputs = self.model({"tokens": tokens[:, None], **states}, training=False)
        return outputs.pop("logits")[:, 0], outputs


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    run = training.Run(__file__, config, alike=["level", "backwards"])
    examples = run.load("text")
    learned = examples.with_unlabelled()
    counts = examples.units_counted(config.level)
    if counts is None:
        counts = text.Units.count((texts for (texts,) in learned.blocks("text", rows=64)), config.level)
    kind = (config.level, config.backwards)
    size = config.vocabulary_size
    units = run.vocabulary("vocabulary", text.Units, counts, size, *kind, vectors="embedding")
    train, validation = (make_streams(config, units, part) for part in (learned, examples.validation))
    train.check(config.dataset, f"{config.level}s", run.replicas)
    core = run.build(build_model, config, len(units))
    run.start_from(core, ["embedding/embeddings"], by_column=["embedding/reverse_embeddings"])
    rows = config.batch_size // run.replicas
    model, loss = run.build(training.windowed, core, rows, config.samples, text.PADDING)
    # Papers clip the gradient of a window's sum at 5 (Zaremba et al. 2014); this loss is its mean.
    clip_norm = config.clip_norm / config.window
    run.fit(model, train, validation, loss, clip_norm=clip_norm)

    module = Generation(config, core, units)
    run.evaluate(module)
    (sample,) = module.predict([""])
    show.print_text(sample["text"], f"A sample at temperature {config.temperature:g}")
    state = sum(module.sizes)
    run.export(module, tasks.generation_samples(module.manifest, list(module.signatures), START, state))


if __name__ == "__main__":
    cli.run(Config, main, presets="generation")
