"""Stored sets of pictures and clips with their captions, as the catalogue names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.data import Adapter
from zoo.data.own import clip_files
from zoo.tasks.base import Row
from zoo.tasks.tries import Try

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf
    import tensorflow_datasets as tfds

_TRIED = 6  # clips that a page offers


@dataclass(frozen=True, kw_only=True)
class Captioned(Adapter):
    """Of a stored set, a picture and its captions."""

    image: str = "image"
    """The stored feature with the picture, or the clip."""
    captions: tuple[str, ...] = ("captions",)
    """Where they stand among the stored features: a path."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping; pictures without a caption are left out."""
        import tensorflow as tf

        def rename(example: Row) -> Row:
            captions: Any = example
            for name in self.captions:
                captions = captions[name]
            return {"image": example[self.image], "captions": captions}

        return dataset.map(rename, num_parallel_calls=2, deterministic=True).filter(
            lambda example: tf.size(example["captions"]) > 0
        )

    def events(self) -> tuple[str, ...]:
        """Returns phrases for what happens in clips; none: it is not known."""
        return ()


class MovingEmoji(Captioned):
    """The clips that are composed by rule, of which all that may happen is known."""

    def events(self) -> tuple[str, ...]:
        """Returns phrases."""
        from zoo.data.sets.moving_emoji import EVENTS

        return EVENTS

    def to_try(self) -> list[Try]:
        """Returns clips of the test part."""
        from zoo.data.sets.moving_emoji import Stage

        stage = Stage()
        clips = (stage.clip("test", number) for number in range(_TRIED))
        return [Try(clip.caption, as_file(clip.frames)) for clip in clips]


class Labelled(Captioned):
    """Clips that have a label each, which is their caption: `ApplyEyeMakeup` is "apply eye makeup"."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping."""
        import tensorflow as tf

        spelled = (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower() for name in info.features["label"].names)
        captions = tf.constant(list(spelled))
        return dataset.map(
            lambda example: {
                "image": example[self.image],
                "captions": tf.gather(captions, example["label"])[None],
            },
            num_parallel_calls=2,
            deterministic=True,
        )


def as_file(clip: np.ndarray) -> bytes:
    """Returns a clip (time, height, width, channels) as the bytes of a WebP file, without loss."""
    from PIL import Image

    return clip_files.as_webp([Image.fromarray(frame).convert("RGBA") for frame in clip])
