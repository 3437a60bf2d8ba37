"""Whether an exported model answers in a fresh process as it does in this one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.devices import CPU, on
from zoo.errors import ZooError
from zoo.export.serving import traced
from zoo.models import Function

_FRESH_PROCESS = """
import sys
sys.modules["keras"] = None  # a SavedModel must not need it
import numpy as np, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
found = {}
given = {}
# Strings are pickled: NumPy's own would lose zeros at their ends, of which files are full.
with np.load(sys.argv[2], allow_pickle=True) as samples:
    for place in samples.files:
        signature, name = place.split("/")
        spec = model.signatures[signature].structured_input_signature[1][name]
        given.setdefault(signature, {})[name] = tf.constant(samples[place].tolist(), spec.dtype)
for signature, inputs in given.items():
    for key, value in model.signatures[signature](**inputs).items():
        found[signature + "/" + key] = value.numpy()
np.savez(sys.argv[3], **found)
"""


def tensors_of(signatures: Mapping[str, Any], samples: Mapping[str, Any]) -> dict[str, dict[str, tf.Tensor]]:
    """Returns signature -> name -> tensor.

    Args:
        signatures: name -> tf.function in memory.
        samples: signature -> rows of the one tensor that it takes, or name -> tensor.

    Raises:
        ZooError: a signature has no samples.
    """
    if missing := [name for name in signatures if name not in samples]:
        raise ZooError(f"export: no samples of the signature {missing[0]}; give some, to verify it by")
    return {name: _tensors(traced(function), samples[name]) for name, function in signatures.items()}


def verify(
    directory: Path, signatures: Mapping[str, Any], given: Mapping[str, Mapping[str, tf.Tensor]]
) -> None:
    """Loads a SavedModel in a process of its own and compares what it answers.

    Args:
        directory: the SavedModel.
        signatures: name -> tf.function in memory.
        given: signature -> name -> tensor.

    Raises:
        ZooError: it cannot be loaded, or answers otherwise.
    """
    with on(CPU):
        expected = {
            f"{name}/{key}": value.numpy()
            for name, inputs in given.items()
            for key, value in signatures[name].get_concrete_function()(**inputs).items()
        }
    with tempfile.TemporaryDirectory() as folder:
        asked, outputs = Path(folder) / "inputs.npz", Path(folder) / "outputs.npz"
        arrays: Any = {
            f"{name}/{key}": value.numpy() for name, inputs in given.items() for key, value in inputs.items()
        }
        np.savez(asked, **arrays)
        command = [sys.executable, "-c", _FRESH_PROCESS, str(directory), str(asked), str(outputs)]
        # On the CPU, since this process may hold all of the GPU's memory.
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
        result = subprocess.run(command, capture_output=True, text=True, env=environment)
        if result.returncode:
            raise ZooError(f"export: a fresh process cannot load the model: {result.stderr.strip()[-300:]}")
        with np.load(outputs, allow_pickle=True) as answers:
            for name, value in expected.items():
                if not _same(answers[name], value):
                    raise ZooError(f"export: output {name} differs in a fresh process; nothing was exported")


def _tensors(function: Function, inputs: Any) -> dict[str, tf.Tensor]:
    """Returns name -> tensor; what is no mapping is for the one tensor that there is."""
    rows = inputs if isinstance(inputs, Mapping) else dict.fromkeys(function.inputs, inputs)
    return {name: tf.constant(rows[name], spec.dtype) for name, spec in function.inputs.items()}


def _same(answer: np.ndarray, expected: np.ndarray) -> bool:
    if expected.dtype == object:
        return np.array_equal(answer, expected)
    return answer.shape == expected.shape and np.allclose(
        answer, expected, rtol=1e-5, atol=1e-6, equal_nan=True
    )
