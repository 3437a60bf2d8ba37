"""Lines of documentation, set in the fonts that matplotlib carries, as a TFDS builder."""

from __future__ import annotations

import ast
import io
import string
from collections.abc import Iterator, Mapping
from importlib.metadata import version as version_of

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from zoo.data.packages import files_of
from zoo.data.sets.python_source import corpus
from zoo.data.splits import fingerprint, split_of
from zoo.errors import ZooError

HEIGHT = 32
_DEJAVU = ("", "-Bold", "-Oblique", "-BoldOblique")
_SERIF = ("", "-Bold", "-Italic", "-BoldItalic")
FONTS = (
    *(f"DejaVuSans{style}" for style in _DEJAVU),
    *(f"DejaVuSansMono{style}" for style in _DEJAVU),
    *(f"DejaVuSerif{style}" for style in _SERIF),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic"),
    *("cmr10", "cmb10", "cmti10", "cmtt10"),
)
UNSEEN = ("STIXGeneralBolIta", "cmss10")
"""Fonts of `test_fonts` alone: one whose sisters are for training, and one of a kind of its own."""
# The Computer Modern fonts, but for the typewriter's, have other signs at the places of these.
_ABSENT = set('"<>\\^_`{|}~')
_LENGTHS = (12, 36)
_COUNTS = {"train": 10_000, "validation": 500, "test": 1_000, "test_fonts": 1_000}


class PrintedLines(tfds.core.GeneratorBasedBuilder):
    """Grey pictures of 32 rows, each with a line of English or code, as printed and scanned badly.

    No line of the test parts stands in training, and `test_fonts` is set in fonts that do not either.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def get_default_builder_config(self) -> tfds.core.BuilderConfig:
        """Returns the configuration of the installed packages, the only one that it can prepare."""
        return tfds.core.BuilderConfig(name=f"matplotlib{version_of('matplotlib')}")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Lines of 12 to 36 characters from docstrings of Python's standard library, in DejaVu, STIX "
                "and Computer Modern of 15 to 23 pixels, with ink and paper of many shades, slanted, "
                "blurred, speckled and a little off the line."
            ),
            features=tfds.features.FeaturesDict(
                {"file": tfds.features.Scalar(tf.string), "text": tfds.features.Text()}
            ),
            homepage="https://docs.python.org/3/library/",
            license="PSF-2.0 (texts); Bitstream Vera, OFL 1.1 and Knuth's (fonts, through matplotlib)",
        )

    def _split_generators(self, dl_manager):
        fonts, texts = read_fonts(), lines()
        return {
            part: self._generate_examples(texts[part][:count], part, fonts) for part, count in _COUNTS.items()
        }

    def _generate_examples(self, texts, part, fonts) -> Iterator[tuple[int, dict]]:
        for number, text in enumerate(texts):
            yield number, {"file": as_png(nth(number, text, part, fonts)), "text": text}


def nth(number: int, text: str, part: str, fonts: Mapping[str, bytes]) -> np.ndarray:
    """Returns the picture of a part's line, uint8 (32, width): the same one each time."""
    draw = np.random.default_rng([list(_COUNTS).index(part), number])
    able = [name for name in (UNSEEN if part == "test_fonts" else FONTS) if _can_set(name, text)]
    return printed(text, fonts[able[draw.integers(len(able))]], draw)


def read_fonts() -> dict[str, bytes]:
    """Returns name -> file of the fonts that are set.

    Raises:
        ZooError: one is missing.
    """
    wanted = {f"{name}.ttf": name for name in (*FONTS, *UNSEEN)}
    found = {wanted[file.name]: file.read_binary() for file in files_of("matplotlib") if file.name in wanted}
    if missing := set(wanted.values()) - found.keys():
        raise ZooError(
            f"data set 'printed_lines' needs the font {min(missing)} that matplotlib carries; install "
            "matplotlib anew"
        )
    return found


def lines() -> dict[str, list[str]]:
    """Returns part -> lines of docstrings, each once in all of them, in an order that never changes.

    Lines that are alike but for case and signs are in one part alone. `test_fonts` has those behind the test
    part's that all its fonts can set.
    """
    parts: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    seen: set[str] = set()
    for _, source in corpus():
        for line in _documented(source):
            key = fingerprint(line)
            if key and key not in seen:
                seen.add(key)
                parts[split_of(key)].append(line)
    ordered = {
        part: [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
        for part, rows in parts.items()
    }
    count = _COUNTS["test"]
    behind = ordered["test"][count:]
    return {**ordered, "test_fonts": [line for line in behind if _can_set("cmss10", line)]}


def _documented(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for line in (ast.get_docstring(node) or "").splitlines():
                text = " ".join(line.split())
                if set(text) <= set(string.printable) and len(text) >= _LENGTHS[0]:
                    yield from _cut(text)


def _cut(text: str) -> Iterator[str]:
    """Yields pieces of whole words that are not too long."""
    piece = ""
    for word in text.split():
        if piece and len(piece) + 1 + len(word) > _LENGTHS[1]:
            yield piece
            piece = ""
        piece = f"{piece} {word}".strip()
    if piece:
        yield piece


def _can_set(font: str, text: str) -> bool:
    return not (font.startswith("cm") and font != "cmtt10" and _ABSENT & set(text))


def printed(text: str, font: bytes, draw: np.random.Generator) -> np.ndarray:
    """Sets a line as badly as it may be printed and scanned.

    Args:
        text: the line.
        font: a TrueType file.
        draw: of size, place, slant, blur, ink, paper and noise.

    Returns:
        uint8 (32, width).
    """
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    face = ImageFont.truetype(io.BytesIO(font), int(draw.integers(15, 24)))
    left, top, right, bottom = face.getbbox(text)
    pad = int(draw.integers(2, 8))
    page = Image.new("L", (round(right - left) + 2 * pad, HEIGHT), 0)
    space = HEIGHT - (bottom - top)
    y = space // 2 - top + int(draw.integers(-2, 3))
    ImageDraw.Draw(page).text((pad - left, y), text, fill=255, font=face)
    slant = draw.normal(0, 0.06)
    page = page.transform(page.size, Image.Transform.AFFINE, (1, slant, -slant * HEIGHT / 2, 0, 1, 0),
                          Image.Resampling.BILINEAR)  # fmt: skip
    page = page.filter(ImageFilter.GaussianBlur(draw.uniform(0, 0.9)))
    ink = np.asarray(page, np.float32) / 255
    paper, strength = draw.uniform(170, 255), draw.uniform(0.5, 1.0)
    grey = paper * (1 - strength * ink) + draw.normal(0, draw.uniform(0, 14), ink.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def as_png(picture: np.ndarray) -> bytes:
    """Returns a grey picture as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()
