"""Recurrent layers by name, so that a recipe's --cell is one word."""

import keras

from zoo.errors import ZooError

CELLS = {
    "simple_rnn": keras.layers.SimpleRNN,
    # Keras starts the forget gate's bias at 1 (unit_forget_bias): a gate that starts half closed would
    # forget half of its memory at each step (Jozefowicz et al. 2015, section 4.1).
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}


def recurrent(cell: str, units: int, **options) -> keras.layers.RNN:
    """Returns a recurrent layer over (batch, time, features).

    With the options left as they are, LSTM and GRU run on the fused cuDNN kernels where there is a GPU.
    Dropout belongs between layers, along depth: `recurrent_dropout`, along time, forbids these kernels and
    disturbs what the state carries (Zaremba et al. 2014).

    Args:
        cell: `"simple_rnn"`, `"lstm"` or `"gru"`.
        units: size of the state.
        **options: passed to the Keras layer: `return_sequences`, `return_state`, `name` ...

    Raises:
        ZooError: there is no such cell.
    """
    if cell not in CELLS:
        raise ZooError(f"unknown cell {cell!r}: choose {', '.join(CELLS)}")
    return CELLS[cell](units, **options)
