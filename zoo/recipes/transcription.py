"""Transcription: many-to-many, unaligned. Sound or print goes in, text comes out; nobody says where.

    f1  f2  f3  f4  f5  f6  f7  f8     frames: a spectrogram's, or columns of a picture
     \\___|___/   \\___|___/
        CNN          CNN               fewer steps, each of which has seen its neighbours
         |            |
        RNN <------> RNN               bidirectional, stacked
         |            |
    -    c     c  -   a    t   t  -    a symbol or nothing at every step (CTC): what is repeated counts once
         '-----------'----'
               c a t                   the text of the most probable sum of all paths that spell it

Run it:      python -m zoo.recipes.transcription
Its data:    lines of documentation, printed badly in 19 fonts; nothing is downloaded.
Expect:      one character in ten wrong, in fonts never seen one in six; six minutes on two cores.
Others:      --preset lines (half an hour, one in a hundred), --preset digits, --preset letters (what is said)
Your data:   --dataset FOLDER (pictures or WAV files, and transcripts.csv with columns file and text)
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import keras
import tensorflow as tf
from keras import ops

from zoo import cli, data, decoding, export, images, layers, sounds, text, training
from zoo.errors import ZooError
from zoo.training import Count, Positive, Share, Size


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "printed_lines"
    """printed_lines, spoken_digits (or spoken_digits/without_theo ...), spoken_letters, librispeech, ljspeech
    or a folder with transcripts.csv and pictures or WAV files."""
    reads: Literal["print", "sound"] = "print"
    """What the files are: pictures of a line each, or WAV files."""
    height: Annotated[int, training.Range(8, 256)] = 32
    """Of print, rows that every picture is brought to; of sound, bands of the spectrogram."""
    rate: Annotated[int, training.Range(4_000, 48_000)] = 8_000
    """Of sound, samples a second that every file is brought to."""
    most_frames: Annotated[int, training.Range(10, 6_000)] = 2_000
    """Columns or frames (100 a second) that are read of a file."""
    min_count: Count = 5
    """Rarer characters are never written."""
    filters: Count = 16
    """Features of the first convolution; each further one has twice as many."""
    convolutions: Annotated[int, training.Range(1, 8)] = 3
    """Convolutions on top of each other, each over half the height of the one before."""
    strides: Literal[1, 2, 4, 8, 16] = 4
    """Frames to a step of the recurrent layers; each halving takes a convolution."""
    cell: layers.Cell = "lstm"
    """Recurrent cell."""
    layers: Count = 2
    """Bidirectional layers on top of each other."""
    units: Count = 96
    """Size of the state, in each direction."""
    dropout: Share = 0.1
    """Dropout between layers: along depth, never along time."""
    hidden: Size = 1
    """Stretches of frames, and as many bands, that training hides of each file (SpecAugment)."""
    jitter: Share = 0.1
    """Noise added to training frames, in standard deviations of a file."""
    beam_size: Count = 8
    """Texts followed at a time by the exported model."""
    most_symbols: Count = 200
    """Most characters of a text."""
    # Other defaults than elsewhere; what they mean is said where they are inherited from.
    epochs: Count = 3
    steps_per_epoch: Size = 450
    batch_size: Count = 16
    learning_rate: Positive = 2e-3
    patience: Size = 0


# Data -------------------------------------------------------------------------------------------------------


def read_frames(config: Config, files: tf.Tensor):
    """Returns what files (batch,) hold: `frames`, ragged (batch, time, height), and what each is wide."""
    if config.reads == "print":
        return images.read_lines(files, config.height, config.most_frames)
    return sounds.spectrograms(files, sounds.Ear(config.rate, config.height), config.most_frames)


def inputs_of(frames: tf.RaggedTensor) -> dict[str, tf.RaggedTensor]:
    """Turns frames into the model's inputs."""
    real = frames.with_values(tf.ones(tf.shape(frames.values)[:1], tf.int32))
    return {"frames": frames, "real": real}


def make_batches(config: Config, alphabet: text.Alphabet, part: data.Part, replicas: int):
    """Reads every file once and numbers its text; also returns the rows that can be learned from."""
    read = part.each(lambda files: read_frames(config, tf.constant(files)), "file")
    frames, cut = tf.concat([r.frames for r in read], 0), tf.concat([r.truncated for r in read], 0)
    wanted = alphabet.encode(tf.constant(part.column("text")))
    fits = decoding.ctc.room(wanted, -(-frames.row_lengths() // config.strides))
    fits &= ~cut & (wanted.row_lengths() <= config.most_symbols)
    none = f"{config.dataset}: no file of it can be read as {config.reads} (--reads) with room for its text"
    batches = data.Batches.of_tensors(inputs_of(frames), wanted, config.batch_size, replicas, fits, none)
    return batches, part.taken(fits.numpy())


# Model ------------------------------------------------------------------------------------------------------


def build_model(config: Config, symbols: int) -> keras.Model:
    """Builds frames (batch, time, height), `real` (batch, time): 0 or 1 -> logits (batch, steps, symbols)."""
    frames = keras.Input((None, config.height), name="frames")
    real = keras.Input((None,), dtype="int32", name="real")
    mask = ops.not_equal(real, 0)
    hide = {"times": config.hidden, "bands": config.hidden, "jitter": config.jitter, "seed": config.seed}
    x = layers.FrameMasking(**hide, name="hiding")(frames, mask=mask)

    # Convolutions over time and height: parts of letters, parts of sounds.
    if config.strides > (most := 2**config.convolutions):
        raise ZooError(f"--strides {config.strides}: takes more --convolutions; or give {most}")
    x = ops.expand_dims(x, -1)
    for number in range(1, config.convolutions + 1):
        filters, along = config.filters * 2 ** (number - 1), 2 if 2**number <= config.strides else 1
        convolution = layers.SequenceConv2D(filters, 3, strides=(along, 2), name=f"conv_{number}")
        x, mask = convolution(x, mask=mask), mask[:, ::along]
        x = keras.layers.Activation("relu")(keras.layers.LayerNormalization(name=f"scale_{number}")(x))
    x = keras.layers.Reshape((-1, x.shape[2] * x.shape[3]))(x)
    x = keras.layers.Dropout(config.dropout, name="conv_dropout")(x)

    # Memory: layer on layer, each reading in both directions.
    for number in range(1, config.layers + 1):
        rnn = layers.recurrent(config.cell, config.units, return_sequences=True, name=f"rnn_{number}")
        x = keras.layers.Bidirectional(rnn, name=f"both_ways_{number}")(x, mask=mask)
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)

    # Logits stay float32 under mixed precision. Behind a file's end there is nothing but blanks.
    logits = keras.layers.Dense(symbols, dtype="float32", name="logits")(x)
    inputs = {"frames": frames, "real": real}
    return keras.Model(inputs, layers.blank_behind(logits, mask), name="transcription")


# Serving ----------------------------------------------------------------------------------------------------


class Transcription(export.Serving):
    """Bytes of files in; texts out, and where each symbol stands."""

    mapping = "transcription"

    def __init__(self, config: Config, model: keras.Model, alphabet: text.Alphabet):
        super().__init__(model, config)
        self.alphabet = alphabet

    @export.signature("file")
    def transcribe(self, file):
        """Returns the best `text` that a beam search finds, its `score`, a log-probability, and `valid`.

        Its `symbols` (batch, most) begin and end at `starts` and `ends`: seconds of sound, or pixels from the
        left of a picture. A file that cannot be read has the text "" and the score 0, and is not `valid`; of
        one that is too long, or whose text is, the beginning is read, and it is `truncated`.
        """
        found = self.in_blocks(file)
        return {name: found[name] for name in found if name not in ("texts", "scores")}

    @export.signature("file", "beam")
    def n_best(self, file):
        """Returns as many `texts` as the beam holds, the best first, their `scores`, `valid`, `truncated`."""
        found = self.in_blocks(file)
        return {name: found[name] for name in ("texts", "scores", "valid", "truncated")}

    @export.signature("file", "alignment")
    def show_alignment(self, file):
        """Returns `probabilities` (batch, steps, symbols) of the `alphabet`, the blank first, and `frames`.

        There are `lengths` frames, `widths` wide, and `steps`, each of `strides` frames.
        """
        log_probs, counts, read = self.steps(tf.pad(file, [[0, 1]]))  # of no rows convolutions know nothing
        real = tf.sequence_mask(counts, tf.shape(log_probs)[1])[..., None]
        names = self.alphabet.symbols(tf.range(len(self.alphabet)))[None]
        found = {
            "probabilities": tf.where(real, tf.exp(log_probs), 0.0),
            "alphabet": tf.repeat(names, tf.size(file) + 1, axis=0),
            "frames": read.frames.to_tensor(),
            "lengths": read.frames.row_lengths(),
            "widths": read.widths,
            "steps": counts,
        }
        return {name: value[:-1] for name, value in found.items()}

    def steps(self, files):
        """Returns log-probabilities (batch, steps, symbols), how many steps are real, and what was read."""
        read = read_frames(self.config, files)
        inputs = {name: export.padded(rows) for name, rows in inputs_of(read.frames).items()}
        logits = self.model(inputs, training=False)
        counts = -(-tf.cast(read.frames.row_lengths(), tf.int32) // self.config.strides)
        return tf.nn.log_softmax(logits), counts, read

    @export.once(tf.TensorSpec([None], tf.string))
    def in_blocks(self, file):
        """Returns what files hold; some are read at a time."""
        numbers, most, beam = tf.float32, self.config.most_symbols, self.config.beam_size
        specs = {"text": [tf.string], "score": [numbers], "symbols": [tf.string, most],
                 "starts": [numbers, most], "ends": [numbers, most], "texts": [tf.string, beam],
                 "scores": [numbers, beam], "valid": [tf.bool], "truncated": [tf.bool]}  # fmt: skip
        specs = {name: tf.TensorSpec([None, *wide], kind) for name, (kind, *wide) in specs.items()}
        return export.in_blocks(self.written, file, specs, rows=16)

    def written(self, files):
        """Returns what some files hold."""
        log_probs, counts, read = self.steps(files)
        found = decoding.ctc.prefix_search(log_probs, counts, self.config.beam_size, self.config.most_symbols)
        symbols = found.symbols[:, 0]
        placed = decoding.ctc.align(log_probs, counts, symbols, found.lengths[:, 0])
        wide = (read.widths * self.config.strides)[:, None]
        lengths = tf.cast(read.frames.row_lengths(), tf.float32)[:, None]
        return {
            "text": self.alphabet.decode(symbols),
            "score": found.scores[:, 0],
            "symbols": self.alphabet.symbols(symbols),
            "starts": tf.cast(placed.starts, tf.float32) * wide,
            "ends": tf.minimum(tf.cast(placed.ends, tf.float32) * wide, lengths * read.widths[:, None]),
            "texts": self.alphabet.decode(found.symbols),
            "scores": tf.where(read.valid[:, None], found.scores, 0.0),
            "valid": read.valid,
            "truncated": read.truncated | (found.lengths[:, 0] == self.config.most_symbols),
        }


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    run = training.Run(__file__, config, alike=("reads", "height", "rate"))
    examples = run.load("transcription")
    counts = text.Alphabet.count(texts for (texts,) in examples.train.blocks("text"))
    alphabet = run.vocabulary("symbols", text.Alphabet, counts, len(counts) + 1)
    train, _ = make_batches(config, alphabet, examples.train, run.replicas)
    validation, scored = make_batches(config, alphabet, examples.validation, run.replicas)
    model = run.build(build_model, config, len(alphabet))
    run.start_from(model, by_column=["logits/kernel", "logits/bias"])

    def read_greedily(inputs):
        logits = model(inputs, training=False)  # behind the end of a row blanks, which say nothing
        steps = tf.fill(tf.shape(logits)[:1], tf.shape(logits)[1])
        return alphabet.decode(decoding.ctc.greedy(logits, steps).symbols[:, 0])

    score = run.task.scorer(scored, validation.answering(read_greedily))
    run.fit(model, train, validation, training.CTCLoss(), score=score)

    module = Transcription(config, model, alphabet)
    run.evaluate(module)
    run.export(module, [b"", b"no file", *examples.test.column("file")[:4]])


if __name__ == "__main__":
    cli.run(Config, main, presets="transcription")
