"""How far back through time gradients reach: vanishing, exploding and clipped gradients, measured.

The task is to recall a symbol that was shown N steps ago, through symbols that mean nothing:

    shown   noise  noise  ...  noise      N = steps of noise
      |       |      |           |
     RNN --> RNN -> RNN -> .. > RNN ----> which symbol was it?
      h_0     h_1    h_2         h_N

What the loss says of h_t comes through N - t steps, each of which multiplies it by the cell's Jacobian.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

import keras
import numpy as np
import tensorflow as tf

from zoo.layers import Cell, recurrent

SHOWN, NOISE = 4, 4  # symbols to be recalled, and those that mean nothing
CLIP = 5.0
_BATCH = 64
_LEARNED = 0.95  # of the answers are right
_CLIPPING_UPDATES = 400  # enough to see
_OVER = 20  # batches that this is counted over; no row is ever seen twice, so that they are a test


@dataclass(frozen=True)
class Settings:
    """How much is measured.

    Attributes:
        units: size of the states.
        seeds: how many networks of each kind.
        back: steps that gradients are followed back through networks as they start.
        distance: noise steps of the task that networks are trained on before they are measured again.
        updates: most updates of a training.
        distances: noise steps that each kind of network tries to learn, in turn.
    """

    units: int = 32
    seeds: int = 3
    back: int = 100
    distance: int = 20
    updates: int = 1500
    distances: tuple[int, ...] = (10, 20, 40, 80, 160, 320)


@dataclass(frozen=True)
class Kind:
    """A kind of network.

    Attributes:
        cell: one of `zoo.layers.CELLS`.
        spread: if not 0, the recurrent matrix is random instead of orthogonal: normal with the standard
            deviation spread / sqrt(units), whose largest eigenvalue is about as large as spread.
        forget_bias: of an LSTM, instead of 1, if given.
    """

    cell: Cell
    spread: float = 0.0
    forget_bias: float | None = None


# Name -> kind, as tables and pictures call it.
KINDS = {
    **{name: Kind(name) for name in get_args(Cell)},
    "simple_rnn, random": Kind("simple_rnn", spread=1.0),
    "lstm, forget bias 0": Kind("lstm", forget_bias=0.0),
    # About ln(distance): gates that forget one part in so many (Tallec and Ollivier 2018).
    "lstm, forget bias 5": Kind("lstm", forget_bias=5.0),
}
MATRICES = {
    "orthogonal": Kind("simple_rnn"),
    "random, 0.5": Kind("simple_rnn", spread=0.5),
    "random, 1": Kind("simple_rnn", spread=1.0),
    "random, 2": Kind("simple_rnn", spread=2.0),
}
CLIPPING = {"no clipping": 0.0, f"clipped at {CLIP:g}": CLIP}


class Curves(NamedTuple):
    """What a training went through, update by update.

    Attributes:
        losses: before each update.
        norms: of the whole gradient, before it was clipped.
        right: share of right answers in the last batches.
    """

    losses: list[float]
    norms: list[float]
    right: float


@dataclass
class Network:
    """A recurrent layer that reads symbols, and a readout of its last state.

    Attributes:
        kind: of the recurrent layer.
        units: size of the state.
        seed: of the weights and of the data.
    """

    kind: Kind
    units: int
    seed: int
    layer: keras.layers.RNN = field(init=False)
    readout: keras.layers.Dense = field(init=False)

    def __post_init__(self):
        initializers = keras.initializers
        options: dict[str, Any] = {"kernel_initializer": initializers.GlorotUniform(self.seed)}
        matrix = initializers.Orthogonal(seed=self.seed)
        if self.kind.spread:
            matrix = initializers.RandomNormal(stddev=self.kind.spread / self.units**0.5, seed=self.seed)
        self.layer = recurrent(self.kind.cell, self.units, recurrent_initializer=matrix, **options)
        self.layer.build((None, None, SHOWN + NOISE))
        self.readout = keras.layers.Dense(SHOWN, **options)
        self.readout.build((None, self.units))
        if self.kind.forget_bias is not None:
            bias = self.layer.cell.bias.numpy()
            bias[self.units : 2 * self.units] = self.kind.forget_bias  # after the input gate's
            self.layer.cell.bias.assign(bias)

    @property
    def weights(self) -> list[keras.Variable]:
        """All trained weights."""
        return self.layer.trainable_weights + self.readout.trainable_weights

    def losses(self, state: tf.Tensor, answers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns cross-entropies (batch,) of answers read from a state (batch, units), and the logits."""
        logits = self.readout(state)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(answers, logits), logits


def recall(rows: int, distance: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws rows of the task.

    Args:
        rows: how many.
        distance: steps of noise after the symbol.
        draw: where chance comes from.

    Returns:
        One-hot symbols float32 (rows, distance + 1, 8), and the answers int32 (rows,).
    """
    answers = draw.integers(0, SHOWN, rows, dtype=np.int32)
    noise = draw.integers(SHOWN, SHOWN + NOISE, (rows, distance))
    symbols = np.concatenate([answers[:, None], noise], axis=1)
    return np.eye(SHOWN + NOISE, dtype=np.float32)[symbols], answers


def gradient_norms(network: Network, inputs: np.ndarray, answers: np.ndarray) -> dict[str, np.ndarray]:
    """Measures || d loss / d state_t ||, the loss being that of the answer after the last step.

    The layer is run step by step, and each state is one that the gradient is asked for: nothing is
    approximated. With respect to h_t the cell state c_t of an LSTM is held fast, and what flows back through
    c is not counted; c_t counts both, since h_t is made of it.

    Args:
        network: the network.
        inputs: (rows, time, symbols).
        answers: (rows,).

    Returns:
        `h`, and of cells with a cell state `c`: mean over rows of the norms (time,), the earliest first.
    """
    steps, states = [], first_states(network, len(inputs))
    with tf.GradientTape() as tape:
        tape.watch(states)  # so that even steps without weights in reach are on the tape
        for step in tf.unstack(tf.constant(inputs), axis=1):
            _, states = network.layer.cell(step, states)
            steps.append(tuple(states))
        # A sum, so that rows, which know nothing of each other, have each the gradient of its own loss.
        loss = tf.reduce_sum(network.losses(states[0], tf.constant(answers))[0])
    slopes = tape.gradient(loss, steps, unconnected_gradients="zero")
    names = ("h", "c")[: len(steps[0])]
    return {
        name: np.array([tf.reduce_mean(tf.norm(slope[part], axis=1)).numpy() for slope in slopes])
        for part, name in enumerate(names)
    }


def first_states(network: Network, rows: int) -> list[tf.Tensor]:
    """Returns the states (rows, units) that a network starts with, h first."""
    states = network.layer.get_initial_state(rows)
    return list(states) if isinstance(states, list | tuple) else [states]


def trainer(network: Network, optimizer: keras.optimizers.Optimizer, clip: float):
    """Returns a function that makes one update: inputs, answers -> loss, gradient norm, share of right ones.

    Args:
        network: the network.
        optimizer: how.
        clip: largest norm of the whole gradient (Pascanu et al. 2013); 0: as it comes.
    """
    optimizer.build(network.weights)
    values = [weight.value for weight in network.weights]
    shapes = [tf.TensorSpec([None, None, SHOWN + NOISE]), tf.TensorSpec([None], tf.int32)]

    @tf.function(input_signature=shapes)
    def update(inputs, answers):
        with tf.GradientTape() as tape:
            losses, logits = network.losses(network.layer(inputs, training=True), answers)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, values)
        norm = tf.linalg.global_norm(gradients)
        if clip:
            gradients, _ = tf.clip_by_global_norm(gradients, clip, use_norm=norm)
        optimizer.apply(gradients, network.weights)
        right = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), answers)
        return loss, norm, tf.reduce_mean(tf.cast(right, tf.float32))

    return update


def train(network: Network, update, distance: int, updates: int, whole: bool = False) -> Curves:
    """Trains on the task until it is learned.

    Args:
        network: whose seed the data is drawn with.
        update: what `trainer` returned.
        distance: steps of noise.
        updates: most updates.
        whole: go on to the last update, learned or not.
    """
    draw = np.random.default_rng([network.seed, distance])
    losses: list[float] = []
    norms: list[float] = []
    right: list[float] = []
    for _ in range(updates):
        outcome = update(*map(tf.constant, recall(_BATCH, distance, draw)))
        for curve, value in zip((losses, norms, right), outcome, strict=True):
            curve.append(float(value))
        if not whole and len(right) >= _OVER and np.mean(right[-_OVER:]) >= _LEARNED:
            break
    return Curves(losses, norms, float(np.mean(right[-_OVER:])))


def learned(curves: Curves) -> bool:
    """Tells whether nearly all answers became right; by chance one of four is."""
    return curves.right >= _LEARNED


# Pieces of the sweep ----------------------------------------------------------------------------------------


def pieces(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Yields the name of each piece of the sweep, and a function that measures it.

    Names are `what/kind/seed`; a function returns what JSON can hold.
    """
    for seed in range(1, settings.seeds + 1):
        for name, kind in MATRICES.items():
            yield f"matrix/{name}/{seed}", lambda k=kind, s=seed: at_start(k, settings, s)
        for name, kind in KINDS.items():
            yield f"start/{name}/{seed}", lambda k=kind, s=seed: at_start(k, settings, s)
        for name, kind in KINDS.items():
            yield f"trained/{name}/{seed}", lambda k=kind, s=seed: after_training(k, settings, s)
        for name, clip in CLIPPING.items():
            yield f"clipping/{name}/{seed}", lambda c=clip, s=seed: clipped(c, settings, s)
        for name, kind in KINDS.items():
            yield f"longest/{name}/{seed}", lambda k=kind, s=seed: longest(k, settings, s)


def at_start(kind: Kind, settings: Settings, seed: int) -> dict[str, list[float]]:
    """Measures a network that was never trained."""
    return _measured(Network(kind, settings.units, seed), settings.back)


def after_training(kind: Kind, settings: Settings, seed: int) -> dict[str, Any]:
    """Trains a network, and measures it on new rows of the same task."""
    network = Network(kind, settings.units, seed)
    curves = train(network, trainer(network, _adam(), CLIP), settings.distance, settings.updates)
    return {**_measured(network, settings.distance), "right": curves.right, "updates": len(curves.losses)}


def clipped(clip: float, settings: Settings, seed: int) -> dict[str, Any]:
    """Trains a network whose gradients explode, with or without clipping, by plain gradient descent.

    Adam divides by the size of past gradients, which hides what a large one does.
    """
    network = Network(Kind("simple_rnn", spread=2.0), settings.units, seed)
    update = trainer(network, keras.optimizers.SGD(0.1), clip)
    curves = train(network, update, settings.distance, min(settings.updates, _CLIPPING_UPDATES), whole=True)
    return {"losses": curves.losses, "norms": curves.norms, "right": curves.right}


def longest(kind: Kind, settings: Settings, seed: int) -> dict[str, Any]:
    """Finds the longest distance that a network learns from scratch; after one it fails at, none is tried."""
    network, optimizer = Network(kind, settings.units, seed), _adam()
    update = trainer(network, optimizer, CLIP)
    variables = network.weights + optimizer.variables
    start = [variable.numpy() for variable in variables]
    reached, updates = 0, {}
    for distance in settings.distances:
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
        curves = train(network, update, distance, settings.updates)
        updates[str(distance)] = len(curves.losses)
        if not learned(curves):
            break
        reached = distance
    return {"longest": reached, "updates": updates}


def _adam() -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(3e-3)


def _measured(network: Network, distance: int) -> dict[str, list[float]]:
    norms = gradient_norms(network, *recall(_BATCH, distance, np.random.default_rng(network.seed)))
    return {name: values.tolist() for name, values in norms.items()}
