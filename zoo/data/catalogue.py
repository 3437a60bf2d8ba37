"""Data sets that tensorflow-datasets prepares: one table of feature adapters, and builders of our own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.data.examples import Examples
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds


@dataclass(frozen=True)
class Adapter:
    """How one data set's features become a mapping's features.

    Splits are written in TFDS's own slicing language. A set without a validation part gives the last
    tenth of its training part; TFDS shuffles what it writes, so a slice is a random sample.
    """

    features: Mapping[str, str]
    """The mapping's feature -> the data set's feature."""
    train: str = "train[:90%]"
    validation: str = "train[90%:]"
    test: str = "test"
    labels: Mapping[int, str] | None = None
    """Stored label -> its name; rows with another label are left out. None: TFDS's own names."""
    licence: str = ""
    """Used where the catalogue names none."""


_POLARITY = {0: "negative", 1: "positive"}

ADAPTERS: dict[tuple[str, str], Adapter] = {
    ("classification", "tweets"): Adapter(
        {"text": "text", "label": "label"}, train="train", validation="validation"
    ),
    ("classification", "imdb_reviews"): Adapter(
        {"text": "text", "label": "label"},
        labels=_POLARITY,
        licence="none stated; for research, by Maas et al. 2011",
    ),
    # The labels of GLUE's test part are secret: its validation part is what everybody reports.
    ("classification", "glue/sst2"): Adapter({"text": "sentence", "label": "label"}, test="validation"),
    ("classification", "yelp_polarity_reviews"): Adapter(
        {"text": "text", "label": "label"}, labels=_POLARITY
    ),
    # The training part knows 0 and 4 only; the neutral rows (2) of the test part cannot be learned.
    ("classification", "sentiment140"): Adapter(
        {"text": "text", "label": "polarity"}, labels={0: "negative", 4: "positive"}
    ),
}


def load(dataset: str, mapping: str) -> Examples:
    """Loads a data set of the table, downloading and preparing it on first use.

    Raises:
        ZooError: it is not prepared and cannot be downloaded.
    """
    adapter = ADAPTERS[mapping, dataset]
    builder = _builder(dataset)
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

    info = builder.info
    stored = adapter.labels or dict(enumerate(info.features[adapter.features["label"]].names))

    def read(split: str) -> tf.data.Dataset:
        return _adapt(builder.as_dataset(split=split), adapter.features, stored)

    return Examples(
        name=dataset,
        train=read(adapter.train),
        validation=read(adapter.validation),
        test=read(adapter.test),
        label_names=tuple(stored.values()),
        source=info.homepage,
        licence=adapter.licence or str(info.redistribution_info.license or "").strip() or "not stated",
        version=str(info.version),
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
    return tfds.builder(dataset)


def _adapt(dataset: tf.data.Dataset, features: Mapping[str, str], stored: Mapping[int, str]):
    import tensorflow as tf

    values = tf.constant(list(stored), tf.int64)

    def known(example):
        return tf.reduce_any(tf.cast(example[features["label"]], tf.int64) == values)

    def rename(example):
        label = tf.cast(example[features["label"]], tf.int64)
        return {"text": example[features["text"]], "label": tf.argmax(tf.cast(label == values, tf.int32))}

    return dataset.filter(known).map(rename, num_parallel_calls=2, deterministic=True)
