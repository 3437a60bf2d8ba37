"""Tweets of SemEval-2017's task 4, rated negative, neutral or positive, as a TFDS builder."""

import html
import re
import tarfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import tensorflow_datasets as tfds

from zoo.data.download import fetch
from zoo.data.splits import fingerprint, split_of
from zoo.errors import ZooError

LABELS = ("negative", "neutral", "positive")
_URL = "https://github.com/cbaziotis/datastories-semeval2017-task4/archive/master.tar.gz"
_EARLIER = "*/dataset/Subtask_A/downloaded/*.tsv"
_TEST = "*/dataset/Subtask_A/gold/SemEval2017-task4-test.subtask-A.english.txt"
_GOLD = "*/dataset/Subtask_A/gold/SemEval2017_task4_subtaskA_test_english_gold.txt"

Tweet = tuple[str, str]  # text and label


class Semeval2017(tfds.core.GeneratorBasedBuilder):
    """Subtask A in English (Rosenthal et al. 2017): the tweets of 2013 to 2016 train, those of 2017 test.

    A tweet that was rated several times has the label that most of its ratings have, and is left out where
    there is none; so is what the test part has, links and mentions aside.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Tweets on topics of the day, each rated by five or more people: whether the message is "
                "negative, neutral or positive. Training and validation are what the tasks of 2013 to 2016 "
                "had; the test part is that of 2017, as given."
            ),
            features=tfds.features.FeaturesDict(
                {"text": tfds.features.Text(), "label": tfds.features.ClassLabel(names=LABELS)}
            ),
            supervised_keys=("text", "label"),
            homepage="https://alt.qcri.org/semeval2017/task4/",
            license="none stated; given for research (Rosenthal et al. 2017); the tweets are their authors'",
        )

    def _split_generators(self, dl_manager):
        parts = _split(*_read(fetch(dl_manager, _URL)))
        return {split: self._generate_examples(tweets) for split, tweets in parts.items()}

    def _generate_examples(self, tweets):
        for index, (text, label) in enumerate(tweets):
            yield index, {"text": text, "label": label}


def _read(path: Path) -> tuple[list[Tweet], list[Tweet]]:
    """Returns the tweets up to 2016, and those of the test part."""
    damaged = f"{path}: is not the archive of datastories-semeval2017-task4; remove it and fetch it again"
    try:
        with tarfile.open(path) as archive:
            files = {member.name: member for member in archive if member.isfile()}

            def rows(pattern: str) -> Iterator[list[str]]:
                for name in sorted(name for name in files if fnmatchcase(name, pattern)):
                    file = archive.extractfile(files[name])
                    content = file.read().decode("utf-8") if file else ""
                    lines = content.replace("\r\n", "\n").split("\n")
                    yield from (line.split("\t") for line in lines if line)

            earlier = [(clean(text), label) for _, label, text, *_ in rows(_EARLIER)]
            label_of = {number: label for number, label, *_ in rows(_GOLD)}
            test = [(clean(text), label_of[number]) for number, _, text, *_ in rows(_TEST)]
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError, zlib.error) as error:
        raise ZooError(damaged) from error
    if not earlier or not test or {label for _, label in (*earlier, *test)} != set(LABELS):
        raise ZooError(damaged)
    return earlier, test


def clean(text: str) -> str:
    """Returns a tweet as it was written: without the escapes and quotation marks of several exports."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    text = text.replace('\\"', '"').encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    marks = text.count('"') - 2 * text.count('""')
    if text.startswith('"') and (marks == 1 or (marks == 2 and text.endswith('"'))):
        text = text.removeprefix('"').removesuffix('"')  # a cell of CSV, cut or whole
    return html.unescape(text.replace('""', '"')).strip()


def _split(earlier: list[Tweet], test: list[Tweet]) -> dict[str, list[Tweet]]:
    """Returns split -> tweets; a hash of what a tweet says decides where it goes, equal ones together."""
    tested = {fingerprint(text) for text, _ in test}
    ratings = defaultdict(list)
    for text, label in earlier:
        ratings[fingerprint(text)].append((text, label))
    parts: dict[str, list[Tweet]] = {"train": [], "validation": [], "test": test}
    for key, tweets in ratings.items():
        votes = Counter(label for _, label in tweets).most_common(2)
        tie = len(votes) > 1 and votes[0][1] == votes[1][1]
        if key and key not in tested and not tie:
            split = "validation" if split_of(key) == "validation" else "train"
            parts[split].append(next(tweet for tweet in tweets if tweet[1] == votes[0][0]))
    return parts
