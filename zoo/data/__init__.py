"""Where examples come from: load() gives every data set the same shape.

A data set is one of ours that needs nothing but the installed package (`tweets`), a name of the
tensorflow-datasets catalogue that has an adapter (`imdb_reviews`), or a path to the user's own file.
"""

import os
from pathlib import Path

from zoo.data import catalogue, files
from zoo.data.batches import Batches, Ragged
from zoo.data.examples import Examples
from zoo.errors import ZooError

__all__ = ["Batches", "Examples", "Ragged", "load", "names"]


def load(dataset: str, mapping: str) -> Examples:
    """Loads train, validation and test examples as feature dicts.

    Args:
        dataset: an embedded set (`tweets`), a TFDS catalogue name that has an adapter (`imdb_reviews`,
            `glue/sst2`), or a path to a CSV, TSV or JSONL file, or to a folder that holds `train`,
            `validation` and `test` files of these kinds.
        mapping: what the recipe maps, which decides the features:
            `"classification"` gives `text` string () and `label` int64 ().

    Returns:
        The splits as unbatched datasets, with label names, source and licence beside them.

    Raises:
        ZooError: the name is unknown, or the file is missing, damaged or empty.
    """
    if (mapping, dataset) in catalogue.ADAPTERS:
        return catalogue.load(dataset, mapping)
    if os.path.exists(dataset):  # noqa: PTH110 - Path.exists raises on a name that is too long
        return files.load(Path(dataset), mapping)
    if dataset.endswith(files.SUFFIXES):
        raise ZooError(f"{dataset}: no such file; give the path of a CSV, TSV or JSONL file")
    if not names(mapping):
        raise ZooError(f"no data sets for the mapping {mapping!r}; there is: classification")
    raise ZooError(
        f"unknown data set {dataset!r}: choose {', '.join(names(mapping))}, "
        "or give the path of a CSV, TSV or JSONL file"
    )


def names(mapping: str) -> list[str]:
    """Returns the names that `load` knows for a mapping, beside paths."""
    return [name for known, name in catalogue.ADAPTERS if known == mapping]
