"""Sentences of Tatoeba in English and another language, as a TFDS builder."""

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from zoo.data.download import fetch
from zoo.data.splits import fingerprint, near_duplicates, split_of
from zoo.errors import ZooError

DEFAULT_PAIR = ("en", "fr")
OTHERS = {
    "de": "deu",
    "es": "spa",
    "fr": "fra",
    "it": "ita",
    "nl": "nld",
    "pl": "pol",
    "pt": "por",
    "ru": "rus",
    "tr": "tur",
}
"""Code of a language -> what the site calls it."""
_URL = "http://www.manythings.org/anki/{}-eng.zip"
_CONTRACTIONS = (
    ("can['’]t", "cannot"),
    ("won['’]t", "will not"),
    ("n['’]t", " not"),
    ("['’]re", " are"),
    ("['’]m", " am"),
    ("['’]ve", " have"),
    ("['’]ll", " will"),
    ("['’]s", " is"),
)
_ONE_OF = 50  # one cluster of sentences of so many goes to test, and one to validation

Pair = tuple[str, str]


@dataclass
class TatoebaConfig(tfds.core.BuilderConfig):
    """English, and another language."""

    other: str = ""


class TatoebaPairs(tfds.core.GeneratorBasedBuilder):
    """Short everyday sentences in English with their translations; one sentence may have several.

    English sentences that differ in case and punctuation alone, or that share most of their word pairs
    (`near_duplicates`), are in one split. Of the test part is left out what the training part has in the same
    other language, or in the same English with or without contractions; of validation, what either has. So
    no sentence of either language is in two splits.

    Args:
        other: code of the language beside English, one of `OTHERS`.
        options: of `tfds.core.GeneratorBasedBuilder`.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def __init__(self, *, other: str = DEFAULT_PAIR[1], **options):
        config = TatoebaConfig(name=f"en-{other}", description=f"English and {other}.", other=other)
        super().__init__(**{"config": config, **options})

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "English sentences of the Tatoeba project with their translations, as manythings.org/anki "
                "collects them: those by native speakers, and proofread. The site renews its files; that of "
                "2019-04-07 has 167,130 pairs with French, that of 2018-05-13 169,813 with German. Splits "
                "share no sentence of either language."
            ),
            features=tfds.features.Translation(languages=self._languages),
            supervised_keys=self._languages,
            homepage="https://www.manythings.org/anki/",
            license="CC BY 2.0 FR, by manythings.org/anki and tatoeba.org",
        )

    @property
    def _languages(self) -> Pair:
        return "en", self.builder_config.other

    def _split_generators(self, dl_manager):
        name = OTHERS[self.builder_config.other]
        parts = _split(_read(fetch(dl_manager, _URL.format(name)), f"{name}.txt"))
        return {split: self._generate_examples(pairs) for split, pairs in parts.items()}

    def _generate_examples(self, pairs):
        for index, pair in enumerate(pairs):
            yield index, dict(zip(self._languages, pair, strict=True))


def _read(path: Path, name: str) -> list[Pair]:
    damaged = f"{path}: is not the zip file with {name} of manythings.org; remove it and fetch it again"
    try:
        with zipfile.ZipFile(path) as archive:
            content = archive.read(name).decode("utf-8")
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, UnicodeDecodeError) as error:
        raise ZooError(damaged) from error
    # Only the line feed parts pairs. Newer files have a third column, which names the authors.
    rows = [line.rstrip("\r").split("\t") for line in content.removesuffix("\n").split("\n")]
    if not all(len(row) >= 2 and row[0].strip() and row[1].strip() for row in rows):
        raise ZooError(damaged)
    return [(row[0].strip(), row[1].strip()) for row in rows]


def _split(pairs: list[Pair]) -> dict[str, list[Pair]]:
    """Returns split -> pairs; a hash of the first of its near-duplicates decides where a sentence goes."""
    keys = [fingerprint(source) for source, _ in pairs]
    chosen: dict[Any, Any] = {}
    for cluster in near_duplicates(keys):
        split = split_of(min(keys[i] for i in cluster), _ONE_OF)
        chosen |= dict.fromkeys(cluster, split)
    parts: dict[str, list[Pair]] = {"train": [], "test": [], "validation": []}
    for i, pair in enumerate(pairs):
        parts[chosen[i]].append(pair)
    seen: set[str] = set()
    for split, pairs_of_part in parts.items():
        parts[split] = [pair for pair in pairs_of_part if seen.isdisjoint(_sides(pair))]
        seen.update(side for pair in parts[split] for side in _sides(pair))
    return parts


def _sides(pair: Pair) -> tuple[str, str]:
    """Returns what tells the sentences of a pair apart from others."""
    english, other = pair
    for pattern, words in _CONTRACTIONS:
        english = re.sub(pattern, words, english, flags=re.IGNORECASE)
    return f"en {fingerprint(english)}", f"other {fingerprint(other)}"
