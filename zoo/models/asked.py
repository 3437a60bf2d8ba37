"""Asking a model: the same for one that was loaded and for the module in memory that becomes one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from zoo.devices import Fastest
from zoo.errors import ZooError, one_line
from zoo.tasks import Manifest, Task

if TYPE_CHECKING:
    import tensorflow as tf


class Function(NamedTuple):
    """One signature of a model.

    Attributes:
        inputs: name -> shape and type of each tensor that it takes.
        outputs: likewise of what it gives.
        call: takes tensors by name, gives tensors by name.
    """

    inputs: Mapping[str, tf.TensorSpec]
    outputs: Mapping[str, tf.TensorSpec]
    call: Fastest


def predict(
    name: str,
    manifest: Manifest,
    task: Task,
    model: Any,
    functions: Mapping[str, Function],
    inputs: Any,
    signature: str = "",
    settings: Mapping[str, Any] | None = None,
    progress: Callable[[int], None] = lambda done: None,
    batch_size: int = 0,
) -> list[dict[str, Any]]:
    """Runs a signature on inputs, some at a time.

    Args:
        name: of the model, for messages.
        manifest: the model's.
        task: what it is for.
        model: itself, as the task takes it.
        functions: its signatures.
        inputs: what the task takes.
        signature: what to run; empty for what the task would.
        settings: what else the signature takes, for all rows or a list of one for each. What is left out is
            as the manifest says.
        progress: is told how many rows are done.
        batch_size: most rows that go through together; 0: as many as the task would.

    Returns:
        For each row what the task makes of the outputs.

    Raises:
        ZooError: there is no such signature that takes inputs and settings, or one of these is none of it or
            out of its range.
    """
    rows = task.rows(inputs, model)
    if signature and signature not in functions:
        known = ", ".join(sorted(functions)) or "none"
        raise ZooError(f"{name}: no signature {signature!r}; there are: {known}")
    chosen = signature or task.signature_for(rows, list(functions))
    function = functions.get(chosen)
    given, columns = _arguments(name, chosen, function, task, manifest, len(rows), settings or {})
    assert function is not None  # else there was no input, which was refused
    matrices = any((spec.shape.rank or 0) > 2 for spec in function.outputs.values())
    answers: list[dict[str, Any]] = []
    done = 0
    for block in _cut(task.blocks(rows, chosen, model, matrices), batch_size):
        values = {key or given: value for key, value in task.tensors(block, chosen).items()}
        values |= {key: column[done : done + len(block)] for key, column in columns.items()}
        tensors = {key: _tensor(name, key, function.inputs[key], value) for key, value in values.items()}
        outputs = run(name, function, tensors)
        try:
            answers += task.answers({key: outputs[key].numpy() for key in sorted(outputs)}, block, manifest)
        except (IndexError, KeyError, TypeError, ValueError) as error:  # a stranger's model may give anything
            raise ZooError(
                f"{name}: {chosen} gives {', '.join(sorted(outputs))}, which are no answers of a model for "
                f"{task.name} to {len(block)} inputs; run the signature itself"
            ) from error
        done += len(block)
        progress(done)
    return answers


def _cut(blocks: Iterable[list[Any]], most: int) -> Iterator[list[Any]]:
    """Cuts blocks into such of at most so many rows; 0: leaves them as they are."""
    for block in blocks:
        if not 0 < most < len(block):
            yield block
            continue
        for start in range(0, len(block), most):
            yield block[start : start + most]


def _arguments(
    name: str,
    signature: str,
    function: Function | None,
    task: Task,
    manifest: Manifest,
    rows: int,
    settings: Mapping[str, Any],
) -> tuple[str, dict[str, list[Any]]]:
    """Returns the input that rows fill, where there is one alone, and the settings' columns."""
    inputs: Iterable[str] = function.inputs if function else ()
    filled = task.given_tensors(signature)
    left = [key for key in inputs if key not in manifest.defaults and key not in filled]
    if filled and not left and set(filled) <= set(inputs):
        given = ""
    elif not filled and len(left) == 1:
        (given,) = left
    else:
        raise ZooError(f"{name}: predict needs a signature {signature} with one input")
    taken = [key for key in inputs if key in manifest.defaults]
    refuse_unknown(name, signature, settings, taken)
    columns = {}
    for key in taken:
        value = settings.get(key, manifest.defaults[key])
        columns[key] = list(value) if isinstance(value, Sequence) else [value] * rows
        if len(columns[key]) != rows:
            raise ZooError(f"{name}: {rows} inputs, but {len(columns[key])} of {key}; give one for each")
    return given, columns


def refuse_unknown(name: str, signature: str, settings: Iterable[str], taken: Collection[str]) -> None:
    """Refuses settings that a signature does not take.

    Raises:
        ZooError: there is one.
    """
    if unknown := [key for key in settings if key not in taken]:
        what = f"takes {', '.join(taken)}" if taken else "takes no settings"
        raise ZooError(f"{name}: {unknown[0]} is no setting of {signature}, which {what}")


def run(name: str, function: Function, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
    """Calls a signature.

    Args:
        name: of the model, for messages.
        function: the signature.
        tensors: name -> tensor of what it takes.

    Returns:
        Name -> tensor of what it gives.

    Raises:
        ZooError: it refuses what it was given, or fails.
    """
    import tensorflow as tf

    try:
        found: Mapping[str, Any] = function.call(**tensors)
        return found
    except tf.errors.OpError as error:
        # What a check inside the graph says comes first; the rest is for those who made the graph.
        if said := re.search(r"assertion failed: \[(.*?)\]", str(error)):
            raise ZooError(f"{name}: {said[1].strip()}") from None
        if isinstance(error, tf.errors.ResourceExhaustedError):
            raise ZooError(f"{name}: there is not enough memory; give fewer or shorter inputs") from error
        raise ZooError(f"{name}: the model failed ({one_line(error.message)[:200]})") from error


def _tensor(name: str, key: str, spec: tf.TensorSpec, block: Any) -> tf.Tensor:
    import tensorflow as tf

    try:
        tensor = tf.constant(block, spec.dtype)
    except (TypeError, ValueError) as error:
        raise ZooError(f"inputs of {name} must be of type {spec.dtype.name}: {error}") from None
    # TensorFlow wraps around what is too large.
    if spec.dtype.is_integer and not np.array_equal(tensor.numpy(), np.asarray(block)):
        raise ZooError(f"{key} of {name}: a number is too large; it is of type {spec.dtype.name}")
    if not spec.shape.is_compatible_with(tensor.shape):
        raise ZooError(
            f"inputs of {name} have the shape {tensor.shape}, but {key} is {spec.shape}; "
            "give a list of single inputs"
        )
    return tensor
