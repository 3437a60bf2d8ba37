"""What every data set becomes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data import counted
from zoo.data.part import LARGE, Part, joined

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Examples:
    """Three parts of feature dicts, and what a model's card must tell about them."""

    name: str
    """The name or path that was asked for."""
    train: Part
    validation: Part
    test: Part
    label_names: tuple[str, ...]
    """Label number -> name; of tagging, every tag that a model may give; of translation, none."""
    source: str
    """Address or path that the data came from."""
    licence: str
    version: str
    languages: tuple[str, ...] = ()
    """Of translation, the codes of source and target, where the data set knows them."""
    extra: Mapping[str, Part] = field(default_factory=dict)
    """Further test parts by name, where there are any: `test_terms` of `cldr_phrases`."""
    columns: tuple[str, ...] = ()
    """Of signals, the names of their channels."""
    unlabelled: Callable[[], Part] | None = None
    """Reads texts without labels that the set has besides, as rows of `text`; None: it has none."""
    folder: str = ""
    """Of a set of the catalogue, where it is prepared."""

    def with_unlabelled(self) -> Part:
        """Returns the texts of training, and those without a label behind them, if there are any."""
        if not self.unlabelled:
            return self.train
        return joined([Part({"text": part.column("text")}) for part in (self.train, self.unlabelled())])

    def units_counted(self, level: str) -> Counter[bytes] | None:
        """Returns how often each unit occurs in training, if that was counted when it was prepared."""
        return counted.read(self.folder, level) if self.folder and not self.unlabelled else None

    def split(self, name: str) -> Part:
        """Returns `train`, `validation`, `test` or one of the `extra` parts."""
        return {"train": self.train, "validation": self.validation, **self.tests}[name]

    @property
    def tests(self) -> dict[str, Part]:
        """All test parts by name, `test` first."""
        return {"test": self.test, **self.extra}

    def fingerprint(self, known: Sequence[str] = (), splits: Sequence[str] = ("train", "validation")) -> str:
        """Returns a hash of all rows of some splits: other data has another one.

        Args:
            known: words of a vocabulary that training starts from, which count as data too.
            splits: what is hashed; what training sees, unless said otherwise.
        """
        digest = hashlib.sha256("".join(f"{word}\n" for word in known).encode())
        for part in map(self.split, splits):
            if set(part.features) & set(LARGE):  # one by one: a block of large pictures would fill the memory
                for row in part.dataset.as_numpy_iterator():
                    digest.update(repr((row["image"].shape, row["captions"].tolist())).encode())
                    digest.update(row["image"].tobytes())
                continue
            for block in part.blocks(*part.features):
                for column in block:
                    digest.update(repr(_flat(column)).encode())
        return digest.hexdigest()


def of_user(
    path: Path, parts: Mapping[str, Part], label_names: Sequence[str] = (), columns: Sequence[str] = ()
) -> Examples:
    """Returns the examples of the user's own file or folder; `parts` are train, validation and test."""
    return Examples(
        name=str(path),
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        label_names=tuple(label_names),
        source=path.name,
        licence="the user's own",
        version="",
        columns=tuple(columns),
    )


def of_rows(path: Path, test: Part, label_names: Sequence[str] = (), columns: Sequence[str] = ()) -> Examples:
    """Returns all rows of the user's own file as a test part; the others have none."""
    none = test.first(0)
    return of_user(path, {"train": none, "validation": none, "test": test}, label_names, columns)


def _flat(column: Any) -> Any:
    if isinstance(column, np.ndarray):
        return column.ravel().tolist()
    return column.row_lengths().numpy().tolist(), column.flat_values.numpy().tolist()
