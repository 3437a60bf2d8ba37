"""What a `zoo.layers.Decoder` and the embedding of its pieces write, and what they look at meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo.decoding.beam import beam_search
from zoo.decoding.common import Decoded, Step, longest, without_endless
from zoo.decoding.confidence import Confidence
from zoo.decoding.habits import Habits
from zoo.decoding.loops import without_loops
from zoo.decoding.one_by_one import sample
from zoo.text.case import upper
from zoo.text.pieces import PADDING, Pieces


class Seen(NamedTuple):
    """What a decoder starts from and looks at.

    Attributes:
        states: before the first piece, each (batch, units).
        values: what it attends to, (batch, source, features).
        mask: bool (batch, source), which of these are there; None: all.
        repeats: bool (batch,), rows that say a thing three times in a row; None: none does.
    """

    states: Any
    values: tf.Tensor
    mask: tf.Tensor | None = None
    repeats: tf.Tensor | None = None


class Written(NamedTuple):
    """Texts that were written, the best first, each (batch, beam).

    Attributes:
        texts: strings.
        scores: what they are sorted by.
        finished: whether they came to their end; None: it is not said.
        told: what else is said of each text, by name, each (batch, beam).
        notes: what else is said of the rows, by name, each (batch, ...).
    """

    texts: tf.Tensor
    scores: tf.Tensor
    finished: tf.Tensor | None
    told: Mapping[str, tf.Tensor] = {}
    notes: Mapping[str, tf.Tensor] = {}

    def noting(self, **notes: tf.Tensor) -> Written:
        """Returns the same, of which something else is said."""
        return self._replace(notes={**self.notes, **notes})

    def sure(self, confidence: Confidence, about: tf.Tensor) -> Written:
        """Returns the same, with the `confidence` of each text; `about`: characters of what went in."""
        about = tf.broadcast_to(about[:, None], tf.shape(self.scores))
        sure = confidence(self.texts, self.scores, about)
        return self._replace(told={**self.told, "confidence": sure})

    def louder(self, loud: tf.Tensor) -> Written:
        """Returns the same, but in capitals where that is so, bool (batch,)."""
        return self._replace(texts=louder(self.texts, loud))

    def best(self, name: str) -> dict[str, tf.Tensor]:
        """Returns each row's first text under a name, its `score` and perhaps more, and the notes."""
        finished = {} if self.finished is None else {"finished": self.finished[:, 0]}
        told = {part: values[:, 0] for part, values in self.told.items()}
        return {name: self.texts[:, 0], "score": self.scores[:, 0], **told, **finished, **self.notes}

    def all(self, name: str) -> dict[str, tf.Tensor]:
        """Returns all texts under a name, their `scores` and perhaps more, and the notes."""
        finished = {} if self.finished is None else {"finished": self.finished}
        told = {f"{part}s": values for part, values in self.told.items()}
        return {name: self.texts, "scores": self.scores, **told, **finished, **self.notes}

    def where(self, real: tf.Tensor) -> Written:
        """Returns empty texts, with the score 0, for the rows (batch,) that are not real; notes `valid`."""
        texts, scores = tf.where(real[:, None], self.texts, ""), tf.where(real[:, None], self.scores, 0.0)
        told = {name: tf.where(real[:, None], values, 0.0) for name, values in self.told.items()}
        return Written(texts, scores, None, told, {**self.notes, "valid": real})


class Writer(tf.Module):
    """Writes texts by beam search.

    Args:
        decoder: a `zoo.layers.Decoder`.
        embedding: Keras's `ReversibleEmbedding`, whose matrix reads pieces and scores them.
        pieces: the inventory that numbers them.
        habits: what texts of training do, and others never; None: anything may be written.
    """

    def __init__(
        self,
        decoder: Any,
        embedding: keras.layers.Layer,
        pieces: Pieces,
        habits: Habits | None = None,
    ):
        super().__init__()
        self.pieces = pieces
        object.__setattr__(self, "habits", habits)
        object.__setattr__(self, "_digits", digits_of(pieces))
        # Untracked: a module that is exported holds the layers' variables itself.
        object.__setattr__(self, "decoder", decoder)
        object.__setattr__(self, "embedding", embedding)
        # A function of its own stands once in a SavedModel, however many signatures write.
        self._texts = tf.function(
            pieces.decode, input_signature=[tf.TensorSpec([None, None, None], tf.int32)], autograph=False
        )

    decoder: Any
    embedding: Any
    habits: Habits | None
    _digits: Any

    @classmethod
    def of(
        cls,
        model: keras.Model,
        pieces: Pieces,
        embedding: str = "embedding",
        habits: Habits | None = None,
    ) -> Writer:
        """Returns what writes by a model's layers `decoder` and, by the name that is given, `embedding`."""
        return cls(model.get_layer("decoder"), model.get_layer(embedding), pieces, habits)

    def search(self, seen: Seen, most: Any, beam_size: int, length_penalty: float) -> Decoded:
        """Finds the best texts. They say nothing three times in a row, unless what is seen does.

        Args:
            seen: what is written about.
            most: pieces that a text may have, int32 () or (batch,). Where it is 0 there is nothing to write:
                the text is empty and finished, and its score is 0.
            beam_size: texts followed at a time, and found.
            length_penalty: as `beam_search` takes it.

        Returns:
            The texts of each row, the best first, each part (batch, beam, ...); what those that never ended
            repeat stands there once.
        """
        memory, step = self.decoder.prepare(seen.values, seen.mask), self._step()
        start = self.decoder.start(seen.states)
        repeats = seen.repeats
        if repeats is None:
            repeats = tf.zeros_like(tf.nest.flatten(start)[0][:, 0], tf.bool)
        careful, start = without_loops(step, start, repeats, self.habits, self._digits)
        decoded = beam_search(
            careful,
            start,
            self.pieces.START,
            self.pieces.END,
            most,
            beam_size,
            length_penalty,
            memory=(memory,) if memory else (),
            normalised=True,
        )
        nothing = tf.broadcast_to(most == 0, tf.shape(decoded.scores)[:1])[:, None]
        scores = tf.where(nothing, 0.0, decoded.scores)
        return without_endless(decoded._replace(scores=scores, finished=decoded.finished | nothing))

    def sample(self, seen: Seen, most: int, seeds: tf.Tensor) -> tuple[Decoded, tf.Tensor]:
        """Draws texts, by their probability alone.

        Args:
            seen: what is written about.
            most: pieces that a text may have.
            seeds: int64 (batch * samples,), of several texts about each row.

        Returns:
            The texts, those about one row next to each other, (batch * samples, ...), and their strings.
        """
        memory, step = self.decoder.prepare(seen.values, seen.mask), self._step()
        samples = tf.size(seeds) // tf.shape(seen.values)[0]
        start = tf.nest.map_structure(
            lambda part: tf.repeat(part, samples, axis=0), self.decoder.start(seen.states)
        )
        drawn = sample(
            lambda tokens, state: step(tokens, state, memory),
            start,
            self.pieces.START,
            self.pieces.END,
            most,
            seeds=seeds,
        )
        return drawn, self._texts(drawn.tokens[:, None])[:, 0]

    def _step(self) -> Step:
        """Returns a step of decoding, whose rows may be several for each of what its memory holds."""
        matrix = ops.transpose(self.embedding.embeddings)  # once, not at every step

        def step(tokens: tf.Tensor, state: Any, memory: Any = None) -> tuple[tf.Tensor, Any]:
            x, state, _ = self.decoder.step(self.embedding(tokens), state, memory)
            return tf.cast(x, tf.float32) @ matrix, state

        return step

    def written(self, decoded: Decoded) -> Written:
        """Returns what was found, as text."""
        return Written(self._texts(decoded.tokens), decoded.scores, decoded.finished)

    @staticmethod
    def specs(beam_size: int) -> Written:
        """Returns shapes and types of what is written."""
        shape = [None, beam_size]
        return Written(*(tf.TensorSpec(shape, kind) for kind in (tf.string, tf.float32, tf.bool)))

    def best_tokens(self, decoded: Decoded) -> tf.Tensor:
        """Returns the pieces of each row's best text, int32 (batch, time), one step long at least."""
        time = tf.maximum(1, longest(decoded.lengths[:, 0]))
        tokens = decoded.tokens[:, 0, :time]
        missing = time - tf.shape(tokens)[1]
        return tf.pad(tokens, [[0, 0], [0, missing]])

    def shown(
        self, seen: Seen, decoded: Decoded, real: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the pieces of each row's best text, strings (batch, time), and what they look at.

        Args:
            seen: what is written about.
            decoded: what was found.
            real: rows, bool (batch,), of which anything is shown; None: all.
        """
        tokens = self.best_tokens(decoded)
        if real is None:
            return self.pieces.strings(tokens), self.attention(seen, tokens)
        tokens = tf.where(real[:, None], tokens, PADDING)
        weights = tf.where(real[:, None, None], self.attention(seen, tokens), 0.0)
        return self.pieces.strings(tokens), weights

    def attention(self, seen: Seen, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the weights under which pieces (batch, time) are written, (batch, time, source).

        Without attention, and where there is no piece, all weights are 0.
        """
        so_far = tf.pad(tokens[:, :-1], [[0, 0], [1, 0]], constant_values=self.pieces.START)
        inputs = self.embedding(so_far)
        _, weights = self.decoder(inputs, seen.states, seen.values, seen.mask, return_attention=True)
        if weights is None:  # of no use, but TensorFlow traces what is no signature as well
            weights = tf.zeros(tf.concat([tf.shape(tokens), tf.shape(seen.values)[1:2]], axis=0))
        return tf.where((tokens != PADDING)[..., None], weights, 0.0)


def louder(strings: tf.Tensor, loud: tf.Tensor) -> tf.Tensor:
    """Returns texts or pieces (batch, n) in capitals where that is so, bool (batch,); bytes stay as named."""
    change = loud[:, None] & ~tf.strings.regex_full_match(strings, "<0x[0-9A-F]{2}>")
    return tf.where(change, upper(strings), strings)


def digits_of(pieces: Pieces) -> np.ndarray:
    """Returns which pieces are digits, bool (pieces,): 5,000 is no circle, whatever its source looks like."""
    bytes_ = {f"<0x{ord(digit):02X}>" for digit in "0123456789"}
    return np.array([piece.strip().isdecimal() or piece in bytes_ for piece in pieces.pieces])
