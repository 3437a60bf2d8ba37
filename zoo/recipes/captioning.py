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
Others:      --preset emoji (longer, better), --preset flickr8k (photographs), --attention none
Your data:   --preset flickr8k --dataset FOLDER (pictures, and captions.csv with columns image and caption)
"""

from collections import Counter
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Annotated, Any, Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import cli, decoding, export, images, layers, show, text, training
from zoo.data import Batches, Part, Ragged, Shared, kept_features
from zoo.errors import ZooError
from zoo.training import Count, Positive, Share, Size


@dataclass(frozen=True)
class Config(training.Settings, training.Search):
    """What one experiment is; presets and flags change it."""

    dataset: str = "emoji"
    """emoji, flickr8k, coco_captions, or a folder of pictures with captions.csv."""
    image_size: Annotated[int, training.Range(32, 1024)] = 72
    """Every picture is made a square of so many rows and columns, whatever its proportions were."""
    encoder: str = "small"
    """small (trained from scratch), efficientnet_lite0, or keras:NAME of keras.applications (ImageNet)."""
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
    # Other defaults than elsewhere; what they mean is said where they are inherited from.
    label_smoothing: Share = 0.05
    beam_size: Count = 3
    storage: training.Storage = "float16"
    epochs: Count = 4
    learning_rate: Positive = 2e-3
    patience: Size = 0


# Data -------------------------------------------------------------------------------------------------------


def count_units(train: Part) -> Counter[bytes]:
    """Counts the words of the training captions."""
    captions = [caption for own in train.rows_of_strings("captions") for caption in own]
    return text.count_units([tf.constant(captions)])


def encoder_learns(config: Config) -> bool:
    """Tells whether the encoder is trained; else its features are computed once."""
    return config.encoder == "small" or config.fine_tune


def read_pictures(config: Config, part: Part, mirror: bool, encoder: keras.Model | None) -> np.ndarray:
    """Returns a part's pictures (n, size, size, channels), or what a frozen encoder makes of them.

    Args:
        config: of the experiment.
        part: its rows.
        mirror: whether what the encoder makes of the mirrored pictures follows behind.
        encoder: the frozen encoder; None: the pictures themselves are asked for.
    """
    size, rows = config.image_size, part.dataset
    if encoder is not None:
        squares = rows.map(lambda row: images.squash(row["image"], size), num_parallel_calls=2)
        return kept_features(encoder, squares, len(part), mirror)
    squares = rows.map(lambda row: images.resize(row["image"], size), num_parallel_calls=2)
    pictures = np.empty((len(part), *squares.element_spec.shape), np.uint8)
    for row, picture in enumerate(squares.as_numpy_iterator()):
        pictures[row] = picture
    return pictures


def make_batches(
    config: Config, pieces: text.Pieces, part: Part, pictures: np.ndarray, replicas: int
) -> Batches:
    """Pairs every picture with its captions, encoded once."""
    captions = part.rows_of_strings("captions")
    # Mirrored pictures, where there are any, follow behind the others.
    captions = captions * (len(pictures) // len(captions))
    texts = [caption for own in captions for caption in islice(cycle(own), config.captions_each)]
    rows = np.repeat(np.arange(len(captions)), config.captions_each)
    numbers = text.with_ends(pieces.encode(tf.constant(texts))[:, : config.max_pieces])
    # Teacher forcing: each step is given the right piece before it, and asked for the next.
    given = Ragged.concatenate([numbers[:, :-1]])
    inputs: dict[str, Any] = {"picture": Shared(pictures, rows), "caption": given}
    # Captions are short, so little padding is lost by batches that are random samples, which batch
    # normalisation wants.
    return Batches(inputs, Ragged.concatenate([numbers[:, 1:]]), config.batch_size, replicas, pool=1)


# Model ------------------------------------------------------------------------------------------------------


def build_bridge(config: Config, shape: tuple[int, ...]) -> keras.Model:
    """Builds map (batch, rows, columns, channels) -> places (batch, rows * columns, ...), first states."""
    features = keras.Input(shape, name="map")
    x = keras.layers.Reshape((-1, shape[-1]))(features)
    # Both are brought to one scale: a tanh that is saturated from the start tells all pictures alike,
    # and the decoder would learn the language and nothing of the picture.
    mean = keras.layers.LayerNormalization(name="mean_scale")(ops.mean(x, axis=1))
    mean = keras.layers.Dropout(config.dropout, name="mean_dropout")(mean)
    first = [
        keras.layers.Dense(config.units, activation="tanh", name=f"start_{number}_{part}")(mean)
        for number in range(1, config.layers + 1)
        for part in range(layers.states_of(config.cell))
    ]
    if config.attention != "none":
        x = keras.layers.LayerNormalization(name="places_scale")(x)
        x = keras.layers.Dropout(config.dropout, name="places_dropout")(x)
        x = keras.layers.Dense(config.units, name="places")(x)
    return keras.Model(features, [x, *first], name="bridge")


def build_teller(config: Config, shape: tuple[int, ...], size: int) -> keras.Model:
    """Builds map and caption so far (batch, time) -> logits of the next piece (batch, time, pieces)."""
    features = keras.Input(shape, name="picture")
    caption = keras.Input((None,), dtype="int32", name="caption")
    places, *states = build_bridge(config, shape)(features)
    # One matrix reads pieces and scores them (Press and Wolf 2017).
    embedding = layers.tied_embedding(size, config.width)
    decoder = layers.Decoder(
        config.cell,
        config.layers,
        config.units,
        config.width,
        config.attention,
        dropout=config.dropout,
        name="decoder",
    )
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
    picture = keras.Input((config.image_size, config.image_size, channels), name="picture")
    caption = keras.Input((None,), dtype="int32", name="caption")
    encoder = layers.image_encoder(config.encoder, config.image_size, weights)
    encoder.trainable = encoder_learns(config)
    strength = {} if config.augment else {"shift": 0, "zoom": 0, "light": 0, "on_white": 1}
    x = layers.Augmentation(**strength, mirror=config.mirror, seed=config.seed, name="augmentation")(picture)
    features = encoder(x)
    logits = build_teller(config, features.shape[1:], size)({"picture": features, "caption": caption})
    return keras.Model({"picture": picture, "caption": caption}, logits, name="captioning")


# Decoding ---------------------------------------------------------------------------------------------------


def search(
    config: Config, model: keras.Model, writer: decoding.Writer, features: tf.Tensor, beam_size: int
) -> tuple[decoding.Seen, decoding.Decoded]:
    """Returns what is seen of maps (batch, rows, columns, channels), and their `beam_size` best captions."""
    places, *states = model.get_layer("teller").get_layer("bridge")(features, training=False)
    seen = decoding.Seen(states, places, tf.ones(tf.shape(places)[:2], tf.bool))
    return seen, writer.search(seen, config.max_pieces, beam_size, config.length_penalty)


def writer_of(model: keras.Model, pieces: text.Pieces) -> decoding.Writer:
    """Returns what writes captions."""
    teller = model.get_layer("teller")
    return decoding.Writer(teller.get_layer("decoder"), teller.get_layer("embedding"), pieces)


def captioner(config: Config, model: keras.Model, pieces: text.Pieces, pictures: np.ndarray):
    """Returns a function that captions an array of pictures, or of their features, greedily."""
    encoder = model.get_layer("encoder") if encoder_learns(config) else None
    writer = writer_of(model, pieces)

    @tf.function(reduce_retracing=True)
    def caption(batch):
        features = tf.cast(batch, tf.float32) if encoder is None else encoder(images.on_background(batch))
        return writer.written(search(config, model, writer, features, 1)[1]).texts[:, 0]

    def caption_all() -> list[bytes]:
        blocks = (caption(tf.constant(pictures[i : i + 64])) for i in range(0, len(pictures), 64))
        return [text for block in blocks for text in block.numpy()]

    return caption_all


# Serving ----------------------------------------------------------------------------------------------------


class Captioning(export.Serving):
    """Bytes of picture files in; captions with their scores out."""

    mapping = "captioning"

    def __init__(self, config: Config, model: keras.Model, pieces: text.Pieces):
        super().__init__(model, config)
        self.writer = writer_of(self.model, pieces)

    @export.signature("image")
    def caption(self, image):
        """Returns the best `caption` that the beam search finds, its `score`, and whether it is `valid`.

        A picture that cannot be decoded has the caption "" and the score 0, and is not `valid`.
        """
        written, valid = self.write(image)
        return {"caption": written.texts[:, 0], "score": written.scores[:, 0], "valid": valid}

    @export.signature("image", "beam")
    def caption_n_best(self, image):
        """Returns as many `captions` as the beam holds, the best first, their `scores`, and `valid`."""
        written, valid = self.write(image)
        return {"captions": written.texts, "scores": written.scores, "valid": valid}

    @export.signature("image", "attention", when=lambda config: config.attention != "none")
    def show_attention(self, image):
        """As `caption`, and its `tokens` with the `attention` (batch, tokens, rows, columns) of each."""
        features, valid = self.encoded(image)
        seen, decoded = search(self.config, self.model, self.writer, features, self.config.beam_size)
        written, tokens = self.writer.written(decoded).where(valid), self.writer.best_tokens(decoded)
        tokens = tf.where(valid[:, None], tokens, text.PADDING)
        weights = tf.where(valid[:, None, None], self.writer.attention(seen, tokens), 0.0)
        return {
            "caption": written.texts[:, 0],
            "score": written.scores[:, 0],
            "valid": valid,
            "tokens": self.writer.pieces.strings(tokens),
            "attention": tf.reshape(weights, tf.concat([tf.shape(tokens), tf.shape(features)[1:3]], axis=0)),
        }

    def write(self, image: tf.Tensor) -> tuple[decoding.Written, tf.Tensor]:
        """Returns captions (batch, beam), and which of the pictures (batch,) could be decoded."""
        beam_size = self.config.beam_size

        def write_some(files):
            features, valid = self.encoded(files)
            _, decoded = search(self.config, self.model, self.writer, features, beam_size)
            return self.writer.written(decoded).where(valid), valid

        specs = (self.writer.specs(beam_size), tf.TensorSpec([None], tf.bool))
        return export.in_blocks(write_some, image, specs)

    def encoded(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the maps of pictures (batch,), and which of these could be decoded."""
        pixels, valid = images.read(image, self.config.image_size)
        rows = tf.shape(pixels)[0]
        # Fused convolutions fail on no rows at all.
        pixels = tf.pad(pixels, [[0, tf.maximum(0, 1 - rows)], [0, 0], [0, 0], [0, 0]])
        encoder = self.model.get_layer("encoder")
        return encoder(tf.cast(pixels, tf.float32), training=False)[:rows], valid


# Program ----------------------------------------------------------------------------------------------------


def check(config: Config) -> None:
    """Refuses an encoder that there is not, and a decoder that has learned to read another one's maps."""
    layers.check_image_encoder(config.encoder)
    trained = training.config_of(config.init_from)
    if trained.get("encoder", config.encoder) != config.encoder:
        raise ZooError(
            f"--init-from {config.init_from}: has another encoder; add --encoder {trained['encoder']}"
        )
    if trained.get("fine_tune") and not config.fine_tune:
        raise ZooError(f"--init-from {config.init_from}: its encoder was trained as well; add --fine-tune")


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    run = training.Run(__file__, config)
    check(config)
    examples = run.load("captioning")
    parts = {"train": examples.train, "validation": examples.validation}
    pieces = run.vocabulary("captions", text.Pieces, count_units(examples.train), config.pieces)
    channels = examples.train.dataset.element_spec["image"].shape[-1]
    model = run.build(build_model, config, len(pieces), channels)
    # What learns: the whole, or all behind a frozen encoder.
    learner = model if encoder_learns(config) else model.get_layer("teller")
    run.start_from(learner, grown=["embedding/embeddings"])
    # In float32 whatever the precision of training: as it will be exported.
    frozen = None if encoder_learns(config) else export.portable(model.get_layer("encoder"))
    batches, held_out = {}, np.empty(0)
    for name, part in parts.items():
        pictures = read_pictures(config, part, config.mirror and name == "train", frozen)
        batches[name], held_out = make_batches(config, pieces, part, pictures, run.replicas), pictures
    loss = training.SequenceCrossentropy(text.PADDING, config.label_smoothing)
    score = run.task.scorer(examples.validation, captioner(config, model, pieces, held_out))
    run.fit(learner, batches["train"], batches["validation"], loss, score=score)

    module = Captioning(config, model, pieces)
    for split, evaluation in run.evaluate(module).items():
        truth = examples.split(split).rows_of_strings("captions")
        rows = examples.split(split).dataset
        show.draw_sheet(rows, truth, evaluation.predicted, run.folder.directory / f"{split}.png")
    files = (tf.io.encode_png(row["image"]).numpy() for row in examples.test.dataset.take(4))
    run.export(module, ["", "no picture", *files])


if __name__ == "__main__":
    cli.run(Config, main, presets="captioning")
