"""Captioning: one-to-many. A picture goes in, a sentence comes out, word by word.

                           a    dog   runs  <end>     caption: the best of several, by beam search
                           |     |     |     |
    picture -- CNN ==> --RNN---RNN---RNN---RNN        the picture is the state before the first word,
                |          |     |     |     |
                +----------+-----+-----+-----+        and each word looks at the part of it that it names
                           |     |     |     |
                        <start>  a    dog   runs      while training: the right words so far

Run it:      python -m zoo.recipes.captioning
Its data:    3,919 pictures of emoji with their names; nothing is downloaded.
Expect:      two thirds of the new combinations ("woman rowing boat medium skin tone") named exactly, in
             four minutes on two cores.
Others:      --preset emoji (longer, better), --preset flickr8k (photographs), --attention none, and
             --preset moving_emoji: clips, frame by frame through the CNN, and a bidirectional RNN over time
Your data:   --preset flickr8k --dataset FOLDER (pictures, and captions.csv with columns image and caption)
"""

from dataclasses import dataclass
from itertools import cycle, islice
from typing import Annotated, Any, Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import cli, data, decoding, export, images, layers, metrics, show, tasks, text, training
from zoo.errors import ZooError
from zoo.training import Count, Positive, Share, Size


@dataclass(frozen=True)
class Config(training.Settings, training.Search):
    """What one experiment is; presets and flags change it."""

    dataset: str = "emoji"
    """emoji, flickr8k, coco_captions, or a folder of pictures with captions.csv; with --frames moving_emoji,
    ucf101, or a folder of clips."""
    image_size: Annotated[int, training.Range(32, 1024)] = 72
    """Every picture is made a square of so many rows and columns, whatever its proportions were."""
    frames: Annotated[int, training.Range(1, 64)] = 1
    """Pictures of a clip that are read, evenly over its length; 1: still pictures."""
    encoder: str = "small"
    """small, tiny (both from scratch), efficientnet_lite0, or keras:NAME of keras.applications (ImageNet)."""
    fine_tune: bool = False
    """Train an ImageNet encoder too (lower --learning-rate); else its features are computed once and kept."""
    augment: bool = True
    """Move, scale and light pictures a little, and change what is behind them, where the encoder learns."""
    mirror: bool = False
    """Learn from mirrored pictures as well; wrong where captions tell left from right."""
    pieces: Annotated[int, training.Range(300)] = 2_500
    """Most words and parts of words with a vector of their own."""
    min_count: Count = 1
    """Rarer pieces are spelled in smaller ones."""
    max_pieces: Count = 40
    """Most pieces of a caption; longer ones are cut."""
    captions_each: Count = 5
    """How often a pass sees each picture, with its captions in turn: all pictures count alike."""
    cell: layers.Cell = "gru"
    """Recurrent cell of the decoder."""
    layers: Count = 1
    """Decoder's layers on top of each other."""
    units: Count = 256
    """Size of the decoder's state."""
    width: Count = 128
    """Size of the vectors of pieces."""
    attention: Literal["additive", "dot", "none"] = "dot"
    """How places of the picture are weighed; none: it is the first state and no more (Show and Tell)."""
    dropout: Share = 0.1
    """Dropout before each layer: along depth, never along time."""
    self_critical: Literal["", "cider", "cider+bleu"] = ""
    """Learn from captions that the model draws itself, the more the better they are, without smoothing and
    without new pieces; it must know how to caption already, by --init-from, and its encoder be frozen."""
    drawn: Annotated[int, training.Range(2)] = 5
    """Captions drawn of each picture, where it learns so."""
    # Other defaults than elsewhere; what they mean is said where they are inherited from.
    label_smoothing: Share = 0.05
    beam_size: Count = 3
    storage: training.Storage = "float16"
    epochs: Count = 4
    learning_rate: Positive = 2e-3
    patience: Size = 0


# Data -------------------------------------------------------------------------------------------------------


def encoder_learns(config: Config) -> bool:
    """Tells whether the encoder is trained; else its features are computed once."""
    return config.encoder in ("small", "tiny") or config.fine_tune


def make_batches(
    config: Config, pieces: text.Pieces, part: data.Part, pictures: np.ndarray, replicas: int
) -> data.Batches:
    """Pairs every picture with its captions, encoded once."""
    # Mirrored pictures, where there are any, follow behind the others.
    captions = part.rows_of_strings("captions") * (len(pictures) // len(part))
    texts = [caption for own in captions for caption in islice(cycle(own), config.captions_each)]
    rows = np.repeat(np.arange(len(captions)), config.captions_each)
    numbers = text.with_ends(pieces.encode(tf.constant(texts))[:, : config.max_pieces])
    # Teacher forcing: each step is given the right piece before it, and asked for the next.
    given, asked = (data.Ragged.concatenate([part]) for part in (numbers[:, :-1], numbers[:, 1:]))
    inputs: dict[str, Any] = {"picture": data.Shared(pictures, rows), "caption": given}
    # Captions are short: random batches, which batch normalisation wants, lose little by padding.
    return data.Batches(inputs, asked, config.batch_size, replicas, pool=1)


def asking_numbers(batches: data.Batches, pictures: int) -> data.Batches:
    """Returns batches that ask for the numbers of their pictures, of which mirrored ones have the same."""
    shown: Any = batches.inputs["picture"]
    rows = shown.rows % pictures
    return data.Batches(batches.inputs, rows, batches.batch_size, batches.replicas, pool=1)


# Model ------------------------------------------------------------------------------------------------------


def build_bridge(config: Config, shape: tuple[int, ...]) -> keras.Model:
    """Builds map (batch, [time,] rows, columns, channels) -> places (batch, places, ...), first states."""
    features = keras.Input(shape, name="map")
    x = keras.layers.Reshape((-1, shape[-1]))(features)
    # Both are brought to one scale: a tanh that is saturated from the start tells all pictures alike,
    # and the decoder would learn the language and nothing of the picture.
    mean = keras.layers.LayerNormalization(name="mean_scale")(ops.mean(x, axis=1))
    mean = keras.layers.Dropout(config.dropout, name="mean_dropout")(mean)
    if config.frames > 1:
        seen = layers.over_time(features, config.cell, config.units)
        mean = ops.concatenate([mean, ops.mean(seen, axis=1)], axis=-1)
    first = [
        keras.layers.Dense(config.units, activation="tanh", name=f"start_{number}_{part}")(mean)
        for number in range(1, config.layers + 1)
        for part in range(layers.states_of(config.cell))
    ]
    if config.attention != "none":
        x = keras.layers.LayerNormalization(name="places_scale")(x)
        x = keras.layers.Dropout(config.dropout, name="places_dropout")(x)
        x = keras.layers.Dense(config.units, name="places")(x)
        if config.frames > 1:  # each place knows what happens at its time
            x = x + ops.repeat(seen, int(np.prod(shape[1:3])), axis=1)
    return keras.Model(features, [x, *first], name="bridge")


def build_teller(config: Config, shape: tuple[int, ...], size: int) -> keras.Model:
    """Builds map and caption so far (batch, time) -> logits of the next piece (batch, time, pieces)."""
    features = keras.Input(shape, name="picture")
    caption = keras.Input((None,), dtype="int32", name="caption")
    places, *states = build_bridge(config, shape)(features)
    # One matrix reads pieces and scores them (Press and Wolf 2017).
    embedding = layers.tied_embedding(size, config.width)
    stack = (config.cell, config.layers, config.units, config.width)
    decoder = layers.Decoder(*stack, config.attention, dropout=config.dropout, name="decoder")
    x = decoder(embedding(caption), states, places)
    return keras.Model({"picture": features, "caption": caption}, embedding(x, reverse=True), name="teller")


def build_model(config: Config, size: int, channels: int = 3, weights: bool = True) -> keras.Model:
    """Builds picture (batch, size, size, channels) and caption so far -> logits of the next piece.

    Args:
        config: of the experiment.
        size: how many pieces there are.
        channels: of a picture: 3, or 4 with opacity.
        weights: whether an ImageNet encoder gets its weights; but for `keras:EfficientNet*`, which keep
            statistics elsewhere, they may be set later.
    """
    time = (config.frames,) if config.frames > 1 else ()
    picture = keras.Input((*time, config.image_size, config.image_size, channels), name="picture")
    caption = keras.Input((None,), dtype="int32", name="caption")
    encoder = layers.image_encoder(config.encoder, config.image_size, weights, config.frames)
    encoder.trainable = encoder_learns(config)
    strength = {} if config.augment else {"shift": 0, "zoom": 0, "light": 0, "on_white": 1}
    x = layers.Augmentation(**strength, mirror=config.mirror, seed=config.seed, name="augmentation")(picture)
    features = encoder(x)
    logits = build_teller(config, features.shape[1:], size)({"picture": features, "caption": caption})
    return keras.Model({"picture": picture, "caption": caption}, logits, name="captioning")


# Decoding and serving ---------------------------------------------------------------------------------------


def search(
    config: Config, model: keras.Model, writer: decoding.Writer, features: tf.Tensor, beam_size: int
) -> tuple[decoding.Seen, decoding.Decoded]:
    """Returns what is seen of maps (batch, rows, columns, channels), and their `beam_size` best captions."""
    places, *states = model.get_layer("teller").get_layer("bridge")(features, training=False)
    seen = decoding.Seen(states, places, tf.ones(tf.shape(places)[:2], tf.bool))
    return seen, writer.search(seen, config.max_pieces, beam_size, config.length_penalty)


class Captioning(export.Serving):
    """Bytes of picture files in; captions with their scores out."""

    mapping = "captioning"

    def __init__(
        self,
        config: Config,
        model: keras.Model,
        pieces: text.Pieces,
        habits: decoding.Habits | None = None,
    ):
        super().__init__(model, config, own={"habits": habits.to_json()} if habits else None)
        self.writer = decoding.Writer.of(self.model.get_layer("teller"), pieces, habits=habits)
        self.confidence = decoding.Confidence()
        self.familiarity = layers.Familiarity(self.model.get_layer("encoder").output.shape[-1])

    @export.signature("image")
    def caption(self, image):
        """Returns the best `caption` that the beam search finds, its `score`, its `confidence` (how probable
        it is that it is good), whether it is `valid`, and whether the picture is `familiar`: like training's.

        A picture that cannot be decoded has the caption "" and the score 0, and is not `valid`.
        """
        return self.write(image).best("caption")

    @export.signature("image", "beam")
    def caption_n_best(self, image):
        """As `caption`, but as many `captions` as the beam holds, the best first, `scores`, `confidences`."""
        return self.write(image).all("captions")

    @export.signature("image", "attention", when=lambda config: config.attention != "none")
    def show_attention(self, image):
        """As `caption`, and its `tokens` with the `attention` (batch, tokens, ..., rows, columns) of each."""
        features, valid = self.encoded(image)
        seen, decoded = search(self.config, self.model, self.writer, features, self.config.beam_size)
        tokens, attention = self.writer.shown(seen, decoded, valid)
        places = tf.concat([tf.shape(tokens), tf.shape(features)[1:-1]], axis=0)
        told = self.told(self.writer.written(decoded), valid, self.familiar(features))
        best = told.best("caption")
        return {**best, "tokens": tokens, "attention": tf.reshape(attention, places)}

    @export.once(tf.TensorSpec([None], tf.string))
    def write(self, image: tf.Tensor) -> decoding.Written:
        """Returns captions (batch, beam)."""
        beam_size = self.config.beam_size

        def write_some(files):
            features, valid = self.encoded(files)
            _, decoded = search(self.config, self.model, self.writer, features, beam_size)
            return self.writer.written(decoded), valid, self.familiar(features)

        each = tf.TensorSpec([None], tf.bool)
        return self.told(*export.in_blocks(write_some, image, (self.writer.specs(beam_size), each, each)))

    def told(self, written: decoding.Written, valid: tf.Tensor, familiar: tf.Tensor) -> decoding.Written:
        """Returns what was written of pictures (batch,), with what is said of it."""
        told = written.sure(self.confidence, tf.zeros_like(valid, tf.int32)).where(valid)
        return told.noting(familiar=familiar & valid)

    def familiar(self, features: tf.Tensor) -> tf.Tensor:
        """Tells which maps (batch, ..., channels) are like those of training's pictures, bool (batch,)."""
        return self.familiarity(mean_features(features))

    def encoded(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the maps of pictures (batch,), and which of these could be decoded."""
        pixels, valid = images.read(image, self.config.image_size, self.config.frames)
        return export.with_a_row(self.model.get_layer("encoder"), tf.cast(pixels, tf.float32)), valid


def check_self_critical(config: Config) -> None:
    """Refuses what cannot learn from its own captions."""
    if config.self_critical and encoder_learns(config):
        flag = "--fine-tune" if config.fine_tune else f"--encoder {config.encoder}"
        raise ZooError(
            f"--self-critical: the encoder must be frozen, and learns with {flag}; give another one"
        )
    if config.self_critical and not config.init_from:
        raise ZooError(
            "--self-critical: is for a model that captions already; add --init-from with one, such as "
            "--preset flickr8k makes"
        )


def self_critical(
    config: Config, teller: keras.Model, writer: decoding.Writer, part: data.Part
) -> keras.Model:
    """Returns what learns from captions that it draws."""

    def draw(inputs, seeds):
        places, *states = teller.get_layer("bridge")(inputs["picture"], training=False)
        return writer.sample(decoding.Seen(states, places), config.max_pieces, seeds)

    bleu = 1.0 if "bleu" in config.self_critical else 0.0
    reward = metrics.CaptionReward(part.rows_of_strings("captions"), bleu)
    return training.Rewarded(
        teller.input, teller.output, draw=draw, reward=reward, samples=config.drawn, seed=config.seed
    )


def mean_features(maps):
    """Returns what is in maps (batch, ..., channels), wherever it is, float32 (batch, channels)."""
    return tf.reduce_mean(tf.cast(maps, tf.float32), axis=list(range(1, len(maps.shape) - 1)))


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    check_self_critical(config)
    run = training.Run(__file__, config, alike=("encoder", "fine_tune"))
    layers.check_image_encoder(config.encoder)
    examples = run.load("captioning", frames=str(config.frames))
    counts = text.Split.of_column(examples.train.blocks("captions")).counts
    grows = not config.self_critical  # what was never taught would be drawn like anything else
    pieces = run.vocabulary("captions", text.Pieces, counts, config.pieces, vectors="embedding", grows=grows)
    *_, channels = examples.train.dataset.element_spec["image"].shape
    model = run.build(build_model, config, len(pieces), channels)
    encoder, teller = model.get_layer("encoder"), model.get_layer("teller")
    # What learns: the whole, or all behind a frozen encoder, which runs in float32 as it will be exported.
    learner, frozen = (model, None) if encoder_learns(config) else (teller, export.portable(encoder))
    run.start_from(learner, grown=["embedding/embeddings"])
    pictures = data.read_pictures(examples.train, config.image_size, frozen, config.mirror, config.frames)
    held_out = data.read_pictures(examples.validation, config.image_size, frozen, frames=config.frames)
    train = make_batches(config, pieces, examples.train, pictures, run.replicas)
    validation = make_batches(config, pieces, examples.validation, held_out, run.replicas)
    habits = decoding.Habits.of(train.targets, len(pieces))  # what captions never begin with, and more
    writer = decoding.Writer.of(teller, pieces, habits=habits)

    def maps(batch):
        return tf.cast(batch, tf.float32) if frozen else encoder(images.on_background(batch))

    def caption(batch):
        return writer.written(search(config, model, writer, maps(batch), 1)[1]).texts[:, 0]

    loss = training.SequenceCrossentropy(text.PADDING, config.label_smoothing)
    if config.self_critical:
        learner = run.build(self_critical, config, teller, writer, examples.train)
        train, loss = asking_numbers(train, len(examples.train)), training.SequenceCrossentropy(text.PADDING)
    score = run.task.scorer(examples.validation, data.answering(caption, held_out))
    run.fit(learner, train, validation, loss, score=score)

    module = Captioning(config, model, pieces, habits)
    training.fit_confidence(module, examples.validation)
    if len(held_out) >= training.FEWEST:
        parts = (pictures, held_out)
        seen = (data.answering(lambda batch: mean_features(maps(batch)), part)() for part in parts)
        training.fit_familiarity(module.familiarity, *map(np.stack, seen))
    for split, evaluation in run.evaluate(module).items():
        part, picture = examples.split(split), run.folder.directory / f"{split}.png"
        show.draw_sheet(part.dataset, part.rows_of_strings("captions"), evaluation.predicted, picture)
    run.export(module, tasks.captioning_samples(examples.test, config.frames))


if __name__ == "__main__":
    cli.run(Config, main, presets="captioning")
