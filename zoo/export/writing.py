"""SavedModels that plain TensorFlow loads: written whole, verified in a fresh process, with a manifest."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from zoo.errors import ZooError
from zoo.export.card import card
from zoo.export.manifest import read_off
from zoo.export.serving import Serving
from zoo.export.verify import tensors_of, verify
from zoo.export.warm_up import write_requests
from zoo.files import put_in_place
from zoo.metrics import Score
from zoo.models import GRAPH, Lock, harmless, hashes
from zoo.tasks import CARD, MANIFEST, Manifest

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
    manifest = Manifest.read(directory)
    if manifest is None or manifest.recipe != recipe:
        raise ZooError(
            f"{directory}: exists and was not exported by the recipe {recipe}; "
            "choose another --name, or move it away"
        )


def save(
    module: Serving,
    directory: Path,
    samples: Sequence[Any] | Mapping[str, Any],
    manifest: Manifest | None = None,
) -> None:
    """Writes a SavedModel with manifest and card, verifies it in a fresh process, then puts it in place.

    It carries requests to each of its signatures, by which TensorFlow Serving warms up.

    Args:
        module: what to export.
        directory: the model's folder; an export of the same recipe that stands there is replaced.
        samples: inputs whose outputs the fresh process must reproduce, and of which the first and the last
            row warm a server up: rows of the one tensor that every signature takes, or signature -> rows, or
            signature -> name -> tensor.
        manifest: what the model says of itself; by default what the module does. What can be read off the
            module is added.

    Raises:
        ZooError: something else is in the way, a signature has no samples, or the exported model answers
            otherwise.
    """
    manifest, signatures = manifest or module.manifest, module.signatures
    if not isinstance(samples, Mapping):
        samples = dict.fromkeys(signatures, samples)
    lock = Lock(directory)
    # Nobody else writes it now: what stands here under such names, a kill left behind.
    temporary, old = (directory.with_name(f".{directory.name}.{part}") for part in ("new", "old"))
    try:
        if old.exists() and not directory.exists():
            old.rename(directory)
        check_target(directory, manifest.recipe)
        for leftover in (temporary, old):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary.mkdir(parents=True)
        tf.saved_model.save(
            module,
            str(temporary),
            signatures=signatures,
            options=tf.saved_model.SaveOptions(experimental_sharding_callback=_sharding(module)),
        )
        (temporary / "fingerprint.pb").unlink(missing_ok=True)  # repeats what the manifest says
        _check_that_it_would_load(temporary)
        given = tensors_of(signatures, samples)
        verify(temporary, signatures, given)
        write_requests(temporary, directory.name, given)
        whole = manifest.with_changes(name=directory.name, **read_off(module))
        if manifest.hardware:  # where it was trained, not here
            whole = whole.with_changes(hardware=manifest.hardware)
        _describe(temporary, whole.with_changes(files=hashes(temporary)))
        put_in_place(directory, temporary, old)
    except OSError as error:
        raise ZooError(
            f"{directory}: cannot be written ({error.strerror}); mend that, and export again"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        lock.release()


def record(directory: Path, title: str, score: Score) -> None:
    """Writes into a model's manifest and card how it does on a data set that it never saw.

    Args:
        directory: the model's folder.
        title: of the data set; what was recorded under it before is replaced.
        score: the model's.

    Raises:
        ZooError: it has no manifest, cannot be written, or another process writes it.
    """
    lock = Lock(directory)
    # Beside the model: a file that a kill left behind within it would make it a changed one.
    temporary = directory.with_name(f".{directory.name}.new")
    try:
        manifest = Manifest.read(directory)
        if manifest is None:
            raise ZooError(f"{directory}: has no {MANIFEST}; a score is recorded in models of this zoo alone")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        _describe(temporary, manifest.with_changes(elsewhere={**manifest.elsewhere, title: score}))
        for name in (CARD, MANIFEST):
            (temporary / name).replace(directory / name)
    except OSError as error:
        raise ZooError(
            f"{directory}: cannot be written ({error.strerror}); copy the model to where it can"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        lock.release()


def _describe(directory: Path, manifest: Manifest) -> None:
    """Writes manifest and card, neither of which the manifest's own list of files has."""
    (directory / CARD).write_text(card(manifest), encoding="utf-8")
    written = json.dumps(manifest.to_json(), indent=2, ensure_ascii=False) + "\n"
    (directory / MANIFEST).write_text(written, "utf-8")


def _check_that_it_would_load(directory: Path) -> None:
    try:
        harmless((directory / GRAPH).read_bytes(), hashes(directory))
    except ZooError as error:
        raise ZooError(
            f"export: {error}: zoo.load would refuse the model; compute it with other operations, or, if one "
            "is harmless, add it with its reason to zoo/models/allowed.py"
        ) from None


def _sharding(module: Serving) -> tf.train.experimental.ShardingCallback:
    half = any(variable.dtype != tf.float32 for variable in module.variables)
    return _WholeTensors() if half else tf.train.experimental.MaxShardSizePolicy(_SHARD_BYTES)


class _WholeTensors(tf.train.experimental.ShardingCallback):
    """Fills one file after the other: TensorFlow cannot restore parts of a float16 tensor."""

    description = "Whole tensors, as many as fit into a file."

    def __call__(self, shardable_tensors: Any) -> Any:
        shards: list[dict[str, Any]] = [{}]
        sizes = [0]
        for part in shardable_tensors:
            size = part.dtype.size * (part.shape.num_elements() or 0)
            if sizes[-1] and sizes[-1] + size > _SHARD_BYTES:
                shards.append({})
                sizes.append(0)
            shards[-1].setdefault(part.checkpoint_key, {})[part.slice_spec] = part.tensor
            sizes[-1] += size
        return shards
