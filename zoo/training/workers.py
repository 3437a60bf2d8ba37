"""Several machines: one process on each trains on its share of every batch, and all take the same step.

TensorFlow has the network of them (`tf.distribute.MultiWorkerMirroredStrategy`, told by `TF_CONFIG`), but
Keras's own `fit` cannot be used with it (keras-team/keras 20585): two of its parts take what a device has for
what all have. These are replaced here; all else, as the progress bar and callbacks, stays Keras's.

One process, the first, is the *chief*: what is written, it alone writes, and what is decided, it decides.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context

from zoo.errors import ZooError

_SILENCE, _LATE = 40.0, 24 * 3600.0  # seconds after which one that says nothing, or never came, is gone
# What may be raised where another process is gone.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.InternalError,
    tf.errors.CancelledError,
)
_TOLD = (
    'export TF_CONFIG=\'{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}\''
)


class Alone:
    """A process that trains by itself, on one device or on all of its machine's.

    Attributes:
        index: the process's number.
        size: processes of the job.
        strategy: that its model is built under.
    """

    index, size = 0, 1

    def __init__(self, strategy: tf.distribute.Strategy):
        self.strategy = strategy

    @property
    def chief(self) -> bool:
        """Whether this process writes, and decides."""
        return self.index == 0

    def share(self, batches: tf.data.Dataset) -> Any:
        """Returns a dataset of this process's rows of each batch."""
        return batches

    def validated(self, batches: tf.data.Dataset) -> dict[str, Any]:
        """Returns what `fit` takes to validate on all batches."""
        return {"validation_data": batches}

    def prepare(self, model: keras.Model, batches: tf.data.Dataset) -> None:
        """Readies a compiled model for `fit`."""

    def stopping(self) -> list[keras.callbacks.Callback]:
        """Returns the last callbacks of `fit`, by which all stop where the chief does."""
        return []

    @contextlib.contextmanager
    def told_if_lost(self) -> Iterator[None]:
        """Within it, a process that is gone is told of by its number."""
        yield

    def from_chief(self, said: bytes) -> bytes:
        """Returns what the chief says, to all; what others say is not heard."""
        return said

    def check(self, what: str, say: Callable[[], str]) -> None:
        """Refuses a process that says something else than the chief does, with all of them.

        Only where there are several is anything said.
        """

    def rows_of_all(self, rows: np.ndarray) -> np.ndarray:
        """Returns the rows of all processes, one process's after another's, which are equally many."""
        return rows

    def leave(self) -> None:
        """Waits for all, and ends what they have to do with each other."""

    def numbers(self, values: Sequence[float]) -> list[float]:
        """Returns the chief's numbers, to all."""
        return list(json.loads(self.from_chief(json.dumps(list(values)).encode())))

    def value(self, variable: Any) -> np.ndarray:
        """Returns what a variable holds: where each device has rows of its own, those of all devices."""
        if not _has_rows_of_its_own(variable):
            return np.asarray(variable.numpy())
        parts = self.strategy.experimental_local_results(variable.value)
        return self.rows_of_all(np.concatenate([part.numpy() for part in parts]))

    def assign(self, variable: Any, value: np.ndarray) -> None:
        """Gives a variable what `value` returned, be it on other devices or on more of them.

        Raises:
            ZooError: these devices cannot share the rows.
        """
        if not _has_rows_of_its_own(variable):
            variable.assign(value)
            return
        parts = self.strategy.experimental_local_results(variable.value)
        rows = parts[0].shape[0]
        first = self.index * len(parts) * rows
        if self.size * len(parts) * rows != len(value):
            raise ZooError(
                f"{variable.path}: {len(value)} rows are kept, not {self.size * len(parts) * rows}"
            )
        for number, part in enumerate(parts):
            part.assign(value[first + number * rows :][:rows])


class Crew(Alone):
    """One of several processes that train together, on equally many devices each.

    Every method is to be called by all of them, in the same order.

    Args:
        strategy: a multi-worker one.
        cluster: addresses by kind, `chief` before `worker`, if there is one.
        index: this process's number, of all.
    """

    def __init__(self, strategy: tf.distribute.Strategy, cluster: Mapping[str, Sequence[str]], index: int):
        super().__init__(strategy)
        self.cluster, self.index = cluster, index
        self.addresses = [address for members in cluster.values() for address in members]
        self.size = len(self.addresses)

    def share(self, batches: tf.data.Dataset) -> Any:
        """Returns a distributed dataset: each device has as many rows of a batch as any other, in a row."""
        replicas = self.strategy.num_replicas_in_sync
        here = replicas // self.size

        def parts(*batch: Any) -> tf.data.Dataset:
            def part(number: tf.Tensor) -> Any:
                def cut(rows: tf.Tensor) -> tf.Tensor:
                    each = tf.shape(rows, tf.int64)[0] // replicas
                    return rows[number * each : (number + 1) * each]

                return tf.nest.map_structure(cut, batch)

            return tf.data.Dataset.range(self.index * here, (self.index + 1) * here).map(part)

        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        mine = batches.flat_map(parts).with_options(options)
        return self.strategy.distribute_datasets_from_function(lambda context: mine)

    def validated(self, batches: tf.data.Dataset) -> dict[str, Any]:
        """Returns what `fit` takes to validate on all batches."""
        # By their number, since whether there is another batch all would have to ask each other.
        steps = int(batches.cardinality())
        return {"validation_data": self.share(batches.repeat()), "validation_steps": steps}

    def prepare(self, model: keras.Model, batches: tf.data.Dataset) -> None:
        """Readies a compiled model for `fit`."""
        replicas = self.strategy.num_replicas_in_sync
        (batch,) = batches.take(1)
        share = tf.nest.map_structure(lambda rows: rows[: len(rows) // replicas], batch)
        with self.strategy.scope():
            model._symbolic_build(data_batch=share)
        model.steps_per_execution = 1  # of which Keras would skip the others
        # Keras would have the first batches of all added up, which fails.
        model._maybe_symbolic_build = lambda **_: None
        model.train_function = _together(self.strategy, model.train_step)
        model.test_function = _together(self.strategy, model.test_step)

    def stopping(self) -> list[keras.callbacks.Callback]:
        """Returns the last callbacks of `fit`, by which all stop where the chief does."""
        return [_StopTogether(self)]

    def from_chief(self, said: bytes) -> bytes:
        """Returns what the chief says, to all; what others say is not heard."""
        size = int(self._sum(np.array([len(said) if self.chief else 0], np.int64))[0])
        words = np.zeros(-(-size // 8), np.int64)
        if self.chief:
            words = np.frombuffer(said.ljust(8 * len(words), b"\0"), np.int64)
        return self._sum(words).tobytes()[:size] if size else b""

    def check(self, what: str, say: Callable[[], str]) -> None:
        """Refuses a process that says something else than the chief does, with all of them.

        Args:
            what: is compared, for the message.
            say: returns it, of this process.

        Raises:
            ZooError: it does.
        """
        said = say().encode()
        differs = self.from_chief(said) != said
        for number in np.flatnonzero(self.rows_of_all(np.array([differs], np.int64))):
            raise ZooError(
                f"worker {number} ({self.addresses[number]}): its {what} are not those of worker 0; "
                "give all machines the same command and files"
            )

    def rows_of_all(self, rows: np.ndarray) -> np.ndarray:
        """Returns the rows of all processes, one process's after another's, which are equally many."""
        everyone = np.zeros([self.size, *rows.shape], rows.dtype)
        everyone[self.index] = rows
        return self._sum(everyone).reshape(-1, *rows.shape[1:])

    def leave(self) -> None:
        """Waits for all, and ends what they have to do with each other."""
        with self.told_if_lost():
            self._sum(np.zeros([1], np.int64))

    def _sum(self, array: np.ndarray) -> np.ndarray:
        """Adds up one array of each process."""
        first = self.index * self.strategy.num_replicas_in_sync // self.size

        def of_device(context: Any) -> np.ndarray:
            return array if context.replica_id_in_sync_group == first else np.zeros_like(array)

        shares = self.strategy.experimental_distribute_values_from_function(of_device)
        return np.asarray(self.strategy.reduce("SUM", shares, axis=None))

    @contextlib.contextmanager
    def told_if_lost(self) -> Iterator[None]:
        """Within it, a process that is gone is told of by its number.

        Raises:
            ZooError: one is.
        """
        try:
            yield
        except _LOST as error:
            before = {"chief": 0, "worker": len(self.cluster.get("chief", ()))}
            found = re.findall(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)", str(error))
            named = {before[kind] + int(number) for kind, number in found if kind in before} - {self.index}
            if not named and isinstance(error, tf.errors.InternalError):
                raise  # as by a device without memory
            gone = [f"worker {number} ({self.addresses[number]})" for number in sorted(named)]
            who = " or ".join(gone) or "another worker"
            raise ZooError(
                f"{who} is gone; the same command on all machines continues where the last whole epoch ended"
            ) from error


class _StopTogether(keras.callbacks.Callback):
    """Has a training stop at the end of an epoch, and where the chief stops: a step takes all of them."""

    def __init__(self, crew: Crew):
        super().__init__()
        self._crew, self._wished = crew, False

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Puts off what a callback wishes."""
        self._wished |= self.model.stop_training
        self.model.stop_training = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Asks the chief."""
        (stops,) = self._crew.numbers([self._wished or self.model.stop_training])
        self.model.stop_training = bool(stops)


def join() -> tf.distribute.Strategy:
    """Waits for the other processes that `TF_CONFIG` names, and returns the strategy of all of them.

    Raises:
        ZooError: it is not set, or not as TensorFlow takes it.
    """
    return _crew().strategy


def crew_of(strategy: tf.distribute.Strategy) -> Alone:
    """Returns the processes that share a strategy."""
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return _crew() if several else Alone(strategy)


@functools.cache
def _crew() -> Crew:
    """Returns the process's only one: TensorFlow's network starts once."""
    cluster, index = _told()
    print(f"worker {index} of {sum(map(len, cluster.values()))}: waits for the others", flush=True)
    jobs = tf.compat.v1.ConfigProto().experimental.coordination_config.coordinated_job_list
    for kind, members in cluster.items():
        jobs.add(name=kind, num_tasks=len(members))
    # TensorFlow's own would take a machine for lost after 10 seconds, and wait an hour for one to come.
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader=f"/job:{next(iter(cluster))}/replica:0/task:0",
        heartbeat_timeout_in_ms=int(1000 * _SILENCE),
        cluster_register_timeout_in_ms=int(1000 * _LATE),
        coordinated_jobs=list(jobs),
    )
    with _signals():
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    return Crew(strategy, cluster, index)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Within it Ctrl-C ends the process, also where Python is not asked; behind it SIGTERM does again.

    TensorFlow takes SIGTERM for a warning that a machine will be taken away, and goes on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # where no signal can be set
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _told() -> tuple[dict[str, list[str]], int]:
    """Reads `TF_CONFIG`: addresses by kind, those of a chief first, and this process's number of all."""
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        raise ZooError(
            f"--strategy workers: TF_CONFIG does not say who they are; {_TOLD}, or try it on this machine: "
            "python -m zoo launch --workers 2 -- RECIPE"
        )
    try:
        told = json.loads(text)
        cluster, kind, index = told["cluster"], told["task"]["type"], int(told["task"]["index"])
        if not set(cluster) <= {"chief", "worker"} or not all(isinstance(m, list) for m in cluster.values()):
            raise ValueError
        cluster = {name: cluster[name] for name in ("chief", "worker") if name in cluster}
        addresses = [address for members in cluster.values() for address in members]
        number = list(cluster).index(kind) and len(cluster["chief"])
        if not 0 <= index < len(cluster[kind]) or not all(isinstance(each, str) for each in addresses):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise ZooError(f"TF_CONFIG={text!r}: is not what TensorFlow takes; {_TOLD}") from None
    return cluster, number + index


def _has_rows_of_its_own(variable: Any) -> bool:
    """Tells whether each device keeps a value that is not the others'."""
    return (variable.synchronization, variable.aggregation) == ("on_read", "only_first_replica")


def _together(
    strategy: tf.distribute.Strategy, step: Callable[[Any], dict[str, Any]]
) -> Callable[[Any], Any]:
    """Returns what takes one step on all devices, and returns the means of what each says of it."""

    @tf.function(reduce_retracing=True, autograph=False)
    def take(iterator: Any) -> dict[str, tf.Tensor]:
        batch = iterator.get_next()
        names: list[str] = []

        def on_device(share: Any) -> tf.Tensor:
            logs = step(share)
            names[:] = logs
            return tf.stack([tf.cast(value, tf.float32) for value in logs.values()])

        means = strategy.reduce("MEAN", strategy.run(on_device, args=(batch,)), axis=None)
        return dict(zip(names, tf.unstack(means, num=len(names)), strict=True))

    return cast("Callable[[Any], Any]", take)
