"""Drawing: one-to-many over real numbers. A description goes in, a line that draws itself comes out.

    parts      read in both directions
      |   \\____________________________
      |        |         |         |    a window: which part is drawn now
    start --> RNN -----> RNN ----> RNN  stacked; the states behind a point are all that goes on
               |          |         |
              p1?        p2?       p3?  a mixture of Gaussians over the next move, and whether the pen lifts
                                        or stops: trained on the true move, drawn from when drawing

Run it:      python -m zoo.recipes.drawing
Its data:    6,703 kanji, kana and letters, stroke by stroke, and their parts; nothing is downloaded.
Expect:      kanji that it never saw, written from parts that it knows, in five minutes on two cores.
Others:      --preset kanji (longer), --preset unconditional, --preset one_gaussian (what each idea brings)
Your data:   --dataset FOLDER of SVG files, each called what is drawn; or a .jsonl or .npz of strokes
"""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

import keras
import tensorflow as tf
from keras import ops

from zoo import cli, data, decoding, drawings, export, layers, show, tasks, text, training
from zoo.training import Count, Positive, Share, Size

NO_END = 1_000_000_000
SHARP = 2.0  # how soon, in strokes, one part gives way to the next: soft enough that learning finds where
WHOLE = 1  # number that every description begins with, so that there is always something to look at


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "kanji_strokes"
    """kanji_strokes, a folder of SVG files, or a .jsonl, .ndjson or .npz file of strokes."""
    conditional: bool = True
    """Read what is to be drawn; else any of the training drawings may come."""
    min_count: Count = 1
    """Rarer signs of descriptions are left out."""
    width: Count = 64
    """Size of the vectors that signs are read as."""
    cell: layers.Cell = "lstm"
    """Recurrent cell."""
    layers: Count = 2
    """Layers of the pen on top of each other."""
    units: Count = 192
    """Size of each layer's state."""
    components: Annotated[int, training.Range(1, 100)] = 12
    """Gaussians of the mixture."""
    dropout: Share = 0.1
    """Dropout between layers: along depth, never along time."""
    most_points: Annotated[int, training.Range(1, 10_000)] = 300
    """Points of a drawing at most."""
    temperature: Annotated[float, training.Range(0, 100)] = 0.1
    """How freely the exported model draws, unless told otherwise: 1 as people do, 0 without any chance."""
    # Other defaults than elsewhere; what they mean is said where they are inherited from.
    epochs: Count = 6
    batch_size: Count = 32
    learning_rate: Positive = 3e-3
    patience: Size = 0


# Data -------------------------------------------------------------------------------------------------------


def parts_of(config: Config, alphabet: text.Alphabet, texts: tf.Tensor) -> tf.RaggedTensor:
    """Numbers the signs of descriptions (batch,), int32 ragged (batch, signs)."""
    numbers = alphabet.encode(texts if config.conditional else tf.zeros_like(texts)) + WHOLE
    return tf.concat([tf.fill([numbers.nrows(), 1], WHOLE), numbers], axis=1)


def make_batches(config: Config, alphabet: text.Alphabet, part: data.Part, replicas: int) -> data.Batches:
    """Turns drawings into steps to learn from."""
    lines = part.column("strokes")[:, : config.most_points]
    pens, moves = drawings.learned(lines)
    parts = parts_of(config, alphabet, tf.constant(part.column("text")))
    return data.Batches.of_tensors({"pen": pens, "parts": parts}, moves, config.batch_size, replicas)


# Model ------------------------------------------------------------------------------------------------------


def build_reader(config: Config, signs: int) -> keras.Model:
    """Builds parts (batch, signs) -> what they say (..., units), the strokes each takes, the first states."""
    parts = keras.Input((None,), dtype="int32", name="parts")
    mask = ops.not_equal(parts, 0)
    # Keras's first vectors are so short that for long nothing would be read off them.
    x = keras.layers.Embedding(signs, config.width, name="embedding")(parts) * config.width**0.5
    rnn = layers.recurrent(config.cell, config.units // 2, return_sequences=True, name="read")
    x = keras.layers.Bidirectional(rnn, name="both_ways")(x, mask=mask)
    x = ops.copy(x)  # without the mask, for which others have no use
    takes = keras.layers.Dense(1, activation="softplus", bias_initializer="ones", name="takes")(x)[..., 0]
    x = keras.layers.Dropout(config.dropout, name="read_dropout")(x)
    whole = keras.layers.GlobalAveragePooling1D(name="whole")(x, mask=mask)
    first = [
        keras.layers.Dense(config.units, activation="tanh", name=f"start_{number}")(whole)
        for number in range(config.layers * layers.states_of(config.cell))
    ]
    return keras.Model(parts, [x, takes * ops.cast(mask, takes.dtype), *first], name="reader")


def build_hand(config: Config, masked: bool) -> keras.Model:
    """Builds pen (batch, time, 8), what was read, and states -> numbers of a mixture, and next states."""
    pen = keras.Input((None, drawings.FEATURES), name="pen")
    read = keras.Input((None, config.units // 2 * 2), name="read")
    takes = keras.Input((None,), name="takes")
    count = layers.states_of(config.cell)
    states = [keras.Input((config.units,), name=f"state_{i}") for i in range(config.layers * count)]
    mask = ops.any(ops.not_equal(pen, 0), axis=-1) if masked else None

    # Parts are drawn in their order, and each says how many strokes it takes: so many strokes are drawn, and
    # the pen is at the part before which there are fewer, and behind which there are more.
    ends = ops.cumsum(takes, axis=1)
    drawn = drawings.strokes_of(pen)[..., None] + 0.5
    window = ops.sigmoid(SHARP * (drawn - (ends - takes)[:, None])) - ops.sigmoid(
        SHARP * (drawn - ends[:, None])
    )
    now = ops.matmul(window, read)
    x = pen
    after: list = []
    for number in range(1, config.layers + 1):
        rnn = layers.recurrent(
            config.cell, config.units, return_sequences=True, return_state=True, name=f"rnn_{number}"
        )
        x = ops.concatenate([x, now], axis=-1)
        x, *behind = rnn(x, initial_state=states[len(after) : len(after) + count], mask=mask)
        after += behind
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)
    # The mixture stays float32 under mixed precision.
    numbers = keras.layers.Dense(drawings.Mixture.size(config.components), dtype="float32", name="mixture")(x)
    return keras.Model(
        {"pen": pen, "read": read, "takes": takes, "states": states}, [numbers, *after], name="hand"
    )


def build_model(config: Config, signs: int, masked: bool = False) -> keras.Model:
    """Builds pen (batch, time, 8) and parts (batch, signs) -> numbers of a mixture (batch, time, size).

    Args:
        config: sizes.
        signs: that descriptions are written with, padding and the first one included.
        masked: whether states are those of a row's last real step, where rows are padded on the right.
    """
    pen = keras.Input((None, drawings.FEATURES), name="pen")
    parts = keras.Input((None,), dtype="int32", name="parts")
    read, takes, *first = build_reader(config, signs)(parts)
    numbers, *_ = build_hand(config, masked)({"pen": pen, "read": read, "takes": takes, "states": first})
    return keras.Model({"pen": pen, "parts": parts}, numbers, name="drawing")


# Serving ----------------------------------------------------------------------------------------------------

TEXT, NUMBER, SEED = (tf.TensorSpec([None], kind) for kind in (tf.string, tf.float32, tf.int64))
DRAWING = tf.TensorSpec([None, None, 3], tf.float32)


class Drawing(export.Serving):
    """Descriptions in; strokes out, and how probable they are."""

    mapping = "drawing"

    def __init__(self, config: Config, model: keras.Model, alphabet: text.Alphabet, names: text.Glossary):
        # Drawings of a batch differ in length: the mask holds the states of one that is over.
        masked = build_model(config, len(alphabet) + WHOLE, masked=True)
        masked.set_weights(model.get_weights())
        super().__init__(masked, config, defaults={"temperature": config.temperature, "seed": 0})
        self.alphabet, self.names = alphabet, names

    @export.signature(text=TEXT, temperature=NUMBER, seed=SEED)
    def draw(self, text, temperature, seed):
        """Draws what each text describes, by the row's own seed.

        `strokes` (batch, time, 3) are points: x to the right and y down, from 0 to 1, and 1 behind which the
        pen is lifted; NaN behind the end. `svg` is a picture that draws itself. What is not `finished` was
        stopped; of a text that is not `known` some signs were never seen, and are left out.
        """
        return self.go_on(text, tf.zeros([tf.size(text), 0, 3]), temperature, seed)

    @export.signature(name="continue", text=TEXT, strokes=DRAWING, temperature=NUMBER, seed=SEED)
    def go_on(self, text, strokes, temperature, seed):
        """Draws on behind `strokes`, as `serving_default` returns them, and returns the whole drawings."""
        decoding.assert_temperature(temperature)
        given = drawings.given(strokes, self.config.most_points)
        known, read, states = self.read(text)
        pens, _ = drawings.learned(given)
        _, *states = self.hand(export.padded(pens), read, states)

        def step(pen, states):
            numbers, *states = self.hand(pen[:, None], read, states)
            return numbers[:, 0], states

        last = drawings.last(given)
        drawn = drawings.draw(step, states, last, self.config.most_points, temperature, seed)
        whole = drawings.filled(tf.concat([given, drawings.given(drawn.strokes, NO_END)], axis=1))
        return {"strokes": whole, "svg": drawings.as_svg(whole), "finished": drawn.finished, "known": known}

    @export.signature(name="score", text=TEXT, strokes=DRAWING)
    def score(self, text, strokes):
        """Returns the `log_probability` of strokes, of how many `points` they are, and `nats` for a point.

        It is a density of moves in tenths of the box, and the probability of the pen's states.
        """
        given = drawings.given(strokes, self.config.most_points)
        pens, steps = drawings.learned(given)
        _, read, states = self.read(text)
        numbers, *_ = self.hand(export.padded(pens), read, states)
        total = tf.reduce_sum(drawings.log_probability(numbers, export.padded(steps)), axis=1)
        points = tf.cast(given.row_lengths(), tf.int32)
        nats = -tf.math.divide_no_nan(total, tf.cast(points, tf.float32))
        return {"log_probability": total, "points": points, "nats": nats}

    def read(self, text):
        """Returns of descriptions (batch,) whether all is known, what the hand reads of it, first states."""
        told = self.names.told(text)
        parts = export.padded(parts_of(self.config, self.alphabet, told))
        read, takes, *states = self.model.get_layer("reader")(parts, training=False)
        return self.alphabet.knows(told), {"read": read, "takes": takes}, states

    def hand(self, pen, read, states):
        """Returns the numbers of mixtures behind steps (batch, time, 8) of a pen, and the next states."""
        return self.model.get_layer("hand")({"pen": pen, **read, "states": list(states)}, training=False)


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    run = training.Run(__file__, config)
    examples = run.load("drawing")
    texts = examples.train.strings("text")
    counts = text.Alphabet.count([texts])
    alphabet = run.vocabulary("signs", text.Alphabet, counts, len(counts) + 1)
    # What is called by a name can be asked for by it, seen or not.
    parts = (examples.train, examples.validation, *examples.tests.values())
    names = sum(
        (text.Glossary.count(part.strings("name"), part.strings("text")) for part in parts), Counter()
    )
    glossary = run.vocabulary("names", text.Glossary, names, len(names))
    train, validation = (
        make_batches(config, alphabet, part, run.replicas) for part in (examples.train, examples.validation)
    )
    model = run.build(build_model, config, len(alphabet) + WHOLE)
    run.start_from(model, grown=["embedding/embeddings"])
    run.fit(model, train, validation, training.MixtureLoss())

    module = Drawing(config, model, alphabet, glossary)
    for split, evaluation in run.evaluate(module).items():
        show.draw_drawings(evaluation.predicted, run.folder.directory / f"{split}.svg")
    run.export(module, tasks.drawing_samples(texts[:2], examples.train.column("strokes")[:2]))


if __name__ == "__main__":
    cli.run(Config, main, presets="drawing")
