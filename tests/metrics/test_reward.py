import numpy as np
import pytest

from zoo.metrics import CaptionReward
from zoo.metrics.captions import Cider


def rewards(reward, picture: int, *captions: str, finished: bool = True) -> np.ndarray:
    texts = np.array([[caption.encode() for caption in captions]], object)
    return reward(np.array([picture]), texts, np.full(texts.shape, finished))[0]


def test_what_is_right_with_its_end_is_worth_what_the_metric_says():
    reward = CaptionReward([["A cat."], ["A dog."]])
    # "cat" and "a cat" weigh log 2, "a" and the end nothing; the pair "cat <end>" and the triple weigh, too.
    assert rewards(reward, 0, "a cat.") == pytest.approx([10 * (1 + 1 + 1) / 4])
    told = Cider([[["a", "cat", "<end>."]], [["a", "dog", "<end>."]]])
    expected = told.score(0, ["a", "cat", "<end>"], ["a", "dog", "<end>."], ["<end>"])
    assert rewards(reward, 0, "a cat", "a dog.", "") == pytest.approx(expected)


def test_a_caption_that_breaks_off_is_worth_less_than_one_that_ends():
    reward = CaptionReward([["A man in a hat.", "Someone with a hat."], ["A dog."], ["Two boys."]], 1.0)
    ended, without_mark, broken, other = rewards(
        reward, 0, "A man in a hat.", "A man in a hat", "A man in a", "A dog."
    )
    (open_,) = rewards(reward, 0, "A man in a hat.", finished=False)
    assert ended > max(without_mark, open_) > min(without_mark, open_) > broken > other


def test_bleu_counts_beside():
    references = [["a big dog runs here"], ["two boys"]]
    with_bleu, without = (
        rewards(CaptionReward(references, weight), 0, "a big dog runs here") for weight in (2.0, 0)
    )
    assert with_bleu - without == pytest.approx([2.0])
    assert rewards(CaptionReward(references, 1.0), 0, "", finished=False) == [0]


def test_every_caption_has_a_reward_in_its_place():
    reward = CaptionReward([["a cat"], ["a dog"], ["a bird"]])
    texts = np.array([[b"a dog", b"a cat"], [b"a cat", b"a dog"]], object)
    found = reward(np.array([1, 0]), texts, np.ones((2, 2), bool))
    assert found.dtype == np.float32 and found.shape == (2, 2)
    assert found[0, 0] == found[1, 0] > found[0, 1] == found[1, 1]
    assert reward(np.zeros(0, int), np.zeros((0, 2), object), np.zeros((0, 2), bool)).shape == (0, 2)
