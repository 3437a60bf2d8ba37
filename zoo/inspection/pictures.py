"""Writing pictures, whatever characters stand in them."""

from __future__ import annotations

import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import ZooError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
_NO_LETTERS = ("Color", "Last Resort")


def check_path(path: Path) -> None:
    """Refuses a file that `save` could not write."""
    if path.suffix not in SUFFIXES:
        raise ZooError(
            f"--output {path}: give a file that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        )
    if not path.absolute().parent.is_dir():
        raise ZooError(f"--output {path}: cannot be written (no such folder); make it first")


def wrapped(text: str, width: int) -> str:
    """Returns a title in lines of so many characters, six of them at most."""
    return "\n".join(textwrap.wrap(text, width, max_lines=6, placeholder=" ..."))


def save(figure: Figure, path: Path) -> None:
    """Writes a figure, in fonts that have its characters where such are installed.

    A `$` stays one, though to matplotlib it begins a formula. Characters that no font has are drawn as
    boxes, and one warning names them.

    Raises:
        ZooError: the file cannot be written.
    """
    from matplotlib.text import Text

    texts = figure.findobj(Text)
    families, missing = _fonts({character for text in texts for character in text.get_text()})
    for text in texts:
        text.set(fontfamily=families, parse_math=False)
    if missing:
        some = " ".join(sorted(missing)[:8]) + (" ..." if len(missing) > 8 else "")
        warnings.warn(
            f"{path}: no installed font has {some}; boxes stand for them: install one, such as Noto Sans",
            stacklevel=2,
        )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph|.*does not support")  # what the warning above says
            figure.savefig(path, dpi=120)
    except OSError as error:
        raise ZooError(f"--output {path}: cannot be written ({error.strerror})") from None


def _fonts(characters: set[str]) -> tuple[list[str], set[str]]:
    """Returns font families that together have the characters, and those characters that none has."""
    from matplotlib.font_manager import findfont, fontManager, get_font

    families = ["DejaVu Sans"]  # which comes with matplotlib
    missing = {c for c in characters if c.isprintable() and not c.isspace()}
    missing -= _covered(get_font(findfont(families[0])), missing)
    for entry in fontManager.ttflist:
        if not missing:
            break
        # Matplotlib draws no coloured emoji, and the font of last resort has nothing but boxes.
        if (entry.style, entry.weight) != ("normal", 400) or any(kind in entry.name for kind in _NO_LETTERS):
            continue
        try:
            covered = _covered(get_font(entry.fname), missing)
        except (OSError, RuntimeError):  # a font that was removed, or is damaged
            continue
        if covered:
            families.append(entry.name)
            missing -= covered
    return families, missing


def _covered(font, characters: set[str]) -> set[str]:
    return {character for character in characters if font.get_char_index(ord(character))}
