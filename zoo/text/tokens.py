"""Tokens of raw text with their places in it, as taggers need them."""

from typing import Literal, NamedTuple

import tensorflow as tf

Style = Literal["prose", "universal", "code"]

# Stands around tokens while the rules run; a text that holds it is read as if it held a space.
_MARK = "\x1f"
# RE2 has no look-ahead, and only ASCII in \s, \w and \b: hence classes, and rules that run one after another.
BLANK = r"[\p{Z}\p{Cc}\p{Cf}]*"
_LETTER = r"[\p{L}\p{M}\p{N}_]"
_EMOJI = r"\p{So}[\x{FE0E}\x{FE0F}\x{1F3FB}-\x{1F3FF}]*"
_OTHER = r"[^\p{Z}\p{Cc}\p{Cf}\x{1f}]\p{M}*"


def _any(*patterns: str) -> str:
    return f"({'|'.join(patterns)})"


def _prose(joints: str) -> tuple[tuple[str, str], ...]:
    whole = _any(
        r"(?:https?://|www\.)[^\p{Z}\p{Cc}\p{Cf}<>()\"]*[^\p{Z}\p{Cc}\p{Cf}<>()\".,;:!?']",
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        r"[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|edu|gov|info)\b",
        r"[:;=][-']?(?:[()]+|[DPp]+\b)",  # :-) and its kin, but not the start of "Re:Please"
        r"(?:[A-Za-z]\.){2,}",  # U.S.
        r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|Ft|Mt|Sen|Gov|Gen|Rep|Capt|Lt|Jr|Sr|Inc|Corp|Co|Ltd|vs|etc|Attn"
        r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.",
        r"[0-9]{3}-[0-9]{3}-[0-9]{4}|[0-9]+(?:[.,:/][0-9]+)+",
        rf"{_LETTER}+(?:[{joints}]{_LETTER}+)*",
        r"\.{2,}|-{2,}|[!?]{2,}|\*{2,}|={2,}|_{2,}|~{2,}|#{2,}|<<|>>|''|``",
        rf"{_EMOJI}(?:\x{{200D}}{_EMOJI})*",
        _OTHER,
    )
    parted = rf"\1{_MARK}\2{_MARK}"
    return (
        (whole, rf"{_MARK}\1{_MARK}"),
        # English contractions part as in the Penn Treebank: do|n't, we|'ll, can|not, should|n't|'ve.
        (rf"(?i)({_LETTER})(['’](?:s|m|d|re|ve|ll)){_MARK}", parted),
        (rf"(?i)(\p{{L}})(n['’]t){_MARK}", parted),
        (rf"(?i)({_MARK}can)(not){_MARK}", parted),
        (rf"(?i)({_MARK}(?:gon|wan))(na){_MARK}", parted),
        (rf"(?i)({_MARK}got)(ta){_MARK}", parted),
    )


_CODE = _any(
    r"\r?\n",
    r"[\p{L}_]" + _LETTER + "*",
    r"0[xX][0-9a-fA-F_]+|0[oObB][0-7_]+",
    r"[0-9][0-9_]*(?:\.[0-9_]+)?(?:[eE][+-]?[0-9]+)?[jJ]?",
    r"\"\"\"|'''|\.\.\.|\*\*=|//=|>>=|<<=",
    r"\*\*|//|>>|<<|->|:=|[=!<>+*/%&|^@-]=",
    _OTHER,
)
RULES: dict[str, tuple[tuple[str, str], ...]] = {
    "prose": _prose("'’/&-"),  # newspaper corpora leave hyphenated words whole
    "universal": _prose("'’"),  # Universal Dependencies part them
    "code": ((_CODE, rf"{_MARK}\1{_MARK}"),),
}


class Tokens(NamedTuple):
    """Tokens (batch, time), ragged: the strings, and where each starts and ends in the text."""

    tokens: tf.RaggedTensor
    starts: tf.RaggedTensor
    """int32, in code points of the text."""
    ends: tf.RaggedTensor
    """int32, exclusive."""


def style_of(dataset: str) -> Style:
    """Returns the style in which a data set's own tokens were made."""
    if dataset == "python_source":
        return "code"
    treebank = dataset.startswith(("universal_dependencies", "xtreme_pos")) or ".conllu" in dataset
    return "universal" if treebank else "prose"


def tokenize(text: tf.Tensor, style: Style) -> Tokens:
    """Splits raw text into tokens that are exactly what stands in it.

    Offsets count code points. Bytes that are not UTF-8 count as the U+FFFD that replace them, just as in
    Python's `bytes.decode("utf-8", "replace")`. White space, control characters and invisible ones are in no
    token; in code, a line break is a token of its own.

    Args:
        text: strings (batch,).
        style: `"prose"` leaves hyphenated words whole, `"universal"` parts them as Universal Dependencies do,
            `"code"` knows operators and line breaks instead of contractions, addresses and abbreviations.
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    marked = tf.strings.regex_replace(text, _MARK, " ")
    for pattern, replacement in RULES[style]:
        marked = tf.strings.regex_replace(marked, pattern, replacement)
    pieces = tf.strings.split(marked, _MARK)
    lengths = tf.strings.length(pieces.values, unit="UTF8_CHAR")
    # One running sum over the whole batch; what stood before a row is taken off again.
    ends = tf.cumsum(lengths)
    before = tf.gather(tf.concat([[0], ends], axis=0), pieces.row_starts())
    ends -= tf.gather(before, pieces.value_rowids())
    blank = tf.strings.regex_full_match(pieces.values, BLANK)
    if style == "code":
        blank &= ~tf.strings.regex_full_match(pieces.values, r"\r?\n")
    kept = pieces.with_values(~blank)
    return Tokens(*(
        tf.ragged.boolean_mask(pieces.with_values(values), kept)
        for values in (pieces.values, ends - lengths, ends)
    ))  # fmt: skip
