"""Labels of the user's own data: which there are, and that training has them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from zoo.errors import ZooError


def label_names(path: Path, labels: Mapping[str, Iterable[str]], what: str = "rows") -> list[str]:
    """Returns the labels of the training part, sorted.

    Args:
        path: of the data, for messages.
        labels: part -> the label of each of its rows.
        what: messages call rows.

    Raises:
        ZooError: there is only one, or another part has one more.
    """
    known = set(labels["train"])
    names = sorted(known)
    if len(names) < 2:
        raise ZooError(f"{path}: only one label ({names[0]!r}) in the training part; give at least two")
    for split, found in labels.items():
        for label in found:
            if label not in known:
                raise ZooError(
                    f"{path}: label {label!r} of the {split} part is not in the training part; give more "
                    f"{what} of that label, or correct or remove it"
                )
    return names
