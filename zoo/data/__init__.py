"""Where examples come from: load() gives every data set the same shape.

A data set is one of ours (`tweets`, `python_source`, `cldr_phrases`, `emoji`, `moving_emoji`,
`seattle_weather` and others need nothing but the installed package), a name of the tensorflow-datasets
catalogue that has an adapter (`imdb_reviews`), or a path to the user's own file. What a mapping's rows hold
is told by its file in `zoo.tasks`.
"""

import os
from pathlib import Path

from zoo.data import catalogue, mixed
from zoo.data.adapters import Adapter
from zoo.data.cache import cache_dir
from zoo.data.climatology import cycles_of
from zoo.data.examples import SPLITS, Examples, of_rows, of_user
from zoo.data.features import kept_features, read_pictures
from zoo.data.feeds.base import Feed
from zoo.data.feeds.batches import Batches
from zoo.data.feeds.columns import Ragged, Rows, Shared, answering, gathered
from zoo.data.feeds.streams import Streams
from zoo.data.feeds.windows import Augmentation, Windows
from zoo.data.history import History, check_histories, histories
from zoo.data.own.series import Series, names_in
from zoo.data.part import Part, joined
from zoo.data.pretrained import LICENCE_OF_CLUSTERS, licence_of_vectors, word_clusters, word_vectors
from zoo.data.reader import Reader, reader_of, readers, register
from zoo.data.recased import recased
from zoo.data.scaling import Scaling
from zoo.data.usual import Usual
from zoo.data.varied import varied
from zoo.errors import ZooError

__all__ = [
    "LICENCE_OF_CLUSTERS",
    "SPLITS",
    "Adapter",
    "Augmentation",
    "Batches",
    "Examples",
    "Feed",
    "History",
    "Part",
    "Ragged",
    "Reader",
    "Rows",
    "Scaling",
    "Series",
    "Shared",
    "Streams",
    "Usual",
    "Windows",
    "answering",
    "cache_dir",
    "check_histories",
    "cycles_of",
    "gathered",
    "histories",
    "in_catalogue",
    "joined",
    "kept_features",
    "licence_of_vectors",
    "load",
    "names",
    "names_in",
    "of_rows",
    "of_user",
    "parts_of",
    "read_pictures",
    "recased",
    "register",
    "tests_of",
    "varied",
    "word_clusters",
    "word_vectors",
]


def load(dataset: str, mapping: str, **options: str) -> Examples:
    """Loads train, validation and test examples as feature dicts.

    Args:
        dataset: an embedded set (`tweets`, `python_source`, `cldr_phrases`, `emoji`), a TFDS catalogue name
            that has an adapter (`imdb_reviews`, `conll2003`, `universal_dependencies/en_ewt`), or a path to
            the user's own file, or to a folder that holds `train`, `validation` and `test` files.
            For translation and classification several, joined by `+`, are mixed as `zoo.data.mixed.mix` says.
        mapping: what the recipe maps, which decides the features; the files of `zoo.tasks` tell them, and
            the user's own files too:
            `"classification"` gives `text` string () and `label` int64 ();
            `"tagging"` gives `tokens` and `tags`, strings (time,), spans in BIO, and `text` string () where
            the data set knows the raw sentence;
            `"translation"` gives `source` and `target`, strings ();
            `"captioning"` gives `image`, uint8 (height, width, 3), or 4 with opacity where a set has
            transparent pictures, of clips (time, height, width, channels), and `captions`, strings (n,);
            `"text"` gives `text`, string ();
            `"series"` gives a row for each series with `values`, float64 (time, columns), `times`, int64
            (time,), in seconds since 1970, and `static`, strings (n,), its name and what else is said of it,
            none where it stands alone; `label_names` are the columns.
        **options: of tagging `tags`, the column of tags where the data set has several; of translation
            `source` and `target`, languages, or columns of a file; of series `columns`,
            `time` and what else `zoo.data.own.observed.Layout` has; of captioning `frames`, how many of each
            of the user's own clips are read. An empty one is as if left out.

    Returns:
        The splits, with label names, source and licence beside them.

    Raises:
        ZooError: the name, a column or a language is unknown, an option is for another mapping, or the file
            is missing, damaged or empty.
    """
    reader = reader_of(mapping)
    given = _options(reader, options)
    several = parts_of(dataset, mapping)
    for name in several:  # before the first one is fetched
        _check(name, reader)
    if len(several) > 1:
        if len({bool(catalogue.find(name, reader)) for name in several}) > 1 and not all(given.values()):
            raise ZooError(
                f"{dataset}: mixes files with sets of the catalogue; give --source and --target, languages "
                "which are columns of the files too"
            )
        return mixed.mix([load(name, mapping, **given) for name in several], reader.mixes)
    if adapter := catalogue.find(dataset, reader):
        return catalogue.load(dataset, adapter, **given)
    return reader.read_own(Path(dataset), **given)


def _options(reader: Reader, options: dict[str, str]) -> dict[str, str]:
    """Returns all options that a mapping has; those of other mappings are refused."""
    for name, value in options.items():
        if value and name not in reader.options:
            owner = next((other.name for other in readers() if name in other.options), "no mapping")
            raise ZooError(f"{name} ({value!r}) is for {owner} only; leave it out for {reader.name}")
    return {name: options.get(name, "") for name in reader.options}


def _check(dataset: str, reader: Reader) -> None:
    """Refuses what is neither in the catalogue nor a path."""
    if catalogue.find(dataset, reader) or _exists(dataset):
        return
    if dataset.endswith(reader.suffixes):
        raise ZooError(f"{dataset}: no such file; give the path of {reader.kind}")
    raise ZooError(
        f"unknown data set {dataset!r}: choose {', '.join(catalogue.names(reader))}, "
        f"or give the path of {reader.kind}"
    )


def parts_of(dataset: str, mapping: str) -> list[str]:
    """Returns the names of the sets that a name mixes, joined by `+`; a single set is its own part.

    Raises:
        ZooError: a set is named twice.
    """
    # A path may hold a plus.
    if not reader_of(mapping).mixes or _exists(dataset) or "+" not in dataset.strip("+"):
        return [dataset]
    several = dataset.split("+")
    for name in several:
        if several.count(name) > 1:
            raise ZooError(f"{dataset}: names {name} twice; name each set once")
    return several


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises on a name that is too long


def in_catalogue(dataset: str, mapping: str) -> bool:
    """Tells whether any part of a set is prepared by tensorflow-datasets; else it is the user's own."""
    return any(catalogue.find(name, reader_of(mapping)) for name in parts_of(dataset, mapping))


def tests_of(dataset: str, mapping: str) -> list[str]:
    """Returns the names of a set's test parts: `test`, and further ones where there are any."""
    parts = []
    for number, name in enumerate(parts_of(dataset, mapping)):
        adapter = catalogue.find(name, reader_of(mapping))
        for part in ("test", *(adapter.extra if adapter else ())):
            parts.append(mixed.part_of(part, name) if number else part)
    return parts


def names(mapping: str) -> list[str]:
    """Returns the names that `load` knows for a mapping, beside paths; one of many stands for a pattern."""
    return [name for reader in readers() if reader.name == mapping for name in catalogue.names(reader)]
