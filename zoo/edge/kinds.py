"""What of each kind of model goes along: its networks, its inventories, and all else that is known."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo import decoding, layers, models, rebuilt, sounds, tasks, text
from zoo.decoding.writer import digits_of
from zoo.edge import networks
from zoo.edge.patterns import as_python, other_lower_case, pattern
from zoo.errors import ZooError
from zoo.recipes.sentiment import NGRAMS, SIZES
from zoo.recipes.translation import read_by_encoder
from zoo.text import spelling, split, tokens, words
from zoo.text.case import LOUD

Write = Callable[..., None]
Row = dict[str, Any]
Make = Callable[[models.Model, Path, Write, networks.To], Row]


def _classification(model: models.Model, folder: Path, write: Write, to: networks.To) -> Row:
    config, known, network = rebuilt.sentiment(model)
    about = _core(networks.for_converter(network, to), folder, write) | _known(known, model, folder)
    arrays: Row = {}
    if runs := rebuilt.runs_of(model):
        arrays = {name: getattr(runs, name).numpy() for name in ("hashes", "weights", "bias")}
    own = model.manifest.own
    return about | {
        "config": asdict(config),
        "arrays": _saved(arrays, folder / "arrays"),
        "reads": reads_words(),
        "sizes": list(SIZES),
        "most": NGRAMS,
        "temperature": own.get("temperature", 1.0),
        "share": own.get("wide_share", 0.0),
    }


def _tagging(model: models.Model, folder: Path, write: Write, to: networks.To) -> Row:
    config, known, network = rebuilt.tagging(model)
    about = _core(networks.for_converter(network, to), folder, write) | _known(known, model, folder)
    arrays: Row = network.get_layer("crf").as_arrays() if config.crf else {}
    return about | {
        "config": asdict(config),
        "arrays": _saved(arrays, folder / "arrays"),
        "reads": {
            "rules": as_python(tokens.RULES[config.style]),
            "blank": pattern(tokens.BLANK),
            "shapes": as_python(spelling.SHAPE),
            "digits": as_python(spelling.NORMAL),
            "style": config.style,
            "small_letters": other_lower_case(),
        },
        "characters": text.CHARACTERS,
    }


def _translation(model: models.Model, folder: Path, write: Write, to: networks.To) -> Row:
    config, pieces, network = rebuilt.translation(model)
    about = _encoder_and_step(config, networks.for_converter(network, to), folder, write)
    for side, inventory in pieces.items():
        inventory.write(folder / f"{side}.txt")
    arrays: Row = {"free": digits_of(pieces["target"])}
    if habits := model.manifest.own.get("habits"):
        arrays |= decoding.Habits.from_json(habits, len(pieces["target"]))._asdict()
    return about | {
        "config": asdict(config),
        "arrays": _saved(arrays, folder / "arrays"),
        "reads": {
            "rules": as_python(split.RULES),
            "spaces": pattern(split.SPACES),
            "small_letters": other_lower_case(),
        },
        "loud": {name: pattern(each) for name, each in LOUD.items()},
    }


def _recognition(model: models.Model, folder: Path, write: Write, to: networks.To) -> Row:
    config, about, network = rebuilt.recognition(model)
    if not about.scaling:
        raise ZooError(_older(model))
    mean, spread = np.array(about.scaling).T
    return _core(networks.for_converter(network, to), folder, write) | {
        "config": asdict(config),
        "arrays": _saved({"mean": mean, "spread": spread}, folder / "arrays"),
        "columns": about.channels,
        "temperature": model.manifest.own.get("temperature", 1.0),
    }


def _series(model: models.Model, folder: Path, write: Write, to: networks.To) -> Row:
    about = tasks.About.of(model.manifest)
    if about.static or about.known or model.manifest.config.get("missing"):
        raise ZooError(
            f"convert {model.name}: only forecasters of one series can be converted, whose values are all "
            "there and of which nothing is known ahead"
        )
    usual = model.manifest.own.get("usual", {})
    if "coefficients" not in usual:
        raise ZooError(_older(model))
    config, network = rebuilt.forecasting(model)
    clone = networks.for_converter(network, to)
    states = [tensor.name for tensor in network.inputs if tensor.name.startswith("state_")]
    specs = [spec for spec in networks.specs_of(clone) if spec.name not in states]

    def run(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        named = {spec.name: tensor for spec, tensor in zip(specs, inputs, strict=True)}
        zeros = tf.zeros([tf.shape(inputs[0])[0], config.units])
        found = clone({**named, **dict.fromkeys(states, zeros)}, training=False)["quantiles"]
        return {"quantiles": tf.reduce_mean(found[:, -1], axis=1)}  # of the last step, and of all members

    write(folder / "core", run, specs, clone.weights)
    arrays = {name: np.array(usual[name]) for name in ("coefficients", "spread")}
    arrays["factors"] = np.array(usual["factors"], np.float32)
    return {
        "config": asdict(config),
        "arrays": _saved(arrays, folder / "arrays"),
        "columns": about.columns,
        "targets": about.places(about.targets),
        "interval": about.interval,
        "cycles": usual["cycles"],
        "differences": usual["differences"],
    }


def _text(model: models.Model, folder: Path, write: Write, to: networks.To) -> Row:
    config, units, network = rebuilt.generation(model, masked=False)
    clone = networks.for_converter(network, to)
    states = {tensor.name: tensor.shape[1] for tensor in network.inputs if tensor.name != "tokens"}
    specs = [
        tf.TensorSpec([None], tf.int32, "tokens"),
        *(tf.TensorSpec([None, size], tf.float32, name) for name, size in states.items()),
    ]

    def step(token: tf.Tensor, *before: tf.Tensor) -> dict[str, tf.Tensor]:
        given = dict(zip(states, before, strict=True))
        found = clone({"tokens": token[:, None], **given}, training=False)
        return {"logits": found["logits"][:, 0], **{f"next_{name}": found[name] for name in states}}

    write(folder / "step", step, specs, clone.weights)
    units.write(folder / "vocabulary.txt")
    return {
        "config": asdict(config),
        "arrays": _saved({}, folder / "arrays"),
        "reads": reads_words(),
        "never": units.never,
        "states": states,
    }


def _transcription(model: models.Model, folder: Path, write: Write, to: networks.To) -> Row:
    config, alphabet, network = rebuilt.transcription(model)
    about = _core(networks.for_converter(network, to), folder, write)
    alphabet.write(folder / "symbols.txt")
    arrays = {}
    if config.reads == "sound":
        ear = sounds.Ear(config.rate, config.height)
        arrays["mel"] = sounds.mel_filters(ear.rate, ear.size, ear.bands)
        about["ear"] = {"size": ear.size, "step": ear.step}
    return about | {"config": asdict(config), "arrays": _saved(arrays, folder / "arrays")}


def _older(model: models.Model) -> str:
    return (
        f"convert {model.name}: was exported before, and does not say how it reads numbers; export it once "
        f"more: python -m zoo again {model.name}"
    )


def reads_words() -> Row:
    """Returns how texts are parted into words."""
    return {
        "before": as_python([(words.INVISIBLE, ""), (words.SPACES, " ")]),
        "rules": as_python(words.RULES),
        "small_letters": other_lower_case(),
    }


def _saved(arrays: Mapping[str, np.ndarray], folder: Path) -> list[str]:
    """Writes arrays, each as a file; returns their names."""
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return [*arrays]


def _core(core: keras.Model, folder: Path, write: Write) -> Row:
    """Writes a network that gives logits; returns the names of its inputs."""
    specs = networks.specs_of(core)

    def run(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        named = {spec.name: tensor for spec, tensor in zip(specs, inputs, strict=True)}
        return {"logits": core(named, training=False)}

    write(folder / "core", run, specs, core.weights)
    return {"inputs": [spec.name for spec in specs]}


def _encoder_and_step(config: Any, network: keras.Model, folder: Path, write: Write) -> Row:
    """Writes what reads a source, and what writes one piece more; returns the names of what is handed on."""
    encoder, decoder = network.get_layer("encoder"), network.get_layer("decoder")
    embedding = network.get_layer("target_embedding")
    names: dict[str, list[str]] = {}

    def read(source: tf.Tensor) -> dict[str, tf.Tensor]:
        encoded, *first = encoder(read_by_encoder(config, embedding, source), training=False)
        states = {f"state_{number}": state for number, state in enumerate(decoder.start(first))}
        memory = decoder.prepare(encoded)
        seen = {} if memory is None else {"values": memory.values, "keys": memory.keys}
        names.update(states=[*states], memory=[*seen])
        return {**states, **seen}

    source = tf.TensorSpec([None, None], tf.int32, "source")
    write(folder / "encoder", read, [source], network.weights)
    given = tf.function(read, input_signature=[source], autograph=False).get_concrete_function()
    specs = [
        tf.TensorSpec([None], tf.int32, "tokens"),
        *(
            tf.TensorSpec(given.structured_outputs[name].shape, tf.float32, name)
            for name in (*names["states"], *names["memory"])
        ),
    ]
    count = len(names["states"])

    def step(token: tf.Tensor, *others: tf.Tensor) -> dict[str, tf.Tensor]:
        values, keys = others[count:] or (None, None)
        memory = None if values is None else layers.Memory(values, keys, None)
        x, after, _ = decoder.step(embedding(token), others[:count], memory)
        logits = tf.matmul(x, embedding.embeddings, transpose_b=True)
        next_ = {f"next_{name}": state for name, state in zip(names["states"], after, strict=True)}
        return {"logits": logits, **next_}

    write(folder / "step", step, specs, network.weights)
    return names


def _known(known: text.Known, model: models.Model, folder: Path) -> Row:
    """Writes what is known of words."""
    known.words.write(folder / "vocabulary.txt")
    if known.vectors:
        known.vectors.write(folder / "vectors.txt")
        np.save(folder / "vectors.npy", known.vectors.table.numpy())
    if known.clusters:
        shutil.copy(model.path / "assets" / "clusters.txt", folder)
    return {"cluster_buckets": text.CLUSTER_BUCKETS}


KINDS: Mapping[str, Make] = {
    "classification": _classification,
    "tagging": _tagging,
    "translation": _translation,
    "recognition": _recognition,
    "series": _series,
    "transcription": _transcription,
    "text": _text,
}
"""Mapping -> what writes all that goes along into a folder, and returns what else `model.json` says."""
