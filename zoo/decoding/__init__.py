"""Greedy decoding, beam search and sampling: loops in the graph over one step of any model.

The model is a function `step(tokens, state) -> (logits, state)`: from the last token of each row, int32
(rows,), and the state before it come the logits of the next token, (rows, vocabulary), and the next state. A
state is any nest of tensors with the rows in front, whose shapes stay the same from step to step. What never
changes, such as an encoder's outputs, is cheaper outside the state, where nothing reorders it: a beam search
takes it as `memory`, and hands `step` what belongs to the rows that are not done yet.

All three keep to the same rules:

- A text ends with the symbol `end`, which is no part of it but whose probability counts. A text of exactly
  `most` tokens is finished if the end comes next, so the step function is called up to `most + 1` times.
- A logit of minus infinity forbids a token. A text that nothing can follow (all forbidden, or a logit that is
  no number) has the probability 0; where there is no other, the row's answer is an empty text, not finished.
- Of equal candidates the one with the smaller number wins.
- A row's answer depends on that row alone. The loop runs until the last row is done.

Everything is plain TensorFlow and can be part of a SavedModel; call it inside a `tf.function`.
"""

from zoo.decoding import ctc
from zoo.decoding.beam import beam_search
from zoo.decoding.common import Decoded, without
from zoo.decoding.confidence import Confidence
from zoo.decoding.habits import Habits
from zoo.decoding.loops import repeating, without_loops
from zoo.decoding.one_by_one import assert_sampling, assert_temperature, assert_tokens, draw, greedy, sample
from zoo.decoding.writer import Seen, Writer, Written, louder

__all__ = [
    "Confidence",
    "Decoded",
    "Habits",
    "Seen",
    "Writer",
    "Written",
    "assert_sampling",
    "assert_temperature",
    "assert_tokens",
    "beam_search",
    "ctc",
    "draw",
    "greedy",
    "louder",
    "repeating",
    "sample",
    "without",
    "without_loops",
]
