"""Whether what a language model writes is Python."""

import ast
import warnings
from collections.abc import Sequence

from zoo.metrics.compared import ratio

# What the interactive prompt compiles with, to tell what may go on from what is wrong (CPython's codeop).
_INCOMPLETE = 0x4000 | ast.PyCF_ONLY_AST


def parsing(texts: Sequence[str]) -> float:
    """Returns the share of texts that parse up to their last line."""
    return ratio(sum(map(parses, texts)), len(texts))


def parses(text: str, whole: bool = False) -> bool:
    """Tells whether all lines but the last, in which a text may break off, are Python.

    Brackets, strings and blocks that are still open there may yet be closed: they count as right.

    Args:
        text: of any kind.
        whole: whether it must be Python as it stands, with nothing open.
    """
    lines = text[: text.rfind("\n") + 1]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strange escapes
            compile(text if whole else lines, "<text>", "exec", ast.PyCF_ONLY_AST if whole else _INCOMPLETE)
    except SyntaxError as error:
        # What comes to its end inside something is told from what is wrong by no other sign.
        return not whole and "incomplete input" in str(error)
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True
