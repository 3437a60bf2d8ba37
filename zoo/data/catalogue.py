"""Data sets that tensorflow-datasets prepares: one table of feature adapters, and builders of our own."""

from __future__ import annotations

import os
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.data.adapters import (
    Adapter,
    Captioning,
    Classification,
    Series,
    Tagging,
    Text,
    Translation,
    language_pair,
)
from zoo.data.examples import Examples
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

_SPLITS = ("train", "validation", "test")
# Builders of ours, and where they are; those of phrases take languages.
_OWN = {
    "cmudict": "cmudict.Cmudict",
    "conll2000": "conll2000.Conll2000",
    "emoji": "emoji_pictures.EmojiPictures",
    "flickr8k": "flickr8k.Flickr8k",
    "multi30k": "multi30k.Multi30k",
    "ptb": "ptb.Ptb",
    "python_modules": "python_source.PythonModules",
    "python_source": "python_source.PythonSource",
    "seattle_weather": "seattle_weather.SeattleWeather",
    "tatoeba_pairs": "tatoeba_pairs.TatoebaPairs",
    "tweets": "tweets.Tweets",
}
_EMBEDDED = ("python_source", "cldr_phrases", "emoji")


_POLARITY = {0: "negative", 1: "positive"}
_TREEBANKS = "Universal Dependencies; each treebank has a licence of its own (en_ewt: CC BY-SA 4.0)"

# Mapping and name -> adapter. A * in a name stands for TFDS's configs.
ADAPTERS: dict[tuple[str, str], Adapter] = {
    ("classification", "tweets"): Classification(train="train", validation="validation"),
    ("classification", "imdb_reviews"): Classification(
        labels=_POLARITY, licence="none stated; for research, by Maas et al. 2011"
    ),
    # The labels of GLUE's test part are secret: its validation part is what everybody reports.
    ("classification", "glue/sst2"): Classification(text="sentence", test="validation"),
    ("classification", "yelp_polarity_reviews"): Classification(labels=_POLARITY),
    # The training part knows 0 and 4 only; the neutral rows (2) of the test part cannot be learned.
    ("classification", "sentiment140"): Classification(
        label="polarity", labels={0: "negative", 4: "positive"}
    ),
    ("tagging", "python_source"): Tagging(
        train="train", validation="validation", tags=("tags",), text="text"
    ),
    ("tagging", "conll2003"): Tagging(
        train="train",
        validation="dev",
        tags=("ner", "chunks", "pos"),
        licence="none stated; the text is Reuters news, given for research",
    ),
    ("tagging", "conll2000"): Tagging(train="train[:94%]", validation="train[94%:]", tags=("chunks", "pos")),
    # Beside the words, the stored tokens hold ranges ("don't" before "do" and "n't"), whose class is "_", and
    # nodes of the enhanced graph that stand for nothing in the text. Neither has a head.
    ("tagging", "universal_dependencies/*"): Tagging(
        train="train",
        validation="dev",
        tags=("upos", "xpos"),
        text="text",
        no_word={"upos": "_", "head": "None"},
        licence=_TREEBANKS,
        example="universal_dependencies/en_ewt",
    ),
    ("tagging", "wikiann/*"): Tagging(
        train="train",
        validation="validation",
        tags=("tags",),
        licence="none stated; the text is Wikipedia's",
        example="wikiann/en",
    ),
    ("tagging", "xtreme_pos/*"): Tagging(
        train="train",
        validation="dev",
        tags=("upos",),
        no_word={"upos": "_"},
        licence=_TREEBANKS,
        example="xtreme_pos/xtreme_pos_en",
    ),
    ("translation", "cldr_phrases"): Translation(
        train="train", validation="validation", extra=("test_terms",)
    ),
    ("translation", "multi30k"): Translation(train="train", validation="validation"),
    ("translation", "tatoeba_pairs"): Translation(train="train", validation="validation"),
    ("translation", "cmudict"): Translation(train="train", validation="validation"),
    ("translation", "ted_hrlr_translate/*"): Translation(
        train="train",
        validation="validation",
        licence="none stated; the talks are TED's, CC BY-NC-ND 4.0",
        example="ted_hrlr_translate/pt_to_en",
    ),
    ("translation", "opus/*"): Translation(
        train="train",
        validation="train",
        test="train",
        hashed=True,
        licence="each corpus of OPUS has its own",
        example="opus/medical",
    ),
    ("translation", "wmt*_translate/*"): Translation(
        train="train",
        validation="validation",
        licence="each corpus of WMT has its own; given for research",
        example="wmt16_translate/de-en",
    ),
    ("captioning", "emoji"): Captioning(train="train", validation="validation", extra=("test_backgrounds",)),
    ("captioning", "flickr8k"): Captioning(train="train", validation="validation"),
    # The split of Karpathy and Fei-Fei 2015, without the pictures that they add to training (restval).
    ("captioning", "coco_captions"): Captioning(
        train="train",
        validation="val",
        captions=("captions", "text"),
        licence="CC BY 4.0 (captions); the photographs are their authors'",
    ),
    ("series", "seattle_weather"): Series(
        train="train",
        validation="validation",
        columns=("precipitation", "temp_max", "temp_min", "wind"),
        usual="temp_max",
    ),
    ("text", "python_source"): Text(train="train", validation="validation", builder="python_modules"),
    # What others call the validation part of this text is its last tenth: both parts here.
    ("text", "tiny_shakespeare"): Text(
        train="train", validation="validation", extra=("validation+test",), licence="public domain"
    ),
    ("text", "ptb"): Text(train="train", validation="validation"),
    ("text", "lm1b"): Text(
        train="train[:99%]",
        validation="train[99%:]",
        licence="none stated; the text is news, given for research",
    ),
    ("text", "wiki40b/*"): Text(
        train="train",
        validation="validation",
        line_breaks="_NEWLINE_|\\n?_START_[A-Z]+_\\n",
        licence="CC BY-SA 3.0; the text is Wikipedia's",
        example="wiki40b/en",
    ),
}


def names(mapping: str) -> list[str]:
    """Returns the names of the table for a mapping; one of many stands for a pattern."""
    return [adapter.example or pattern for (known, pattern), adapter in ADAPTERS.items() if known == mapping]


def find(dataset: str, mapping: str) -> Adapter | None:
    """Returns the adapter of a data set, None if there is none."""
    found = (
        adapter
        for (known, pattern), adapter in ADAPTERS.items()
        if known == mapping and fnmatchcase(dataset, pattern)
    )
    return next(found, None)


def load(dataset: str, mapping: str, **options: str) -> Examples:
    """Loads a data set of the table, downloading and preparing it on first use.

    Args:
        dataset: a name of the table.
        mapping: the mapping that it is read for.
        options: what `zoo.data.load` takes for this mapping.

    Raises:
        ZooError: it is not prepared and cannot be downloaded, it lacks a part, or an option is not for it.
    """
    adapter = find(dataset, mapping)
    builder = _builder(adapter.builder or dataset, **options)
    info = builder.info
    options = adapter.choose(dataset, info, **options)
    _prepare(builder, dataset)
    stored = dict(zip(_SPLITS, adapter.splits(dataset, info.splits), strict=True))
    parts = {
        part: adapter.part(adapter.read(builder.as_dataset(split=split), info, **options), part)
        for part, split in {**stored, **{part: part for part in adapter.extra}}.items()
    }
    label_names = adapter.label_names(parts["train"], info, **options)
    if isinstance(adapter, Tagging) and len(label_names) < 2:
        raise ZooError(f"{dataset}: the column {options['tags']!r} is not filled in; choose another one")
    return Examples(
        name=dataset,
        **{part: parts[part] for part in _SPLITS},
        extra={part: parts[part] for part in adapter.extra},
        label_names=tuple(label_names),
        languages=(options["source"], options["target"]) if mapping == "translation" else (),
        source=info.homepage,
        licence=adapter.licence or str(info.redistribution_info.license or "").strip() or "not stated",
        # The config of an embedded set tells the packages that it comes from, which is what varies.
        version=builder.builder_config.name if dataset in _EMBEDDED else str(info.version),
    )


def cache_dir() -> Path:
    """Returns where the zoo prepares data sets of its own: `ZOO_CACHE`, or `~/.cache/sequence-zoo`.

    They stay out of `TFDS_DATA_DIR`, which may be shared or read-only.
    """
    return Path(os.environ.get("ZOO_CACHE") or Path.home() / ".cache" / "sequence-zoo")


def _builder(dataset: str, source: str = "", target: str = "", **_: str) -> tfds.core.DatasetBuilder:
    import tensorflow_datasets as tfds

    if dataset in _OWN:
        module, name = _OWN[dataset].split(".")
        return getattr(import_module(f"zoo.data.sets.{module}"), name)(data_dir=cache_dir())
    if dataset == "cldr_phrases":
        from zoo.data.sets import cldr_phrases

        default = cldr_phrases.DEFAULT_PAIR
        source, target = language_pair(dataset, cldr_phrases.languages(), default, source, target)
        return cldr_phrases.CldrPhrases(source=source, target=target, data_dir=cache_dir())
    name, slash, config = dataset.partition("/")
    if slash:
        try:
            known = list(tfds.builder_cls(name).builder_configs)
        except tfds.core.DatasetNotFoundError:
            raise ZooError(f"unknown data set {dataset!r}: the catalogue of TFDS has no {name}") from None
        if config not in known:
            near = get_close_matches(config, known, n=5, cutoff=0) if len(known) > 5 else known
            raise ZooError(
                f"unknown data set {dataset!r}: {name} has {len(known)} parts, among them {', '.join(near)}"
            )
    return tfds.builder(dataset)


def _prepare(builder: tfds.core.DatasetBuilder, dataset: str) -> None:
    try:
        builder.download_and_prepare()
    except ZooError:
        raise
    except PermissionError as error:
        raise ZooError(
            f"{builder.data_dir}: cannot be written ({error.strerror}); set ZOO_CACHE to a folder that can"
        ) from None
    except Exception as error:  # every downloader of TFDS fails in its own way
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ZooError(
            f"data set {dataset!r} is not prepared in {builder.data_dir} and could not be fetched "
            f"({reason[:150]}): check the network, or set TFDS_DATA_DIR to a folder that holds it"
        ) from error
