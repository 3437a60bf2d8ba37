"""The models that a server has, and what holds for all that is asked of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from zoo.errors import ZooError
from zoo.models import Model, Saved, import_tensorflow
from zoo.serve.batching import Batcher, Room
from zoo.serve.errors import Late, TooLarge, Unknown
from zoo.serve.json_tensors import Request
from zoo.serve.metrics import Metrics
from zoo.serve.signatures import Columns, Signature, signatures

Value = TypeVar("Value")
_CORES = os.cpu_count() or 1
VERSION = 1
"""The one that each model has."""


@dataclass(frozen=True)
class Limits:
    """What a request may cost.

    Attributes:
        body: bytes of one request.
        rows: of one request.
        waiting: rows of all requests that wait.
        seconds: for a request to arrive, and again for its answer.
        batch: most rows of several requests that go through a model together.
    """

    body: int = 8_000_000
    rows: int = 1024
    waiting: int = 4096
    seconds: float = 30.0
    batch: int = 256


def one_core_each() -> None:
    """Lets each operation of TensorFlow have one core; to be called before its first one.

    The products of a recurrent step are too small to be shared out. Both directions, layers and batches of
    other models still run beside each other.
    """
    import_tensorflow().config.threading.set_intra_op_parallelism_threads(1)


class Served:
    """Loaded models, each asked by many at once.

    Args:
        models: what is served.
        limits: of each request.

    Attributes:
        models: by name.
        signatures: model -> name -> signature.
        limits: of each request.
        metrics: what was counted.
        bodies: room for what is being read.

    Raises:
        ZooError: two models have the same name.
    """

    def __init__(self, models: Sequence[Model], limits: Limits):
        self.models: dict[str, Model] = {}
        self.limits = limits
        self._pool = ThreadPoolExecutor(_CORES, thread_name_prefix="model")
        self._rows, self._calls = Room(limits.waiting, "rows"), Room(4 * _CORES, "calls")
        self.bodies = Room(16 * limits.body, "bytes")
        self.metrics = Metrics(lambda: self._rows.taken)
        self.signatures: dict[str, Mapping[str, Signature]] = {}
        self._loading = asyncio.Lock()
        self._batchers: dict[tuple[str, str], Batcher] = {}
        for model in models:
            if model.name in self.models:
                raise ZooError(f"{model.name}: two models have this name; serve them at two ports")
            self._add(model)

    def _add(self, model: Model) -> None:
        self.models[model.name], self.signatures[model.name] = model, signatures(model)

    def warm_up(self) -> None:
        """Runs each signature once, so that the first who asks waits no longer than others."""
        for of_model in self.signatures.values():
            for signature in of_model.values():
                signature.warm_up()

    def of(self, model: str, version: int | None = None) -> Mapping[str, Signature]:
        """Returns the signatures of a model.

        Raises:
            Unknown: there is no such model, or it has no such version.
        """
        if model not in self.models:
            raise Unknown(f"no model {model[:100]!r} is served; there are: {', '.join(self.models)}")
        if version not in (None, VERSION):
            raise Unknown(f"{model} has no version {version}; it has {VERSION}")
        return self.signatures[model]

    async def ask(self, model: str, request: Request) -> Columns:
        """Returns the outputs of a request.

        Raises:
            TooLarge: it has too many rows.
            Busy, Late, ZooError: as `Batcher.ask`.
        """
        if request.rows > self.limits.rows:
            raise TooLarge(
                f"{request.rows:,} rows; at most {self.limits.rows:,} go in one request: send several"
            )
        key = (model, request.signature.name)
        if key not in self._batchers:
            limits, tell = self.limits, self.metrics.batch(*key)
            self._batchers[key] = Batcher(
                request.signature, self._pool, self._rows, limits.batch, limits.seconds, tell
            )
        return await self._batchers[key].ask(request.columns, request.rows)

    async def run(self, function: Callable[..., Value], *arguments: Any) -> Value:
        """Calls what takes long where it holds up nobody else.

        Raises:
            Busy: too many such calls wait.
            Late: it took too long.
        """
        self._calls.take(1)
        future = asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        future.add_done_callback(lambda _: self._calls.give(1))
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await asyncio.shield(future)
        except TimeoutError:
            raise Late(f"no answer within {self.limits.seconds:g} s; ask for less") from None

    async def loaded(self, saved: Saved) -> Model:
        """Returns a model, which is loaded when it is first asked for.

        Raises:
            ZooError: as `zoo.load`.
        """
        async with self._loading:
            if saved.name not in self.models:
                self._add(await self.run(Model, saved))
        return self.models[saved.name]

    def close(self) -> None:
        """Lets the threads go, without the work that nobody waits for."""
        self._pool.shutdown(cancel_futures=True)
