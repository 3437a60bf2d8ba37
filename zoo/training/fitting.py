"""fit(): Keras's own training, on one device or several, that continues exactly where a kill left it."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras

from zoo.data import Feed
from zoo.errors import ZooError
from zoo.training import sums
from zoo.training.checkpoint import Checkpoint
from zoo.training.folder import Folder
from zoo.training.freezing import freeze
from zoo.training.optimizer import make_optimizer
from zoo.training.settings import Settings, steps_per_execution, tf32
from zoo.training.workers import crew_of

_called_too: contextvars.ContextVar[Sequence[keras.callbacks.Callback]] = contextvars.ContextVar(
    "called_too", default=()
)


@contextlib.contextmanager
def called_too(callbacks: Sequence[keras.callbacks.Callback]) -> Iterator[None]:
    """Within it, trainings call these callbacks beside their own."""
    token = _called_too.set(callbacks)
    try:
        yield
    finally:
        _called_too.reset(token)


@dataclass(frozen=True)
class Outcome:
    """What a training was.

    Attributes:
        history: figures of each epoch.
        best_epoch: whose weights are kept, from 1.
        seconds: spent in all epochs.
    """

    history: list[dict[str, float]]
    best_epoch: int
    seconds: float

    @property
    def best(self) -> dict[str, float]:
        """Figures of the best epoch."""
        return self.history[self.best_epoch - 1]


def fit(
    folder: Folder,
    settings: Settings,
    model: keras.Model,
    train: Feed,
    validation: Feed,
    loss: keras.losses.Loss,
    metrics: Sequence[keras.metrics.Metric],
    score: Callable[[], float] | None = None,
) -> Outcome:
    """Trains `model` and leaves it with the weights of its best epoch.

    Of several processes that train together all call it; the first one alone writes.

    The run's checkpoint is replaced after each epoch. It holds weights, optimizer, random states, best
    weights and patience; the order of the data follows from seed and step. So a training that was killed
    continues, and on one CPU device ends with the very weights it would have had.

    Args:
        folder: to write to, created.
        settings: the recipe's config.
        model: built under `start`'s strategy, uncompiled.
        train: batches to learn from.
        validation: batches that choose the best epoch, by loss.
        loss: reduced by Keras's default, over the batch.
        metrics: weighted metrics for the progress bar.
        score: what chooses the best epoch instead of the loss: called after each epoch with the weights that
            would be kept, it returns a figure of the validation part that is the better the higher. A loss
            may rise, since the model grows too sure of itself, while its answers still get better.

    Returns:
        Figures of each epoch, which one was best, and the time that all took.

    Raises:
        ZooError: the loss is not a number from the start.
    """
    steps = steps_of(settings, train)
    compile_model(settings, model, steps, loss, metrics)
    crew = crew_of(model.distribute_strategy)
    keeper = Checkpoint(folder, settings, score, crew)
    with crew.told_if_lost():
        keeper.restore(model)
        if not keeper.finished:
            batches = train.shuffled(settings.seed, start=keeper.epoch * steps)
            crew.prepare(model, batches)
            shown = [keras.callbacks.TensorBoard(folder.directory / "logs", write_graph=False)]
            with sums.in_order(), tf32(settings.tf32):
                model.fit(
                    crew.share(batches),
                    shuffle=False,
                    steps_per_epoch=steps,
                    initial_epoch=keeper.epoch,
                    epochs=settings.epochs,
                    verbose="auto" if crew.chief else 0,
                    **crew.validated(validation.in_order()),
                    callbacks=[
                        keeper,
                        *([*shown, *_called_too.get()] if crew.chief else []),
                        *crew.stopping(),
                        keras.callbacks.TerminateOnNaN(),
                    ],
                )
        if not keeper.history:
            raise ZooError("the loss became NaN in the first epoch; lower --learning-rate or --clip-norm")
    keeper.restore_best(model)
    return Outcome(keeper.history, keeper.best_epoch, keeper.seconds)


def steps_of(settings: Settings, train: Feed) -> int:
    """Returns the number of steps in an epoch."""
    return settings.steps_per_epoch or train.steps


def compile_model(
    settings: Settings,
    model: keras.Model,
    steps: int,
    loss: keras.losses.Loss,
    metrics: Sequence[keras.metrics.Metric],
) -> None:
    """Gives a model all that a step of training needs: arguments as of `fit`, and the steps of an epoch."""
    with model.distribute_strategy.scope():
        optimizer = make_optimizer(settings, steps, freeze(model, settings, steps))
        # XLA cannot compile the fused cuDNN kernels, and on CPU each new length would compile anew.
        model.compile(
            optimizer,
            loss,
            weighted_metrics=list(metrics),
            jit_compile=False,
            steps_per_execution=steps_per_execution(settings, steps),
        )
        model.optimizer.build(model.trainable_variables)
