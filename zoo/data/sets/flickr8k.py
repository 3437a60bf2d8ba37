"""Photographs with five captions each, as a TFDS builder."""

import io
import re
import zipfile
import zlib
from collections import defaultdict
from pathlib import Path

import tensorflow_datasets as tfds

from zoo.data.download import fetch
from zoo.errors import ZooError

_URL = "https://github.com/jbrownlee/Datasets/releases/download/Flickr8k/"
_PICTURES, _TEXTS = "Flickr8k_Dataset.zip", "Flickr8k_text.zip"
_FOLDER, _CAPTIONS = "Flicker8k_Dataset", "Flickr8k.token.txt"  # spelled so in the archive
_LISTS = {
    "train": ("Flickr_8k.trainImages.txt", 6_000),
    "validation": ("Flickr_8k.devImages.txt", 1_000),
    "test": ("Flickr_8k.testImages.txt", 1_000),
}
_EACH = 5  # captions of a picture


class Flickr8k(tfds.core.GeneratorBasedBuilder):
    """8,000 photographs of people and animals, each described by five people; the official lists."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Photographs from Flickr with five captions each, and the official lists of 6,000, 1,000 and "
                "1,000. Pictures are stored as the archive has them; of the captions, whose words and signs "
                "are parted by spaces, the spaces before signs are taken out."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg"),
                    "captions": tfds.features.Sequence(tfds.features.Text()),
                }
            ),
            homepage="https://github.com/jbrownlee/Datasets",
            license="none stated; the photographs are their authors', given for research",
            citation=(
                "Hodosh, Young and Hockenmaier (2013): Framing image description as a ranking task: data, "
                "models and evaluation metrics. Journal of Artificial Intelligence Research 47, 853-899."
            ),
        )

    def _split_generators(self, dl_manager):
        texts = _open(fetch(dl_manager, _URL + _TEXTS))
        captions = _captions(texts)
        pictures = _open(fetch(dl_manager, _URL + _PICTURES))
        return {
            split: self._generate_examples(pictures, _listed(texts, *_LISTS[split], captions), captions)
            for split in _LISTS
        }

    def _generate_examples(self, pictures, names, captions):
        for name in names:
            content = _read(pictures, f"{_FOLDER}/{name}")
            yield name, {"image": io.BytesIO(content), "captions": captions[name]}


def tidy(caption: str) -> str:
    """Takes out the spaces that part signs and endings from the word before them."""
    caption = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(caption.split()))
    return re.sub(r"\s+('(?:s|re|ll|ve|d|m)|n't)\b", r"\1", caption)


def _captions(texts: zipfile.ZipFile) -> dict[str, list[str]]:
    captions = defaultdict(list)
    for line in _text(texts, _CAPTIONS).splitlines():
        key, _, caption = line.partition("\t")
        if not caption.strip():
            raise _damaged(texts)
        captions[key.partition("#")[0]].append(tidy(caption))
    return captions


def _listed(texts: zipfile.ZipFile, file: str, count: int, captions: dict[str, list[str]]) -> list[str]:
    names = _text(texts, file).split()
    if len(set(names)) != count or any(len(captions[name]) != _EACH for name in names):
        raise _damaged(texts)
    return names


def _open(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(path) from error


def _text(archive: zipfile.ZipFile, name: str) -> str:
    try:
        return _read(archive, name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _damaged(archive) from error


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError, EOFError) as error:
        raise _damaged(archive) from error


def _damaged(archive: zipfile.ZipFile | Path) -> ZooError:
    path = archive.filename if isinstance(archive, zipfile.ZipFile) else archive
    return ZooError(f"{path}: is not the archive of Flickr8k; remove it and fetch it again")
