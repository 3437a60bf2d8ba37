"""An open vocabulary for sequence-to-sequence models: frequent words whole, the rest in smaller pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import tensorflow as tf

from zoo.errors import ZooError
from zoo.text.split import MARK, Split, by_blocks, normalise
from zoo.text.vocabulary import PADDING, Lines

_BYTE = 3  # number of the byte 0x00
_PIECE = _BYTE + 256  # number of the first piece
_RESERVED = ("<padding>", "<start>", "<end>", *(f"<0x{byte:02X}>" for byte in range(256)))

_LONGEST = 32  # characters of one piece: scripts that part no words would learn whole sentences
_ROUNDS, _SETTLING = 16, 3  # in which the inventory grows to its size, and then only improves


def with_ends(numbers: tf.RaggedTensor) -> tf.RaggedTensor:
    """Puts the start symbol before and the end symbol behind each row of numbers, ragged (batch, time)."""
    ends = [tf.fill([numbers.nrows(), 1], symbol) for symbol in (Pieces.START, Pieces.END)]
    start, end = map(tf.RaggedTensor.from_tensor, ends)
    return tf.concat([start, numbers, end], axis=1)


class Pieces(Lines):
    """Turns any text into numbers of pieces, and numbers into text.

    0 is padding, 1 the start and 2 the end of a sequence, 3 to 258 are the 256 bytes, then come the pieces:
    frequent words, parts of words, and single characters. A piece begins with a space where one stands
    before it, so joined pieces are natural text. A unit that is no piece is cut from its left into the
    longest pieces that fit, as BERT does (Devlin et al. 2019), and a character that is no piece into its
    bytes in UTF-8: no text is unknown, and `decode(encode(text))` equals `normalise(text)` for every text.

    Args:
        lines: all pieces, reserved ones included, as `learn` returns them.
        lower_case: whether texts are read in lower case.

    Raises:
        ZooError: they are something else, such as the words of a `Vocabulary`.
    """

    START, END = 1, 2

    def __init__(self, lines: Sequence[str], lower_case: bool = False):
        if tuple(lines[:_PIECE]) != _RESERVED:
            raise ZooError(
                "no pieces: they must begin with padding, start, end and the 256 bytes, "
                "as those that Pieces.learn chooses do"
            )
        super().__init__(lines)
        self._longest = max(map(len, self.pieces[_PIECE:]), default=1)
        self._lower_case = lower_case

    @classmethod
    def read(cls, path: str | Path, *more: Any) -> Self:
        """Reads a file that `write` wrote, or the same file inside a SavedModel.

        Raises:
            ZooError: it holds something else.
        """
        try:
            return super().read(path, *more)
        except ZooError as error:
            raise ZooError(f"{path} holds {error}") from None

    @property
    def pieces(self) -> list[str]:
        """The pieces by their number."""
        return list(self._lines)

    def _make_tables(self, path: str | Path | None) -> None:
        self._numbers, self._strings = self._table(path, PADDING), self._table(path, "", to_strings=True)

    def encode(self, text: tf.Tensor | Split) -> tf.RaggedTensor:
        """Normalises strings (batch,), or takes them split, and returns numbers, ragged int32 (batch, time).

        Start and end are not added; an empty text has no numbers.
        """
        whole = isinstance(text, Split)
        units, texts = text if whole else Split.of(text, self._lower_case)
        numbers = by_blocks(self._cut, units) if whole else self._cut(units)
        return texts.with_values(tf.gather(numbers, texts.values)).merge_dims(1, 2)

    def closed(self, text: tf.Tensor | Split, most: int) -> tuple[tf.RaggedTensor, tf.Tensor]:
        """Encodes texts (batch,), cuts them after `most` numbers, and puts the end symbol behind them.

        So even an empty text has one step, as fused kernels and attention need.

        Returns:
            The numbers, ragged int32 (batch, time), and how many each text had before, int64 (batch,).
        """
        numbers = self.encode(text)
        return with_ends(numbers[:, :most])[:, 1:], numbers.row_lengths()

    def decode(self, numbers: tf.Tensor | tf.RaggedTensor) -> tf.Tensor:
        """Returns the texts that numbers stand for, normalised.

        Padding, start, end, and numbers that are out of range stand for nothing. Bytes that make no
        character, which a model may well write, become U+FFFD.

        Args:
            numbers: integers (batch, time), ragged or padded; a padded tensor may have more axes before time.

        Returns:
            Strings (batch,), or of all axes but time.
        """
        if isinstance(numbers, tf.RaggedTensor):
            numbers = numbers.to_tensor(PADDING)
        reserved = tf.constant([b""] * _BYTE + [bytes([byte]) for byte in range(256)])
        strings = tf.where(
            numbers < _PIECE,
            tf.gather(reserved, tf.clip_by_value(numbers, PADDING, _PIECE - 1)),
            self._strings.lookup(tf.cast(numbers, tf.int64)),
        )
        text = tf.strings.reduce_join(strings, axis=-1)
        return tf.reshape(normalise(tf.reshape(text, [-1])), tf.shape(text))

    def strings(self, numbers: tf.Tensor) -> tf.Tensor:
        """Returns the piece that each number stands for, as the file spells it; of padding, nothing."""
        strings = self._strings.lookup(tf.cast(numbers, tf.int64))
        return tf.where(numbers == PADDING, "", strings)

    def _cut(self, units: tf.Tensor) -> tf.RaggedTensor:
        """Returns the numbers of the pieces of each unit, ragged int32 (units, pieces)."""
        whole = self._number(units)
        known = whole >= _PIECE
        # Most units are pieces and done. A mark after each of the others keeps every piece within its unit.
        rest = tf.strings.unicode_split(tf.strings.join([tf.where(known, "", units), MARK]), "UTF-8")
        numbers, lengths = self._longest_pieces(rest.values)
        taken = _follow(rest, lengths)
        numbers, rows = tf.boolean_mask(numbers, taken), tf.boolean_mask(rest.value_rowids(), taken)
        # A piece stays one number, a character that is no piece becomes its bytes.
        spelled = tf.strings.bytes_split(
            tf.where(numbers >= _PIECE, "-", tf.boolean_mask(rest.values, taken))
        )
        numbers, rows = (tf.gather(values, spelled.value_rowids()) for values in (numbers, rows))
        codes = tf.reshape(tf.io.decode_raw(spelled.values, tf.uint8), [-1])
        numbers = tf.where(numbers >= _PIECE, numbers, tf.cast(codes, tf.int32) + _BYTE)
        cut = tf.RaggedTensor.from_value_rowids(numbers, rows, nrows=tf.size(units, tf.int64))
        uncut = tf.RaggedTensor.from_row_lengths(tf.boolean_mask(whole, known), tf.cast(known, tf.int64))
        return tf.concat([uncut, cut], axis=1)

    def _longest_pieces(self, characters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns number and length of the longest piece that starts at each of the characters (n,)."""

        def step(length, spans, numbers, lengths):
            matches = self._number(spans)
            matches = tf.pad(matches, [[0, tf.size(characters) - tf.size(matches)]])
            numbers = tf.where(matches >= _PIECE, matches, numbers)
            lengths = tf.where(matches >= _PIECE, length, lengths)
            return length + 1, tf.strings.join([spans[:-1], characters[length:]]), numbers, lengths

        loop = tf.while_loop(
            lambda length, spans, *_: (length <= self._longest) & (tf.size(spans) > 0),
            step,
            (1, characters, tf.zeros_like(characters, tf.int32), tf.ones_like(characters, tf.int32)),
            shape_invariants=(tf.TensorShape([]), *[tf.TensorShape([None])] * 3),
        )
        return loop[2:]

    def _number(self, strings: tf.Tensor) -> tf.Tensor:
        return tf.cast(self._numbers.lookup(strings), tf.int32)

    @staticmethod
    def learn(counts: Counter[bytes], size: int, min_count: int, known: Sequence[str] = ()) -> list[str]:
        """Chooses pieces: the `known` ones first, then new ones, the most used first.

        Starts from single characters. In each of a few rounds all units are cut as `encode` cuts them, and
        the inventory becomes the most frequent among the pieces in use, two neighbouring pieces joined, and
        whole units. So it grows as by byte pair encoding (Sennrich et al. 2016), many joints at a time, but
        frequent words enter without their parts, and parts that longer pieces made useless leave.

        Args:
            counts: how often each unit stands in the training part: `Split.counts`.
            size: most pieces, reserved numbers included, or most new ones beside those `known`; 0: single
                characters alone, all that are frequent enough.
            min_count: what is rarer becomes no piece; characters that are rarer are spelled in bytes, so
                that training meets bytes.
            known: pieces of a trained inventory, reserved ones included, whose numbers must not change.
        """
        start = list(known) or list(_RESERVED)
        have = set(start)
        room = size if known else max(0, size - len(start))
        units = [(unit.decode("utf-8"), count) for unit, count in counts.items()]
        letters: Counter[str] = Counter()
        for unit, count in units:
            for letter in unit:
                letters[letter] += count
        alphabet = [letter for letter in _frequent(letters, min_count) if letter not in have]
        room = room if size else len(alphabet)
        alphabet = alphabet[:room]
        fixed = {*have, *alphabet}
        chosen: list[str] = []
        for step in range(1, _ROUNDS + _SETTLING + 1):
            used, joined = _count(units, {*fixed, *chosen})
            most = (room - len(alphabet)) * min(step, _ROUNDS) // _ROUNDS
            chosen = [piece for piece in _frequent(used + joined, min_count) if piece not in fixed][:most]
        used, _ = _count(units, {*fixed, *chosen})
        kept = alphabet + [piece for piece in chosen if used[piece] >= min_count]
        return start + _frequent(Counter({piece: used[piece] for piece in kept}), 0)


def _frequent(counts: Counter[str], min_count: int) -> list[str]:
    """Sorts what has at least `min_count`: most frequent first, of equals the longer, then by spelling."""
    kept = (item for item in counts if counts[item] >= min_count)
    return sorted(kept, key=lambda item: (-counts[item], -len(item), item))


def _count(units: list[tuple[str, int]], pieces: set[str]) -> tuple[Counter[str], Counter[str]]:
    """Cuts units as the graph does; counts pieces in use, and what joins two neighbours or a whole unit."""
    longest: dict[str, int] = {}
    for piece in pieces:
        longest[piece[:2]] = max(len(piece), longest.get(piece[:2], 1))
    used: Counter[Any] = Counter()
    joined: Counter[Any] = Counter()
    for unit, count in units:
        before, start = "", 0
        while start < len(unit):
            end = min(len(unit), start + longest.get(unit[start : start + 2], 1))
            while end > start + 1 and unit[start:end] not in pieces:
                end -= 1
            piece = unit[start:end]
            used[piece] += count
            if before and len(before + piece) <= _LONGEST:
                joined[before + piece] += count
            before, start = piece, end
        if len(before) < len(unit) <= _LONGEST:
            joined[unit] = max(joined[unit], count)
    return used, joined


def _follow(units: tf.RaggedTensor, lengths: tf.Tensor) -> tf.Tensor:
    """Goes through all units at once, from piece to piece; returns which characters start one, bool (n,)."""
    inside = units.values != MARK
    places = tf.range(tf.size(lengths))
    after = tf.where(inside, places + lengths, places)
    starts = tf.cast(units.row_starts(), tf.int32)

    def step(taken, after):
        # What one jump reaches is taken, and then jumps double: a unit of n pieces takes log2(n) steps.
        reached = tf.boolean_mask(after, taken)[:, None]
        taken = tf.tensor_scatter_nd_update(taken, reached, tf.ones_like(reached[:, 0], tf.bool))
        return taken, tf.gather(after, after)

    taken = tf.tensor_scatter_nd_update(tf.zeros_like(inside), starts[:, None], tf.ones_like(starts, tf.bool))
    taken, _ = tf.while_loop(
        lambda taken, after: tf.reduce_any(tf.gather(inside, after)),
        step,
        (taken, after),
        shape_invariants=(tf.TensorShape([None]), tf.TensorShape([None])),
    )
    return taken & inside
