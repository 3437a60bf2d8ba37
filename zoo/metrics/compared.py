"""Plain text compared as people see it, and shares."""

import unicodedata
from collections.abc import Sequence


def plain(text: str) -> str:
    """Returns a text with single spaces and composed accents, which look the same as any others."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def is_a_reference(references: Sequence[str], predicted: str) -> bool:
    """Tells whether an answer equals one of its references, compared as `plain` writes them."""
    return plain(predicted) in map(plain, references)


def ratio(part: float, whole: float) -> float:
    """Returns a share, 0 of nothing."""
    return part / whole if whole else 0.0
