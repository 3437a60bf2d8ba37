"""Saved models as folders that run without TensorFlow."""

from __future__ import annotations

import functools
import importlib.resources
import json
import shutil
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from zoo import models
from zoo.edge import networks, runtime
from zoo.edge.kinds import KINDS
from zoo.edge.likeness import LIKENESS, Likeness
from zoo.errors import ZooError
from zoo.files import replacing_folder

PACKAGE = "zoo_edge"
_NEAR = 1e-3  # what is read otherwise is farther
_ASK = f'''"""Answers texts: python ask.py "a text" "another one", or lines of standard input."""

from pathlib import Path

from {PACKAGE} import main

main(Path(__file__).parent)
'''


def convert(model: models.Model, folder: Path, to: networks.To = "onnx", int8: bool = False) -> None:
    """Writes a folder that answers without TensorFlow, as the saved model does.

    In it stand the networks, for ONNX Runtime or LiteRT, the inventories, `model.json` and `arrays/` with
    all else that is known, the package `zoo_edge` and `ask.py`, which opens it; of a classifier for ONNX also
    what answers in a browser.

    Args:
        model: a loaded model of this zoo. A translator follows the most probable piece, as its signature
            `greedy` does.
        folder: that is made; where it exists, its converted model is replaced, and what others put there
            stays.
        to: what runs the networks.
        int8: whether weights are rounded to 8 bits, and products computed with them.

    Raises:
        ZooError: it is another kind of model, was exported by another version of its recipe, something else
            stands in the folder, or what converts is not installed.
    """
    make = KINDS.get(model.manifest.mapping)
    if make is None:
        raise ZooError(
            f"convert {model.name}: only models of {', '.join(KINDS)} can be converted so far, and it is of "
            f"{model.manifest.mapping or 'no mapping of this zoo'}"
        )
    # Whatever else it is, what stands there stays.
    free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    ours = (folder / "model.json").exists() and (folder / PACKAGE / "__init__.py").exists()
    if not free and not ours:
        raise ZooError(f"{folder}: exists and holds no converted model; choose another --output")
    with replacing_folder(folder) as temporary:
        about = {
            "name": model.name,
            "mapping": model.manifest.mapping,
            "labels": list(model.manifest.labels),
            "to": to,
            "int8": int8,
            **make(model, temporary, functools.partial(networks.write, to, int8=int8), to),
        }
        (temporary / "ask.py").write_text(_ASK, encoding="utf-8")
        _copy(importlib.resources.files("zoo.edge.runtime"), temporary / PACKAGE)
        if model.manifest.mapping == "classification" and to == "onnx":
            _copy(importlib.resources.files("zoo.edge") / "web", temporary)
        about["files"] = sorted(["model.json", *(path.name for path in temporary.iterdir())])
        (temporary / "model.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
        if not int8:
            _check(model, LIKENESS[model.manifest.mapping], temporary)
        _keep_others(folder, temporary)


def _check(model: models.Model, likeness: Likeness, folder: Path) -> None:
    """Asks both the same: an export of another version of the zoo may have read it otherwise.

    Raises:
        ZooError: they answer otherwise.
    """
    converted, asked = runtime.load(folder), likeness.tried(model)
    saved = model.predict(asked, likeness.signature, **likeness.settings)
    for given, expected in zip(asked, saved, strict=True):
        answer = converted.answer(*likeness.given(model, given), **likeness.settings)
        near = np.allclose(likeness.numbers(answer), likeness.numbers(expected), rtol=_NEAR, atol=_NEAR)
        if likeness.said(answer) != likeness.said(expected) or not near:
            raise ZooError(
                f"convert: {model.name} answers {str(given)[:80]!r} otherwise than its network does in this "
                "version of the zoo, with which it was not exported; train it anew"
            )


def _keep_others(old: Path, new: Path) -> None:
    """Takes along what somebody else has put into a folder: what is installed for the page, say."""
    told = old / "model.json"
    about = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {}
    made = about.get("files", [])
    for path in old.iterdir() if made else ():
        if path.name in made or (new / path.name).exists():
            continue
        if path.is_dir():
            shutil.copytree(path, new / path.name, symlinks=True)
        else:
            shutil.copy2(path, new / path.name, follow_symlinks=False)


def _copy(source: Traversable, folder: Path) -> None:
    """Copies the files of a package."""
    folder.mkdir(exist_ok=True)
    for file in source.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
