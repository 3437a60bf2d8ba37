"""Saved models as folders that run without TensorFlow."""

from __future__ import annotations

import functools
import importlib.resources
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo import decoding, layers, models, rebuilt, text
from zoo.decoding.writer import digits_of
from zoo.edge import networks, runtime
from zoo.edge.patterns import as_python, other_lower_case, pattern
from zoo.errors import ZooError
from zoo.files import replacing_folder
from zoo.recipes.sentiment import NGRAMS, SIZES
from zoo.text import spelling, split, tokens, words
from zoo.text.case import LOUD

Write = Callable[..., None]
PACKAGE = "zoo_edge"
_TRIED = ("", "I can't wait: 3 of us met Ada in Rome!", "STOP it NOW, Zoë", "x = f(1)  # ünïcode ☀ 日本")
_ASK = f'''"""Answers texts: python ask.py "a text" "another one", or lines of standard input."""

from pathlib import Path

from {PACKAGE} import main

main(Path(__file__).parent)
'''


def convert(model: models.Model, folder: Path, to: networks.To = "onnx", int8: bool = False) -> None:
    """Writes a folder that answers raw text without TensorFlow, as the saved model does.

    In it stand the networks, for ONNX Runtime or LiteRT, the inventories, `model.json` and `arrays/` with
    all else that is known, the package `zoo_edge` and `ask.py`, which opens it; of a classifier for ONNX also
    what answers in a browser.

    Args:
        model: a loaded classifier, tagger or translator of this zoo. A translator follows the most probable
            piece, as its signature `greedy` does.
        folder: that is made; where it exists, its converted model is replaced.
        to: what runs the networks.
        int8: whether weights are rounded to 8 bits, and products computed with them.

    Raises:
        ZooError: it is another kind of model, was exported by another version of its recipe, something else
            stands in the folder, or what converts is not installed.
    """
    make = _KINDS.get(model.manifest.mapping)
    if make is None:
        raise ZooError(
            f"convert {model.name}: only {', '.join(_KINDS)} models can be converted so far, and it is of "
            f"{model.manifest.mapping or 'no mapping of this zoo'}"
        )
    free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    ours = (folder / "model.json").exists() and (folder / PACKAGE / "__init__.py").exists()
    if not free and not ours:
        raise ZooError(f"{folder}: exists and holds no converted model; choose another --output")
    with replacing_folder(folder) as temporary:
        about = make(model, temporary, functools.partial(networks.write, to, int8=int8), to)
        whole = {
            "name": model.name,
            "mapping": model.manifest.mapping,
            "labels": list(model.manifest.labels),
            "to": to,
            "int8": int8,
            **about,
        }
        (temporary / "model.json").write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
        (temporary / "ask.py").write_text(_ASK, encoding="utf-8")
        if not int8:
            _check(model, temporary)
        _copy(importlib.resources.files("zoo.edge.runtime"), temporary / PACKAGE)
        if model.manifest.mapping == "classification" and to == "onnx":
            _copy(importlib.resources.files("zoo.edge") / "web", temporary)


def _check(model: models.Model, folder: Path) -> None:
    """Asks both for some texts: an export of another version of the zoo may have read them otherwise.

    Raises:
        ZooError: they answer otherwise.
    """
    converted = runtime.load(folder)
    saved = model.predict(_TRIED, signature_of(model))
    for given, expected in zip(_TRIED, saved, strict=True):
        if said(converted.answer(given)) != said(expected):
            raise ZooError(
                f"convert: {model.name} answers {given!r} otherwise than its network does in this version of "
                "the zoo, with which it was not exported; train it anew"
            )


def signature_of(model: models.Model) -> str:
    """Returns the signature of a saved model that a converted one answers as."""
    return "greedy" if model.manifest.mapping == "translation" else ""


def said(answer: dict[str, Any]) -> Any:
    """Returns what an answer says, of a saved model or a converted one, without numbers."""
    if "tokens" in answer:
        return [(token["token"], token["tag"]) for token in answer["tokens"]]
    return answer.get("label", answer.get("translation"))


def _copy(source: Traversable, folder: Path) -> None:
    """Copies the files of a package."""
    folder.mkdir(exist_ok=True)
    for file in source.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())


def _classification(model: models.Model, folder: Path, write: Write, to: networks.To) -> dict[str, Any]:
    config, known, network = rebuilt.sentiment(model)
    about = _core(networks.for_converter(network, to), folder, write) | _known(known, model, folder)
    arrays: dict[str, Any] = {}
    if runs := rebuilt.runs_of(model):
        arrays = {name: getattr(runs, name).numpy() for name in ("hashes", "weights", "bias")}
    own = model.manifest.own
    return about | {
        "config": asdict(config),
        "arrays": _saved(arrays, folder / "arrays"),
        "reads": {
            "before": as_python([(words.INVISIBLE, ""), (words.SPACES, " ")]),
            "rules": as_python(words.RULES),
            "small_letters": other_lower_case(),
        },
        "sizes": list(SIZES),
        "most": NGRAMS,
        "temperature": own.get("temperature", 1.0),
        "share": own.get("wide_share", 0.0),
    }


def _tagging(model: models.Model, folder: Path, write: Write, to: networks.To) -> dict[str, Any]:
    config, known, network = rebuilt.tagging(model)
    about = _core(networks.for_converter(network, to), folder, write) | _known(known, model, folder)
    arrays: dict[str, Any] = network.get_layer("crf").as_arrays() if config.crf else {}
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


def _translation(model: models.Model, folder: Path, write: Write, to: networks.To) -> dict[str, Any]:
    config, pieces, network = rebuilt.translation(model)
    about = _encoder_and_step(config, networks.for_converter(network, to), folder, write)
    for side, inventory in pieces.items():
        inventory.write(folder / f"{side}.txt")
    arrays: dict[str, Any] = {"free": digits_of(pieces["target"])}
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


_KINDS: Mapping[str, Callable[[models.Model, Path, Write, networks.To], dict[str, Any]]] = {
    "classification": _classification,
    "tagging": _tagging,
    "translation": _translation,
}


def _saved(arrays: Mapping[str, np.ndarray], folder: Path) -> list[str]:
    """Writes arrays, each as a file; returns their names."""
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return [*arrays]


def _core(core: keras.Model, folder: Path, write: Write) -> dict[str, Any]:
    """Writes a network that gives logits; returns the names of its inputs."""
    specs = networks.specs_of(core)

    def run(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        named = {spec.name: tensor for spec, tensor in zip(specs, inputs, strict=True)}
        return {"logits": core(named, training=False)}

    write(folder / "core", run, specs, core.weights)
    return {"inputs": [spec.name for spec in specs]}


def _encoder_and_step(config: Any, network: keras.Model, folder: Path, write: Write) -> dict[str, Any]:
    """Writes what reads a source, and what writes one piece more; returns the names of what is handed on."""
    encoder, decoder = network.get_layer("encoder"), network.get_layer("decoder")
    embedding = network.get_layer("target_embedding")
    names: dict[str, list[str]] = {}

    def read(source: tf.Tensor) -> dict[str, tf.Tensor]:
        given = [source, embedding(source) * config.width**0.5] if config.joint else [source]
        encoded, *first = encoder(given, training=False)
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


def _known(known: text.Known, model: models.Model, folder: Path) -> dict[str, Any]:
    """Writes what is known of words."""
    known.words.write(folder / "vocabulary.txt")
    if known.vectors:
        known.vectors.write(folder / "vectors.txt")
        np.save(folder / "vectors.npy", known.vectors.table.numpy())
    if known.clusters:
        shutil.copy(model.path / "assets" / "clusters.txt", folder)
    return {"cluster_buckets": text.CLUSTER_BUCKETS}
