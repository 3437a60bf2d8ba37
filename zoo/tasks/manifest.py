"""What a saved model says of itself: the file `zoo.json` beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.metrics import Score, Scores

MANIFEST, CARD = "zoo.json", "README.md"
_FORMAT = 1


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
    training: Training = Training()
    own: Mapping[str, Any] = field(default_factory=dict)
    """What models of one mapping alone say; `zoo.tasks` knows what it means."""
    defaults: Mapping[str, float] = field(default_factory=dict)
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
        """Returns the manifest of a saved model, or None if it has none that can be read."""
        try:
            stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            return cls.from_json(stored) if isinstance(stored["files"], dict) else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Manifest:
        """Reads what `to_json` wrote; what no field is for is `own`."""
        known = {f.name for f in dataclasses.fields(cls)} - {"own"}
        given: dict[str, Any] = {name: value for name, value in stored.items() if name in known}
        given["own"] = {name: stored[name] for name in stored if name not in known | {"format"}}
        parse: dict[str, Callable[[Any], Any]] = {
            "dataset": lambda value: _parsed(DataSet, value),
            "training": lambda value: _parsed(Training, value),
            "metrics": _scores,
            "baselines": lambda value: {part: _scores(named) for part, named in value.items()},
            "signatures": lambda value: {name: _parsed(Signature, sides) for name, sides in value.items()},
        }
        return cls(**{name: parse[name](value) if name in parse else value for name, value in given.items()})

    def to_json(self) -> dict[str, Any]:
        """Returns what the file holds."""
        shown: dict[str, Any] = {"format": _FORMAT}
        for field_ in dataclasses.fields(self):
            value = getattr(self, field_.name)
            if field_.name == "own":
                shown |= value
            elif field_.name != "defaults" or value:
                shown[field_.name] = _plain(value)
        return shown

    def with_changes(self, **changes: Any) -> Manifest:
        """Returns a copy with other fields."""
        return dataclasses.replace(self, **changes)


def _parsed(kind: type[Any], stored: Mapping[str, Any]) -> Any:
    names = {f.name for f in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in stored.items() if name in names})


def _scores(stored: Mapping[str, Any]) -> dict[str, Score]:
    return {name: Score.from_json(score) for name, score in stored.items()}


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
