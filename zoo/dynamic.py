"""A language model that goes on learning from what it reads: dynamic evaluation.

Krause, Kahembwe, Murray and Renals, Dynamic Evaluation of Neural Sequence Models, 2018. A text is told in
segments; behind each one the network takes a step down its loss, and a small one back to what it was trained
to be. What is told of a segment is told before it is learned, so that nothing is foreseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from zoo import metrics, models, rebuilt, training
from zoo.data import Examples
from zoo.errors import ZooError
from zoo.metrics import Score
from zoo.tasks import remembering

RATES = (0.0, 0.03, 0.1, 0.3, 1.0)
BACK = (0.0, 0.01)
_FITTED_ON = 10_000  # units of the validation part, which tell the rate


@dataclass(frozen=True)
class Dynamic:
    """How a model learns on.

    Attributes:
        segment: units behind which a step is taken.
        rate: length of the step, as a multiple of the gradient of a segment's mean loss.
        back: share of the way back to the trained weights, after each step.
    """

    segment: int
    rate: float
    back: float


class Learner:
    """A generator whose network learns on while it reads.

    Args:
        model: a generator of the recipe.
        segment: units behind which a step is taken.

    Raises:
        ZooError: it is none, or its recipe has changed since.
    """

    def __init__(self, model: models.Model, segment: int):
        if "encode" not in model.signatures or model.manifest.mapping != "text":
            raise ZooError(f"{model.name}: only generators learn on; this model is none")
        self.name, self.segment = model.name, segment
        self._level = str(model.manifest.config["level"])
        self._model = model
        _, _, self._core = rebuilt.generation(model)
        self._trained = [tf.identity(weight.value) for weight in self._core.trainable_weights]
        self._names = training.state_names(self._core)

    def tokens(self, texts: Iterable[str]) -> list[np.ndarray]:
        """Returns the numbers of the units of texts; those without any are left out."""
        found = (remembering.numbered(self._model, text) for text in texts if text)
        return [tokens for tokens in found if len(tokens)]

    def log_probabilities(self, tokens: np.ndarray, rate: float, back: float) -> np.ndarray:
        """Returns those of each unit of a text, float32 (units,); the model begins as it was trained."""
        for weight, trained in zip(self._core.trainable_weights, self._trained, strict=True):
            weight.assign(trained)
        states, told, before = training.zero_states(self._core, 1), [], remembering.begun(tokens)
        for start in range(0, len(tokens), self.segment):
            part = slice(start, start + self.segment)
            found, states = self._step(
                tf.constant(before[None, part]), tf.constant(tokens[None, part]), states,
                tf.constant(rate, tf.float32), tf.constant(back, tf.float32),
            )  # fmt: skip
            told.append(found.numpy())
        return np.concatenate(told)

    def fitted(self, texts: Sequence[np.ndarray]) -> Dynamic:
        """Chooses rate and way back by the beginning of some texts."""
        left, some = _FITTED_ON, []
        for tokens in texts:
            some.append(tokens[:left])
            left -= len(some[-1])
            if not left:
                break
        told = {
            (rate, back): sum(float(self.log_probabilities(tokens, rate, back).sum()) for tokens in some)
            for rate in RATES
            for back in (BACK if rate else BACK[:1])
        }
        return Dynamic(
            self.segment, *max(told, key=lambda tried: told[tried] if np.isfinite(told[tried]) else -np.inf)
        )

    def scored(self, examples: Examples, split: str) -> tuple[str, Score]:
        """Scores the model while it learns on, each text from the trained weights on.

        How fast it learns is fitted on the validation part. A file has none: then it is fitted on the file
        itself, whose score is a little too good.

        Args:
            examples: of its mapping.
            split: the part that is scored.

        Returns:
            What the model is then called, and its score, whose details tell `rate` and `back`.
        """
        texts = {part: self.tokens(examples.split(part).strings("text")) for part in ("validation", split)}
        fitted_on = "validation" if texts["validation"] and split != "validation" else "what is scored"
        chosen = self.fitted(texts["validation"] or texts[split])
        sums = [float(self.log_probabilities(text, chosen.rate, chosen.back).sum()) for text in texts[split]]
        found = metrics.generation(sums, list(map(len, texts[split])), self._level)
        print(f"learning on: rate {chosen.rate:g}, {chosen.back:g} back, fitted on {fitted_on}")
        details = {"rate": chosen.rate, "back": chosen.back, "fitted_on": fitted_on}
        return f"{self.name}, learning on", replace(found, details=details)

    @tf.function(reduce_retracing=True, autograph=False)
    def _step(self, before: Any, asked: Any, states: dict[str, Any], rate: Any, back: Any) -> Any:
        """Tells a segment, then learns it."""
        weights = [weight.value for weight in self._core.trainable_weights]
        with tf.GradientTape() as tape:
            outputs = self._core({"tokens": before, **states}, training=False)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(asked, outputs["logits"])[0]
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, weights)
        for weight, trained, gradient in zip(weights, self._trained, gradients, strict=True):
            weight.assign_add(back * (trained - weight) - rate * tf.convert_to_tensor(gradient))
        return -losses, {name: outputs[name] for name in self._names}
