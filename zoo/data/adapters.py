"""How the features that TFDS stores become the features of a mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zoo.data.examples import columns
from zoo.data.tags import with_both_prefixes
from zoo.errors import ZooError

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
    """One of many, where the data set's name is a pattern."""
    extra: tuple[str, ...] = ()
    """Further test parts, as TFDS's slicing language names them."""
    builder: str = ""
    """The builder that prepares it, where that is not called as the data set."""

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

    def choose(self, dataset: str, info: tfds.core.DatasetInfo, **options: str) -> dict[str, str]:
        """Returns the mapping's options as `read` takes them, with what was left open filled in."""
        return options

    def part(self, dataset: tf.data.Dataset, split: str) -> tf.data.Dataset:
        """Returns those of the rows read that belong to a split: all, as a rule."""
        return dataset

    def label_names(self, train: tf.data.Dataset, info: tfds.core.DatasetInfo, **options) -> list[str]:
        """Returns the labels' names by their number; none where the mapping knows no labels."""
        return []


@dataclass(frozen=True, kw_only=True)
class Classification(Adapter):
    """A text and its label."""

    text: str = "text"
    label: str = "label"
    labels: Mapping[int, str] | None = None
    """Stored label -> its name; rows with another label are left out. None: TFDS's own names."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping."""
        import tensorflow as tf

        values = tf.constant(list(self._stored(info)), tf.int64)

        def known(example):
            return tf.reduce_any(tf.cast(example[self.label], tf.int64) == values)

        def rename(example):
            label = tf.cast(example[self.label], tf.int64)
            return {"text": example[self.text], "label": tf.argmax(tf.cast(label == values, tf.int32))}

        return dataset.filter(known).map(rename, num_parallel_calls=2, deterministic=True)

    def label_names(self, train: tf.data.Dataset, info: tfds.core.DatasetInfo) -> list[str]:
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

    def choose(self, dataset: str, info: tfds.core.DatasetInfo, tags: str = "") -> dict[str, str]:
        """Returns the column of tags that was asked for."""
        if tags and tags not in self.tags:
            raise ZooError(f"{dataset}: no column {tags!r} of tags; choose {' or '.join(self.tags)}")
        return {"tags": tags or self.tags[0]}

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


@dataclass(frozen=True, kw_only=True)
class Translation(Adapter):
    """A text in two of the languages that a row holds."""

    hashed: bool = False
    """Whether the set has one part only, which a hash of the source splits 90 / 5 / 5."""

    def choose(
        self, dataset: str, info: tfds.core.DatasetInfo, source: str = "", target: str = ""
    ) -> dict[str, str]:
        """Returns the two languages that were asked for."""
        pair = language_pair(dataset, sorted(info.features), info.supervised_keys, source, target)
        return dict(zip(("source", "target"), pair, strict=True))

    def read(
        self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, source: str, target: str
    ) -> tf.data.Dataset:
        """Turns stored rows into pairs; those with a blank side are left out."""
        import tensorflow as tf

        def rename(example):
            return {"source": example[source], "target": example[target]}

        def filled(pair):
            blank = [tf.strings.regex_full_match(side, r"[\p{Z}\p{C}]*") for side in pair.values()]
            return ~tf.reduce_any(blank)

        return dataset.map(rename, num_parallel_calls=2, deterministic=True).filter(filled)

    def part(self, dataset: tf.data.Dataset, split: str) -> tf.data.Dataset:
        """Returns the pairs of a split; equal sources are never in two of them."""
        import tensorflow as tf

        if not self.hashed:
            return dataset
        first, end = {"validation": (0, 1), "test": (1, 2), "train": (2, 20)}[split]

        def inside(pair):
            bucket = tf.strings.to_hash_bucket_fast(pair["source"], 20)
            return (first <= bucket) & (bucket < end)

        return dataset.filter(inside)


@dataclass(frozen=True, kw_only=True)
class Captioning(Adapter):
    """A picture and its captions."""

    captions: tuple[str, ...] = ("captions",)
    """Where they stand among the stored features: a path."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping; pictures without a caption are left out."""
        import tensorflow as tf

        def rename(example):
            captions = example
            for name in self.captions:
                captions = captions[name]
            return {"image": example["image"], "captions": captions}

        return dataset.map(rename, num_parallel_calls=2, deterministic=True).filter(
            lambda example: tf.size(example["captions"]) > 0
        )


@dataclass(frozen=True, kw_only=True)
class Text(Adapter):
    """Running text."""

    line_breaks: str = ""
    """What stands for line breaks and headings in the stored text: a regular expression."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping; those without text are left out."""
        import tensorflow as tf

        def rename(example):
            text = example["text"]
            return {
                "text": tf.strings.regex_replace(text, self.line_breaks, "\n") if self.line_breaks else text
            }

        return dataset.map(rename, num_parallel_calls=2, deterministic=True).filter(
            lambda example: tf.strings.length(example["text"]) > 0
        )


@dataclass(frozen=True, kw_only=True)
class Series(Adapter):
    """Numbers observed over time: one row, which holds them all."""

    columns: tuple[str, ...]
    """Names of the stored columns."""
    usual: str
    """Those that are read where none are asked for, joined by commas."""

    def choose(
        self, dataset: str, info: tfds.core.DatasetInfo, columns: str = "", time: str = ""
    ) -> dict[str, str]:
        """Returns the columns that were asked for."""
        if time:
            raise ZooError(f"time ({time!r}) names a column of a file; leave it out for {dataset}")
        wanted = [name.strip() for name in (columns or self.usual).split(",") if name.strip()]
        for name in wanted:
            if name not in self.columns or wanted.count(name) > 1:
                known = ",".join(self.columns)
                raise ZooError(f"{dataset}: no column {name!r}, or named twice; choose among {known}")
        return {"columns": ",".join(wanted)}

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, columns: str) -> tf.data.Dataset:
        """Turns the stored row into one of the mapping."""
        import tensorflow as tf

        places = [self.columns.index(name) for name in columns.split(",")]

        def rename(example):
            return {"values": tf.gather(example["values"], places, axis=1), "times": example["times"]}

        return dataset.map(rename)

    def label_names(self, train: tf.data.Dataset, info: tfds.core.DatasetInfo, columns: str) -> list[str]:
        """Returns the names of the columns that are read."""
        return columns.split(",")


def language_pair(
    dataset: str, languages: Sequence[str], default: Sequence[str], source: str, target: str
) -> tuple[str, str]:
    """Fills in what was left open of source and target.

    Args:
        dataset: told in messages.
        languages: those that it has.
        default: two of them, taken in this order where nothing else was asked for.
        source: language asked for, or "".
        target: likewise.

    Raises:
        ZooError: a language is unknown, or both are the same.
    """
    for language in (source, target):
        if language and language not in languages:
            raise ZooError(f"{dataset}: no language {language!r}; choose {', '.join(languages)}")
    source = source or next(language for language in default if language != target)
    # Of two languages, the one that is left; the default's second one first.
    target = target or next(language for language in reversed(default) if language != source)
    if source == target:
        raise ZooError(f"{dataset}: source and target are both {source!r}; choose two languages")
    return source, target


def _class_names(info: tfds.core.DatasetInfo, feature: str) -> list[str]:
    """Returns the names of a column of class numbers, none where the column holds strings."""
    return list(getattr(info.features[feature].feature, "names", []))


def _to_bio(tags: tf.Tensor) -> tf.Tensor:
    """Does what `zoo.data.tags.to_bio` does with B and I, for one sentence (time,)."""
    import tensorflow as tf

    kinds = tf.strings.regex_replace(tags, "^[BI]-", "")
    before = tf.concat([["O"], tags], axis=0)[:-1]
    continued = (before == "B-" + kinds) | (before == "I-" + kinds)
    inside = tf.strings.regex_full_match(tags, "I-[^-].*")
    return tf.where(inside & ~continued, "B-" + kinds, tags)
