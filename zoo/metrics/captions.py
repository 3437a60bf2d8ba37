"""Scores of captions by the definitions of the COCO caption evaluation (Chen et al. 2015)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from math import exp, log, sqrt

from zoo.metrics.compared import is_a_reference, ratio
from zoo.metrics.events import events_in_order
from zoo.metrics.score import Score

_LONGEST = 4  # words in a sequence that CIDEr counts
_SIGMA = 6.0  # of CIDEr-D: how far the lengths of two captions may differ
_BETA = 1.2  # of ROUGE-L: how much more recall counts than precision

_APOSTROPHES = str.maketrans("’‘", "''")
# What ends a word wherever it stands; commas, colons and single dots may stand in "1,000" and "u.s."
_MARKS = re.compile(r"[?!;\"“”„«»`()\[\]{}…–—]|--+|\.\.+|(?<!\d)[,:]|[,:](?!\d)")
_SIGNS = re.compile(r"([$#%+=*~])")
# A quotation mark, but not the apostrophe of "'s" that stands alone, or of "'80s".
_OPENING = re.compile(r"^'+(?!(?:s|m|d|re|ve|ll)$|\d)")
_CLITIC = re.compile(r"(?<=.)(n't|'(?:s|m|d|re|ve|ll))$|(?<=^can)(not)$|(?<=^gon|^wan)(na)$|(?<=^got)(ta)$")

_Gram = tuple[str, ...]


def captioning(
    references: Sequence[Sequence[str]], predicted: Sequence[str], events: Sequence[str] = ()
) -> Score:
    """Scores captions as the COCO caption evaluation does, on lower-case words without punctuation.

    Args:
        references: one or more true captions of each picture.
        predicted: a caption of each picture.
        events: of clips, phrases for all that may happen in them.

    Returns:
        `n`; `bleu_4`, `bleu_1`, `bleu_2` and `bleu_3`, without smoothing, and `rouge_l`, from 0 to 100;
        `cider`, which is CIDEr-D times 100, as tables of papers print it, and may pass 100; `exact_match`,
        the share of captions that equal one of their references, case and punctuation included;
        `word_accuracy`, which is 1 - word error rate; with `events` what `events_in_order` says. Where
        captions `are_names`, `exact_match` stands first.
    """
    same = sum(map(is_a_reference, references, predicted))
    exact = {"exact_match": ratio(same, len(predicted))}
    figures = {
        **{f"bleu_{order}": 100 * bleu(references, predicted, order) for order in (4, 1, 2, 3)},
        "cider": 100 * cider(references, predicted),
        "rouge_l": 100 * rouge_l(references, predicted),
        **exact,
        "word_accuracy": word_accuracy(references, predicted),
    }
    if events:
        figures |= events_in_order([true[0] for true in references], predicted, events)
    # A name has too few words for runs of four, and a right one can be hit; of free captions hardly any is.
    return Score(len(predicted), {**(exact if are_names(references) else {}), **figures})


def are_names(references: Sequence[Sequence[str]]) -> bool:
    """Tells whether captions are short as names: less than two for a picture, of eight words on average."""
    captions = [caption for true in references for caption in true]
    words = sum(len(caption.split()) for caption in captions)
    return len(captions) < 2 * len(references) and words <= 8 * len(captions)


def words(caption: str) -> list[str]:
    """Splits a caption into lower-case words without punctuation, as the Penn Treebank does.

    Hyphenated words stay whole; "dog's" gives "dog" and "'s", "isn't" gives "is" and "n't", "cannot" gives
    "can" and "not". Signs like "%" are words. Brackets are dropped as other marks are: the COCO evaluation
    means to, and keeps them as "-lrb-".
    """
    found_words = []
    text = unicodedata.normalize("NFC", caption).lower().translate(_APOSTROPHES)
    for word in _SIGNS.sub(r" \1 ", _MARKS.sub(" ", text)).split():
        bare = _OPENING.sub("", word.strip(".,:-").rstrip("'"))
        found_words += _CLITIC.sub(lambda end: f" {end[0]}", bare).split()
    return found_words


def bleu(references: Sequence[Sequence[str]], predicted: Sequence[str], order: int = 4) -> float:
    """Returns BLEU of the corpus with sequences of up to `order` words (Papineni et al. 2002).

    The reference whose length is closest counts for the brevity penalty. Nothing is smoothed: a corpus
    without a single right sequence of `order` words scores 0.

    Args:
        references: one or more true captions of each picture (n,).
        predicted: a caption of each picture (n,).
        order: most words in a sequence.

    Returns:
        A share, from 0 to 1.
    """
    from sacrebleu.metrics import BLEU

    rows = list(_split(references, predicted))
    if not rows:
        return 0.0
    joined = [" ".join(words_) for _, words_ in rows]
    # sacreBLEU takes the first reference of all pictures, then the second of all, None where there is none.
    streams = zip_longest(*([" ".join(caption) for caption in true] for true, _ in rows))
    scorer = BLEU(tokenize="none", smooth_method="none", max_ngram_order=order, force=True)
    return scorer.corpus_score(joined, list(streams)).score / 100


def cider(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> float:
    """Returns CIDEr-D, the mean of `cider_each`, from 0 to 10; 0 where there are no pictures."""
    return _mean(cider_each(references, predicted))


def cider_each(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> list[float]:
    """Returns CIDEr-D of each picture: how much it says of what is told of this picture and of few others.

    Sequences of 1 to 4 words are weighed by TF-IDF, where a document is a picture with its references; a
    caption is compared with each reference by the cosine, in which no sequence counts more often than the
    reference has it, times exp(-d^2 / 72) for lengths that differ by d. The mean over lengths of sequences
    and over references is multiplied by 10 (Vedantam et al. 2015). As in the COCO evaluation, a caption's
    length is its number of word pairs. Of a single picture every weight is 0, and so is its score.

    Args:
        references: one or more true captions of each picture (n,).
        predicted: a caption of each picture (n,).

    Returns:
        Scores (n,) from 0 to 10; captions of fewer than four words never reach 10.
    """
    rows = list(_split(references, predicted))
    told = Cider([all_true for all_true, _ in rows])
    return [told.score(row, caption)[0] for row, (_, caption) in enumerate(rows)]


class Cider:
    """CIDEr-D of captions of pictures that are known, one by one: see `cider_each`.

    Args:
        references: the words of one or more true captions of each picture.
    """

    def __init__(self, references: Sequence[Sequence[Sequence[str]]]):
        self._references = references
        documents = Counter(gram for all_true in references for gram in set().union(*map(_grams, all_true)))
        self._idf = {gram: log(len(references) / count) for gram, count in documents.items()}
        # Of a sequence that no reference holds, as if one did.
        self._unseen = log(len(references)) if references else 0.0

    def score(self, picture: int, *captions: Sequence[str]) -> list[float]:
        """Returns those of captions of one picture, from 0 to 10.

        Args:
            picture: its number.
            *captions: their words.
        """
        references = [(true, self._weighed(true)) for true in map(_grams, self._references[picture])]
        scores = []
        for counts in map(_grams, captions):
            vectors = self._weighed(counts)
            similarities = [
                _similarity(vectors, weighed) * _penalty(counts, true) for true, weighed in references
            ]
            scores.append(10 * _mean(similarities))
        return scores

    def _weighed(self, counts: Counter[_Gram]) -> list[dict[_Gram, float]]:
        vectors: list[dict[_Gram, float]] = [{} for _ in range(_LONGEST)]
        for gram, count in counts.items():
            vectors[len(gram) - 1][gram] = count * self._idf.get(gram, self._unseen)
        return vectors


def _grams(caption: Sequence[str]) -> Counter[_Gram]:
    return Counter(
        tuple(caption[start : start + size])
        for size in range(1, _LONGEST + 1)
        for start in range(len(caption) - size + 1)
    )


def _similarity(ours: list[dict[_Gram, float]], true: list[dict[_Gram, float]]) -> float:
    cosines = []
    for mine, right in zip(ours, true, strict=True):
        shared = sum(min(weight, right[gram]) * right[gram] for gram, weight in mine.items() if gram in right)
        norms = _norm(mine) * _norm(right)
        cosines.append(shared / norms if norms else 0.0)
    return _mean(cosines)


def _norm(vector: dict[_Gram, float]) -> float:
    return sqrt(sum(weight * weight for weight in vector.values()))


def _penalty(ours: Counter[_Gram], true: Counter[_Gram]) -> float:
    pairs = [sum(count for gram, count in counts.items() if len(gram) == 2) for counts in (ours, true)]
    return exp(-((pairs[0] - pairs[1]) ** 2) / (2 * _SIGMA**2))


def rouge_l(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> float:
    """Returns ROUGE-L by the longest common subsequence of words (Lin 2004), the mean over pictures.

    Of each picture it is the F-measure, with beta 1.2, of the highest precision and the highest recall that
    any of its references gives: they need not come from the same one.

    Args:
        references: one or more true captions of each picture (n,).
        predicted: a caption of each picture (n,).

    Returns:
        A share, from 0 to 1; 0 where there are no pictures.
    """
    scores = []
    for all_true, caption in _split(references, predicted):
        common = [_common(true, caption) for true in all_true]
        precision = max(common) / max(1, len(caption))
        recall = max(count / max(1, len(true)) for count, true in zip(common, all_true, strict=True))
        both = recall + _BETA**2 * precision
        scores.append((1 + _BETA**2) * precision * recall / both if both else 0.0)
    return _mean(scores)


def word_accuracy(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> float:
    """Returns 1 - word error rate: the share of the references' words that need no edit.

    Each caption is compared with the reference that is closest: with the fewest words inserted, deleted or
    replaced for each word of the reference. Edits are added up over all pictures and divided by the words of
    these references; no picture counts more edits than its reference has words, so that one endless
    caption does not spoil the sum. References without a word are passed over.

    Args:
        references: one or more true captions of each picture (n,).
        predicted: a caption of each picture (n,).

    Returns:
        A share, from 0 to 1; 0 where there are no words.
    """
    wrong = total = 0
    for all_true, caption in _split(references, predicted):
        tried = [(edits(true, caption), len(true)) for true in all_true if true]
        if tried:
            fewest, length = min(tried, key=lambda pair: (pair[0] / pair[1], pair[1]))
            wrong, total = wrong + min(fewest, length), total + length
    return 1 - wrong / total if total else 0.0


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Returns the length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for word in first:
        above = row
        row = [0]
        for j, other in enumerate(second):
            row.append(above[j] + 1 if word == other else max(above[j + 1], row[j]))
    return row[-1]


def edits(first: Sequence[str], second: Sequence[str]) -> int:
    """Returns the Levenshtein distance: how many words to insert, delete or replace."""
    row = list(range(len(second) + 1))
    for i, word in enumerate(first, 1):
        above = row
        row = [i]
        for j, other in enumerate(second):
            row.append(min(above[j] + (word != other), above[j + 1] + 1, row[j] + 1))
    return row[-1]


def _split(references, predicted) -> Iterator[tuple[list[list[str]], list[str]]]:
    """Yields the words of each picture's references and of its caption."""
    for i, (all_true, caption_) in enumerate(zip(references, predicted, strict=True)):
        if isinstance(all_true, str) or not all_true:
            raise ValueError(f"picture {i}: give a list of one or more references, not {all_true!r}")
        yield [words(caption) for caption in all_true], words(caption_)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
