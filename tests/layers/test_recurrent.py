from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import operations

from zoo.errors import ZooError
from zoo.layers import (
    CELLS,
    Cell,
    MinGRUCell,
    MinLSTMCell,
    ParallelRNN,
    PeepholeLSTMCell,
    SimplifiedGRUCell,
    fused,
    recurrent,
    states_of,
)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [("simple_rnn", keras.layers.SimpleRNN), ("lstm", keras.layers.LSTM), ("gru", keras.layers.GRU)],
)
def test_a_name_gives_its_layer(cell, kind):
    layer = recurrent(cell, 3, return_sequences=True, name="memory")
    assert isinstance(layer, kind)
    assert (layer.units, layer.return_sequences, layer.name) == (3, True, "memory")
    assert layer(np.zeros((2, 5, 4), "float32")).shape == (2, 5, 3)


@pytest.mark.parametrize(
    ("cell", "kind"), [("peephole_lstm", PeepholeLSTMCell), ("simplified_gru", SimplifiedGRUCell)]
)
def test_a_name_gives_a_layer_over_a_cell_of_ours(cell, kind):
    layer = recurrent(cell, 3, return_sequences=True, name="memory", recurrent_initializer="zeros")
    assert type(layer) is keras.layers.RNN
    assert type(layer.cell) is kind
    assert (layer.cell.units, layer.return_sequences, layer.name) == (3, True, "memory")
    assert layer(np.zeros((2, 5, 4), "float32")).shape == (2, 5, 3)
    assert not layer.cell.recurrent_kernel.numpy().any()


@pytest.mark.parametrize(("cell", "kind"), [("mingru", MinGRUCell), ("minlstm", MinLSTMCell)])
def test_a_name_gives_a_layer_that_runs_all_steps_at_once(cell, kind):
    layer = recurrent(cell, 3, return_sequences=True, name="memory", recurrent_initializer="zeros")
    assert (type(layer), type(layer.cell)) == (ParallelRNN, kind)
    run = tf.function(layer)
    for time in (1, 5, 4096):
        assert run(np.zeros((2, time, 4), "float32")).shape == (2, time, 3)


def test_these_are_all_cells():
    assert list(CELLS) == [
        "simple_rnn",
        "lstm",
        "gru",
        "peephole_lstm",
        "simplified_gru",
        "mingru",
        "minlstm",
    ]
    assert get_args(Cell) == tuple(CELLS)


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_has_as_many_states_as_it_is_said_to_have(cell):
    layer = recurrent(cell, 3, return_state=True)
    assert len(layer(np.zeros((2, 5, 4), "float32"))) == 1 + states_of(cell)


@pytest.mark.parametrize("cell", CELLS)
def test_with_a_gpu_lstm_and_gru_run_on_the_fused_kernel_and_others_in_a_loop(cell, monkeypatch):
    monkeypatch.setattr(fused, "has_gpu", lambda: True)
    layer = recurrent(cell, 3)
    layer.build((None, None, 4))
    found = set(operations(tf.function(layer).get_concrete_function(tf.TensorSpec((None, None, 4)))))
    kernel = cell in ("lstm", "gru")
    assert ("CudnnRNNV3" in found) == kernel
    assert bool(found & {"While", "StatelessWhile"}) == (not kernel)


def test_the_bias_of_the_forget_gate_starts_at_1_and_all_others_at_0():
    layer = recurrent("lstm", 2)
    layer.build((None, None, 4))
    _, _, bias = layer.get_weights()
    assert bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]  # input, forget, candidate, output


@pytest.mark.parametrize("ask", [lambda: recurrent("ltsm", 3), lambda: states_of("ltsm")])
def test_an_unknown_cell_is_refused_with_the_known_ones(ask):
    with pytest.raises(ZooError, match="unknown cell 'ltsm': choose simple_rnn, lstm, gru, peephole_lstm, "):
        ask()
