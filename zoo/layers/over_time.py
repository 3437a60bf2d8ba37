"""What happens in a clip: frames read one after the other, forwards and backwards."""

import keras

from zoo.errors import ZooError
from zoo.layers.recurrent import Cell, recurrent


def over_time(maps, cell: Cell, units: int):
    """Reads the maps of a clip's frames with a bidirectional layer.

    What happens is told by where things are in one frame and in the next: of each the whole map is read, each
    place of it with weights of its own, since a mean over places would not know where anything is.

    Args:
        maps: (batch, time, rows, columns, channels), symbolic; of known sizes but for the batch.
        cell: of the recurrent layer.
        units: of the result, an even number.

    Returns:
        (batch, time, units).

    Raises:
        ZooError: the units are odd.
    """
    if units % 2:
        raise ZooError(f"units ({units}) are shared by both directions over time; give an even number")
    x = keras.layers.Reshape((maps.shape[1], -1))(maps)
    x = keras.layers.Dense(units, name="frame")(x)
    x = keras.layers.LayerNormalization(name="frame_scale")(x)
    rnn = recurrent(cell, units // 2, return_sequences=True, name="over_time")
    return keras.layers.Bidirectional(rnn, name="both_ways")(x)
