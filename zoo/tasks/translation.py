"""Many-to-many of free length: a text goes in, another one comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo import baselines, metrics
from zoo.data import Adapter, Examples, Part, cache_dir, of_rows, of_user
from zoo.data.own import tables
from zoo.errors import ZooError
from zoo.metrics import Score, Scores
from zoo.tasks import tries
from zoo.tasks.base import Answered, Evaluation, Model, Reordered, Row
from zoo.tasks.manifest import Manifest
from zoo.tasks.tries import Try
from zoo.tasks.written import Judged, Written, with_confidence

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

RIGHT = 50.0
"""chrF of a translation that counts as right: most of it is there, whatever the words."""
# What answers may be: how they are scored, how close each is to its references, and how close is right.
SCORED = {
    "translation": (metrics.translation, metrics.sentence_chrf, RIGHT),
    "pronunciation": (metrics.pronunciation, metrics.phoneme_closeness, 0.0),
}


@dataclass(frozen=True, kw_only=True)
class Pairs(Adapter):
    """Of a stored set, a text in two of the languages that a row holds."""

    hashed: bool = False
    """Whether the set has one part only, which a hash of the source splits 90 / 5 / 5."""

    def choose(self, dataset: str, info: tfds.core.DatasetInfo, **options: str) -> dict[str, str]:
        """Returns the two languages that were asked for."""
        known, default = sorted(info.features), info.supervised_keys
        pair = language_pair(dataset, known, default, options["source"], options["target"])
        return dict(zip(("source", "target"), pair, strict=True))

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored rows into pairs; those with a blank side are left out."""
        import tensorflow as tf

        def rename(example: Row) -> Row:
            return {"source": example[options["source"]], "target": example[options["target"]]}

        def filled(pair: Row) -> tf.Tensor:
            blank = [tf.strings.regex_full_match(side, r"[\p{Z}\p{C}]*") for side in pair.values()]
            return ~tf.reduce_any(blank)

        return dataset.map(rename, num_parallel_calls=2, deterministic=True).filter(filled)

    def part(self, dataset: tf.data.Dataset, split: str) -> tf.data.Dataset:
        """Returns the pairs of a split; equal sources are never in two of them."""
        import tensorflow as tf

        if not self.hashed:
            return dataset
        first, end = {"validation": (0, 1), "test": (1, 2), "train": (2, 20)}[split]

        def inside(pair: Row) -> tf.Tensor:
            bucket = tf.strings.to_hash_bucket_fast(pair["source"], 20)
            return (first <= bucket) & (bucket < end)

        return dataset.filter(inside)

    def languages(self, **options: str) -> tuple[str, ...]:
        """Returns the codes of both."""
        return options["source"], options["target"]


class Phrases(Pairs):
    """Of CLDR, whose builder takes the languages."""

    def builder(self, dataset: str, **options: str) -> tfds.core.DatasetBuilder:
        """Returns what prepares the phrases of two languages."""
        from zoo.data.sets import cldr_phrases

        default, known = cldr_phrases.DEFAULT_PAIR, cldr_phrases.languages()
        source, target = language_pair(dataset, known, default, options["source"], options["target"])
        return cldr_phrases.CldrPhrases(source=source, target=target, data_dir=cache_dir())


class EnglishPairs(Pairs):
    """Of Tatoeba, whose builder takes the language beside English."""

    def builder(self, dataset: str, **options: str) -> tfds.core.DatasetBuilder:
        """Returns what prepares the pairs of English and another language."""
        from zoo.data.sets import tatoeba_pairs

        sides = options["source"], options["target"]
        (english, *others), known = tatoeba_pairs.DEFAULT_PAIR, ["en", *tatoeba_pairs.OTHERS]
        (other,) = [side for side in sides if side not in ("", english)][:1] or others
        pair = language_pair(dataset, known, (english, other), *sides)
        if english not in pair:
            raise ZooError(f"{dataset}: one of each pair is English; choose --source en or --target en")
        return tatoeba_pairs.TatoebaPairs(other=other, data_dir=cache_dir())


class Translation(Written):
    """Features: `source` and `target`, strings. The user's own: a table with the columns source and target.

    Several sets joined by + are mixed. Answers may be pronunciations, phonemes parted by spaces.

    Args:
        scored_as: what answers are: `"translation"` or `"pronunciation"`.
    """

    name = "translation"
    pipeline = "translation"
    tries = tries.TRANSLATION
    options = ("source", "target")
    kind = "a CSV, TSV, JSONL or Parquet file"
    suffixes = tables.SUFFIXES
    mixes = "source"
    one, several = "translation", "translations"
    parts = {  # noqa: RUF012
        "translation": "translations",
        "score": "scores",
        "confidence": "confidences",
        "finished": "finished",
    }
    sets = {  # noqa: RUF012 - as Task says
        "cldr_phrases": Phrases(train="train", validation="validation", extra=("test_terms",), embedded=True),
        "multi30k": Pairs(own="multi30k.Multi30k"),
        "tatoeba_pairs": EnglishPairs(train="train", validation="validation"),
        "cmudict": Pairs(own="cmudict.Cmudict"),
        "ted_hrlr_translate/*": Pairs(
            train="train",
            validation="validation",
            licence="none stated; the talks are TED's, CC BY-NC-ND 4.0",
            example="ted_hrlr_translate/pt_to_en",
        ),
        "opus/*": Pairs(
            train="train",
            validation="train",
            test="train",
            hashed=True,
            licence="each corpus of OPUS has its own",
            example="opus/medical",
        ),
        "wmt*_translate/*": Pairs(
            train="train",
            validation="validation",
            licence="each corpus of WMT has its own; given for research",
            example="wmt16_translate/de-en",
        ),
    }

    def __init__(self, scored_as: str = "translation"):
        self.scored_as = scored_as
        self.score, self.closeness, self.enough = SCORED[scored_as]

    @classmethod
    def for_model(cls, manifest: Manifest) -> Translation:
        """Returns the task as a model was trained on it."""
        return cls(manifest.config.get("scored_as", "translation"))

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads a table, or a folder of tables.

        Raises:
            ZooError: a file is missing, empty or malformed, a cell is blank, or both sides are one column.
        """
        parts = tables.split_parts(
            path, self.suffixes, lambda file: read_pairs(file, **options), lambda row: row[0]
        )
        return of_user(path, {split: _part(rows) for split, rows in parts.items()})

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads all pairs of a table as a test part."""
        return of_rows(path, _part(read_pairs(path, **options)))

    def notes(self, row: Row, answered: Answered) -> list[str]:
        """Says that a text was cut, or its translation."""
        said = []
        if row.get("truncated"):
            most = answered.manifest.config.get("max_pieces", 0)
            said.append(f"only the first {most or 'few'} pieces were read")
        if not all(text.get("finished", True) for text in row.get(self.several, [row])):
            said.append("stopped at the length limit")
        return said + super().notes(row, answered)

    def readable(self, row: Row) -> Row:
        """Leaves the padding of both sides out of the attention between them."""
        if "source_tokens" not in row:
            return super().readable(row)
        source, target = (row[side] != b"" for side in ("source_tokens", "target_tokens"))
        return {
            **row,
            "source_tokens": row["source_tokens"][source],
            "target_tokens": row["target_tokens"][target],
            "attention": row["attention"][target][:, source],
        }

    # Scores ----------------------------------------------------------------------------------------------

    def usual_options(self, manifest: Manifest, same_set: bool, in_catalogue: bool) -> dict[str, str]:
        """Returns source and target: a language is called the same in every set, a column is not."""
        languages = dict(zip(("source", "target"), manifest.dataset.languages, strict=False))
        sides = languages if in_catalogue else {} if languages else manifest.config
        return {side: sides.get(side, "") for side in ("source", "target")}

    def evaluate(self, model: Model, examples: Examples, split: str) -> Evaluation:
        """Scores translations, any of several right ones counting; prints the worst and others."""
        sources, references = sources_and_references(examples.split(split))
        answers = model.predict(sources)
        predicted = [answer["translation"] for answer in answers]
        score = self.score(references, predicted)
        score = with_confidence(score, answers, lambda: self._right(references, predicted))
        if self.scored_as == "translation":
            languages = examples.languages or model.manifest.dataset.languages
            language = (*languages, "", "")[1]
            came_through = metrics.kept(sources, references, predicted, language)
            score = replace(score, details={**score.details, "kept": came_through})

        def show_scores(scores: Scores, title: str) -> None:
            from zoo.show.texts import print_kept, print_translation

            print_translation(scores, sources, references, predicted, self.closeness, title, self.scored_as)
            print_kept(score.details.get("kept", {}))

        rows = [
            {
                "source": source,
                "truth": list(truth),
                "answer": answer["translation"],
                **{name: answer[name] for name in ("score", "confidence") if name in answer},
            }
            for source, truth, answer in zip(sources, references, answers, strict=True)
        ]
        return Evaluation(score, show_scores, predicted, rows)

    def _right(self, references: Sequence[Sequence[str]], predicted: Sequence[str]) -> list[bool]:
        """Tells which answers are close enough to one of their references: of words exactly."""
        return [close >= self.enough for close in self.closeness(references, predicted)]

    def judged(self, model: Model, part: Part) -> Judged:
        """Returns a model's answers to all sources of a part, and which are right."""
        sources, references = sources_and_references(part)
        answers = model.predict(sources)
        predicted = [answer["translation"] for answer in answers]
        scores = [answer["score"] for answer in answers]
        return Judged(predicted, scores, [len(s) for s in sources], self._right(references, predicted))

    def scorer(
        self, part: Part, predict: Callable[[], list[Any]], names: Sequence[str] = ()
    ) -> Callable[[], float]:
        """Returns what scores the translations (n,) that are predicted for a part: the higher the better."""
        rows = part.strings("source")
        sources, references = sources_and_references(part)

        def score() -> float:
            predicted = dict(zip(rows, predict(), strict=True))
            texts = [predicted[source].decode("utf-8") for source in sources]
            return self.merit(self.score(references, texts))

        return score

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores the source itself, and the translation of the most similar source of the training part."""
        parts = {name: sources_and_references(part) for name, part in examples.tests.items()}
        return baselines.translation(examples.train, parts, self.score)

    def merit(self, score: Score) -> float:
        """Returns chrF: BLEU would do, but for single words, in which it finds no run of four to count."""
        return score.figures["chrf"] if "chrf" in score.figures else 100 + score.merit

    def reordered(self, model: Model, part: Part) -> Reordered:
        """Returns the words of sources; of a word that is pronounced its letters."""
        sources, references = sources_and_references(part)
        words = self.scored_as == "translation"

        def score(rows: list[tuple[list[Any], Any]]) -> Score:
            texts = [(" " if words else "").join(tokens) for tokens, _ in rows]
            predicted = [answer["translation"] for answer in model.predict(texts)]
            return self.score([references for _, references in rows], predicted)

        rows = [
            (text.split() if words else list(text), right)
            for text, right in zip(sources, references, strict=True)
        ]
        figure = "bleu" if words else "word_error_rate"
        return Reordered("words" if words else "letters", figure, rows, score)

    def to_try(self, manifest: Manifest) -> list[Try]:
        """Returns texts in the source language."""
        source = next(iter(manifest.dataset.languages), "")
        known = (self.tries.get(key) for key in (f"{manifest.dataset.name}/{source}", source))
        return [Try(text, text) for text in next(filter(None, known), ())]

    def what_was_scored(self, rows: int, score: Score) -> str:
        """Says how many distinct sources there are."""
        return f"{rows:,} rows" + (f" of {score.n:,} sources" if score.n != rows else "")


def sources_and_references(part: Part) -> tuple[list[str], list[list[str]]]:
    """Returns the distinct sources of a part, in the order in which they first stand, and their targets."""
    references: dict[str, list[str]] = {}
    for source, target in zip(part.strings("source"), part.strings("target"), strict=True):
        references.setdefault(source, []).append(target)
    return list(references), list(references.values())


def read_pairs(path: Path, source: str = "", target: str = "") -> list[tuple[str, ...]]:
    """Reads the (source, target) rows of a file.

    Args:
        path: a CSV, TSV, JSONL or Parquet file.
        source: column of the texts to translate; empty for `source`.
        target: column of their translations; empty for `target`.

    Raises:
        ZooError: as `read_table`, or one side is blank, or both are one column, or there are no rows.
    """
    needed = (source or "source", target or "target")
    if needed[0] == needed[1]:
        raise ZooError(f"{path}: source and target are both the column {needed[0]!r}; choose two columns")
    return tables.filled(path, needed, texts=needed)


def language_pair(
    dataset: str, languages: Sequence[str], default: Sequence[str], source: str, target: str
) -> tuple[str, str]:
    """Fills in what was left open of source and target.

    Args:
        dataset: told in messages.
        languages: those that it has.
        default: two of them, taken in this order where nothing else was asked for.
        source: language asked for, or "".
        target: likewise.

    Raises:
        ZooError: a language is unknown, or both are the same.
    """
    for language in (source, target):
        if language and language not in languages:
            raise ZooError(f"{dataset}: no language {language!r}; choose {', '.join(languages)}")
    source = source or next(language for language in default if language != target)
    # Of two languages, the one that is left; the default's second one first.
    target = target or next(language for language in reversed(default) if language != source)
    if source == target:
        raise ZooError(f"{dataset}: source and target are both {source!r}; choose two languages")
    return source, target


def _part(rows: Sequence[tuple[str, ...]]) -> Part:
    return Part({"source": [row[0] for row in rows], "target": [row[1] for row in rows]})
