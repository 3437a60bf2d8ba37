"""Recurrent layers by name, so that a recipe's --cell is one word."""

from typing import Any, Literal

import keras

from zoo.errors import ZooError
from zoo.layers.cells import PeepholeLSTMCell, SimplifiedGRUCell
from zoo.layers.fused import GRU, LSTM, SimpleRNN
from zoo.layers.parallel import MinGRUCell, MinLSTMCell, ParallelRNN
from zoo.layers.sequence_conv import SequenceConv1D

Cell = Literal["simple_rnn", "lstm", "gru", "peephole_lstm", "simplified_gru", "mingru", "minlstm"]
AnyCell = Literal[Cell, "tdnn"]
"""A cell, or a time-delay network in its place."""

# Layers of Keras, and cells of ours.
CELLS: dict[str, type[Any]] = {
    "simple_rnn": SimpleRNN,
    # Keras starts the forget gate's bias at 1 (unit_forget_bias): a gate that starts half closed would
    # forget half of its memory at each step (Jozefowicz et al. 2015, section 4.1).
    "lstm": LSTM,
    "gru": GRU,
    "peephole_lstm": PeepholeLSTMCell,
    "simplified_gru": SimplifiedGRUCell,
    "mingru": MinGRUCell,
    "minlstm": MinLSTMCell,
}
# Options of a cell, which `keras.layers.RNN` around it does not take.
_OF_CELL = ("kernel_initializer", "recurrent_initializer", "unit_forget_bias", "update_bias")


def recurrent(cell: Cell, units: int, **options) -> keras.layers.RNN:
    """Returns a recurrent layer over (batch, time, features).

    With the options left as they are, LSTM and GRU run on the fused cuDNN kernels where there is a GPU. The
    minimal cells need no loop anywhere. For the others `keras.layers.RNN` loops over time.
    Dropout belongs between layers, along depth: `recurrent_dropout`, along time, forbids these kernels and
    disturbs what the state carries (Zaremba et al. 2014). `weight_dropout`, of the recurrent kernel itself,
    does neither.

    Args:
        cell: one of `CELLS`.
        units: size of the state.
        **options: passed to the Keras layer: `return_sequences`, `return_state`, `name` ...; and to the cell:
            `recurrent_initializer` (which the minimal cells have no use for), `unit_forget_bias` ...

    Raises:
        ZooError: there is no such cell, or it has no `weight_dropout`.
    """
    kind = _find(cell)
    if issubclass(kind, keras.layers.RNN):
        return kind(units, **options)
    if options.pop("weight_dropout", 0):
        raise ZooError(f"--weight-dropout: not with --cell {cell}; choose lstm, gru or simple_rnn")
    own = {name: options.pop(name) for name in _OF_CELL if name in options}
    layer = keras.layers.RNN
    if issubclass(kind, MinGRUCell | MinLSTMCell):
        layer = ParallelRNN
        own.pop("recurrent_initializer", None)
    # A name that does not count up, since weights are known by their paths.
    return layer(kind(units, name=f"{cell}_cell", dtype=options.get("dtype"), **own), **options)


def time_delay(units: int, number: int, return_sequences: bool = True) -> SequenceConv1D:
    """Returns a layer of a time-delay network (Waibel et al. 1989): it remembers nothing, but looks around.

    Args:
        units: features of its output.
        number: of the layer, from 1 on: it looks at three steps, `3 ** (number - 1)` apart, so that each sees
            three times as far as the one below.
        return_sequences: as recurrent layers take it; there is no last state to be returned.

    Returns:
        A layer that takes its `mask` (batch, time) as an argument and gives (batch, time, units).

    Raises:
        ZooError: the last state alone is asked for.
    """
    if not return_sequences:
        raise ZooError("--cell tdnn: has no last state; choose --pooling max or mean")
    apart = 3 ** (number - 1)
    name = f"both_ways_{number}"  # in the place of a layer that is called so
    return SequenceConv1D(units, 3, dilation_rate=apart, activation="relu", name=name)


def states_of(cell: Cell) -> int:
    """Returns how many states a cell hands on: 1, or 2 where a cell state stands beside the output.

    Raises:
        ZooError: there is no such cell.
    """
    return 2 if issubclass(_find(cell), keras.layers.LSTM | PeepholeLSTMCell) else 1


def _find(cell: str) -> type:
    if cell not in CELLS:
        raise ZooError(f"unknown cell {cell!r}: choose {', '.join(CELLS)}")
    return CELLS[cell]
