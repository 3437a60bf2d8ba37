"""Scores of translations, by sacreBLEU."""

from collections.abc import Sequence
from itertools import zip_longest

from zoo.metrics.compared import is_a_reference, plain, ratio
from zoo.metrics.score import Score


def translation(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> Score:
    """Scores translations as sacreBLEU does (Post 2018): on plain text, with case and punctuation.

    Args:
        references: one or more right translations of each source. Both sides are compared as `plain` writes
            them, so that a no-break space, which `Pieces` writes as a space, is no mistake.
        predicted: a translation of each.

    Returns:
        `n`; `bleu` and `chrf`, from 0 to 100; `exact_match`, the share of translations that equal one of
        their references; and `signatures`, what sacreBLEU says that its figures mean.
    """
    from sacrebleu.metrics import BLEU, CHRF

    if not predicted:  # which sacreBLEU refuses
        return Score(0, {"bleu": 0.0, "chrf": 0.0, "exact_match": 0.0}, details={"signatures": {}})
    plain_texts = list(map(plain, predicted))
    # sacreBLEU takes first references, second references ...; None where a source has no more.
    columns = list(zip_longest(*([plain(text) for text in texts] for texts in references)))
    scorers = {"bleu": BLEU(), "chrf": CHRF()}
    figures = {name: scorer.corpus_score(plain_texts, columns).score for name, scorer in scorers.items()}
    figures["exact_match"] = ratio(sum(map(is_a_reference, references, predicted)), len(predicted))
    signatures = {name: str(scorer.get_signature()) for name, scorer in scorers.items()}
    return Score(len(predicted), figures, details={"signatures": signatures})


def sentence_chrf(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> list[float]:
    """Returns the chrF of each translation by itself, from 0 to 100."""
    from sacrebleu.metrics import CHRF

    pairs = zip(predicted, references, strict=True)
    return [CHRF().sentence_score(text, list(texts)).score for text, texts in pairs]
