"""What a saved model says of itself: the file `zoo.json` beside it."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import typeguard

from zoo.data.regular import read_regular
from zoo.errors import ZooError
from zoo.metrics import Score, Scores

Record = TypeVar("Record")
MANIFEST, CARD = "zoo.json", "README.md"
_FORMAT = 1
_BYTES, _DEPTH = 4_000_000, 20  # of a file, and of what stands within each other in it: ours have 8,000 and 5


@dataclass(frozen=True)
class DataSet:
    """What a model learned from and was tested on."""

    name: str = ""
    version: str = ""
    source: str = ""
    licence: str = ""
    languages: Sequence[str] = ()
    """Of translation, the codes of source and target, where the data set knows them."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Part -> rows."""
    test: str = ""
    """Fingerprint of the test part."""
    further_tests: Mapping[str, str] = field(default_factory=dict)
    """Fingerprints of further test parts."""


@dataclass(frozen=True)
class Training:
    """How long a model learned."""

    epochs: int = 0
    best_epoch: int = 0
    seconds: float = 0.0
    validation_loss: float = 0.0
    validation_score: float | None = None
    """What chose the best epoch, where that was not the loss."""


@dataclass(frozen=True)
class Signature:
    """Name of each tensor -> its type and shape, as in `float32 (any, 3)`."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """Everything that `zoo.json` holds; of a model of somebody else's all is empty."""

    name: str = ""
    recipe: str = ""
    mapping: str = ""
    command: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The recipe's settings."""
    seed: int = 0
    dataset: DataSet = DataSet()
    labels: Sequence[str] = ()
    """Names of the outputs by their number."""
    metrics: Scores = field(default_factory=dict)
    """Part -> the model's score."""
    baselines: Mapping[str, Scores] = field(default_factory=dict)
    """Part -> name -> score."""
    elsewhere: Scores = field(default_factory=dict)
    """Title of a data set that the model never saw -> its score there."""
    training: Training = Training()
    own: Mapping[str, Any] = field(default_factory=dict)
    """What models of one mapping alone say; `zoo.tasks` knows what it means."""
    defaults: Mapping[str, float | Sequence[float]] = field(default_factory=dict)
    """Inputs of `serving_default` that may be left out, and what they are then."""
    parameters: int = 0
    weights: Sequence[str] = ()
    """Paths of the Keras model's weights, in the order in which they are stored."""
    signatures: Mapping[str, Signature] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    hardware: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    """File -> its sha256."""

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """Returns the manifest of a saved model, or None if it has none.

        Raises:
            ZooError: it has one that cannot be read, or that is not what a manifest is.
        """
        try:
            stored = json.loads(read_regular(folder / MANIFEST, _BYTES))
            if not isinstance(stored, dict) or not isinstance(stored.get("files"), dict):
                raise ValueError("it names no files")
            if not _is_shallow(stored, _DEPTH):
                raise ValueError(f"more than {_DEPTH} brackets stand within each other")
            return cls.from_json(stored)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (
            OSError,
            ValueError,
            TypeError,
            AttributeError,
            RecursionError,
            typeguard.TypeCheckError,
        ) as e:
            reason = (str(getattr(e, "strerror", None) or e).splitlines() or [type(e).__name__])[0]
            raise ZooError(
                f"{folder}: {MANIFEST} is none of a model ({reason[:150]}); export or copy the model anew"
            ) from None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Manifest:
        """Reads what `to_json` wrote; what no field is for is `own`.

        Raises:
            TypeError, ValueError, AttributeError, typeguard.TypeCheckError: it is something else.
        """
        known = {f.name for f in dataclasses.fields(cls)} - {"own"}
        given: dict[str, Any] = {name: value for name, value in stored.items() if name in known}
        given["own"] = {name: stored[name] for name in stored if name not in known | {"format"}}
        parse: dict[str, Callable[[Any], Any]] = {
            "dataset": lambda value: parsed(DataSet, value),
            "training": lambda value: parsed(Training, value),
            "metrics": _scores,
            "baselines": lambda value: {part: _scores(named) for part, named in value.items()},
            "elsewhere": _scores,
            "signatures": lambda value: {name: parsed(Signature, sides) for name, sides in value.items()},
        }
        read = {name: parse[name](value) if name in parse else value for name, value in given.items()}
        return _checked(cls(**read))

    def to_json(self) -> dict[str, Any]:
        """Returns what the file holds."""
        shown: dict[str, Any] = {"format": _FORMAT}
        for field_ in dataclasses.fields(self):
            value = getattr(self, field_.name)
            if field_.name == "own":
                shown |= value
            elif field_.name not in ("defaults", "elsewhere") or value:
                shown[field_.name] = _plain(value)
        return shown

    def with_changes(self, **changes: Any) -> Manifest:
        """Returns a copy with other fields."""
        return dataclasses.replace(self, **changes)


def parsed(kind: type[Any], stored: Mapping[str, Any]) -> Any:
    """Returns a dataclass with what a stranger's file says, as far as it has fields for it.

    Raises:
        TypeError, AttributeError: it says something else than what the fields are declared to hold.
    """
    names = {f.name for f in dataclasses.fields(kind)}
    return _checked(kind(**{name: value for name, value in stored.items() if name in names}))


def _checked(record: Record) -> Record:
    """Returns a dataclass whose fields hold what they are declared to hold."""
    for name, kind in typing.get_type_hints(type(record)).items():
        try:
            typeguard.check_type(
                getattr(record, name),
                kind,
                collection_check_strategy=typeguard.CollectionCheckStrategy.ALL_ITEMS,
            )
        except typeguard.TypeCheckError as error:
            raise TypeError(f"{name}: {error}") from None
    return record


def _scores(stored: Mapping[str, Any]) -> dict[str, Score]:
    return {name: _checked(Score.from_json(score)) for name, score in stored.items()}


def _is_shallow(value: Any, most: int) -> bool:
    """Tells whether at most so many lists and objects stand within each other."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return most >= 0 and all(_is_shallow(part, most - 1) for part in inside)


def _plain(value: Any) -> Any:
    """Turns dataclasses into dictionaries; of a data set or training, what is empty is left out."""
    if isinstance(value, Score):
        return value.to_json()
    if isinstance(value, DataSet | Training):
        named = ((f.name, getattr(value, f.name), f.name in _OPTIONAL) for f in dataclasses.fields(value))
        return {
            name: _plain(content)
            for name, content, optional in named
            if not optional or content not in (None, [], (), {})
        }
    if isinstance(value, Signature):
        return {"inputs": dict(value.inputs), "outputs": dict(value.outputs)}
    if isinstance(value, Mapping):
        return {name: _plain(content) for name, content in value.items()}
    return list(value) if isinstance(value, tuple) else value


_OPTIONAL = ("languages", "further_tests", "validation_score")


def own_part(cls: type[Record], manifest: Manifest, key: str, sound: Callable[[Record], bool]) -> Record:
    """Reads what a mapping's models alone say of themselves.

    Args:
        cls: what it is read as.
        manifest: that holds it.
        key: under which it stands.
        sound: tells whether it fits together.

    Raises:
        ZooError: it is not there, or does not.
    """
    try:
        part: Record = parsed(cls, manifest.own[key])
        if not sound(part):
            raise TypeError
    except (KeyError, TypeError, AttributeError):
        raise ZooError(
            f"{manifest.name or 'the model'}: its manifest says nothing of the {key} that it reads; "
            "export it anew"
        ) from None
    return part
