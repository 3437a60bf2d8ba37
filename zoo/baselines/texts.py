"""What a recurrent model must beat: simple models, fitted in seconds on the same data."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from zoo import metrics
from zoo.baselines.ngrams import NGrams
from zoo.data import Part
from zoo.metrics import Score
from zoo.metrics.captions import words

_PAIRS = 200_000  # that are searched for a similar one: of a data set of millions, a sample
_MEMORY = 100_000  # pictures that are searched
_SAMPLE = 2_000  # captions among which the most typical one is looked for
_SIDE = 16  # of shrunk pictures
_FRAMES = 4  # of a clip
Texts = tuple[Sequence[str], np.ndarray]  # and their label numbers
Sentences = tuple[list[list[str]], list[list[str]]]  # tokens and tags


def text_classification(
    train: Texts, validation: Texts, tests: Mapping[str, Texts], label_names: Sequence[str]
) -> dict[str, dict[str, Score]]:
    """Scores the commonest label, and logistic regression on TF-IDF of words and word pairs.

    The linear model takes the 50,000 commonest words and pairs; its strength (C of 1, 2, 4, 8) is chosen
    on the validation part.

    Args:
        train: texts (n,) and label numbers (n,).
        validation: likewise.
        tests: test part -> likewise.
        label_names: name of each number.

    Returns:
        Test part -> name -> what `zoo.metrics.classification` says.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    def scored(name: str, predict: Callable[[Sequence[str]], np.ndarray]) -> None:
        for part, (texts, labels) in tests.items():
            scores[part][name] = metrics.classification(labels, predict(texts), label_names)

    scores: dict[str, dict[str, Score]] = {part: {} for part in tests}
    commonest = np.bincount(train[1]).argmax()
    scored("majority", lambda texts: np.full(len(texts), commonest))
    tfidf = TfidfVectorizer(ngram_range=(1, 2), max_features=50_000, sublinear_tf=True)
    try:
        features = tfidf.fit_transform(train[0])
    except ValueError as error:  # texts without a word of two letters
        print(f"no TF-IDF baseline: {error}")
        return scores
    models = [LogisticRegression(C=c, max_iter=1000).fit(features, train[1]) for c in (1, 2, 4, 8)]
    held = tfidf.transform(validation[0])

    def merit(model: LogisticRegression) -> float:
        return metrics.classification(validation[1], model.predict(held), label_names)["macro_f1"]

    best = max(models, key=merit)
    scored("TF-IDF + logistic regression", lambda texts: best.predict(tfidf.transform(texts)))
    return scores


def typical_text(texts: Sequence[str]) -> str:
    """Returns the text that is closest to others, by characters, of 200 that are drawn evenly."""
    sample = texts[:: max(1, len(texts) // 200)][:200]
    return min(sample, key=lambda text: sum(metrics.character_edits(other, text) for other in sample))


def tagging(train: Sentences, test: Sentences) -> dict[str, Score]:
    """Scores the tag that each token has most often in training.

    A token that training lacks gets the commonest tag of the tokens that occur there once: new
    words are like rare ones. Upper and lower case differ.

    Args:
        train: tokens and tags, sentence by sentence.
        test: likewise.

    Returns:
        Name -> what `zoo.metrics.tagging` says of the test part.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for tokens, tags in zip(*train, strict=True):
        for token, tag in zip(tokens, tags, strict=True):
            counts[token][tag] += 1
    commonest = {token: tags.most_common(1)[0][0] for token, tags in counts.items()}
    once = Counter(commonest[token] for token, tags in counts.items() if tags.total() == 1)
    # Where no token occurs once, each token's own tag votes.
    ((unknown, _),) = (once or Counter(commonest.values())).most_common(1)
    sentences, truth = test
    predicted = [[commonest.get(token, unknown) for token in sentence] for sentence in sentences]
    return {"majority tag per token": metrics.tagging(truth, predicted, sentences)}


def translation(
    train: Part,
    tests: Mapping[str, tuple[list[str], list[list[str]]]],
    score: Callable[[Sequence[Sequence[str]], Sequence[str]], Score],
) -> dict[str, dict[str, Score]]:
    """Scores the source itself, and the translation of the most similar source of the training part.

    Similar is what has a high cosine of TF-IDF over sequences of three characters: a translation memory, of
    200,000 pairs at most, drawn evenly.

    Args:
        train: pairs with `source` and `target`.
        tests: test part -> distinct sources and the right translations of each.
        score: takes references and answers.

    Returns:
        Test part -> name -> what `score` says.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    def with_ends(text: str) -> str:  # so that even a text of one character has a sequence
        return f" {text.lower()} "

    parts = -(-len(train) // _PAIRS) or 1
    known, translations = (train.strings(side)[::parts] for side in ("source", "target"))
    tfidf = TfidfVectorizer(
        analyzer="char", preprocessor=with_ends, ngram_range=(3, 3), sublinear_tf=True, dtype=np.float32
    )
    memory = tfidf.fit_transform(known).T.tocsr()
    scores = {}
    for part, (sources, references) in tests.items():
        nearest: list[str] = []
        for start in range(0, len(sources), 256):  # all at once, similarities would take much memory
            similar = tfidf.transform(sources[start : start + 256]) @ memory
            nearest += [translations[i] for i in np.asarray(similar.argmax(axis=1)).ravel()]
        scores[part] = {
            "the source itself": score(references, sources),
            "nearest training pair": score(references, nearest),
        }
    return scores


def captioning(
    train: Part, tests: Mapping[str, Part], events: Sequence[str] = ()
) -> dict[str, dict[str, Score]]:
    """Scores one caption for all pictures, and the first caption of the most similar training picture.

    The one caption is the most typical of 2,000 training captions, drawn evenly: of highest mean F1, over
    the words that two captions share, with all others. Where captions are repeated it is a frequent one.
    Similar are pictures of small squared distance, shrunk to 16 x 16 on white; of the training part, the
    first 100,000 are searched. Of clips four frames are compared, evenly over their length.

    Args:
        train: pictures and captions.
        tests: test part -> likewise.
        events: of clips, as `zoo.metrics.captioning` takes them.

    Returns:
        Test part -> name -> what `zoo.metrics.captioning` says.
    """
    from sklearn.metrics import pairwise_distances_argmin

    memory, captions = _shrunk_and_captions(train, _MEMORY)
    typical = _most_typical([caption for true in captions for caption in true])
    scores = {}
    for part, rows in tests.items():
        pictures, references = _shrunk_and_captions(rows)
        nearest = pairwise_distances_argmin(pictures, memory)
        scores[part] = {
            "most typical caption": metrics.captioning(references, [typical] * len(references), events),
            "nearest training picture": metrics.captioning(
                references, [captions[i][0] for i in nearest], events
            ),
        }
    return scores


def generation(
    train: Sequence[np.ndarray], parts: Mapping[str, Sequence[np.ndarray]], size: int, level: str, start: int
) -> dict[str, dict[str, Score]]:
    """Scores how often each character or word stands in training, and runs of them, by `NGrams`.

    Args:
        train: numbers of the training texts, int32 (time,) each.
        parts: test part -> those of its texts.
        size: of the vocabulary.
        level: `"char"`, for runs of six, or another, for runs of three.
        start: the number that every text follows.

    Returns:
        Part -> name -> what `zoo.metrics.generation` says.
    """
    scores: dict[str, dict[str, Score]] = {part: {} for part in parts}
    for order in (1, 6 if level == "char" else 3):
        model = NGrams(train, size, order, start)
        for part, texts in parts.items():
            totals = [float(model.log_probabilities(text).sum()) for text in texts]
            scores[part][f"{model.order}-grams"] = metrics.generation(totals, list(map(len, texts)), level)
    return scores


def _shrunk_and_captions(part: Part, most: int = -1) -> tuple[np.ndarray, list[list[str]]]:
    """Returns the first `most` pictures (n, 768), or clips (n, 3072), and the captions of each."""
    import tensorflow as tf

    from zoo import images

    def shrunk(row: Mapping[str, Any]) -> Any:
        image = row["image"]
        return images.squash(images.evenly(image, _FRAMES) if len(image.shape) == 4 else image, _SIDE)

    small = part.dataset.take(most).map(shrunk, num_parallel_calls=tf.data.AUTOTUNE)
    pictures = np.concatenate(
        [block.reshape(len(block), -1) for block in small.batch(4096).as_numpy_iterator()]
    )
    return pictures.astype(np.float32), part.rows_of_strings("captions")[: len(pictures)]


def _most_typical(captions: list[str]) -> str:
    from sklearn.feature_extraction.text import CountVectorizer

    sample = captions[:: max(1, len(captions) // _SAMPLE)][:_SAMPLE]
    counts = CountVectorizer(analyzer=lambda caption: set(words(caption)) or {""}).fit_transform(sample)
    sizes = np.asarray(counts.sum(axis=1))
    f1 = 2 * (counts @ counts.T).toarray() / (sizes + sizes.T)
    return sample[f1.mean(axis=1).argmax()]
