"""A text that is handed on while it is written."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import ZooError
from zoo.models.asked import refuse_unknown

if TYPE_CHECKING:
    import tensorflow as tf

    from zoo.models.loaded import Model

_NEEDED = ("encode", "step")
_VOCABULARY = "assets/vocabulary.txt"


def stream(model: Model, prompt: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yields what `predict` of a generator would write, character by character or word by word.

    Raises:
        ZooError: it is no generator, or a setting is none of it or out of its range.
    """
    from zoo.decoding.common import check
    from zoo.text import Units

    defaults = dict(model.manifest.defaults)
    if missing := [name for name in _NEEDED if name not in model.signatures]:
        raise ZooError(f"{model.name}: only generators stream; this model has no signature {missing[0]}")
    refuse_unknown(model.name, "serving_default", settings, defaults)
    chosen = {**defaults, **settings}
    check("length", chosen["length"], 0)
    check("temperature", chosen["temperature"], 0)
    check("top_k", chosen["top_k"], 0)
    check("top_p", chosen["top_p"], 0, 1)
    if model.manifest.config.get("backwards"):
        raise ZooError(f"{model.name}: writes from the end of a text; ask for a whole one, by predict")
    units = Units.read(model.path / _VOCABULARY, model.manifest.config["level"])
    return _pieces(model, prompt, chosen, units)


def _pieces(model: Model, prompt: str, chosen: Mapping[str, Any], units: Any) -> Iterator[str]:
    import tensorflow as tf

    from zoo.text.units import between

    # What older models, which do not say it, never write: padding and unknown.
    said = model.manifest.own.get("never")
    never = tuple(n for n in said if isinstance(n, int)) if isinstance(said, list) else (0, 1)
    step, draw = model.signatures["step"], _draw(never)
    size = step.structured_input_signature[1]["state"].shape[1]
    read = model.signatures["encode"](text=tf.constant([prompt]))["tokens"][0].numpy()
    start = units.vocabulary.START
    given = {
        name: tf.constant([chosen[name]], kind)
        for name, kind in (("temperature", tf.float32), ("top_k", tf.int32), ("top_p", tf.float32))
    }
    seeds, state = tf.constant([chosen["seed"]], tf.int64), tf.zeros([1, size])
    for token in np.concatenate([[start], read]):
        after = step(tokens=tf.constant([token], tf.int32), state=state)
        state = after["state"]
    before = ""
    for t in range(chosen["length"]):
        token = draw(after["logits"], tf.constant(t), **given, seeds=seeds)
        text = _text(units, token)
        yield between(units.level, before, text) + text
        before = text
        if t + 1 < chosen["length"]:
            after = step(tokens=token, state=after["state"])


def _text(units: Any, token: tf.Tensor) -> str:
    written: bytes = units.units(token)[0].numpy()
    return written.decode("utf-8")


@functools.cache
def _draw(never: tuple[int, ...]) -> Callable[..., tf.Tensor]:
    """Returns what draws a token, traced once for all models."""
    import tensorflow as tf

    from zoo.decoding import draw, without

    @tf.function(reduce_retracing=True, autograph=False)
    def one(logits, t, temperature, top_k, top_p, seeds):  # type: ignore[no-untyped-def]
        return draw(without(logits, never), t, temperature, top_k, top_p, seeds)

    specs = {"temperature": tf.float32, "top_k": tf.int32, "top_p": tf.float32, "seeds": tf.int64}
    rows = {name: tf.TensorSpec([None], kind) for name, kind in specs.items()}
    traced: Callable[..., tf.Tensor] = one.get_concrete_function(
        tf.TensorSpec([None, None]), tf.TensorSpec([], tf.int32), **rows
    )
    return traced
