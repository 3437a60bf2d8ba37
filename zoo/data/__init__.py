"""Where examples come from: load() gives every data set the same shape.

A data set is one of ours (`tweets`, `python_source`, `cldr_phrases`, `emoji` and `seattle_weather` need
nothing but the installed package), a name of the tensorflow-datasets catalogue that has an adapter
(`imdb_reviews`), or a path to the user's own file.
"""

import os
from pathlib import Path

from zoo.data import catalogue, mixed
from zoo.data.examples import Examples
from zoo.data.feeds.batches import Batches, Ragged, RowTable, Shared
from zoo.data.feeds.streams import Streams
from zoo.data.feeds.windows import Windows
from zoo.data.own import pictures, plain_text, series, tables
from zoo.data.own.series import Series
from zoo.errors import ZooError

# What `load` takes beside the data set -> the mapping that it is for.
_OPTIONS = {"tags": "tagging", "source": "translation", "target": "translation"}
_OPTIONS |= {"columns": "series", "time": "series"}

__all__ = [
    "Batches",
    "Examples",
    "Ragged",
    "RowTable",
    "Series",
    "Shared",
    "Streams",
    "Windows",
    "load",
    "names",
    "parts_of",
    "tests_of",
]


def load(
    dataset: str,
    mapping: str,
    tags: str = "",
    *,
    source: str = "",
    target: str = "",
    columns: str = "",
    time: str = "",
) -> Examples:
    """Loads train, validation and test examples as feature dicts.

    Args:
        dataset: an embedded set (`tweets`, `python_source`, `cldr_phrases`, `emoji`), a TFDS catalogue name
            that has an adapter (`imdb_reviews`, `conll2003`, `universal_dependencies/en_ewt`), or a path to
            the user's own file, or to a folder that holds `train`, `validation` and `test` files. Files are
            CSV, TSV or JSONL for classification and translation, and columns of tokens and tags (`.conll`,
            `.conllu`, ...) for tagging; for captioning it is a folder of pictures with `captions.csv`; for
            text any file or folder of text; for series a table, as `own.series.read_series` takes it.
            For translation several, joined by `+`, are mixed as `zoo.data.mixed.mix` says.
        mapping: what the recipe maps, which decides the features:
            `"classification"` gives `text` string () and `label` int64 ();
            `"tagging"` gives `tokens` and `tags`, strings (time,), spans in BIO, and `text` string () where
            the data set knows the raw sentence;
            `"translation"` gives `source` and `target`, strings ();
            `"captioning"` gives `image`, uint8 (height, width, 3), or 4 with opacity where a set has
            transparent pictures, and `captions`, strings (n,);
            `"text"` gives `text`, string ();
            `"series"` gives one row with `values`, float32 (time, columns), and `times`, int64 (time,), in
            seconds since 1970; `label_names` are the columns.
        tags: for tagging, the column of tags where the data set has several; empty for its first one. In a
            file, as `zoo.data.own.conll.read_columns` takes it.
        source: for translation, the language to translate from, a code as in `"en"`; empty for what the data
            set names first. In a file, the column that holds it; empty for the column `source`.
        target: likewise the language to translate into.
        columns: for series, the columns of numbers, joined by commas; empty for the set's own choice, of a
            file all but the times.
        time: for series, the column of times of a file; empty for the first.

    Returns:
        The splits as unbatched datasets, with label names, source and licence beside them.

    Raises:
        ZooError: the name, a column or a language is unknown, an option is for another mapping, or the file
            is missing, damaged or empty.
    """
    options = {"tags": tags, "source": source, "target": target, "columns": columns, "time": time}
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
    if mapping == "text":
        return plain_text.load(Path(dataset))
    if mapping == "series":
        return series.load(Path(dataset), **options)
    return tables.load(Path(dataset), mapping, **options)


def _check(dataset: str, mapping: str) -> None:
    """Refuses what is neither in the catalogue nor a path."""
    if catalogue.find(dataset, mapping) or _exists(dataset):
        return
    if mapping not in tables.KINDS:
        raise ZooError(f"no data sets for the mapping {mapping!r}; there is: {', '.join(tables.KINDS)}")
    if dataset.endswith(tables.SUFFIXES[mapping]):
        raise ZooError(f"{dataset}: no such file; give the path of {tables.KINDS[mapping]}")
    raise ZooError(
        f"unknown data set {dataset!r}: choose {', '.join(names(mapping))}, "
        f"or give the path of {tables.KINDS[mapping]}"
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
