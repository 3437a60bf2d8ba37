import cProfile
import math
import random

import pytest

from zoo.metrics.captions import bleu, cider, cider_each, rouge_l, word_accuracy, words

VOCABULARY = "a the dog cat man red big runs on in over grass with ball two boy"


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("Two Dogs run, and jump.", "two dogs run and jump"),
        ("The dog's ball isn't red!", "the dog 's ball is n't red"),
        ("the dog 's ball", "the dog 's ball"),
        ("the girl’s hat; the boys' hats", "the girl 's hat the boys hats"),
        ("they can't, he cannot, I'm gonna", "they ca n't he can not i 'm gon na"),
        ("a t-shirt -- 12-year-old's -", "a t-shirt 12-year-old 's"),
        ("'yes' \"no\" “maybe” `so` (or [not])...", "yes no maybe so or not"),
        ("5% of $10: 1,000 at 3:00, 2.5 #1", "5 % of $ 10 1,000 at 3:00 2.5 # 1"),
        ("left,right red/white the '80s o'clock", "left right red/white the '80s o'clock"),
        ("naïve Zoë 水 हिन्दी", "naïve zoë 水 हिन्दी"),
        ("Zoe\u0308", "zoë"),
        ("... - '", ""),
        ("", ""),
    ],
)
def test_words_are_those_of_the_penn_treebank_without_punctuation(caption, expected):
    assert words(caption) == expected.split()


def test_cider_worked_out_by_hand():
    # Two pictures: what only one of them is told of weighs log 2, what both are told of ("a") nothing.
    references = [["a cat"], ["a dog"]]
    # "a cat": the cosine of words is 1 (cat), of pairs 1 (a cat); of triples and quadruples there are none.
    # "a bird": nothing shared that weighs.
    assert cider_each(references, ["a cat", "a bird"]) == pytest.approx([10 * (1 + 1) / 4, 0])
    # Twice the right word: clipped to once, so 1 / (2 * 1), no pair shared, but pairs as many (1 and 1).
    assert cider_each(references, ["cat cat", "a dog"]) == pytest.approx([10 * 0.5 / 4, 5])
    # A word that no reference holds weighs as much as one of a single picture: 1 / sqrt(2). One of the
    # two pairs is shared: 1 / sqrt(2). They are one pair too many: exp(-1 / 72).
    expected = 10 * (2 / math.sqrt(2)) / 4 * math.exp(-1 / 72)
    assert cider(references, ["a cat sleeps", ""]) == pytest.approx(expected / 2)


def test_cider_is_the_mean_over_references_and_a_sequence_counts_once_for_a_picture():
    references = [["red cat", "cat"], ["dog"], ["dog"]]
    # Of 3 pictures, "cat" and "red" are told of 1. With "red cat": 1 / sqrt(2) for words, none for pairs,
    # which are one too few. With "cat": 1 for words.
    each = cider_each(references, ["cat", "dog", ""])
    assert each[0] == pytest.approx(10 * (math.sqrt(0.5) / 4 * math.exp(-1 / 72) + 1 / 4) / 2)
    assert each[1:] == pytest.approx([2.5, 0])


def test_cider_of_what_is_told_of_all_pictures_is_0():
    assert cider([["a cat sat down"]], ["a cat sat down"]) == 0  # of a single one too
    assert cider([["a cat"], ["a cat"]], ["a cat", "a cat"]) == 0


def test_rouge_l_worked_out_by_hand():
    # "a dog runs here" shares "a dog here" with the first (3 of 4 words found, 3 of 6 true ones) and "dog"
    # with the second (1 of 4, 1 of 1): the best of both are taken.
    score = rouge_l([["a big dog is sleeping here", "dog"]], ["a dog runs here"])
    assert score == pytest.approx((1 + 1.44) * 0.75 * 1 / (1 + 1.44 * 0.75))
    # Order counts: of "here dog a" only one word in a row.
    score = rouge_l([["a dog here"], ["x"]], ["here dog a", "x"])
    assert score == pytest.approx((1 / 3 + 1) / 2)


def test_bleu_worked_out_by_hand():
    references = [["a cat sat on the red mat", "the cat"], ["a dog"]]
    predicted = ["a cat on the the mat", "a dog"]
    # 7 of 8 words ("the" stands once in each reference), 3 of 6 pairs (a cat, on the, a dog); the closest
    # lengths are 7 and 2, one more than the captions have.
    penalty = math.exp(1 - 9 / 8)
    assert bleu(references, predicted, 1) == pytest.approx(7 / 8 * penalty)
    assert bleu(references, predicted, 2) == pytest.approx(math.sqrt(7 / 8 * 3 / 6) * penalty)
    assert bleu(references, predicted, 3) == 0  # of triples none is right, and nothing is smoothed


def test_of_two_references_equally_close_the_shorter_one_counts_for_bleu():
    assert bleu([["a b", "a b c d"]], ["a b c"], 1) == pytest.approx(1)


def test_word_accuracy_worked_out_by_hand():
    # First: 1 of 4 words replaced (the other reference takes more). Second: one word too many, of 2.
    references = [["two dogs run home", "a very different one"], ["a cat"]]
    assert word_accuracy(references, ["two dogs ran home", "a big cat"]) == pytest.approx(1 - 2 / 6)
    # Ten wrong words for one true one count as one edit.
    assert word_accuracy([["cat"], ["a dog runs"]], ["x " * 10, "a dog runs"]) == pytest.approx(3 / 4)


def test_captions_that_are_faultless_and_those_that_are_empty():
    references = [["A dog runs over the grass.", "Two cats"], ["A boat on the blue sea"], ["Some people eat"]]
    first, none = [each[0] for each in references], ["", " ", "."]
    for score in (bleu, rouge_l, word_accuracy):
        assert score(references, first) == pytest.approx(1)
        assert score(references, none) == 0
    assert (cider(references, first) > 0, cider(references, none)) == (True, 0)


def test_references_without_a_word_do_no_harm():
    references = [["!", "a cat"], ["..."], ["a dog"]]
    assert word_accuracy(references, ["a cat", "x", "a dog"]) == 1
    assert bleu(references, ["a cat", "", "a dog"], 1) == pytest.approx(1)
    assert rouge_l(references, ["a cat", "", "a dog"]) == pytest.approx(2 / 3)
    assert cider(references, ["a cat", "", "a dog"]) > 0
    for score in (bleu, cider, rouge_l, word_accuracy):
        assert score([["!"]], ["?"]) == 0


def test_of_no_pictures_every_score_is_0():
    assert [score([], []) for score in (bleu, cider, rouge_l, word_accuracy)] == [0, 0, 0, 0]


@pytest.mark.parametrize("references", [[[]], ["a cat"]], ids=["none", "a bare string"])
def test_a_picture_without_a_list_of_references_is_refused(references):
    for score in (bleu, cider, rouge_l, word_accuracy):
        with pytest.raises(ValueError, match="picture 0"):
            score(references, ["a cat"])


def test_scores_of_made_up_captions_are_those_of_the_coco_evaluation():
    references, predicted = made_up(60)
    # As pycocoevalcap 1.2 computed them from the same captions.
    by_order = [0.8068638438150243, 0.6637479810812975, 0.5786495970973464, 0.5095871319548477]
    assert [bleu(references, predicted, order) for order in (1, 2, 3, 4)] == pytest.approx(by_order, abs=1e-9)
    assert cider(references, predicted) == pytest.approx(2.345526267628385, abs=1e-12)
    assert rouge_l(references, predicted) == pytest.approx(0.6959588254708754, abs=1e-12)


def test_the_work_of_scoring_grows_with_the_pictures_and_no_faster():
    def calls(pictures):
        given, profile = made_up(pictures), cProfile.Profile()
        for score in (bleu, cider, rouge_l, word_accuracy):
            profile.runcall(score, *given)
        return sum(entry.callcount for entry in profile.getstats())

    assert calls(400) < 4.5 * calls(100)


def made_up(pictures):
    """Returns one to five captions of each picture, and variants of some of them."""
    draw = random.Random(7)
    vocabulary = VOCABULARY.split()

    def caption(least=3):
        weights = range(len(vocabulary), 0, -1)
        return draw.choices(vocabulary, weights, k=draw.randint(least, 13))

    references = [[caption() for _ in range(draw.randint(1, 5))] for _ in range(pictures)]
    predicted = []
    for each in references:
        found = draw.choice(each) if draw.random() < 0.8 else caption(0)
        predicted.append([draw.choice([*vocabulary, "new"]) if draw.random() < 0.2 else w for w in found])
    return [[" ".join(words) for words in each] for each in references], list(map(" ".join, predicted))
