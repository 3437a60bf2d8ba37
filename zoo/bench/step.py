"""A training step of a recipe, measured in a process of its own: python -m zoo.bench.step sentiment."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import importlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.grappler import tf_optimizer
from tensorflow.python.training.saver import export_meta_graph

from zoo import cli, export
from zoo.bench.kernels import share_in_kernels
from zoo.devices import has_gpu
from zoo.training import Settings, run, sums
from zoo.training.fitting import compile_model, steps_of
from zoo.training.settings import tf32

_WARM_UP = 10  # steps that trace the graph, and take memory
_NO_WORK = {"Const", "Placeholder", "Identity", "IdentityN", "NoOp", "_Arg", "_Retval"}


class Training(NamedTuple):
    """What a recipe trains with: see `zoo.training.fit`."""

    settings: Settings
    model: keras.Model
    train: Any
    loss: keras.losses.Loss
    metrics: Sequence[keras.metrics.Metric]


class _Reached(BaseException):
    """A recipe has come to its training."""


def prepared(recipe: str, flags: Sequence[str] = ()) -> Training:
    """Runs a recipe's `main` up to its training, in a folder that is gone afterwards."""
    module = importlib.import_module(f"zoo.recipes.{recipe}")
    config = cli.parse(recipe, module.Config, list(flags))
    found: list[Training] = []

    def fit(*arguments: Any) -> None:
        _, settings, model, train, _, loss, metrics, *_ = arguments
        found.append(Training(settings, model, train, loss, metrics))
        raise _Reached

    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.suppress(_Reached),
        mock.patch.object(run, "fit", fit),
    ):
        module.main(config)
    return found[0]


def compiled(training: Training) -> Callable[[Any], Any]:
    """Returns what takes a batch and makes a step, as `zoo.training.fit` has it."""
    settings, model, train, loss, metrics = training
    compile_model(settings, model, steps_of(settings, train), loss, metrics)
    batch = train.shuffled(settings.seed).element_spec
    step = tf.function(model.train_step, input_signature=[batch], autograph=False)
    with sums.in_order():
        step.get_concrete_function()
    return step


def operations(step: Any) -> tuple[int, int]:
    """Counts the operations of a step.

    Returns:
        All of the traced graph, constants and arguments included; and those that are left to run after
        TensorFlow has simplified it, a loop's body counting once.
    """
    graph = step.get_concrete_function().graph
    meta = export_meta_graph(graph_def=graph.as_graph_def(), graph=graph)
    kept = [output.name for output in graph.outputs] + [operation.name for operation in graph.control_outputs]
    meta.collection_def["train_op"].node_list.value.extend(kept)
    left = tf_optimizer.OptimizeGraph(config_pb2.ConfigProto(), meta)
    return len(graph.get_operations()), sum(node.op not in _NO_WORK for node in left.node)


def tokens(inputs: Mapping[str, tf.Tensor]) -> int:
    """Counts the steps of rows that are there: words, pieces, units or days."""
    numbers = [value for value in inputs.values() if value.dtype == tf.int32 and value.shape.rank == 2]
    if numbers:
        return int(np.count_nonzero(numbers[0]))
    first = next(iter(inputs.values()))
    return first.shape[0] * first.shape[1]


def measured(recipe: str, steps: int, kept: str = "", flags: Sequence[str] = ()) -> dict[str, Any]:
    """Trains for some steps.

    Args:
        recipe: its name.
        steps: how many are measured.
        kept: file to write the batches and the sizes to, for `zoo.bench.pytorch`; empty: none.
        flags: the recipe's own.

    Returns:
        `step_ms`, the median; `cpu_ms` and `faults` of a step, processor time over all cores and pages asked
        of the system (0 on Windows); `tokens_per_second`; `busy`, the share of time in which a GPU computes,
        or None; `traced` and `run`, as `operations` says; `device`.
    """
    training = prepared(recipe, flags)
    step = compiled(training)
    data, batches, read = iter(training.train.shuffled(training.settings.seed)), [], []
    with tf32(training.settings.tf32):
        seconds = []
        for number in range(_WARM_UP + steps):
            if number == _WARM_UP:
                faults, spent = _page_faults(), time.process_time()
            clock = time.perf_counter()
            batch = next(data)
            step(batch)["loss"].numpy()  # and waits for it
            seconds.append(time.perf_counter() - clock)
            read.append(tokens(batch[0]))
            if kept:  # else their memory is free for the next ones
                batches.append(batch)
        faults, spent = _page_faults() - faults, time.process_time() - spent
        busy = None
        if has_gpu():
            busy = share_in_kernels(lambda: [step(batch)["loss"].numpy() for _ in range(_WARM_UP)])
    if kept:
        _keep(kept, recipe, training, batches, read)
    traced, left = operations(step)
    return {
        "device": _device(),
        "step_ms": 1e3 * statistics.median(seconds[_WARM_UP:]),
        "cpu_ms": 1e3 * spent / steps,
        "faults": faults / steps,
        "tokens_per_second": sum(read[_WARM_UP:]) / sum(seconds[_WARM_UP:]),
        "busy": busy,
        "traced": traced,
        "run": left,
    }


def _keep(path: str, recipe: str, training: Training, batches: Sequence[Any], read: Sequence[int]) -> None:
    """Writes what another framework needs to do the same: sizes, and batches without what only we need."""
    weights = {weight.path: list(weight.shape) for weight in training.model.trainable_weights}
    sizes = {**dataclasses.asdict(training.settings), "recipe": recipe, "weights": weights}
    arrays = {
        f"{number}/{name}": value.numpy()
        for number, (inputs, targets, *_) in enumerate(batches)
        for name, value in {**inputs, "targets": targets}.items()
        if name == "targets" or value.shape.rank > 1
    }
    np.savez(path, sizes=json.dumps(sizes), tokens=read, **arrays)


def _page_faults() -> int:
    try:
        import resource
    except ImportError:  # on Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def _device() -> str:
    gpus = tf.config.list_physical_devices("GPU")
    names = collections.Counter(tf.config.experimental.get_device_details(gpu)["device_name"] for gpu in gpus)
    return ", ".join(names) or export.hardware()


if __name__ == "__main__":
    print("\n" + json.dumps(measured(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:])))
