"""SavedModels that plain TensorFlow loads: written whole, verified in a fresh process, with a manifest."""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.data import Examples
from zoo.errors import ZooError
from zoo.export.card import card
from zoo.export.serving import Serving
from zoo.models.registry import CARD, MANIFEST, hashes, read_manifest
from zoo.training.run import Run

SAVED_MODELS = Path("saved_models")
_SHARD_BYTES = 15_000_000  # no file of a model may pass 16 MB


def check_target(directory: Path, recipe: str) -> None:
    """Refuses to replace anything but an export of the same recipe.

    Raises:
        ZooError: something else is in the way.
    """
    if not directory.exists():
        parent = next(folder for folder in directory.absolute().parents if folder.exists())
        if not parent.is_dir() or not os.access(parent, os.W_OK):
            raise ZooError(f"{parent}: cannot be written, so nothing could be exported; mend that first")
        return
    manifest = read_manifest(directory)
    if manifest is None or manifest.get("recipe") != recipe:
        raise ZooError(
            f"{directory}: exists and was not exported by the recipe {recipe}; "
            "choose another --name, or move it away"
        )


def manifest(
    run: Run,
    mapping: str,
    examples: Examples,
    sizes: Mapping[str, int],
    scores: Mapping[str, Mapping[str, Mapping[str, Any]]],
    outcome: Mapping[str, Any],
) -> dict[str, Any]:
    """Collects what a model's `zoo.json` says about its making.

    Args:
        run: the training's folder.
        mapping: what is mapped, as `zoo.data.load` names it.
        examples: the data.
        sizes: split -> rows.
        scores: `test`, and further parts where there are any -> name -> scores; the model's own stand under
            `run.name`, others are baselines.
        outcome: what `zoo.training.fit` returned.
    """
    further = {part: examples.fingerprint(splits=(part,)) for part in examples.extra}
    best = outcome["history"][outcome["best_epoch"] - 1]
    chosen_by = {"validation_score": best["val_score"]} if "val_score" in best else {}
    return {
        "recipe": run.recipe,
        "mapping": mapping,
        "command": _command(),
        "config": run.config,
        "seed": run.config["seed"],
        "dataset": {
            "name": examples.name,
            "version": examples.version,
            "source": examples.source,
            "licence": examples.licence,
            **({"languages": list(examples.languages)} if examples.languages else {}),
            "sizes": dict(sizes),
            "test": examples.fingerprint(splits=("test",)),
            **({"further_tests": further} if further else {}),
        },
        "labels": list(examples.label_names),
        "metrics": {part: named[run.name] for part, named in scores.items()},
        "baselines": {
            part: {name: score for name, score in named.items() if name != run.name}
            for part, named in scores.items()
        },
        "training": {
            "epochs": len(outcome["history"]),
            "best_epoch": outcome["best_epoch"],
            "seconds": round(outcome["seconds"], 1),
            "validation_loss": best["val_loss"],
            **chosen_by,
        },
    }


def save(
    module: Serving,
    directory: Path,
    signatures: Mapping[str, Any],
    samples: Mapping[str, Sequence[Any] | Mapping[str, Any]],
    manifest: Mapping[str, Any],
) -> None:
    """Writes a SavedModel with manifest and card, verifies it in a fresh process, then puts it in place.

    Args:
        module: what to export.
        directory: the model's folder; an export of the same recipe that stands there is replaced.
        signatures: name -> tf.function with an input signature.
        samples: signature -> inputs whose outputs the fresh process must reproduce: rows of the one tensor
            that it takes, or name -> tensor.
        manifest: what `manifest` returns; what can be read off the module is added.

    Raises:
        ZooError: something else is in the way, or the exported model answers otherwise.
    """
    # Fixed names: what a kill leaves behind, the next export finds.
    temporary, old = (directory.with_name(f".{directory.name}.{part}") for part in ("new", "old"))
    if old.exists() and not directory.exists():
        old.rename(directory)
    check_target(directory, manifest["recipe"])
    try:
        for leftover in (temporary, old):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary.mkdir(parents=True)
        tf.saved_model.save(
            module,
            str(temporary),
            signatures=dict(signatures),
            options=tf.saved_model.SaveOptions(experimental_sharding_callback=_sharding(module)),
        )
        (temporary / "fingerprint.pb").unlink(missing_ok=True)  # repeats what the manifest says
        _verify(temporary, signatures, samples)
        whole = {"format": 1, "name": directory.name, **manifest, **_read_off(module, signatures)}
        (temporary / CARD).write_text(card(whole), encoding="utf-8")
        whole["files"] = hashes(temporary)
        (temporary / MANIFEST).write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", "utf-8")
        _replace(directory, temporary, old)
    except OSError as error:
        raise ZooError(
            f"{directory}: cannot be written ({error.strerror}); mend that, and export again"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sharding(module: Serving) -> tf.train.experimental.ShardingCallback:
    half = any(variable.dtype != tf.float32 for variable in module._variables_)
    return _WholeTensors() if half else tf.train.experimental.MaxShardSizePolicy(_SHARD_BYTES)


class _WholeTensors(tf.train.experimental.ShardingCallback):
    """Fills one file after the other: TensorFlow cannot restore parts of a float16 tensor."""

    description = "Whole tensors, as many as fit into a file."

    def __call__(self, shardable_tensors):
        shards, sizes = [{}], [0]
        for part in shardable_tensors:
            size = part.dtype.size * (part.shape.num_elements() or 0)
            if sizes[-1] and sizes[-1] + size > _SHARD_BYTES:
                shards.append({})
                sizes.append(0)
            shards[-1].setdefault(part.checkpoint_key, {})[part.slice_spec] = part.tensor
            sizes[-1] += size
        return shards


def _replace(directory: Path, new: Path, old: Path) -> None:
    if directory.exists():
        directory.rename(old)
    try:
        new.rename(directory)
    except BaseException:
        if old.exists():
            old.rename(directory)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _read_off(module: Serving, signatures: Mapping[str, Any]) -> dict[str, Any]:
    def describe(specs: Mapping[str, tf.TensorSpec]) -> dict[str, str]:
        shapes = {
            name: ["any" if size is None else str(size) for size in specs[name].shape] for name in specs
        }
        return {name: f"{specs[name].dtype.name} ({', '.join(shapes[name])})" for name in sorted(specs)}

    concrete = {name: function.get_concrete_function() for name, function in signatures.items()}
    return {
        "parameters": module.model.count_params(),
        "weights": module.weight_names,
        "signatures": {
            name: {
                "inputs": describe({spec.name: spec for spec in function.structured_input_signature[0]}),
                "outputs": describe(function.structured_outputs),
            }
            for name, function in concrete.items()
        },
        "versions": {name: version(name) for name in ("tensorflow", "keras", "tensorflow-datasets")}
        | {"python": platform.python_version()},
        "hardware": hardware(),
    }


def _command() -> str:
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


_FRESH_PROCESS = """
import sys
sys.modules["keras"] = None  # a SavedModel must not need it
import numpy as np, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
found = {}
given = {}
with np.load(sys.argv[2], allow_pickle=False) as samples:
    for place in samples.files:
        signature, name = place.split("/")
        spec = model.signatures[signature].structured_input_signature[1][name]
        given.setdefault(signature, {})[name] = tf.constant(samples[place].tolist(), spec.dtype)
for signature, inputs in given.items():
    for key, value in model.signatures[signature](**inputs).items():
        value = value.numpy()
        found[signature + "/" + key] = value.astype("S") if value.dtype == object else value
np.savez(sys.argv[3], **found)
"""


def _verify(directory: Path, signatures: Mapping[str, Any], samples: Mapping[str, Any]) -> None:
    given = {name: _tensors(signatures[name], inputs) for name, inputs in samples.items()}
    with tf.device("CPU:0"):
        expected = {
            f"{name}/{key}": value.numpy()
            for name, inputs in given.items()
            for key, value in signatures[name](*inputs.values()).items()
        }
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder) / "inputs.npz", Path(folder) / "outputs.npz"
        stored = {f"{name}/{key}": value for name, found in given.items() for key, value in found.items()}
        np.savez(inputs, **{place: _storable(value.numpy()) for place, value in stored.items()})
        command = [sys.executable, "-c", _FRESH_PROCESS, str(directory), str(inputs), str(outputs)]
        # On the CPU, since this process may hold all of the GPU's memory.
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
        result = subprocess.run(command, capture_output=True, text=True, env=environment)
        if result.returncode:
            raise ZooError(f"export: a fresh process cannot load the model: {result.stderr.strip()[-300:]}")
        with np.load(outputs) as found:
            for name, value in expected.items():
                if not _same(found[name], value):
                    raise ZooError(f"export: output {name} differs in a fresh process; nothing was exported")


def _tensors(function: Any, inputs: Any) -> dict[str, tf.Tensor]:
    """Returns name -> tensor in the order of the function's arguments."""
    specs = function.get_concrete_function().structured_input_signature[0]
    rows = inputs if isinstance(inputs, Mapping) else {specs[0].name: inputs}
    return {spec.name: tf.constant(rows[spec.name], spec.dtype) for spec in specs}


def _storable(array: np.ndarray) -> np.ndarray:
    return array.astype("S") if array.dtype == object else array


def _same(found: np.ndarray, expected: np.ndarray) -> bool:
    if expected.dtype == object:
        return np.array_equal(found, expected.astype("S"))
    return found.shape == expected.shape and np.allclose(
        found, expected, rtol=1e-5, atol=1e-6, equal_nan=True
    )
