"""Saved models on disk: found by name or path, and checked against their manifests."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import ZooError
from zoo.tasks import CARD, MANIFEST, Manifest


@dataclass(frozen=True)
class Saved:
    """A saved model on disk: its folder and its manifest, which is empty if there is none."""

    path: Path
    manifest: Manifest
    problem: str = ""
    """How its files differ from its manifest, if it was asked for by path all the same."""

    @property
    def name(self) -> str:
        """The folder's name, which is the model's."""
        return self.path.name

    @property
    def megabytes(self) -> float:
        """Size of all files."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file()) / 1e6


def search_path() -> list[Path]:
    """Returns the folders that models are looked for in, first match first.

    These are `ZOO_SAVED_MODELS`, `./saved_models`, and the checkout that this package stands in.
    """
    folders = [Path("saved_models"), Path(__file__).parents[2] / "saved_models"]
    if os.environ.get("ZOO_SAVED_MODELS"):
        folders.insert(0, Path(os.environ["ZOO_SAVED_MODELS"]))
    return list(dict.fromkeys(folder.resolve() for folder in folders))


def recipes_file(name: str) -> Path | None:
    """Returns a file or folder among the cards and presets, of checkout or package, if it is there."""
    roots = (Path(__file__).parents[2] / "recipes", Path(__file__).parents[1] / "presets")
    return next((root / name for root in roots if (root / name).exists()), None)


def list_models() -> list[Saved]:
    """Returns every saved model with a readable manifest on the search path, by name."""
    models: dict[str, Saved] = {}
    for folder in search_path():
        for path in sorted(folder.glob(f"*/{MANIFEST}")):
            manifest = Manifest.read(path.parent)
            # A dot marks an export that is being written.
            if manifest and not path.parent.name.startswith("."):
                models.setdefault(path.parent.name, Saved(path.parent, manifest))
    return [models[name] for name in sorted(models)]


def find(name_or_path: str | Path) -> Saved:
    """Finds a model by name on the search path, or by path.

    Raises:
        ZooError: there is none, or it was asked for by name and its files are not those of its manifest.
    """
    asked_by_path = isinstance(name_or_path, Path) or os.sep in name_or_path
    if not asked_by_path:
        for saved in list_models():
            if saved.name == name_or_path:
                if problem := damage(saved):
                    raise ZooError(
                        f"{saved.path}: {problem}; export it anew, or give its path to load it all the same"
                    )
                return saved
    path = Path(name_or_path)
    if (path / "saved_model.pb").is_file():
        manifest = Manifest.read(path)
        saved = Saved(path.resolve(), manifest or Manifest())
        problem = damage(saved) if manifest else f"no {MANIFEST}: not a model of this zoo"
        if problem and not asked_by_path:
            raise ZooError(f"{path}: {problem}; to load it all the same give its path as ./{path}")
        return Saved(saved.path, saved.manifest, problem)
    if path.is_dir() and asked_by_path:
        raise ZooError(f"{path}: not a SavedModel (no saved_model.pb); give the folder that holds that file")
    known = ", ".join(saved.name for saved in list_models()) or "none yet"
    raise ZooError(f"no saved model {str(name_or_path)!r}; there are: {known}; or give a path")


def hashes(folder: Path) -> dict[str, str]:
    """Returns relative path -> sha256 of every file of a saved model but manifest and card."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path: path.relative_to(folder).as_posix() for path in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path, name in names.items()
        if name not in (MANIFEST, CARD)
    }


def damage(saved: Saved) -> str:
    """Says how the files differ from the manifest's, or returns an empty string."""
    present, expected = hashes(saved.path), saved.manifest.files
    for name in sorted(present.keys() | expected.keys()):
        if name not in present:
            return f"file {name} of the manifest is missing"
        if name not in expected:
            return f"file {name} is not in the manifest"
        if present[name] != expected[name]:
            return f"file {name} differs from the manifest (damaged or changed)"
    return ""
