"""The Penn Treebank as language models know it, as a TFDS builder."""

import tarfile
import zlib
from pathlib import Path

import tensorflow_datasets as tfds

from zoo.data.download import fetch
from zoo.errors import ZooError

_URL = "http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz"
_FILES = {
    "train": "./simple-examples/data/ptb.train.txt",
    "validation": "./simple-examples/data/ptb.valid.txt",
    "test": "./simple-examples/data/ptb.test.txt",
}
_LINES = {"train": 42_068, "validation": 3_370, "test": 3_761}


class Ptb(tfds.core.GeneratorBasedBuilder):
    """Newspaper text in lower case, of 10,000 words: each part is one text of sentences in their order.

    A sentence is a line of words parted by single spaces. The words and the line breaks are what is scored:
    929,589 for training, 73,760 and 82,430.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Text of the Wall Street Journal from the Penn Treebank, sections 0-20 for training, 21-22 "
                "for validation and 23-24 for testing, as Mikolov et al. 2010 prepared it: no punctuation, "
                "numbers are N, words beyond the 10,000 most frequent ones are <unk>."
            ),
            features=tfds.features.FeaturesDict({"text": tfds.features.Text()}),
            homepage="http://www.fit.vutbr.cz/~imikolov/rnnlm/",
            license="none stated; the text is the Wall Street Journal's, from the Penn Treebank",
            citation=(
                "Mikolov, Karafiat, Burget, Cernocky and Khudanpur (2010): Recurrent neural network based "
                "language model. Proceedings of Interspeech 2010, pages 1045-1048."
            ),
        )

    def _split_generators(self, dl_manager):
        path = fetch(dl_manager, _URL)
        return {
            split: self._generate_examples(_read(path, name, _LINES[split])) for split, name in _FILES.items()
        }

    def _generate_examples(self, text):
        yield 0, {"text": text}


def _read(path: Path, name: str, count: int) -> str:
    damaged = f"{path}: is not the archive of the Penn Treebank; remove it and fetch it again"
    try:
        with tarfile.open(path) as archive:
            content = archive.extractfile(name).read().decode("utf-8")  # type: ignore[union-attr]
    except (OSError, EOFError, KeyError, zlib.error, tarfile.TarError, UnicodeDecodeError) as error:
        raise ZooError(damaged) from error
    lines = [" ".join(line.split()) for line in content.removesuffix("\n").split("\n")]
    if len(lines) != count or not all(lines):
        raise ZooError(damaged)
    return "".join(f"{line}\n" for line in lines)
