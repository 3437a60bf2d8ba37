"""Which device computes: the one that answers soonest, which is tried and not believed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

CPU, GPU = "CPU", "GPU"


def has_gpu() -> bool:
    """Tells whether there is a GPU to run on."""
    import tensorflow as tf

    return bool(tf.config.list_logical_devices("GPU"))


def computes_on() -> str:
    """Returns where TensorFlow computes unless it is told otherwise."""
    return GPU if has_gpu() else CPU


def on(device: str) -> contextlib.AbstractContextManager[Any]:
    """Returns a context in which TensorFlow computes on a device, and in which new variables live there."""
    import tensorflow as tf

    return tf.device(f"/{device}:0")


class Fastest:
    """A function that is called wherever it is fastest.

    That is not the GPU wherever there is one: what goes on step by step, each of them small, a CPU often has
    done before a GPU was told of it. So the CPU is asked, until calls have taken as long as a GPU may need to
    be ready at all. The next one both answer, and the faster of them all that follow.

    Args:
        function: takes tensors, and gives tensors.
        patience: seconds of work before the GPU is tried.
        clock: tells seconds.

    Attributes:
        asked: the devices that have answered.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        patience: float = 3.0,
        clock: Callable[[], float] = time.perf_counter,
    ):
        self._function, self._patience, self._clock = function, patience, clock
        self._spent = 0.0
        self._chosen = ""
        self.asked: set[str] = set()

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Calls the function, and waits for its answer while there is a choice still to be made."""
        if not has_gpu():
            self.asked.add(CPU)
            return self._function(*arguments, **named)
        if not self._chosen and self._spent > self._patience:
            self._chosen = self._tried(arguments, named)
        if self._chosen:
            return self._run(self._chosen, arguments, named)
        seconds, answer = self._timed(CPU, arguments, named)
        self._spent += seconds
        return answer

    def _tried(self, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> str:
        import tensorflow as tf

        try:
            self._timed(GPU, arguments, named)  # gets ready: memory, kernels
            on_gpu, _ = self._timed(GPU, arguments, named)
        except tf.errors.OpError:  # such as too little memory
            return CPU
        on_cpu, _ = self._timed(CPU, arguments, named)
        return GPU if on_gpu < on_cpu else CPU

    def _timed(self, device: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[float, Any]:
        import tensorflow as tf

        began = self._clock()
        answer = self._run(device, arguments, named)
        for tensor in tf.nest.flatten(answer, expand_composites=True):
            tensor.numpy()  # which waits for it
        return self._clock() - began, answer

    def _run(self, device: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        self.asked.add(device)
        with on(device):
            return self._function(*arguments, **named)
