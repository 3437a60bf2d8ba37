"""Data sets that tensorflow-datasets prepares: one table of feature adapters, and builders of our own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.data.examples import Examples, columns
from zoo.errors import ZooError
from zoo.tags import with_both_prefixes

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """How one data set's features become a mapping's features.

    Splits are written in TFDS's own slicing language. A set without a validation part gives the last
    tenth of its training part; TFDS shuffles what it writes, so a slice is a random sample.
    """

    train: str = "train[:90%]"
    validation: str = "train[90%:]"
    test: str = "test"
    licence: str = ""
    """Used where the catalogue names none."""
    example: str = ""
    """Stands for the `*` where the data set's name is a pattern."""

    def splits(self, dataset: str, found: Mapping) -> tuple[str, str, str]:
        """Returns what to ask of TFDS for training, validation and test, given the splits that it has."""
        asked = (self.train, self.validation, self.test)
        parts = [split.partition("[")[0] for split in asked]
        missing = [part for part in parts if found and part not in found]
        if missing == [self.validation]:
            return "train[:90%]", "train[90%:]", self.test
        if missing:
            raise ZooError(
                f"{dataset}: has only the parts {', '.join(found)}; choose a set with {missing[0]}"
            )
        return asked


@dataclass(frozen=True, kw_only=True)
class Classification(Adapter):
    """A text and its label."""

    text: str = "text"
    label: str = "label"
    labels: Mapping[int, str] | None = None
    """Stored label -> its name; rows with another label are left out. None: TFDS's own names."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, tags: str) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping."""
        import tensorflow as tf

        values = tf.constant(list(self._stored(info)), tf.int64)

        def known(example):
            return tf.reduce_any(tf.cast(example[self.label], tf.int64) == values)

        def rename(example):
            label = tf.cast(example[self.label], tf.int64)
            return {"text": example[self.text], "label": tf.argmax(tf.cast(label == values, tf.int32))}

        return dataset.filter(known).map(rename, num_parallel_calls=2, deterministic=True)

    def label_names(self, train: tf.data.Dataset, info: tfds.core.DatasetInfo, tags: str) -> list[str]:
        """Returns the labels' names by their number."""
        return list(self._stored(info).values())

    def _stored(self, info: tfds.core.DatasetInfo) -> Mapping[int, str]:
        return self.labels or dict(enumerate(info.features[self.label].names))


@dataclass(frozen=True, kw_only=True)
class Tagging(Adapter):
    """Tokens and a tag for each of them."""

    tags: tuple[str, ...]
    """Columns of tags; the first is taken where none is asked for."""
    text: str = ""
    """The feature with the raw sentence, where there is one."""
    no_word: Mapping[str, str] = field(default_factory=dict)
    """Feature -> value of it that tells that a stored token is no word of the sentence."""

    def column(self, dataset: str, tags: str) -> str:
        """Returns the column of tags that was asked for."""
        if tags and tags not in self.tags:
            raise ZooError(f"{dataset}: no column {tags!r} of tags; choose {' or '.join(self.tags)}")
        return tags or self.tags[0]

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, tags: str) -> tf.data.Dataset:
        """Turns stored sentences into sentences of the mapping; those without words are left out."""
        import tensorflow as tf

        def strings(example, feature):
            names = _class_names(info, feature)
            return tf.gather(tf.constant(names), example[feature]) if names else example[feature]

        def rename(example):
            words = tf.fill(tf.shape(example["tokens"]), True)
            for feature, value in self.no_word.items():
                words &= strings(example, feature) != value
            found = {
                "tokens": tf.boolean_mask(example["tokens"], words),
                "tags": _to_bio(tf.boolean_mask(strings(example, tags), words)),
            }
            return found | ({"text": example[self.text]} if self.text else {})

        return dataset.map(rename, num_parallel_calls=2, deterministic=True).filter(
            lambda example: tf.size(example["tokens"]) > 0
        )

    def label_names(self, train: tf.data.Dataset, info: tfds.core.DatasetInfo, tags: str) -> list[str]:
        """Returns all tags of the column: the stored classes, or what stands in the training part."""
        names = [name for name in _class_names(info, tags) if name != self.no_word.get(tags)]
        if names:
            return with_both_prefixes(names)
        found = {tag.decode() for (block,) in columns(train, "tags") for tag in block.flat_values.numpy()}
        return sorted(with_both_prefixes(found))


_POLARITY = {0: "negative", 1: "positive"}
_TREEBANKS = "Universal Dependencies; each treebank has a licence of its own (en_ewt: CC BY-SA 4.0)"

# Mapping and name -> adapter. A * in a name stands for TFDS's configs.
ADAPTERS: dict[tuple[str, str], Adapter] = {
    ("classification", "tweets"): Classification(train="train", validation="validation"),
    ("classification", "imdb_reviews"): Classification(
        labels=_POLARITY, licence="none stated; for research, by Maas et al. 2011"
    ),
    # The labels of GLUE's test part are secret: its validation part is what everybody reports.
    ("classification", "glue/sst2"): Classification(text="sentence", test="validation"),
    ("classification", "yelp_polarity_reviews"): Classification(labels=_POLARITY),
    # The training part knows 0 and 4 only; the neutral rows (2) of the test part cannot be learned.
    ("classification", "sentiment140"): Classification(
        label="polarity", labels={0: "negative", 4: "positive"}
    ),
    ("tagging", "python_source"): Tagging(
        train="train", validation="validation", tags=("tags",), text="text"
    ),
    ("tagging", "conll2003"): Tagging(
        train="train",
        validation="dev",
        tags=("ner", "chunks", "pos"),
        licence="none stated; the text is Reuters news, given for research",
    ),
    ("tagging", "conll2000"): Tagging(train="train[:94%]", validation="train[94%:]", tags=("chunks", "pos")),
    # Beside the words, the stored tokens hold ranges ("don't" before "do" and "n't"), whose class is "_", and
    # nodes of the enhanced graph that stand for nothing in the text. Neither has a head.
    ("tagging", "universal_dependencies/*"): Tagging(
        train="train",
        validation="dev",
        tags=("upos", "xpos"),
        text="text",
        no_word={"upos": "_", "head": "None"},
        licence=_TREEBANKS,
        example="en_ewt",
    ),
    ("tagging", "wikiann/*"): Tagging(
        train="train",
        validation="validation",
        tags=("tags",),
        licence="none stated; the text is Wikipedia's",
        example="en",
    ),
    ("tagging", "xtreme_pos/*"): Tagging(
        train="train",
        validation="dev",
        tags=("upos",),
        no_word={"upos": "_"},
        licence=_TREEBANKS,
        example="xtreme_pos_en",
    ),
}


def names(mapping: str) -> list[str]:
    """Returns the names of the table for a mapping; one of many stands for a pattern."""
    return [
        pattern.replace("*", adapter.example)
        for (known, pattern), adapter in ADAPTERS.items()
        if known == mapping
    ]


def find(dataset: str, mapping: str) -> Adapter | None:
    """Returns the adapter of a data set, None if there is none."""
    found = (
        adapter
        for (known, pattern), adapter in ADAPTERS.items()
        if known == mapping and fnmatchcase(dataset, pattern)
    )
    return next(found, None)


def load(dataset: str, mapping: str, tags: str = "") -> Examples:
    """Loads a data set of the table, downloading and preparing it on first use.

    Raises:
        ZooError: it is not prepared and cannot be downloaded, it lacks a part, or `tags` is no column of it.
    """
    adapter = find(dataset, mapping)
    tags = adapter.column(dataset, tags) if isinstance(adapter, Tagging) else ""
    builder = _builder(dataset)
    _prepare(builder, dataset)
    info = builder.info
    train, validation, test = (
        adapter.read(builder.as_dataset(split=split), info, tags)
        for split in adapter.splits(dataset, info.splits)
    )
    label_names = adapter.label_names(train, info, tags)
    if len(label_names) < 2:
        raise ZooError(f"{dataset}: the column {tags!r} is not filled in; choose another one")
    return Examples(
        name=dataset,
        train=train,
        validation=validation,
        test=test,
        label_names=tuple(label_names),
        source=info.homepage,
        licence=adapter.licence or str(info.redistribution_info.license or "").strip() or "not stated",
        # The config of the embedded set tells the interpreter and its library, which is what varies.
        version=builder.builder_config.name if dataset == "python_source" else str(info.version),
    )


def cache_dir() -> Path:
    """Returns where the zoo prepares data sets of its own: `ZOO_CACHE`, or `~/.cache/sequence-zoo`.

    They stay out of `TFDS_DATA_DIR`, which may be shared or read-only.
    """
    return Path(os.environ.get("ZOO_CACHE") or Path.home() / ".cache" / "sequence-zoo")


def _builder(dataset: str) -> tfds.core.DatasetBuilder:
    import tensorflow_datasets as tfds

    if dataset == "tweets":
        from zoo.data.tweets import Tweets

        return Tweets(data_dir=cache_dir())
    if dataset == "conll2000":
        from zoo.data.conll2000 import Conll2000

        return Conll2000(data_dir=cache_dir())
    if dataset == "python_source":
        from zoo.data.python_source import PythonSource

        return PythonSource(data_dir=cache_dir())
    name, slash, config = dataset.partition("/")
    if slash:
        known = list(tfds.builder_cls(name).builder_configs)
        if config not in known:
            near = get_close_matches(config, known, n=5, cutoff=0) if len(known) > 5 else known
            raise ZooError(
                f"unknown data set {dataset!r}: {name} has {len(known)} parts, among them {', '.join(near)}"
            )
    return tfds.builder(dataset)


def _prepare(builder: tfds.core.DatasetBuilder, dataset: str) -> None:
    try:
        builder.download_and_prepare()
    except ZooError:
        raise
    except PermissionError as error:
        raise ZooError(
            f"{builder.data_dir}: cannot be written ({error.strerror}); set ZOO_CACHE to a folder that can"
        ) from None
    except Exception as error:  # every downloader of TFDS fails in its own way
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ZooError(
            f"data set {dataset!r} is not prepared in {builder.data_dir} and could not be fetched "
            f"({reason[:150]}): check the network, or set TFDS_DATA_DIR to a folder that holds it"
        ) from error


def _class_names(info: tfds.core.DatasetInfo, feature: str) -> list[str]:
    """Returns the names of a column of class numbers, none where the column holds strings."""
    return list(getattr(info.features[feature].feature, "names", []))


def _to_bio(tags: tf.Tensor) -> tf.Tensor:
    """Does what `zoo.tags.to_bio` does with B and I, for one sentence (time,)."""
    import tensorflow as tf

    kinds = tf.strings.regex_replace(tags, "^[BI]-", "")
    before = tf.concat([["O"], tags], axis=0)[:-1]
    continued = (before == "B-" + kinds) | (before == "I-" + kinds)
    inside = tf.strings.regex_full_match(tags, "I-[^-].*")
    return tf.where(inside & ~continued, "B-" + kinds, tags)
