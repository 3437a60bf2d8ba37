"""Captions of pictures in English, German and French, as a TFDS builder."""

from pathlib import Path

import tensorflow_datasets as tfds

from zoo.data.download import fetch, read_gzip
from zoo.errors import ZooError

LANGUAGES = ("de", "en", "fr")
_URL = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/{}.{}.gz"
_FILES = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
_SENTENCES = {"train": 29_000, "validation": 1_014, "test": 1_000}


class Multi30k(tfds.core.GeneratorBasedBuilder):
    """Picture captions with their translations, one sentence in all languages a row: task 1, test of 2016."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "English captions of Flickr30k's pictures, each put into German and French by translators. "
                "Raw text, with case and punctuation; the test part is test_2016_flickr."
            ),
            features=tfds.features.Translation(languages=LANGUAGES),
            supervised_keys=("de", "en"),
            homepage="https://github.com/multi30k/dataset",
            license="none stated; the English captions are Flickr30k's, given for research",
            citation=(
                "Elliott, Frank, Sima'an and Specia (2016): Multi30K: Multilingual English-German image "
                "descriptions. Proceedings of the 5th Workshop on Vision and Language, pages 70-74."
            ),
        )

    def _split_generators(self, dl_manager):
        return {
            split: self._generate_examples(
                {language: fetch(dl_manager, _URL.format(name, language)) for language in LANGUAGES},
                _SENTENCES[split],
            )
            for split, name in _FILES.items()
        }

    def _generate_examples(self, paths, count):
        columns = [_read(paths[language], count) for language in LANGUAGES]
        for index, sentences in enumerate(zip(*columns, strict=True)):
            yield index, dict(zip(LANGUAGES, sentences, strict=True))


def _read(path: Path, count: int) -> list[str]:
    damaged = f"{path}: is not the file of Multi30k with {count:,} sentences; remove it and fetch it again"
    content = read_gzip(path, damaged)
    # Only the line feed parts sentences, which may hold any other character.
    sentences = [line.strip() for line in content.removesuffix("\n").split("\n")]
    if len(sentences) != count or not all(sentences):
        raise ZooError(damaged)
    return sentences
