"""Scores a saved model on any data set of its mapping."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo import metrics
from zoo.data import Examples, catalogue, load, parts_of, tests_of
from zoo.data.examples import (
    captions_of,
    references_of,
    sources_and_references,
    text_and_labels,
    texts_of,
    tokens_and_tags,
)
from zoo.data.own import picture_files, series, tables
from zoo.data.own.conll import read_columns
from zoo.errors import ZooError
from zoo.metrics.forecasts import forecasting
from zoo.models.registry import Model
from zoo.show import report
from zoo.tasks import forecasts

_PICTURES = 32  # that are held in memory together


def evaluate(
    model: Model,
    dataset: str = "",
    split: str = "test",
    tags: str = "",
    source: str = "",
    target: str = "",
) -> dict[str, Any]:
    """Predicts a split through the SavedModel, and prints its scores beside the stored baselines.

    Args:
        model: a loaded classifier, tagger, translator or captioner.
        dataset: as `zoo.data.load` takes it; empty for the set that the model was trained on. All rows of
            a single file are scored.
        split: `"test"`, `"validation"`, `"train"`, or a further test part that the set has.
        tags: of a tagging set, the column of tags; empty for the one that the model was trained on, or on
            another set for its first one.
        source: of a translation set, the language to translate from, of a file the column; empty for the one
            that the model was trained with.
        target: likewise the language to translate into.

    Returns:
        What the function of `zoo.metrics` for the model's mapping returns; of a tagger, where the set holds
        raw sentences, also `raw`, the scores from raw text on.

    Raises:
        ZooError: the model is not of this zoo, the set has no such part, or the data's labels are not the
            model's.
    """
    manifest = model.manifest
    scorers = {
        "classification": _classification,
        "tagging": _tagging,
        "translation": _translation,
        "captioning": _captioning,
        "text": _text,
        "series": _series,
    }
    if manifest.get("mapping") not in scorers:
        raise ZooError(f"{model.name}: only models of this zoo's recipes can be evaluated here")
    score = scorers[manifest["mapping"]]
    trained_on = manifest["dataset"]
    name = dataset or trained_on["name"]
    same_set = name == trained_on["name"]
    _check_split(split, name, manifest["mapping"])
    usual = _usual_options(manifest, name, same_set)
    given = {"tags": tags, "source": source, "target": target, "columns": "", "time": ""}
    options = {key: value or usual[key] for key, value in given.items()}
    if dataset and os.path.isfile(dataset):  # noqa: PTH113 - Path.is_file raises on a name that is too long
        return score(model, name, Path(dataset), split, options, {})
    data = load(name, manifest["mapping"], **options)
    # Of older models only the test part's hash is stored: further parts were made with it.
    part = split if split in trained_on.get("further_tests", {}) else "test"
    stored = {**trained_on.get("further_tests", {}), "test": trained_on.get("test")}[part]
    same_rows = same_set and data.fingerprint(splits=[part]) == stored
    if same_set and (data.version != trained_on["version"] or (stored and not same_rows)):
        other = "" if same_rows else " with another test part"
        print(
            f"Note: this is {name} {data.version}; {model.name} was trained on "
            f"{trained_on['version']}{other}, whose training part may hold rows that are scored here."
        )
    # Baselines stand beside the very rows that they scored, and no others.
    baselines = manifest["baselines"].get(split, {}) if same_rows and options == usual else {}
    return score(model, name, data, split, options, baselines)


def _usual_options(manifest: dict[str, Any], name: str, same_set: bool) -> dict[str, str]:
    """Returns what `zoo.data.load` is given beside a set's name, where nothing else is asked for."""
    own, mapping = manifest["config"], manifest["mapping"]
    # A language is called the same in every set, a column is not.
    languages = dict(zip(("source", "target"), manifest["dataset"].get("languages", ()), strict=False))
    in_catalogue = any(catalogue.find(part, mapping) for part in parts_of(name, mapping))
    sides = languages if in_catalogue else {} if languages else own
    of_series = mapping == "series"  # whose columns are what they are by their names
    return {
        "tags": own.get("tags", "") if same_set else "",
        "source": sides.get("source", ""),
        "target": sides.get("target", ""),
        "columns": ",".join(manifest["series"]["columns"]) if of_series else "",
        "time": own["time"] if of_series and not in_catalogue else "",
    }


def _check_split(split: str, name: str, mapping: str) -> None:
    """Refuses a part that a data set does not have, before the set is loaded."""
    *known, last = (*tests_of(name, mapping), "validation", "train")
    if split not in (*known, last):
        raise ZooError(f"--split {split}: choose {', '.join(known)} or {last}")


def _classification(
    model: Model, name: str, data: Path | Examples, split: str, _, baselines
) -> dict[str, Any]:
    label_names = model.manifest["labels"]
    if isinstance(data, Path):
        texts, labels = zip(*tables.read_rows(data), strict=True)
    else:
        texts, numbers = text_and_labels(data.split(split))
        labels = [data.label_names[number] for number in numbers]
    unknown = sorted(set(labels) - set(label_names))
    if unknown:
        raise ZooError(f"{name}: label {unknown[0]!r} is not one of {model.name} ({', '.join(label_names)})")
    truth = np.array([label_names.index(label) for label in labels])
    answers = model.predict(list(texts))
    chances = np.array([[answer["scores"][name] for name in label_names] for answer in answers])
    score = metrics.classification(truth, chances.argmax(axis=1), label_names)
    report.print_classification({**baselines, model.name: score}, texts, truth, chances, label_names)
    return score


def _tagging(
    model: Model, name: str, data: Path | Examples, split: str, options: dict[str, str], baselines
) -> dict[str, Any]:
    if isinstance(data, Path):
        sentences = read_columns(data, options["tags"])
        tokens, truth = [sentence.tokens for sentence in sentences], [sentence.tags for sentence in sentences]
        texts = [sentence.text for sentence in sentences]
    else:
        part = data.split(split)
        tokens, truth = tokens_and_tags(part)
        texts = texts_of(part) if "text" in part.element_spec else []
    known = set(model.manifest["labels"])
    meant = [tag for row in truth for tag in row if tag != "O"]  # which all sets of spans share
    unknown = [tag for tag in meant if tag not in known]
    if 2 * len(unknown) > len(meant):
        raise ZooError(
            f"{name}: most tags, as {unknown[0]!r}, are not among those of {model.name} "
            f"({', '.join(sorted(known)[:8])} ...); choose another column with --tags"
        )
    predicted = [[token["tag"] for token in row["tokens"]] for row in model.predict(tokens)]
    score = metrics.tagging(truth, predicted, tokens)
    report.print_tagging({**baselines, model.name: score}, tokens, truth, predicted)
    if texts and all(texts):
        score["raw"] = _from_raw_text(model, texts, tokens, truth)
    return score


def _translation(
    model: Model, name: str, data: Path | Examples, split: str, options: dict[str, str], baselines
) -> dict[str, Any]:
    if isinstance(data, Path):
        pairs = zip(*tables.read_pairs(data, options["source"], options["target"]), strict=True)
        sources, references = references_of(*pairs)
    else:
        sources, references = sources_and_references(data.split(split))
    predicted = [answer["translation"] for answer in model.predict(sources)]
    scored_as = model.manifest["config"].get("scored_as", "translation")
    score = metrics.ANSWERS[scored_as](references, predicted)
    part = data.name if isinstance(data, Path) else split
    report.print_translation(
        {**baselines, model.name: score}, sources, references, predicted, part, scored_as
    )
    return score


def _captioning(model: Model, name: str, data: Path | Examples, split: str, _, baselines) -> dict[str, Any]:
    if isinstance(data, Path):
        table = picture_files.with_captions(data)
        truth, names, part = list(table.values()), [picture.name for picture in table], data.name
        answers = model.predict([picture.file for picture in table])
        for picture, answer in zip(table, answers, strict=True):
            if not answer["valid"]:
                reason = picture_files.refusal(picture.file)
                raise ZooError(f"{name}: {picture.name} {reason}; replace it or remove its rows")
    else:
        truth, names, part = captions_of(data.split(split)), [], split
        answers = _answers_to_pictures(model, data.split(split))
    predicted = [answer["caption"] for answer in answers]
    score = metrics.captioning(truth, predicted)
    report.print_captioning({**baselines, model.name: score}, names, truth, predicted, part)
    return score


def _series(
    model: Model, name: str, data: Path | Examples, split: str, options: dict[str, str], baselines
) -> dict[str, Any]:
    """Scores by rolling origin; errors are scaled by those of the model's own training part."""
    about, config = model.manifest["series"], model.manifest["config"]
    if isinstance(data, Path):
        whole, part = series.read_series(data, options["columns"], options["time"], flags=False), data.name
        start = config["window"]
    else:
        every = ("train", "validation", "test")
        before = every[: every.index(split)]
        parts = [series.series_of(data.split(part), data.label_names) for part in (*before, split)]
        whole, part = series.join(*parts), split
        start = max(config["window"], sum(len(known.times) for known in parts[:-1]))
    forecasts.check_interval(name, whole, about["interval"], model.name)
    if len(whole.times) < start + config["horizon"]:
        raise ZooError(
            f"{name}: has {len(whole.times)} rows, but a window of {config['window']} and a horizon of "
            f"{config['horizon']} are scored; give more rows"
        )
    truth, found, _ = forecasts.answer_all(model, whole, start)
    targets = [whole.columns.index(column) for column in about["targets"]]
    levels, scale = config["quantiles"], np.array(about["scale"])
    score = forecasting(truth[..., targets], found, levels, scale, about["targets"])
    forecasts.print_scores({**baselines, model.name: score}, part)
    return score


def _text(model: Model, name: str, data: Path | Examples, split: str, _, baselines) -> dict[str, Any]:
    if isinstance(data, Path):
        texts, part = [tables.read_text(data)], data.name
        if not texts[0].strip():
            raise ZooError(f"{data}: the file is empty; it needs text")
    else:
        texts, part = [text for text in texts_of(data.split(split)) if text], split
    # Rows of unequal length drop out one by one: a block of them takes as long as its longest.
    found = model.predict(texts, "score")
    columns = ([row[key] for row in found] for key in ("log_probability", "units"))
    score = metrics.generation(*columns, model.manifest["config"]["level"])
    report.print_scores({**baselines, model.name: score}, f"Scores ({part})")
    return score


def _answers_to_pictures(model: Model, part) -> list[dict[str, Any]]:
    """Gives the model each picture as a file without loss."""
    import tensorflow as tf

    encoded = part.map(lambda row: tf.io.encode_png(row["image"]), num_parallel_calls=2).batch(_PICTURES)
    return [answer for block in encoded.as_numpy_iterator() for answer in model.predict(block.tolist())]


def _from_raw_text(model: Model, texts, tokens, truth) -> dict[str, Any]:
    """Scores the tokens that the model finds by itself, and the tags that it gives them.

    Sentences whose text is not what their tokens make up are left out, and counted in the title.
    """
    right, found = [], []
    for text, answer, row, tags in zip(texts, model.predict(texts), tokens, truth, strict=True):
        inked = [(token, tag) for token, tag in zip(row, tags, strict=True) if token.strip()]
        places = offsets(text, [token for token, _ in inked])
        if places is None:
            continue
        right.append([(*place, tag) for place, (_, tag) in zip(places, inked, strict=True)])
        found.append([(t["start"], t["end"], t["tag"]) for t in answer["tokens"] if t["token"].strip()])
    bare = [[[(start, end) for start, end, _ in row] for row in side] for side in (right, found)]
    scores = {"tokens": metrics.tokenization(*bare), "tags": metrics.tagging_from_raw(right, found)}
    report.print_scores(scores, f"From raw text ({len(right):,} of {len(texts):,} sentences)")
    return scores


def offsets(text: str, tokens: Sequence[str]) -> list[tuple[int, int]] | None:
    """Finds where each token stands in a text, white space aside, in code points.

    Returns:
        (start, end) of each token, or None if the text holds anything else.
    """
    inked = [i for i, character in enumerate(text) if not character.isspace()]
    joined = ["".join(token.split()) for token in tokens]
    if "".join(text[i] for i in inked) != "".join(joined) or not all(joined):
        return None
    found, first = [], 0
    for token in joined:
        found.append((inked[first], inked[first + len(token) - 1] + 1))
        first += len(token)
    return found
