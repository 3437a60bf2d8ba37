"""Sums of gradients that come out the same on any number of cores."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock

import tensorflow as tf
from tensorflow.python.ops import gen_math_ops


@contextlib.contextmanager
def in_order() -> Iterator[None]:
    """Within it, graphs that are traced add up three or more gradients one after another.

    TensorFlow's AddN begins with whichever of its inputs nobody else needs any more. Where operations run
    side by side that is another one each time, and so is the rounding: a training on two cores would never
    come out the same twice. The one place that both kinds of gradients go through is not a public one.
    """
    add_n = gen_math_ops.add_n

    def ordered(inputs: Sequence[Any], name: str | None = None) -> Any:
        return add_n(inputs, name) if len(inputs) < 3 else functools.reduce(tf.add, inputs)

    with mock.patch.object(gen_math_ops, "add_n", ordered):
        yield
