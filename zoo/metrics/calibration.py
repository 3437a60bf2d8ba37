"""Whether a model is as often right as it says it is."""

from collections.abc import Sequence

import numpy as np

from zoo.data.tags import spans

_BINS = 15


def calibration_error(confidences: Sequence[float] | np.ndarray, right: Sequence[bool] | np.ndarray) -> float:
    """Returns the expected calibration error (Guo et al. 2017), from 0 to 1; of no answers 0.

    Answers are put into 15 bins of equal width by their confidence; the error is the mean distance of a bin's
    mean confidence from its share of right answers, weighted by how many it holds.

    Args:
        confidences: how sure a model was of each answer, (n,).
        right: whether it was right, (n,).
    """
    sure, hits = np.asarray(confidences, float), np.asarray(right, float)
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = [abs(sure[bins == number].sum() - hits[bins == number].sum()) for number in range(_BINS)]
    return float(sum(gaps) / max(1, len(sure)))


def told_apart(confidences: Sequence[float] | np.ndarray, right: Sequence[bool] | np.ndarray) -> float:
    """Returns how well right and wrong answers are told apart: the area under the ROC curve, from 0 to 1.

    That is the chance that of a right answer and a wrong one the right one has the higher confidence; of
    equal ones half counts. Where all answers are right, or all wrong, it is 0.5.
    """
    from scipy.stats import rankdata

    hits = np.asarray(right, bool)
    pairs = hits.sum() * (~hits).sum()
    if not pairs:
        return 0.5
    above = rankdata(np.asarray(confidences, float))[hits].sum() - hits.sum() * (hits.sum() + 1) / 2
    return float(above / pairs)


def span_calibration_error(
    truth: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], confidences: Sequence[Sequence[float]]
) -> float:
    """Returns the expected calibration error of predicted spans, which are right in type, start and end.

    Args:
        truth: right tags, sentence by sentence.
        predicted: predicted tags, as many.
        confidences: of the spans of each sentence, in their order.
    """
    right: list[bool] = []
    for gold, answered in zip(truth, predicted, strict=True):
        known = set(spans(gold))
        right += [span in known for span in spans(answered)]
    return calibration_error([sure for row in confidences for sure in row], right)
