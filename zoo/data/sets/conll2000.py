"""The chunks of CoNLL-2000, as a TFDS builder."""

import tensorflow_datasets as tfds

from zoo.data.download import fetch, read_gzip
from zoo.data.own.conll import read_blocks
from zoo.errors import ZooError

_URL = "https://www.clips.uantwerpen.be/conll2000/chunking/{}.txt.gz"
_SENTENCES = {"train": 8_936, "test": 2_012}


class Conll2000(tfds.core.GeneratorBasedBuilder):
    """Newspaper sentences in base phrases: the shared task of CoNLL-2000, with its own two parts."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        column = tfds.features.Sequence(tfds.features.Text())
        return self.dataset_info_from_configs(
            description=(
                "Wall Street Journal text, sections 15-18 for training and section 20 for testing. Chunks "
                "are derived from the parses of the Penn Treebank, parts of speech come from a tagger."
            ),
            features=tfds.features.FeaturesDict({"tokens": column, "pos": column, "chunks": column}),
            homepage="https://www.clips.uantwerpen.be/conll2000/chunking/",
            license="none stated; the text is the Wall Street Journal's, from the Penn Treebank",
            citation=(
                "Tjong Kim Sang and Buchholz (2000): Introduction to the CoNLL-2000 shared task: Chunking. "
                "Proceedings of CoNLL-2000 and LLL-2000, pages 127-132."
            ),
        )

    def _split_generators(self, dl_manager):
        return {
            split: self._generate_examples(fetch(dl_manager, _URL.format(split)), count)
            for split, count in _SENTENCES.items()
        }

    def _generate_examples(self, path, count):
        damaged = (
            f"{path}: is not the file of CoNLL-2000 with {count:,} sentences; remove it and fetch it again"
        )
        content = read_gzip(path, damaged)
        blocks = list(read_blocks(content))
        if len(blocks) != count or any(len(row) != 3 for block in blocks for row in block.rows):
            raise ZooError(damaged)
        for index, block in enumerate(blocks):
            tokens, pos, chunks = zip(*block.rows, strict=True)
            yield index, {"tokens": list(tokens), "pos": list(pos), "chunks": list(chunks)}
