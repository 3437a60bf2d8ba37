"""Where examples come from: load() gives every data set the same shape.

A data set is one of ours (`tweets`, `python_source`, `cldr_phrases` and `emoji` need nothing but the
installed package), a name of the tensorflow-datasets catalogue that has an adapter (`imdb_reviews`), or a
path to the user's own file.
"""

import os
from pathlib import Path

from zoo.data import catalogue, files, mixed, pictures
from zoo.data.batches import Batches, Ragged, RowTable, Shared
from zoo.data.examples import Examples
from zoo.errors import ZooError

# What `load` takes beside the data set -> the mapping that it is for.
_OPTIONS = {"tags": "tagging", "source": "translation", "target": "translation"}

__all__ = ["Batches", "Examples", "Ragged", "RowTable", "Shared", "load", "names", "parts_of", "tests_of"]


def load(dataset: str, mapping: str, tags: str = "", *, source: str = "", target: str = "") -> Examples:
    """Loads train, validation and test examples as feature dicts.

    Args:
        dataset: an embedded set (`tweets`, `python_source`, `cldr_phrases`, `emoji`), a TFDS catalogue name
            that has an adapter (`imdb_reviews`, `conll2003`, `universal_dependencies/en_ewt`), or a path to
            the user's own file, or to a folder that holds `train`, `validation` and `test` files. Files are
            CSV, TSV or JSONL for classification and translation, and columns of tokens and tags (`.conll`,
            `.conllu`, ...) for tagging; for captioning it is a folder of pictures with `captions.csv`.
            For translation several, joined by `+`, are mixed as `zoo.data.mixed.mix` says.
        mapping: what the recipe maps, which decides the features:
            `"classification"` gives `text` string () and `label` int64 ();
            `"tagging"` gives `tokens` and `tags`, strings (time,), spans in BIO, and `text` string () where
            the data set knows the raw sentence;
            `"translation"` gives `source` and `target`, strings ();
            `"captioning"` gives `image`, uint8 (height, width, 3), or 4 with opacity where a set has
            transparent pictures, and `captions`, strings (n,).
        tags: for tagging, the column of tags where the data set has several; empty for its first one. In a
            file, as `zoo.data.conll.read_columns` takes it.
        source: for translation, the language to translate from, a code as in `"en"`; empty for what the data
            set names first. In a file, the column that holds it; empty for the column `source`.
        target: likewise the language to translate into.

    Returns:
        The splits as unbatched datasets, with label names, source and licence beside them.

    Raises:
        ZooError: the name, a column or a language is unknown, an option is for another mapping, or the file
            is missing, damaged or empty.
    """
    options = {"tags": tags, "source": source, "target": target}
    for name, value in options.items():
        if value and mapping != _OPTIONS[name]:
            raise ZooError(f"{name} ({value!r}) is for {_OPTIONS[name]} only; leave it out for {mapping}")
    options = {name: value for name, value in options.items() if _OPTIONS[name] == mapping}
    several = parts_of(dataset, mapping)
    for name in several:  # before the first one is fetched
        _check(name, mapping)
    if len(several) > 1:
        if len({bool(catalogue.find(name, mapping)) for name in several}) > 1 and not (source and target):
            raise ZooError(
                f"{dataset}: mixes files with sets of the catalogue; give --source and --target, languages "
                "which are columns of the files too"
            )
        return mixed.mix([load(name, mapping, **options) for name in several])
    if catalogue.find(dataset, mapping):
        return catalogue.load(dataset, mapping, **options)
    if mapping == "captioning":
        return pictures.load(Path(dataset))
    return files.load(Path(dataset), mapping, **options)


def _check(dataset: str, mapping: str) -> None:
    """Refuses what is neither in the catalogue nor a path."""
    if catalogue.find(dataset, mapping) or _exists(dataset):
        return
    if mapping not in files.KINDS:
        raise ZooError(f"no data sets for the mapping {mapping!r}; there is: {', '.join(files.KINDS)}")
    if dataset.endswith(files.SUFFIXES[mapping]):
        raise ZooError(f"{dataset}: no such file; give the path of {files.KINDS[mapping]}")
    raise ZooError(
        f"unknown data set {dataset!r}: choose {', '.join(names(mapping))}, "
        f"or give the path of {files.KINDS[mapping]}"
    )


def parts_of(dataset: str, mapping: str) -> list[str]:
    """Returns the names of the sets that a name mixes, joined by `+`; a single set is its own part.

    Raises:
        ZooError: a set is named twice.
    """
    # A path may hold a plus, and only pairs are mixed.
    if mapping != "translation" or _exists(dataset) or "+" not in dataset.strip("+"):
        return [dataset]
    several = dataset.split("+")
    for name in several:
        if several.count(name) > 1:
            raise ZooError(f"{dataset}: names {name} twice; name each set once")
    return several


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises on a name that is too long


def tests_of(dataset: str, mapping: str) -> list[str]:
    """Returns the names of a set's test parts: `test`, and further ones where there are any."""
    parts = []
    for number, name in enumerate(parts_of(dataset, mapping)):
        adapter = catalogue.find(name, mapping)
        for part in ("test", *(adapter.extra if adapter else ())):
            parts.append(mixed.part_of(part, name) if number else part)
    return parts


def names(mapping: str) -> list[str]:
    """Returns the names that `load` knows for a mapping, beside paths; one of many stands for a pattern."""
    return catalogue.names(mapping)
