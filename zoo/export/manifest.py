"""What a training and its export write into a manifest."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tensorflow as tf

from zoo.export.serving import Serving, traced
from zoo.tasks import Signature


def read_off(module: Serving) -> dict[str, Any]:
    """Returns the fields of a manifest that a module, this process and this machine tell."""
    signatures = {}
    for name, function in module.signatures.items():
        inputs, outputs, _ = traced(function)
        signatures[name] = Signature(_described(inputs), _described(outputs))
    versions = {name: version(name) for name in ("tensorflow", "keras", "tensorflow-datasets")}
    return {
        "parameters": module.model.count_params(),
        "weights": module.weight_names,
        "signatures": signatures,
        "versions": {**versions, "python": platform.python_version()},
        "hardware": hardware(),
    }


def _described(specs: Mapping[str, tf.TensorSpec]) -> dict[str, str]:
    shapes = {name: ["any" if size is None else str(size) for size in specs[name].shape] for name in specs}
    return {name: f"{specs[name].dtype.name} ({', '.join(shapes[name])})" for name in sorted(specs)}


def command() -> str:
    """Returns the command that repeats what this process does."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    program = ["-m", spec.name] if spec else [Path(sys.argv[0]).name]
    return shlex.join(["python", *program, *sys.argv[1:]])


def hardware() -> str:
    """Describes the processors that TensorFlow sees."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        names = [tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus]
        return ", ".join(names)
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    return f"{os.cpu_count()} cores of {model}"
