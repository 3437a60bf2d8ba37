"""Scores by their standard definitions, thin over well-kept libraries."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from zoo.data.tags import span_type, spans
from zoo.metrics import captions
from zoo.metrics.captions import edits

_HEADINGS = {"f1": "F1", "macro_f1": "macro-F1", "bleu": "BLEU", "chrf": "chrF"}
_HEADINGS |= {f"bleu_{order}": f"BLEU-{order}" for order in (1, 2, 3, 4)}
_HEADINGS |= {"cider": "CIDEr", "rouge_l": "ROUGE-L"}
_HEADINGS |= {"word_error_rate": "WER", "phoneme_error_rate": "PER"}
_HEADINGS |= {"mase": "MASE", "smape": "sMAPE"}
# Written as their fields' papers do, with two decimals; the others, mostly shares, with four.
_OF_100 = ("bleu", "chrf", "bleu_1", "bleu_2", "bleu_3", "bleu_4", "cider", "rouge_l")
_OF_100 += ("word_error_rate", "phoneme_error_rate", "perplexity", "smape")


def classification(
    truth: Sequence[int], predicted: Sequence[int], label_names: Sequence[str]
) -> dict[str, Any]:
    """Scores predicted labels.

    Args:
        truth: right label numbers (n,).
        predicted: predicted label numbers (n,).
        label_names: name of each number.

    Returns:
        `accuracy`; `macro_f1`, the mean over labels of the harmonic mean of precision and recall; `f1`, label
        -> F1; `confusion`, a table with a row for each right and a column for each predicted label; and `n`.
    """
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    numbers = range(len(label_names))
    each = f1_score(truth, predicted, labels=numbers, average=None, zero_division=0)
    return {
        "n": len(truth),
        "accuracy": float(accuracy_score(truth, predicted)),
        "macro_f1": float(np.mean(each)),
        "f1": dict(zip(label_names, map(float, each), strict=True)),
        "confusion": confusion_matrix(truth, predicted, labels=numbers).tolist(),
    }


def tagging(
    truth: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], tokens: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """Scores predicted tags, one for each token.

    Where the truth holds `B-` and `I-` tags and one plain tag at most (`O`), spans count, by the rules of
    conlleval, the script of the CoNLL-2000 shared task: a span is right when its type, start and end are, and
    illegal tags are read as `spans` says. Else single tags count; so do they where `B-` and `I-` tags stand
    beside several plain ones, as in `python_source`.

    Args:
        truth: right tags, sentence by sentence.
        predicted: predicted tags, as many.
        tokens: the tokens themselves. Those of nothing but white space (the line breaks of code) give their
            tag away, and no single tag of theirs is scored; spans may run over them.

    Returns:
        `n`, the number of sentences; `tokens`, how many are scored; and `accuracy` over tokens. For spans
        `f1`, `precision` and `recall` over all of them, and `f1_by_type`; else `f1_by_tag`, and `macro_f1`,
        the mean over tags. Both tables hold what stands in the truth.
    """
    pairs = Counter(_scored_pairs(truth, predicted, tokens))
    sizes = {"n": len(truth), "tokens": pairs.total()}
    accuracy = _ratio(sum(count for (right, found), count in pairs.items() if right == found), pairs.total())
    if not is_span_data(truth):
        each = _f1_by_tag(pairs)
        macro_f1 = _ratio(sum(each.values()), len(each))
        return {**sizes, "accuracy": accuracy, "macro_f1": macro_f1, "f1_by_tag": each}
    right, found = [spans(tags) for tags in truth], [spans(tags) for tags in predicted]
    each = {
        kind: _matches(_of_type(right, kind), _of_type(found, kind))["f1"]
        for kind in sorted({kind for row in right for kind, _, _ in row})
    }
    return {**sizes, **_matches(right, found), "accuracy": accuracy, "f1_by_type": each}


def translation(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> dict[str, Any]:
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
        return {"n": 0, "bleu": 0.0, "chrf": 0.0, "exact_match": 0.0, "signatures": {}}
    found = list(map(plain, predicted))
    # sacreBLEU takes first references, second references ...; None where a source has no more.
    columns = list(zip_longest(*([plain(text) for text in texts] for texts in references)))
    scorers = {"bleu": BLEU(), "chrf": CHRF()}
    scores = {name: scorer.corpus_score(found, columns).score for name, scorer in scorers.items()}
    same = sum(map(is_a_reference, references, predicted))
    return {
        "n": len(found),
        **scores,
        "exact_match": _ratio(same, len(found)),
        "signatures": {name: str(scorer.get_signature()) for name, scorer in scorers.items()},
    }


def pronunciation(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> dict[str, Any]:
    """Scores pronunciations by what is wrong: of whole words, and of the phonemes in them.

    Args:
        references: one or more right pronunciations of each word, phonemes parted by spaces.
        predicted: a pronunciation of each.

    Returns:
        `n`, the number of words; `word_error_rate`, the share of pronunciations that equal none of their
        references; and `phoneme_error_rate`, the phonemes inserted, deleted or replaced against the
        closest reference (of equals the longest), for each phoneme of these references. Both are of 100;
        the latter may pass it.
    """
    wrong_words = sum(not is_a_reference(*pair) for pair in zip(references, predicted, strict=True))
    counted = list(map(_phoneme_errors, references, predicted))
    return {
        "n": len(predicted),
        "word_error_rate": 100 * _ratio(wrong_words, len(predicted)),
        "phoneme_error_rate": 100 * _ratio(sum(w for w, _ in counted), sum(n for _, n in counted)),
    }


def _phoneme_errors(references: Sequence[str], predicted: str) -> tuple[int, int]:
    """Returns the fewest edits to one of the references, and how many phonemes this one has."""
    tried = [(edits(text.split(), predicted.split()), -len(text.split())) for text in references]
    fewest, length = min(tried)
    return fewest, -length


# What the answers of a translator may be scored as.
ANSWERS = {"translation": translation, "pronunciation": pronunciation}


def closeness(scored_as: str, references: Sequence[Sequence[str]], predicted: Sequence[str]) -> list[float]:
    """Returns how close each answer by itself comes to its references, the closer the higher.

    Args:
        scored_as: one of `ANSWERS`: translations have their chrF, pronunciations their phoneme error rate,
            as a negative number.
        references: one or more right answers of each source.
        predicted: an answer of each.
    """
    if scored_as == "translation":
        return sentence_chrf(references, predicted)
    return [-_ratio(*_phoneme_errors(*pair)) for pair in zip(references, predicted, strict=True)]


def captioning(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> dict[str, Any]:
    """Scores captions as the COCO caption evaluation does, on lower-case words without punctuation.

    Args:
        references: one or more true captions of each picture.
        predicted: a caption of each picture.

    Returns:
        `n`; `bleu_4`, `bleu_1`, `bleu_2` and `bleu_3`, without smoothing, and `rouge_l`, from 0 to 100;
        `cider`, which is CIDEr-D times 100, as tables of papers print it, and may pass 100; `exact_match`,
        the share of captions that equal one of their references, case and punctuation included;
        `word_accuracy`, which is 1 - word error rate. Where captions `are_names`, `exact_match` stands first.
    """
    bleu = {f"bleu_{order}": 100 * captions.bleu(references, predicted, order) for order in (4, 1, 2, 3)}
    same = sum(map(is_a_reference, references, predicted))
    exact = {"exact_match": _ratio(same, len(predicted))}
    scores = {
        **bleu,
        "cider": 100 * captions.cider(references, predicted),
        "rouge_l": 100 * captions.rouge_l(references, predicted),
        **exact,
        "word_accuracy": captions.word_accuracy(references, predicted),
    }
    # A name has too few words for runs of four, and a right one can be hit; of free captions hardly any is.
    return {"n": len(predicted), **(exact if are_names(references) else {}), **scores}


def generation(log_probabilities: Sequence[float], units: Sequence[int], level: str) -> dict[str, Any]:
    """Scores a language model by how probable it finds text that others wrote.

    Args:
        log_probabilities: that of each text, in nats.
        units: how many characters or words each has.
        level: `"char"` or `"word"`.

    Returns:
        `n`, the number of texts, and `units`, those of all. For characters `nats`, the cross-entropy of one
        on average, the same in `bits`, and `perplexity`, its exponential; for words `perplexity` and `nats`.
    """
    nats = _ratio(-float(np.sum(log_probabilities, dtype=np.float64)), sum(units))
    sizes = {"n": len(units), "units": int(sum(units))}
    perplexity = {"perplexity": float(np.exp(nats))}
    if level == "word":
        return {**sizes, **perplexity, "nats": nats}
    return {**sizes, "nats": nats, "bits": float(nats / np.log(2)), **perplexity}


def is_a_reference(references: Sequence[str], predicted: str) -> bool:
    """Tells whether an answer equals one of its references, compared as `plain` writes them."""
    return plain(predicted) in map(plain, references)


def are_names(references: Sequence[Sequence[str]]) -> bool:
    """Tells whether captions are names: less than two for a picture, of six words at most, on average."""
    captions = [caption for each in references for caption in each]
    words = sum(len(caption.split()) for caption in captions)
    return len(captions) < 2 * len(references) and words <= 6 * len(captions)


def plain(text: str) -> str:
    """Returns a text with single spaces and composed accents, which look the same as any others."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def sentence_chrf(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> list[float]:
    """Returns the chrF of each translation by itself, from 0 to 100."""
    from sacrebleu.metrics import CHRF

    pairs = zip(predicted, references, strict=True)
    return [CHRF().sentence_score(found, list(texts)).score for found, texts in pairs]


def headline(scores: Mapping[str, Any]) -> float:
    """Returns the figure that stands first: span F1, accuracy, BLEU-4 ..."""
    return next(value for value in scores.values() if isinstance(value, float))


def heading(name: str) -> str:
    """Returns what tables call a figure: `macro-F1` for `macro_f1`, `exact match` for `exact_match`."""
    return _HEADINGS.get(name, name.replace("_", " "))


def figures(scores: Mapping[str, Any]) -> dict[str, str]:
    """Returns heading -> figure as tables write it: with two decimals if it is of 100, else with four."""
    return {
        heading(name): f"{value:.2f}" if name in _OF_100 else f"{value:.4f}"
        for name, value in scores.items()
        if isinstance(value, float)
    }


def tokenization(
    truth: Sequence[Sequence[tuple[int, int]]], predicted: Sequence[Sequence[tuple[int, int]]]
) -> dict[str, float]:
    """Scores found tokens by exact offsets: the "Words" of the CoNLL 2018 shared task.

    Args:
        truth: (start, end) of the right tokens, text by text.
        predicted: those of the found tokens.

    Returns:
        `f1`, `precision` (right ones of the found) and `recall` (right ones of the true).
    """
    return _matches(truth, predicted)


def tagging_from_raw(
    truth: Sequence[Sequence[tuple[int, int, str]]], predicted: Sequence[Sequence[tuple[int, int, str]]]
) -> dict[str, float]:
    """Scores tags on tokens that were found too: the "UPOS" of the CoNLL 2018 shared task.

    Args:
        truth: (start, end, tag) of the right tokens, text by text.
        predicted: those of the found tokens.

    Returns:
        `f1`, `precision` and `recall`; a tag counts as right only on a token with exactly the right offsets.
    """
    return _matches(truth, predicted)


def is_span_data(truth: Iterable[Sequence[str]]) -> bool:
    """Tells whether `tagging` scores spans: `B-` or `I-` tags, and one plain tag (`O`) at most."""
    distinct = {tag for tags in truth for tag in tags}
    plain = {tag for tag in distinct if span_type(tag) is None}
    return len(plain) <= 1 and plain != distinct


def _scored_pairs(truth, predicted, tokens) -> list[tuple[str, str]]:
    return [
        (right, found)
        for row in zip(truth, predicted, tokens, strict=True)
        for right, found, token in zip(*row, strict=True)
        if token.strip()
    ]


def _f1_by_tag(pairs: Counter[tuple[str, str]]) -> dict[str, float]:
    right, found = Counter(), Counter()
    for (right_tag, found_tag), count in pairs.items():
        right[right_tag] += count
        found[found_tag] += count
    return {tag: 2 * pairs[tag, tag] / (right[tag] + found[tag]) for tag in sorted(right)}


def _of_type(rows: list[list[tuple[str, int, int]]], kind: str) -> list[list[tuple[str, int, int]]]:
    return [[span for span in row if span[0] == kind] for row in rows]


def _matches(truth: Sequence[Sequence[tuple]], predicted: Sequence[Sequence[tuple]]) -> dict[str, float]:
    right = sum(
        (Counter(map(tuple, gold)) & Counter(map(tuple, found))).total()
        for gold, found in zip(truth, predicted, strict=True)
    )
    true, system = sum(map(len, truth)), sum(map(len, predicted))
    return {
        "f1": _ratio(2 * right, true + system),
        "precision": _ratio(right, system),
        "recall": _ratio(right, true),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
