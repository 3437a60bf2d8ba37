"""What a caption that a model has drawn is worth, while it learns from its own."""

from collections.abc import Sequence

import numpy as np

from zoo.metrics.captions import Cider, words

_END = "<end>"  # no caption's word


class CaptionReward:
    """CIDEr-D of captions, and BLEU-4 beside it, by the words of the metrics themselves.

    The end is a word of its own here, together with the mark before it: else what is cut off before its last
    word, "a man in a", would be worth as much as a sentence.

    Args:
        references: true captions of each picture of the training part, in which rare words are counted.
        bleu: what a BLEU-4 of 1 is worth, of a caption alone and smoothed; CIDEr-D is 10 at most. 0: nothing.
    """

    def __init__(self, references: Sequence[Sequence[str]], bleu: float = 0.0):
        from sacrebleu.metrics import BLEU

        self._true = [[[*words(true), _end_of(true)] for true in all_true] for all_true in references]
        self._cider, self._weight = Cider(self._true), bleu
        self._bleu = BLEU(tokenize="none", smooth_method="exp", effective_order=True, force=True)

    def __call__(self, pictures: np.ndarray, captions: np.ndarray, finished: np.ndarray) -> np.ndarray:
        """Returns the rewards of captions, float32 (n, samples).

        Args:
            pictures: their numbers (n,).
            captions: UTF-8 (n, samples).
            finished: bool (n, samples), whether captions came to their end.
        """
        rewards = [
            self._of_one(
                int(picture), [_told(text.decode(), end) for text, end in zip(texts, ends, strict=True)]
            )
            for picture, texts, ends in zip(pictures, captions, finished, strict=True)
        ]
        return np.array(rewards, np.float32).reshape(captions.shape)

    def _of_one(self, picture: int, captions: Sequence[Sequence[str]]) -> list[float]:
        """Returns the rewards of captions of one picture, of which the words are given."""
        rewards = self._cider.score(picture, *captions)
        if not self._weight:
            return rewards
        true = [" ".join(each) for each in self._true[picture]]
        bleu = (
            self._bleu.sentence_score(" ".join(told), true).score / 100 if told else 0.0 for told in captions
        )
        return [cider + self._weight * each for cider, each in zip(rewards, bleu, strict=True)]


def _told(caption: str, finished: bool) -> list[str]:
    return [*words(caption), *([_end_of(caption)] if finished else [])]


def _end_of(caption: str) -> str:
    last = caption.rstrip()[-1:]
    return _END if last.isalnum() else f"{_END}{last}"
