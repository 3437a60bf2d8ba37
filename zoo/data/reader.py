"""How the data of one mapping are read: what `zoo.tasks` says of each, and `load` asks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from zoo.data.adapters import Adapter
from zoo.data.examples import Examples
from zoo.errors import ZooError


class Reader(ABC):
    """The data side of a mapping.

    Attributes:
        name: of the mapping, as manifests call it.
        options: what `load` takes beside the data set, such as the languages of a translation set.
        sets: name in the catalogue -> how its features become those of the mapping. A * in a name stands for
            TFDS's configs.
        kind: what the user's own data are, as in "a CSV, TSV, JSONL or Parquet file".
        suffixes: of the user's own files; where they may be any, of those that are files for sure.
        mixes: of a mapping of which several sets, joined by +, are one, the feature that tells rows apart.
    """

    name: ClassVar[str] = ""
    options: ClassVar[tuple[str, ...]] = ()
    sets: ClassVar[Mapping[str, Adapter]] = {}
    kind: ClassVar[str] = ""
    suffixes: ClassVar[tuple[str, ...]] = ()
    mixes: ClassVar[str] = ""

    @abstractmethod
    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads the user's own file or folder, split into parts."""


_READERS: dict[str, Reader] = {}


def register(reader: Reader) -> None:
    """Makes the data of a mapping known to `load`, by the mapping's name."""
    _READERS[reader.name] = reader


def readers() -> list[Reader]:
    """Returns those of all mappings."""
    return list(_READERS.values())


def reader_of(mapping: str) -> Reader:
    """Returns what reads the data of a mapping.

    Raises:
        ZooError: there is no such mapping.
    """
    if mapping not in _READERS:
        known = f"there is: {', '.join(_READERS)}" if _READERS else "import zoo.tasks, which knows them"
        raise ZooError(f"no data sets for the mapping {mapping!r}; {known}")
    return _READERS[mapping]
