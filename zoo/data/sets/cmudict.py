"""English words and how they are pronounced, as a TFDS builder."""

from pathlib import Path

import tensorflow_datasets as tfds

from zoo.data.download import fetch
from zoo.errors import ZooError

_URL = (
    "https://raw.githubusercontent.com/microsoft/CNTK/master/Examples/SequenceToSequence/CMUDict/Data/"
    "cmudict-0.7b.{}"
)
_FILES = {"train": "train-dev-20-21", "validation": "train-dev-1-21", "test": "test"}
_ENTRIES = {"train": 108_952, "validation": 5_447, "test": 12_855}


class Cmudict(tfds.core.GeneratorBasedBuilder):
    """The CMU Pronouncing Dictionary 0.7b without stress, in the split of CNTK's example.

    A word that has several pronunciations stands in several rows. Words are in lower case, as one types them.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Words with their pronunciations in 39 phonemes of American English (ARPAbet), parted by "
                "spaces. Training and test part are CNTK's; of its validation part, words that the training "
                "part has in another pronunciation are left out. Many words are names."
            ),
            features=tfds.features.FeaturesDict(
                {"word": tfds.features.Text(), "phonemes": tfds.features.Text()}
            ),
            supervised_keys=("word", "phonemes"),
            homepage="http://www.speech.cs.cmu.edu/cgi-bin/cmudict",
            license="BSD-2-Clause, by Carnegie Mellon University",
            citation="Carnegie Mellon University (1993-2014): The CMU Pronouncing Dictionary 0.7b.",
        )

    def _split_generators(self, dl_manager):
        entries = {
            split: _read(fetch(dl_manager, _URL.format(name)), _ENTRIES[split])
            for split, name in _FILES.items()
        }
        known = {word for word, _ in entries["train"]}
        entries["validation"] = [entry for entry in entries["validation"] if entry[0] not in known]
        return {split: self._generate_examples(rows) for split, rows in entries.items()}

    def _generate_examples(self, entries):
        for index, (word, phonemes) in enumerate(entries):
            yield index, {"word": word, "phonemes": phonemes}


def _read(path: Path, count: int) -> list[tuple[str, str]]:
    damaged = f"{path}: is not the file of CMUdict with {count:,} entries; remove it and fetch it again"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ZooError(damaged) from error
    entries = [line.split("  ") for line in lines]
    if len(entries) != count or not all(len(entry) == 2 and all(entry) for entry in entries):
        raise ZooError(damaged)
    return [(word.lower(), phonemes) for word, phonemes in entries]
