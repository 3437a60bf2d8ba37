"""Column files: one token and its tags on each line, a blank line after each sentence."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from zoo.data.tags import PREFIXED, to_bio
from zoo.data.utf8 import read_text
from zoo.errors import ZooError

SUFFIXES = (".conll", ".conllu", ".bio", ".iob", ".iob2", ".tsv", ".txt")
_TOKEN_HEADINGS = {"token", "tokens", "word", "words", "form"}
_TAG_HEADINGS = {"tag", "tags", "label", "labels", "ner", "pos", "upos", "chunk"}
# Middle and whole, as segmenters write what others call inside and single.
_ONE_SCHEME = {"M-": "I-", "W-": "S-"}
# How else people write B-PER: B_PER, B.PER, b-per; PER-B, PER_B.
_SPELLINGS = (r"(?P<prefix>[BIESLUbieslu])[-_.:/](?P<kind>.+)", r"(?P<kind>.+)[-_.:/](?P<prefix>[BIESLU])")
_UNIVERSAL = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


class Sentence(NamedTuple):
    """Tokens, a tag for each of them, and the raw text where the file holds it."""

    tokens: list[str]
    tags: list[str]
    text: str = ""


class Block(NamedTuple):
    """The lines of one sentence as cells, the number of each line, and the raw text where it is told."""

    numbers: list[int]
    rows: list[list[str]]
    text: str


def read_columns(path: Path, tags: str = "") -> list[Sentence]:
    """Reads a CoNLL-style column file.

    Columns are parted by tabs in lines that hold a tab, by spaces in others. The first column is the token,
    or where it counts the tokens of each sentence from 1 on, the second. Lines that begin with `-DOCSTART-`
    are dropped, and so are comments before a sentence, as `# id = 3`. In a `.conllu` file ranges (`1-2`) and
    empty nodes (`1.1`) are no words, and a comment `# text = ...` is the raw text. Spans come as IOB1, IOB2,
    IOBES, BILOU or BMES, and leave as BIO.

    Args:
        path: a file whose name ends in one of `SUFFIXES`.
        tags: the tags' column: its number from 1, negative from the end, empty for the last; in a `.conllu`
            file its name, empty for `upos`.

    Raises:
        ZooError: the file is missing, empty, uneven or not UTF-8, the column is unknown, or a tag is outside
            the scheme of the others. The message names the line.
    """
    if path.suffix not in SUFFIXES:
        raise ZooError(f"{path}: unknown kind of file; give one that ends in {', '.join(SUFFIXES)}")
    content = read_text(path)
    if not content.strip():
        raise ZooError(f"{path}: the file is empty; it needs a token and its tag on each line")
    universal = path.suffix == ".conllu"
    blocks = list(read_blocks(content, comments=universal))
    if not universal:
        blocks = _without_comments(blocks)
    width = len(_UNIVERSAL) if universal or not blocks else len(blocks[0].rows[0])
    _check_even(path, blocks, width)
    if universal:
        blocks = _words(path, blocks)
    if not blocks:
        raise ZooError(f"{path}: holds no sentence; it needs a token and its tag on each line")
    counted = not universal and width > 2 and _count(blocks)
    token, column = (1, _named(path, tags)) if universal else (int(counted), _numbered(path, tags, width))
    spell = _ONE_SCHEME if _is_bmes({row[column] for _, row in _lines(blocks)}) else {}
    for _, row in _lines(blocks):
        row[column] = spell.get(row[column][:2], row[column][:2]) + row[column][2:]
    spans = _check_tags(path, blocks, token, column)
    return [
        Sentence(
            [row[token] for row in block.rows],
            (to_bio if spans else list)([row[column] for row in block.rows]),
            block.text,
        )
        for block in blocks
    ]


def read_blocks(content: str, comments: bool = False) -> Iterator[Block]:
    """Yields the sentences of a column file's content.

    Args:
        content: the whole file; lines end in a line feed, with or without a carriage return.
        comments: whether a line that begins with `#` is a comment; else its first token is `#`.
    """
    block = Block([], [], "")
    # Only the line feed ends a line, and only tab and space part columns: a token may be any other character.
    for number, line in enumerate(content.split("\n"), 1):
        line = line.rstrip("\r")
        if comments and line.startswith("#"):
            name, _, value = line[1:].partition("=")
            block = block._replace(text=value.strip()) if name.strip() == "text" else block
            continue
        parted = [cell.strip(" ") for cell in line.split("\t" if "\t" in line else " ")]
        cells = parted if "\t" in line else [cell for cell in parted if cell]
        if any(cells) and cells[0] != "-DOCSTART-":
            block.numbers.append(number)
            block.rows.append(cells)
            continue
        if block.rows:
            yield block
        block = Block([], [], "")
    if block.rows:
        yield block


def _without_comments(blocks: list[Block]) -> list[Block]:
    """Leaves out lines before a sentence that begin with `#` and are no token, by their shape."""
    widths = Counter(len(row) for _, row in _lines(blocks) if not row[0].startswith("#"))
    width = widths.most_common(1)[0][0] if widths else 0
    kept = []
    for block in blocks:
        first = 0
        while first < len(block.rows) and width and _is_comment(block.rows[first], width):
            first += 1
        if block.rows[first:]:
            kept.append(Block(block.numbers[first:], block.rows[first:], block.text))
    return kept


def _is_comment(row: list[str], width: int) -> bool:
    """Tells whether a line is `# name = value`, `# some words`, or has another width than those of tokens."""
    told = len(row) != width or "=" in row[1:2] or " " in row[0]
    return row[0].startswith("#") and told


def _count(blocks: list[Block]) -> bool:
    """Tells whether the first column counts the tokens of each sentence, from 1 on or from 0."""
    several = any(len(block.rows) > 1 for block in blocks)
    return several and any(
        all(
            [row[0] for row in block.rows] == [str(first + i) for i in range(len(block.rows))]
            for block in blocks
        )
        for first in (0, 1)
    )


def _is_bmes(tags: set[str]) -> bool:
    return all(re.fullmatch("O|[BMESW]-.+", tag) for tag in tags) and any(tag[:1] in "MW" for tag in tags)


def _lines(blocks: list[Block]) -> Iterator[tuple[int, list[str]]]:
    for block in blocks:
        yield from zip(block.numbers, block.rows, strict=True)


def _check_even(path: Path, blocks: list[Block], width: int) -> None:
    for number, row in _lines(blocks):
        if len(row) != width:
            against = "a .conllu file needs" if path.suffix == ".conllu" else "the first row has"
            raise ZooError(
                f"{path}: line {number} has {len(row)} columns, {against} {width}; "
                "part the columns of every line by single tabs, or by spaces"
            )


def _check_tags(path: Path, blocks: list[Block], token: int, column: int) -> bool:
    """Tells whether the tags mark spans; refuses blank ones, and plain ones among those that do."""
    spans = _mark_spans({row[column] for _, row in _lines(blocks)})
    first = {cell.lower() for cell in blocks[0].rows[0]}
    if first & _TOKEN_HEADINGS and first & _TAG_HEADINGS:
        raise ZooError(f"{path}: line {blocks[0].numbers[0]} looks like headings of columns; remove it")
    _check_spelling(path, blocks, column)
    for number, row in _lines(blocks):
        if not row[token] or not row[column]:
            raise ZooError(f"{path}: line {number} has a blank token or tag; fill it in or remove the line")
        plain = row[column] != "O" and not PREFIXED.match(row[column])
        if spans and plain and path.suffix != ".conllu":  # whose other columns hold anything
            raise ZooError(
                f"{path}: line {number} has the tag {row[column]!r} among B- and I- tags; "
                "write O, or B- or I- and a type"
            )
    return spans


def _check_spelling(path: Path, blocks: list[Block], column: int) -> None:
    """Refuses tags that all mark spans, but in another spelling: they would be taken for plain ones."""
    lines: dict[str, int] = {}
    for number, row in _lines(blocks):
        if row[column] not in ("O", "o", ""):
            lines.setdefault(row[column], number)
    if any(PREFIXED.match(tag) for tag in lines):
        return
    for pattern in _SPELLINGS:
        found = [match for match in (re.fullmatch(pattern, tag) for tag in lines) if match]
        begun = any(match["prefix"] in "Bb" for match in found)
        if begun and len(found) == len(lines):
            tag, number = next(iter(lines.items()))
            mend = f"{found[0]['prefix'].upper()}-{found[0]['kind']}"
            raise ZooError(
                f"{path}: line {number} has the tag {tag!r}; write it {mend}, and outside of spans O"
            )


def _mark_spans(tags: set[str]) -> bool:
    # A lone tag like "S-bar" may be anything; all of them together, or a B- or I-, are a scheme.
    prefixed = {tag for tag in tags if PREFIXED.match(tag)}
    return any(tag[0] in "BI" for tag in prefixed) or (bool(prefixed) and tags <= prefixed | {"O"})


def _numbered(path: Path, tags: str, width: int) -> int:
    if width < 2:
        raise ZooError(f"{path}: has one column only; it needs a token and its tag on each line")
    try:
        column = int(tags or "-1")
    except ValueError:
        column = 0
    column = column - 1 if column > 0 else width + column
    if tags == "0" or not 0 < column < width:
        raise ZooError(
            f"{path}: no column {tags!r} of tags; give a number from 2 to {width}, or -1 for the last one"
        )
    return column


def _named(path: Path, tags: str) -> int:
    if (tags or "upos") not in _UNIVERSAL[2:]:
        raise ZooError(f"{path}: no column {tags!r} of tags; choose {', '.join(_UNIVERSAL[2:])}")
    return _UNIVERSAL.index(tags or "upos")


def _words(path: Path, blocks: list[Block]) -> list[Block]:
    """Leaves out ranges and empty nodes, and sentences of nothing else."""
    for number, row in _lines(blocks):
        if not re.fullmatch(r"[0-9]+([-.][0-9]+)?", row[0]):
            raise ZooError(f"{path}: line {number} begins with {row[0]!r}; number the words of a sentence")
    kept = []
    for block in blocks:
        lines = [(number, row) for number, row in _lines([block]) if row[0].isdigit()]
        if lines:
            kept.append(Block([number for number, _ in lines], [row for _, row in lines], block.text))
    return kept
