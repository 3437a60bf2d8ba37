"""Many-to-many, aligned: tokens go in, one tag for each of them comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo import baselines, metrics, show
from zoo.data import Adapter, Examples, Part, of_rows, of_user
from zoo.data.own import conll, tables
from zoo.data.tags import spans, with_both_prefixes
from zoo.errors import ZooError
from zoo.metrics import Score, Scores
from zoo.tasks import tries
from zoo.tasks.base import Answered, Evaluation, Given, Model, Reordered, Row, Task, python, warn_of_cut
from zoo.tasks.manifest import Manifest

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

_CELLS = 50_000  # tokens, padding included, of sentences that go through a model together
_SPANS = "confidences"  # of a step's whole span, where a model tells
_COLUMNS = {"token": "tokens", "tag": "tags", "score": "scores", "start": "starts", "end": "ends"}
_TREEBANKS = "Universal Dependencies; each treebank has a licence of its own (en_ewt: CC BY-SA 4.0)"


@dataclass(frozen=True, kw_only=True)
class Tagged(Adapter):
    """Of a stored set, tokens and a tag for each of them."""

    tags: tuple[str, ...]
    """Columns of tags; the first is taken where none is asked for."""
    text: str = ""
    """The feature with the raw sentence, where there is one."""
    no_word: Mapping[str, str] = field(default_factory=dict)
    """Feature -> value of it that tells that a stored token is no word of the sentence."""

    def choose(self, dataset: str, info: tfds.core.DatasetInfo, **options: str) -> dict[str, str]:
        """Returns the column of tags that was asked for."""
        tags = options["tags"]
        if tags and tags not in self.tags:
            raise ZooError(f"{dataset}: no column {tags!r} of tags; choose {' or '.join(self.tags)}")
        return {"tags": tags or self.tags[0]}

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored sentences into sentences of the mapping; those without words are left out."""
        import tensorflow as tf

        def strings(example: Row, feature: str) -> tf.Tensor:
            names = _class_names(info, feature)
            return tf.gather(tf.constant(names), example[feature]) if names else example[feature]

        def rename(example: Row) -> Row:
            words = tf.fill(tf.shape(example["tokens"]), True)
            for feature, value in self.no_word.items():
                words &= strings(example, feature) != value
            kept = {
                "tokens": tf.boolean_mask(example["tokens"], words),
                "tags": _to_bio(tf.boolean_mask(strings(example, options["tags"]), words)),
            }
            return kept | ({"text": example[self.text]} if self.text else {})

        return dataset.map(rename, num_parallel_calls=2, deterministic=True).filter(
            lambda example: tf.size(example["tokens"]) > 0
        )

    def label_names(self, train: Part, info: tfds.core.DatasetInfo, **options: str) -> list[str]:
        """Returns all tags of the column: the stored classes, or what stands in the training part."""
        tags = options["tags"]
        names = [name for name in _class_names(info, tags) if name != self.no_word.get(tags)]
        if names:
            return with_both_prefixes(names)
        present = {tag.decode() for tag in set(train.column("tags").flat_values.numpy())}
        return sorted(with_both_prefixes(present))

    def check(self, dataset: str, label_names: list[str], **options: str) -> None:
        """Refuses a column that holds one tag only."""
        if len(label_names) < 2:
            raise ZooError(f"{dataset}: the column {options['tags']!r} is not filled in; choose another one")


class Tagging(Task):
    """Features: `tokens` and `tags`, strings (time,), spans in BIO; `text` where the sentence is known.

    The user's own: columns of tokens and tags, as `zoo.data.own.conll.read_columns` reads them.
    """

    name = "tagging"
    pipeline = "token-classification"
    tries = tries.TAGGING
    options = ("tags",)
    kind = f"a file of columns ({', '.join(conll.SUFFIXES)})"
    suffixes = conll.SUFFIXES
    sets = {  # noqa: RUF012 - as Task says
        "python_source": Tagged(
            tags=("tags",),
            text="text",
            own="python_source.PythonSource",
            embedded=True,
        ),
        "conll2003": Tagged(
            train="train",
            validation="dev",
            tags=("ner", "chunks", "pos"),
            licence="none stated; the text is Reuters news, given for research",
        ),
        "conll2000": Tagged(
            train="train[:94%]", validation="train[94%:]", tags=("chunks", "pos"), own="conll2000.Conll2000"
        ),
        # Beside the words, the stored tokens hold ranges ("don't" before "do" and "n't"), whose class is "_",
        # and nodes of the enhanced graph that stand for nothing in the text. Neither has a head.
        "universal_dependencies/*": Tagged(
            train="train",
            validation="dev",
            tags=("upos", "xpos"),
            text="text",
            no_word={"upos": "_", "head": "None"},
            licence=_TREEBANKS,
            example="universal_dependencies/en_ewt",
        ),
        "wikiann/*": Tagged(
            train="train",
            validation="validation",
            tags=("tags",),
            licence="none stated; the text is Wikipedia's",
            example="wikiann/en",
        ),
        "xtreme_pos/*": Tagged(
            train="train",
            validation="dev",
            tags=("upos",),
            no_word={"upos": "_"},
            licence=_TREEBANKS,
            example="xtreme_pos/xtreme_pos_en",
        ),
    }

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads a file of columns, or a folder of them.

        Raises:
            ZooError: as `zoo.data.own.conll.read_columns`, a part has no sentences, or one tag stands alone.
        """
        parts = tables.split_parts(
            path,
            self.suffixes,
            lambda file: conll.read_columns(file, options["tags"]),
            lambda sentence: " ".join(sentence.tokens),
            "sentences",
        )
        # Unlike a label, a rare tag that only another part holds is no mistake: it counts as missed there.
        known = {tag for sentence in parts["train"] for tag in sentence.tags}
        if len(known) < 2:
            raise ZooError(f"{path}: only one tag ({min(known)!r}) in the training part; give at least two")
        with_text = all(sentence.text for sentences in parts.values() for sentence in sentences)
        names = sorted(with_both_prefixes(known))
        return of_user(path, {split: _part(rows, with_text) for split, rows in parts.items()}, names)

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads all sentences of a file as a test part."""
        rows = conll.read_columns(path, options["tags"])
        return of_rows(path, _part(rows, all(sentence.text for sentence in rows)))

    # How a model is asked --------------------------------------------------------------------------------

    def signature_for(self, rows: Sequence[Any], signatures: Sequence[str]) -> str:
        """Returns the one for ready tokens, or for texts the one whose outputs are not padded."""
        if "tokens" in signatures and any(not isinstance(row, str | bytes) for row in rows):
            return "tokens"
        return "flat" if "flat" in signatures else "serving_default"

    def blocks(self, rows: Sequence[Any], signature: str, model: Model, few: bool) -> Iterator[list[Any]]:
        """Yields texts; of lists of tokens so many that, padded, they are not too large: a long one alone."""
        if signature != "tokens":
            yield from super().blocks(rows, signature, model, few)
            return
        block: list[Sequence[str]] = []
        longest = 0
        for sentence in rows:
            if isinstance(sentence, str | bytes) or not all(
                isinstance(token, str) and token for token in sentence
            ):
                raise ZooError("give texts only, or lists of tokens only, and no token that is empty")
            longest = max(longest, len(sentence))
            if block and (len(block) + 1) * longest > _CELLS:
                yield block
                block, longest = [], len(sentence)
            block.append(sentence)
        if block:
            yield block

    def tensors(self, block: list[Any], signature: str) -> dict[str, Any]:
        """Fills short sentences up with empty strings."""
        if signature != "tokens":
            return super().tensors(block, signature)
        longest = max(1, *map(len, block))
        return {"tokens": [[*sentence, *[""] * (longest - len(sentence))] for sentence in block]}

    def answers(self, outputs: Mapping[str, np.ndarray], block: list[Any], manifest: Manifest) -> list[Row]:
        """Returns `tokens` and `spans` of each text.

        `tokens` is a list of dicts with `token`, `tag`, `score`, `start` and `end`; `spans` is what B- and I-
        tags join, as dicts with `type`, `text`, `start`, `end` and, where the model has a CRF, `confidence`:
        the probability that all of it is right. Offsets count code points of the text.
        Ready tokens have no offsets, and those of their spans count tokens. `truncated` says that a text had
        more tokens than are read.
        """
        if not {"row_splits", "length"} & set(outputs):
            return super().answers(outputs, block, manifest)
        return [_tagged(outputs, row, given) for row, given in enumerate(block)]

    # The command line ------------------------------------------------------------------------------------

    def answered(self, given: Given, answers: list[Row], manifest: Manifest) -> Answered:
        """Puts answers beside what was given, and tells of what was not read."""
        warn_of_cut(manifest.name, answers)
        return super().answered(given, answers, manifest)

    def lines(self, answered: Answered) -> str | None:
        """Returns columns, parted by tabs, a blank line between texts: colours would be lost."""
        if "spans" not in answered.rows[0]:
            return None
        return "\n".join(
            "".join("\t".join(map(_cell, token.values())) + "\n" for token in row["tokens"])
            for row in answered.rows
        )

    def painted(self, answered: Answered) -> list[Any]:
        """Returns the texts themselves, with their tags in colour."""
        from zoo.show.coloured import coloured

        if "spans" not in answered.rows[0]:
            return super().painted(answered)
        code = answered.manifest.config.get("style") == "code"
        return list(coloured(answered.rows, answered.manifest.labels, code))

    def flat(self, rows: list[Row]) -> tuple[list[str], list[Row]]:
        """Returns a row for each token, with the number of its text."""
        if "spans" not in rows[0]:
            return super().flat(rows)
        tokens = [{"text": i, **token} for i, row in enumerate(rows) for token in row["tokens"]]
        return ["text", *_COLUMNS], tokens

    # Scores ----------------------------------------------------------------------------------------------

    def usual_options(self, manifest: Manifest, same_set: bool, in_catalogue: bool) -> dict[str, str]:
        """Returns the column of tags: the model's own where the set is."""
        return {"tags": manifest.config.get("tags", "") if same_set else ""}

    def evaluate(self, model: Model, examples: Examples, split: str) -> Evaluation:
        """Scores tags on ready tokens; prints F1 of each type, confusions and sentences.

        Raises:
            ZooError: most tags are none of the model's.
        """
        part = examples.split(split)
        tokens, truth = part.rows_of_strings("tokens"), part.rows_of_strings("tags")
        _check_tags(model, examples.name, truth)
        found = model.predict(tokens)
        answers = [row["tokens"] for row in found]
        predicted = [[token["tag"] for token in row] for row in answers]
        score = metrics.tagging(truth, predicted, tokens)
        if metrics.is_span_data(truth):
            score = _with_calibration(score, truth, predicted, [row.get("spans", []) for row in found])

        def show_scores(scores: Scores, title: str) -> None:
            from zoo.show.tags import print_tagging

            print_tagging(scores, tokens, truth, predicted)

        rows = [
            {"tokens": own, "truth": tags, "answer": found, "score": [token["score"] for token in row]}
            for own, tags, found, row in zip(tokens, truth, predicted, answers, strict=True)
        ]
        return Evaluation(score, show_scores, predicted, rows)

    def evaluate_more(self, model: Model, examples: Examples, split: str) -> dict[str, Score]:
        """Scores the tokens that the model finds in raw sentences by itself, and the tags that it gives them.

        Sentences whose text is not what their tokens make up are left out, and counted in the title.
        """
        part = examples.split(split)
        texts = part.strings("text") if "text" in part.features else []
        if not texts or not all(texts):
            return {}
        right, system = [], []
        columns = zip(part.rows_of_strings("tokens"), part.rows_of_strings("tags"), strict=True)
        for text, answer, (row, tags) in zip(texts, model.predict(texts), columns, strict=True):
            inked = [(token, tag) for token, tag in zip(row, tags, strict=True) if token.strip()]
            places = offsets(text, [token for token, _ in inked])
            if places is None:
                continue
            right.append([(*place, tag) for place, (_, tag) in zip(places, inked, strict=True)])
            system.append([(t["start"], t["end"], t["tag"]) for t in answer["tokens"] if t["token"].strip()])
        bare = [[[(start, end) for start, end, _ in row] for row in side] for side in (right, system)]
        scores = {"tokens": metrics.tokenization(*bare), "tags": metrics.tagging_from_raw(right, system)}
        show.print_scores(scores, f"From raw text ({len(right):,} of {len(texts):,} sentences)")
        return scores

    def scorer(
        self, part: Part, predict: Callable[[], list[Any]], names: Sequence[str] = ()
    ) -> Callable[[], float]:
        """Returns what scores the tags that are predicted for a part: the higher the better.

        Args:
            part: the sentences.
            predict: gives tag numbers (sentences, time), padded.
            names: name of each number.
        """
        tokens, truth = part.rows_of_strings("tokens"), part.rows_of_strings("tags")

        def score() -> float:
            rows = zip(predict(), truth, strict=True)
            predicted = [[names[number] for number in numbers[: len(tags)]] for numbers, tags in rows]
            return self.merit(metrics.tagging(truth, predicted, tokens))

        return score

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores the tag that each token has most often in training."""
        train, test = (
            (part.rows_of_strings("tokens"), part.rows_of_strings("tags"))
            for part in (examples.train, examples.test)
        )
        return {"test": baselines.tagging(train, test)}

    def reordered(self, model: Model, part: Part) -> Reordered:
        """Returns tokens with their tags; spans fall apart with them, so only single tags can be compared."""
        columns = zip(part.rows_of_strings("tokens"), part.rows_of_strings("tags"), strict=True)
        rows: list[tuple[list[Any], Any]] = [(list(zip(*row, strict=True)), None) for row in columns]

        def score(rows: list[tuple[list[Any], Any]]) -> Score:
            tokens, truth = ([[pair[i] for pair in row] for row, _ in rows] for i in (0, 1))
            predicted = [[token["tag"] for token in answer["tokens"]] for answer in model.predict(tokens)]
            return metrics.tagging(truth, predicted, tokens)

        return Reordered("tokens", "accuracy", rows, score)


def offsets(text: str, tokens: Sequence[str]) -> list[tuple[int, int]] | None:
    """Finds where each token stands in a text, white space aside, in code points.

    Returns:
        (start, end) of each token, or None if the text holds anything else.
    """
    inked = [i for i, character in enumerate(text) if not character.isspace()]
    joined = ["".join(token.split()) for token in tokens]
    if "".join(text[i] for i in inked) != "".join(joined) or not all(joined):
        return None
    places, first = [], 0
    for token in joined:
        places.append((inked[first], inked[first + len(token) - 1] + 1))
        first += len(token)
    return places


def _tagged(outputs: Mapping[str, np.ndarray], row: int, given: str | bytes | Sequence[str]) -> Row:
    found = {name: python(values) for name, values in _columns_of(outputs, row).items()}
    columns = {name: found[key] for name, key in _COLUMNS.items() if key in found}
    tokens = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    text = given.decode("utf-8", "replace") if isinstance(given, bytes) else given
    joined = []
    for kind, start, end in spans([token["tag"] for token in tokens]):
        sure = {"confidence": found[_SPANS][start]} if _SPANS in found else {}
        if isinstance(text, str):
            start, end = tokens[start]["start"], tokens[end - 1]["end"]
            span = text[start:end]
        else:
            span = " ".join(token["token"] for token in tokens[start:end])
        joined.append({"type": kind, "text": span, "start": start, "end": end, **sure})
    cut = {"truncated": bool(outputs["truncated"][row])} if "truncated" in outputs else {}
    return {"tokens": tokens, "spans": joined, **cut}


def _with_calibration(
    score: Score, truth: list[list[str]], predicted: list[list[str]], found: list[list[Row]]
) -> Score:
    """Adds how far the confidence of spans is from how often they are right, where a model tells it."""
    if not all("confidence" in span for row in found for span in row):
        return score
    sure = [[span["confidence"] for span in row] for row in found]
    error = metrics.span_calibration_error(truth, predicted, sure)
    return replace(score, figures={**score.figures, "ece": error})


def _columns_of(outputs: Mapping[str, np.ndarray], row: int) -> dict[str, np.ndarray]:
    """Returns what a row's tokens have, without padding."""
    if "row_splits" not in outputs:
        length = outputs["length"][row]
        return {key: outputs[key][row, :length] for key in (*_COLUMNS.values(), _SPANS) if key in outputs}
    first, end = outputs["row_splits"][row : row + 2]
    keys = [key for key in (*_COLUMNS.values(), _SPANS) if f"flat_{key}" in outputs]
    return {key: outputs[f"flat_{key}"][first:end] for key in keys}


def _cell(value: Any) -> str:
    if isinstance(value, str) and not value.isprintable():  # as a line break is
        import json

        return json.dumps(value, ensure_ascii=False)[1:-1]
    return show.answers.shown(value)


def _check_tags(model: Model, name: str, truth: list[list[str]]) -> None:
    known = set(model.manifest.labels)
    meant = [tag for row in truth for tag in row if tag != "O"]  # which all sets of spans share
    unknown = [tag for tag in meant if tag not in known]
    if 2 * len(unknown) > len(meant):
        raise ZooError(
            f"{name}: most tags, as {unknown[0]!r}, are not among those of {model.name} "
            f"({', '.join(sorted(known)[:8])} ...); choose another column with --tags"
        )


def _part(sentences: Sequence[conll.Sentence], with_text: bool) -> Part:
    columns: dict[str, Any] = {
        "tokens": [sentence.tokens for sentence in sentences],
        "tags": [sentence.tags for sentence in sentences],
    }
    return Part(columns | ({"text": [sentence.text for sentence in sentences]} if with_text else {}))


def _class_names(info: tfds.core.DatasetInfo, feature: str) -> list[str]:
    """Returns the names of a column of class numbers, none where the column holds strings."""
    return list(getattr(info.features[feature].feature, "names", []))


def _to_bio(tags: tf.Tensor) -> tf.Tensor:
    """Does what `zoo.data.tags.to_bio` does with B and I, for one sentence (time,)."""
    import tensorflow as tf

    kinds = tf.strings.regex_replace(tags, "^[BI]-", "")
    before = tf.concat([["O"], tags], axis=0)[:-1]
    continued = (before == "B-" + kinds) | (before == "I-" + kinds)
    inside = tf.strings.regex_full_match(tags, "I-[^-].*")
    return tf.where(inside & ~continued, "B-" + kinds, tags)
