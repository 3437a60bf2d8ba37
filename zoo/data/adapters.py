"""How the features that TFDS stores become the features of a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from zoo.data.cache import cache_dir
from zoo.data.part import Part
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds


_TENTH = ("train[:90%]", "train[90%:]")  # of training, where there is no part to validate by


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """How one data set's features become a mapping's features.

    Splits are written in TFDS's own slicing language. Left open, those of a set of ours are the parts that
    its builder makes. A set of the catalogue, and any without a validation part, gives the last tenth of its
    training part; TFDS shuffles what it writes, so a slice is a random sample.
    """

    train: str = ""
    validation: str = ""
    test: str = "test"
    licence: str = ""
    """Used where the catalogue names none."""
    example: str = ""
    """One of many, where the data set's name is a pattern."""
    extra: tuple[str, ...] = ()
    """Further test parts, as TFDS's slicing language names them."""
    own: str = ""
    """Of a set of ours, module and class of its builder in `zoo.data.sets`; else the catalogue's."""
    unlabelled: str = ""
    """Split of texts without labels, where there is one."""
    streamed: bool = False
    """Whether the training part is too large to be held in memory."""
    embedded: bool = False
    """Whether packages carry it: the builder's config tells them, and is the version."""

    def builder(self, dataset: str, **options: str) -> tfds.core.DatasetBuilder:
        """Returns what prepares the data set."""
        if self.own:
            module, name = self.own.split(".")
            return getattr(import_module(f"zoo.data.sets.{module}"), name)(data_dir=cache_dir())
        return _of_catalogue(dataset)

    def splits(self, dataset: str, stored: Mapping[str, Any]) -> tuple[str, str, str]:
        """Returns what to ask of TFDS for training, validation and test, given the splits that it has."""
        train, validation = ("train", "validation") if self.own else _TENTH
        asked = (self.train or train, self.validation or validation, self.test)
        parts = [split.partition("[")[0] for split in asked]
        missing = [part for part in parts if stored and part not in stored]
        if missing == [asked[1]]:
            return *_TENTH, self.test
        if missing:
            raise ZooError(
                f"{dataset}: has only the parts {', '.join(stored)}; choose a set with {missing[0]}"
            )
        return asked

    def choose(self, dataset: str, info: tfds.core.DatasetInfo, **options: str) -> dict[str, str]:
        """Returns the mapping's options as `read` takes them, with what was left open filled in."""
        return options

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping."""
        raise NotImplementedError

    def part(self, dataset: tf.data.Dataset, split: str) -> tf.data.Dataset:
        """Returns those of the rows read that belong to a split: all, as a rule."""
        return dataset

    def label_names(self, train: Part, info: tfds.core.DatasetInfo, **options: str) -> list[str]:
        """Returns the labels' names by their number; none where the mapping knows no labels."""
        return []

    def languages(self, **options: str) -> tuple[str, ...]:
        """Returns the codes of source and target, where rows are in languages."""
        return ()

    def columns_of(self, info: tfds.core.DatasetInfo) -> tuple[str, ...]:
        """Returns the names of the channels, where rows are signals."""
        return ()

    def check(self, dataset: str, label_names: list[str], **options: str) -> None:
        """Refuses what cannot be learned."""


def _of_catalogue(dataset: str) -> tfds.core.DatasetBuilder:
    import tensorflow_datasets as tfds

    name, slash, config = dataset.partition("/")
    if slash:
        try:
            known = list(tfds.builder_cls(name).builder_configs)
        except tfds.core.DatasetNotFoundError:
            raise ZooError(f"unknown data set {dataset!r}: the catalogue of TFDS has no {name}") from None
        if config not in known:
            near = get_close_matches(config, known, n=5, cutoff=0) if len(known) > 5 else known
            raise ZooError(
                f"unknown data set {dataset!r}: {name} has {len(known)} parts, among them {', '.join(near)}"
            )
    return tfds.builder(dataset)
