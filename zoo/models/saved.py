"""Saved models on disk: found by name or path, and checked against their manifests."""

from __future__ import annotations

import importlib.util
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zoo.data.cache import cache_dir
from zoo.errors import ZooError
from zoo.models.copied import GRAPH, hashes, sizes
from zoo.tasks import MANIFEST, Manifest

COMPANIONS = "sequence_zoo_models"
"""The namespace that packages of models share: each model is a folder of it."""
_FOREIGN = f"no {MANIFEST}: not a model of this zoo"


@dataclass(frozen=True)
class Saved:
    """A saved model on disk: its folder and its manifest, which is empty if there is none."""

    path: Path
    manifest: Manifest
    by_path: bool = False
    """Whether it was asked for by path: it may then be a foreign or a changed one."""

    @property
    def name(self) -> str:
        """The folder's name, which is the model's."""
        return self.path.name

    @property
    def megabytes(self) -> float:
        """Size of all files."""
        return sizes(self.path) / 1e6

    def check(self) -> None:
        """Makes sure that the files are those of the manifest.

        Raises:
            ZooError: they are not.
        """
        if problem := self.problem(hashes(self.path)):
            raise ZooError(f"{self.path}: {problem}; export it anew")

    def problem(self, found: Mapping[str, str]) -> str:
        """Says how files differ from those of the manifest, or returns an empty string.

        Args:
            found: relative path -> sha256 of the files, as `hashes` tells.

        Raises:
            ZooError: they differ and it was asked for by name, or one is there that the manifest does not
                name.
        """
        if not self.manifest.files:
            return _FOREIGN
        added, problem = _damage(found, self.manifest.files)
        if added:
            raise ZooError(
                f"{self.path}: file {added} is not in the manifest; remove it, or copy the model anew"
            )
        if problem and not self.by_path:
            raise ZooError(
                f"{self.path}: {problem}; export it anew, or give its path to load it all the same"
            )
        return problem


def search_path() -> list[Path]:
    """Returns the folders that models are looked for in, first match first.

    These are `ZOO_SAVED_MODELS`, `./saved_models`, the checkout that this package stands in, the models that
    came along with it, those of companion packages, and those that were fetched.
    """
    package = Path(__file__).parents[1]
    folders = [Path("saved_models"), package.parent / "saved_models", package / "saved_models"]
    folders += [*_companions(), fetched_models()]
    if os.environ.get("ZOO_SAVED_MODELS"):
        folders.insert(0, Path(os.environ["ZOO_SAVED_MODELS"]))
    return list(dict.fromkeys(folder.resolve() for folder in folders))


def fetched_models() -> Path:
    """Returns the folder of models that were fetched by name."""
    return cache_dir() / "models"


def _companions() -> list[Path]:
    """Returns the folders of installed packages of models, `sequence-zoo-models-<mapping>`."""
    spec = importlib.util.find_spec(COMPANIONS)
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []


def recipes_file(name: str) -> Path | None:
    """Returns a file or folder among the cards and presets, of checkout or package, if it is there."""
    roots = (Path(__file__).parents[2] / "recipes", Path(__file__).parents[1] / "presets")
    return next((root / name for root in roots if (root / name).exists()), None)


def list_models() -> list[Saved]:
    """Returns every saved model with a manifest on the search path, by name.

    One whose manifest cannot be read is left out, with a warning.
    """
    models: dict[str, Saved] = {}
    for folder in search_path():
        # A dot marks an export that is being written.
        for path in sorted(folder.glob("[!.]*")):
            try:
                manifest = Manifest.read(path)
            except ZooError as error:
                warnings.warn(f"left out: {error}", stacklevel=2)
                continue
            if manifest:
                models.setdefault(path.name, Saved(path, manifest))
    return [models[name] for name in sorted(models)]


def find(name_or_path: str | Path) -> Saved:
    """Finds a model by name on the search path, or by path; its files are not looked into.

    A name that is not there is fetched, where a place to fetch from is known.

    Raises:
        ZooError: there is none, or what is there is asked for by path alone.
    """
    by_path = isinstance(name_or_path, Path) or os.sep in name_or_path
    if not by_path and (found := _named(str(name_or_path))):
        return found
    path = Path(name_or_path)
    if _is_there(path / GRAPH):
        manifest = Manifest.read(path)
        if manifest or by_path:
            return Saved(path.resolve(), manifest or Manifest(), by_path)
        raise ZooError(f"{path}: {_FOREIGN}; to load it all the same give its path as ./{path}")
    if by_path and _is_there(path):
        raise ZooError(f"{path}: not a SavedModel (no {GRAPH}); give the folder that holds that file")
    name = str(name_or_path)
    from zoo.models.store import address, fetched

    if not by_path and (folder := fetched(name)):
        return Saved(folder, Manifest.read(folder) or Manifest())
    asked = repr(name if len(name) <= 100 else f"{name[:100]}...")
    known = ", ".join(saved.name for saved in list_models()) or "none yet"
    others = "" if address() else ", or set ZOO_MODELS to where others are fetched from"
    raise ZooError(f"no saved model {asked}; there are: {known}; or give a path{others}")


def _named(name: str) -> Saved | None:
    if name in ("", ".", "..") or name.startswith("."):
        return None
    folders = [folder / name for folder in search_path() if _is_there(folder / name)]
    manifests = ((folder, Manifest.read(folder)) for folder in folders)
    return next((Saved(folder, manifest) for folder, manifest in manifests if manifest), None)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # such as a name that is too long for a file
        return False


def _damage(found: Mapping[str, str], expected: Mapping[str, str]) -> tuple[str, str]:
    """Returns a file that is there and not expected, and what is wrong with one that is."""
    added = next((name for name in sorted(found) if name not in expected), "")
    for name in sorted(expected):
        if name not in found:
            return added, f"file {name} of the manifest is missing"
        if found[name] != expected[name]:
            return added, f"file {name} differs from the manifest (damaged or changed)"
    return added, ""
