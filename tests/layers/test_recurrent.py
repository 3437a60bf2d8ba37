import keras
import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.layers import CELLS, recurrent


@pytest.mark.parametrize(
    ("cell", "kind"),
    [("simple_rnn", keras.layers.SimpleRNN), ("lstm", keras.layers.LSTM), ("gru", keras.layers.GRU)],
)
def test_a_name_gives_its_layer(cell, kind):
    layer = recurrent(cell, 3, return_sequences=True, name="memory")
    assert type(layer) is kind
    assert (layer.units, layer.return_sequences, layer.name) == (3, True, "memory")
    assert layer(np.zeros((2, 5, 4), "float32")).shape == (2, 5, 3)


def test_these_are_all_cells():
    assert list(CELLS) == ["simple_rnn", "lstm", "gru"]


def test_the_bias_of_the_forget_gate_starts_at_1_and_all_others_at_0():
    layer = recurrent("lstm", 2)
    layer.build((None, None, 4))
    _, _, bias = layer.get_weights()
    assert bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]  # input, forget, candidate, output


def test_an_unknown_cell_is_refused_with_the_known_ones():
    with pytest.raises(ZooError, match="unknown cell 'ltsm': choose simple_rnn, lstm, gru"):
        recurrent("ltsm", 3)
