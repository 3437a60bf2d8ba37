"""A transcriber that asks a language model which of its texts is the likelier one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from zoo.errors import ZooError
from zoo.models.loaded import Model, load
from zoo.tasks import Manifest, Task


class Fused:
    """Answers with the text of a transcriber's beam that both models together find the most probable.

    That is the highest `score + weight * log_probability`: of a text, what the transcriber gives it, and what
    the language model does (Hannun et al. 2014, section 2.2, on whole texts).

        zoo.Fused(zoo.load("transcription_lines"), zoo.load("generation_python")).predict([Path("line.png")])

    Args:
        transcriber: whose signature `beam` is asked.
        generator: a language model, whose signature `score` is.
        weight: how much the language model counts: 0, not at all.

    Raises:
        ZooError: a model is not what is needed, or the weight is negative.
    """

    progress: Callable[[int], None] = staticmethod(lambda done: None)

    def __init__(self, transcriber: Model, generator: Model, weight: float = 0.3):
        if transcriber.manifest.mapping != "transcription":
            raise ZooError(f"{transcriber.name}: a language model helps transcribers alone; leave it out")
        if generator.manifest.mapping != "text":
            raise ZooError(f"{generator.name}: is no language model; choose one, such as generation_python")
        if not 0 <= weight < math.inf:
            raise ZooError(f"the weight of a language model is {weight}; give 0 or more, and no endless one")
        self.transcriber, self.generator, self.weight = transcriber, generator, weight

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.transcriber.name} + {self.generator.name}"

    @property
    def manifest(self) -> Manifest:
        """The transcriber's."""
        return self.transcriber.manifest

    @property
    def task(self) -> Task:
        """The transcriber's."""
        return self.transcriber.task

    def predict(
        self, inputs: Sequence[Any], signature: str = "", batch_size: int = 0
    ) -> list[dict[str, Any]]:
        """Returns `text`, `score`, of both models together, `valid` and `truncated` of each file.

        Raises:
            ZooError: a signature is asked for, or an input is not what the transcriber reads.
        """
        if signature:
            raise ZooError(f"a language model chooses among the texts of beam; leave {signature} out")
        self.transcriber.progress = self.progress
        heard = self.transcriber.predict(inputs, "beam", batch_size)
        texts = sorted({one["text"] for row in heard for one in row["texts"]})
        read = self.generator.predict(texts, "score")
        likely = {text: row["log_probability"] for text, row in zip(texts, read, strict=True)}

        def together(one: dict[str, Any]) -> float:
            return float(one["score"] + self.weight * likely[one["text"]])

        # Of those alike the first. Of what is no file there is a single, empty one.
        best = [max(row["texts"], key=together) for row in heard]
        return [
            {
                **one,
                "score": together(one) if row["valid"] else 0.0,
                "valid": row["valid"],
                "truncated": row["truncated"],
            }
            for one, row in zip(best, heard, strict=True)
        ]


def fused(transcriber: Model, generator: str, weight: float | None = None) -> Fused:
    """Returns a transcriber with the help of a generator, given by its name; None is the usual weight."""
    helped = (transcriber, load(generator))
    return Fused(*helped) if weight is None else Fused(*helped, weight)
