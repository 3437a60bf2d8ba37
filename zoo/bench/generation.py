"""Training and writing speed of the generation recipe beside plain Keras and, if installed, PyTorch."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from zoo import export, training
from zoo.bench.saved import first_of
from zoo.bench.timing import in_turn, median_seconds, print_table
from zoo.data import Streams
from zoo.recipes import generation
from zoo.text import PADDING, Vocabulary
from zoo.training import Carried, WindowCrossentropy

_MODELS = ("generation_python", "generation_shakespeare")
_SIZE, _UNITS, _LAYERS, _WIDTH, _WINDOW, _ROWS = 100, 192, 2, 64, 64, 64
_STEPS, _PASSES = 12, 5
# keras.io/examples/generative/lstm_character_level_text_generation: 40 characters, one-hot, tell the next.
_EXAMPLE_WINDOW, _EXAMPLE_UNITS, _EXAMPLE_ROWS = 40, 128, 128
_WRITTEN = 300


def main(full: bool = False, model: str = "") -> None:
    """Prints characters per second, learned from and written.

    Args:
        full: more passes.
        model: name or path of another saved model of the recipe.
    """
    print(f"{export.hardware()}, TensorFlow {tf.__version__}, Keras {keras.__version__}")
    _show_training(_PASSES * (1 + 2 * full))
    _show_writing(model)


def _show_training(passes: int) -> None:
    numbers = np.random.default_rng(1).integers(Vocabulary.START + 1, _SIZE, _ROWS * _WINDOW * (_STEPS + 2))
    contestants = {"keras.io example, one guess in 40": (_example(), _STEPS * _EXAMPLE_ROWS)}
    learned = _STEPS * _ROWS * _WINDOW
    contestants["zoo"] = (_zoo(numbers), learned)
    try:
        contestants["PyTorch, the same model"] = (_torch(numbers), learned)
    except ImportError:
        print("PyTorch is not installed: left out (pip install torch)")
    seconds = in_turn({name: run for name, (run, _) in contestants.items()}, passes)
    rows = [
        (name, f"{contestants[name][1] / statistics.median(durations):,.0f}")
        for name, durations in seconds.items()
    ]
    title = f"Training, {_LAYERS} x LSTM({_UNITS}), {_ROWS} windows of {_WINDOW}; median of {passes} passes"
    print_table(title, ("", "characters guessed a second"), rows)


def _zoo(numbers: np.ndarray) -> Callable[[], object]:
    config = generation.Config(units=_UNITS, layers=_LAYERS, width=_WIDTH, window=_WINDOW, batch_size=_ROWS)
    model = Carried(generation.build_model(config, _SIZE), _ROWS)
    model.compile(training.make_optimizer(config, _STEPS), WindowCrossentropy(PADDING), jit_compile=False)
    data = Streams([numbers], Vocabulary.START, PADDING, _ROWS, _WINDOW).shuffled(seed=1)
    return lambda: model.fit(data, steps_per_epoch=_STEPS, shuffle=False, verbose=0)


def _example() -> Callable[[], object]:
    """The Keras example, layer for layer: each window of 40 characters guesses the one behind it."""
    layers = [keras.Input((_EXAMPLE_WINDOW, _SIZE)), keras.layers.LSTM(_EXAMPLE_UNITS)]
    model = keras.Sequential([*layers, keras.layers.Dense(_SIZE, activation="softmax")])
    model.compile(keras.optimizers.RMSprop(0.01), "categorical_crossentropy")
    random, rows = np.random.default_rng(1), _STEPS * _EXAMPLE_ROWS
    one_hot = np.eye(_SIZE, dtype=np.float32)
    windows = one_hot[random.integers(0, _SIZE, (rows, _EXAMPLE_WINDOW))]
    after = one_hot[random.integers(0, _SIZE, rows)]
    return lambda: model.fit(windows, after, batch_size=_EXAMPLE_ROWS, verbose=0)


def _torch(numbers: np.ndarray) -> Callable[[], object]:
    import torch
    from torch import nn

    embedding, lstm = nn.Embedding(_SIZE, _WIDTH), nn.LSTM(_WIDTH, _UNITS, _LAYERS, batch_first=True)
    head = nn.Sequential(nn.Linear(_UNITS, _WIDTH), nn.Linear(_WIDTH, _SIZE, bias=False))
    parts = nn.ModuleList([embedding, lstm, head])
    optimizer = torch.optim.Adam(parts.parameters())
    rows = torch.from_numpy(numbers[: _ROWS * (len(numbers) // _ROWS)].reshape(_ROWS, -1))

    def one_pass():
        state = None
        for step in range(_STEPS):
            window = rows[:, step * _WINDOW : (step + 1) * _WINDOW + 1]
            outputs, state = lstm(embedding(window[:, :-1]), state)
            state = tuple(part.detach() for part in state)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(head(outputs).flatten(0, 1), window[:, 1:].flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(parts.parameters(), 5.0 / _WINDOW)
            optimizer.step()

    return one_pass


def _show_writing(chosen: str) -> None:
    model = first_of(_MODELS, "generation", chosen)
    function = model.signatures["serving_default"]
    settings = {name: value for name, value in model.manifest.defaults.items() if name != "seed"}
    settings["length"] = _WRITTEN

    def write(rows: int):
        columns = {name: tf.constant([value] * rows) for name, value in settings.items()}
        seeds = tf.range(rows, dtype=tf.int64)
        return function(prompt=tf.constant(["The "] * rows), seed=seeds, **columns)["text"].numpy()

    config = model.manifest.config
    layers = [keras.Input((_EXAMPLE_WINDOW,)), keras.layers.Embedding(_SIZE, config["width"])]
    for number in range(config["layers"]):
        more = number + 1 < config["layers"]
        layers.append(keras.layers.LSTM(config["units"], return_sequences=more))
    plain = keras.Sequential([*layers, keras.layers.Dense(_SIZE)])
    window = np.ones((1, _EXAMPLE_WINDOW))
    one_guess = median_seconds(lambda: plain.predict(window, verbose=0), 20)
    rows = [
        ("a loop of Keras's predict over the last 40 characters", f"{1 / one_guess:,.0f}"),
        ("SavedModel, one text", f"{_WRITTEN / median_seconds(lambda: write(1), 7):,.0f}"),
        ("SavedModel, 64 texts", f"{64 * _WRITTEN / median_seconds(lambda: write(64), 5):,.0f}"),
    ]
    title = f"Writing, {config['layers']} x {config['cell']}({config['units']}) of {model.name}"
    print_table(title, ("", "characters a second"), rows)
