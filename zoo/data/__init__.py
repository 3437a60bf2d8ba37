"""Where examples come from: load() gives every data set the same shape.

A data set is one of ours (`tweets` and `python_source` need nothing but the installed package), a name of the
tensorflow-datasets catalogue that has an adapter (`imdb_reviews`), or a path to the user's own file.
"""

import os
from pathlib import Path

from zoo.data import catalogue, files
from zoo.data.batches import Batches, Ragged, RowTable
from zoo.data.examples import Examples
from zoo.errors import ZooError

__all__ = ["Batches", "Examples", "Ragged", "RowTable", "load", "names"]


def load(dataset: str, mapping: str, tags: str = "") -> Examples:
    """Loads train, validation and test examples as feature dicts.

    Args:
        dataset: an embedded set (`tweets`, `python_source`), a TFDS catalogue name that has an adapter
            (`imdb_reviews`, `conll2003`, `universal_dependencies/en_ewt`), or a path to the user's own file,
            or to a folder that holds `train`, `validation` and `test` files. Files are CSV, TSV or JSONL
            for classification, and columns of tokens and tags (`.conll`, `.conllu`, ...) for tagging.
        mapping: what the recipe maps, which decides the features:
            `"classification"` gives `text` string () and `label` int64 ();
            `"tagging"` gives `tokens` and `tags`, strings (time,), spans in BIO, and `text` string () where
            the data set knows the raw sentence.
        tags: for tagging, the column of tags where the data set has several; empty for its first one. In a
            file, as `zoo.data.conll.read_columns` takes it.

    Returns:
        The splits as unbatched datasets, with label names, source and licence beside them.

    Raises:
        ZooError: the name or the column is unknown, or the file is missing, damaged or empty.
    """
    if tags and mapping != "tagging":
        raise ZooError(f"a column of tags ({tags!r}) is for tagging only; leave it out for {mapping}")
    if catalogue.find(dataset, mapping):
        return catalogue.load(dataset, mapping, tags)
    if os.path.exists(dataset):  # noqa: PTH110 - Path.exists raises on a name that is too long
        return files.load(Path(dataset), mapping, tags)
    if mapping not in files.KINDS:
        raise ZooError(f"no data sets for the mapping {mapping!r}; there is: {', '.join(files.KINDS)}")
    if dataset.endswith(files.SUFFIXES[mapping]):
        raise ZooError(f"{dataset}: no such file; give the path of {files.KINDS[mapping]}")
    raise ZooError(
        f"unknown data set {dataset!r}: choose {', '.join(names(mapping))}, "
        f"or give the path of {files.KINDS[mapping]}"
    )


def names(mapping: str) -> list[str]:
    """Returns the names that `load` knows for a mapping, beside paths; one of many stands for a pattern."""
    return catalogue.names(mapping)
