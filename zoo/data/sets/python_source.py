"""The running interpreter's standard library, every token tagged with its role, as a TFDS builder."""

import hashlib
import platform
import re
import sysconfig
import tokenize
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from zoo.data.sets.python_roles import lines_of, parse, roles
from zoo.data.splits import near_duplicates, split_of
from zoo.errors import ZooError

# A role that several tokens share: the first one becomes B-, the others I-.
_SPANS = ("string", "comment")
_PLAIN = (
    "keyword", "constant", "function", "class", "parameter", "argument", "call", "attribute", "module",
    "import", "builtin", "variable", "decorator", "number", "operator", "newline",
)  # fmt: skip
TAGS = (*_PLAIN, *(f"{prefix}-{role}" for role in _SPANS for prefix in "BI"))
"""All tags, in the order of the stored labels."""

_HOMEPAGE = "https://docs.python.org/3/library/"
_LICENCE = "PSF-2.0 (Python Software Foundation License Version 2)"
_LEFT_OUT = {
    *("site-packages", "dist-packages"),  # not the standard library
    *("test", "tests", "idle_test"),
    *("encodings", "pydoc_data"),  # tables and topics written by programs
}
_LEAST_LINES = 20
_MOST_TOKENS = 1_500
_LEAST_FILES = 100
_BATCH = 256


class PythonSource(tfds.core.GeneratorBasedBuilder):
    """Windows of the standard library's source, tagged by `roles`, split by module.

    The configuration's name holds the interpreter's version and a hash of the sources, as in
    `py3.11.7-0123abcd`, so that each interpreter's corpus is prepared beside the others.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def get_default_builder_config(self) -> tfds.core.BuilderConfig:
        """Returns the configuration of the running interpreter, the only one that it can prepare."""
        return _running_interpreter()

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Windows of 20 to 30 lines from the source files of Python's standard library, without tests "
                "and generated files; each token is tagged with its role. Of nearly equal files, one is kept."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "text": tfds.features.Text(),
                    "tokens": tfds.features.Tensor(shape=(None,), dtype=np.str_),
                    "tags": tfds.features.Sequence(tfds.features.ClassLabel(names=TAGS)),
                }
            ),
            homepage=_HOMEPAGE,
            license=_LICENCE,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(modules) for split, modules in _parts().items()}

    def _generate_examples(self, modules):
        for index, (text, tokens, tags) in enumerate(examples(modules)):
            yield index, {"text": text, "tokens": tokens, "tags": tags}


class PythonModules(tfds.core.GeneratorBasedBuilder):
    """The modules of the standard library as they are, split as `PythonSource` splits them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def get_default_builder_config(self) -> tfds.core.BuilderConfig:
        """Returns the configuration of the running interpreter, the only one that it can prepare."""
        return _running_interpreter()

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "The source files of Python's standard library, without tests and generated files. Of nearly "
                "equal files, one is kept."
            ),
            features=tfds.features.FeaturesDict({"text": tfds.features.Text()}),
            homepage=_HOMEPAGE,
            license=_LICENCE,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(modules) for split, modules in _parts().items()}

    def _generate_examples(self, modules):
        for module, source in modules:
            yield module, {"text": source}


def _running_interpreter() -> tfds.core.BuilderConfig:
    return tfds.core.BuilderConfig(name=version(sources()), description="The running interpreter's own.")


def _parts() -> dict[str, list[tuple[str, str]]]:
    """Returns split -> (module name, source)."""
    parts: dict[str, list[tuple[str, str]]] = {"train": [], "validation": [], "test": []}
    for module, source in corpus():
        parts[split_of(module)].append((module, source))
    return parts


def sources() -> list[tuple[str, str]]:
    """Returns (module name, source) of the standard library's files that can be decoded, by name.

    Left out are installed packages, tests and generated files. Line ends are "\\n".

    Raises:
        ZooError: this interpreter has hardly any source files; some come compiled only.
    """
    root = Path(sysconfig.get_path("stdlib"))
    files = []
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        if _LEFT_OUT & {*parts} or parts[0].startswith("config-") or parts[-1].startswith("_sysconfigdata"):
            continue
        try:
            with tokenize.open(path) as file:
                files.append((".".join(parts), file.read()))
        except (OSError, SyntaxError, UnicodeDecodeError):
            continue
    if len(files) < _LEAST_FILES:
        raise ZooError(
            f"data set 'python_source' needs the source files of Python's standard library, but {root} holds "
            f"{len(files)}: use a Python that brings them, or another data set"
        )
    return sorted(files)


def version(modules: Sequence[tuple[str, str]]) -> str:
    """Returns the interpreter's version and a hash of its `sources`, as in "py3.11.7-0123abcd"."""
    digest = hashlib.sha256()
    for text in (text for module in modules for text in module):
        digest.update(f"{len(text)} ".encode() + text.encode())
    return f"py{platform.python_version()}-{digest.hexdigest()[:8]}"


def corpus() -> list[tuple[str, str]]:
    """Returns (module name, source) of the files that are tagged, by name.

    Of the `sources`, those are kept that parse and fill a window of 20 lines. Of files whose words are nearly
    the same, the first is kept.
    """
    kept = [(module, source) for module, source in sources() if len(lines_of(source)) >= _LEAST_LINES]
    kept = [(module, source) for module, source in kept if parse(source) is not None]
    words = [" ".join(re.findall(r"\w+", source)) for _, source in kept]
    return [kept[cluster[0]] for cluster in near_duplicates(words)]


def windows(source: str) -> list[str]:
    """Cuts a source into windows of 20 to 30 lines, as equal as can be, that give it again when joined.

    They start wherever that falls, so also inside a docstring. A source of 31 to 39 lines is one window.
    """
    lines = lines_of(source)
    n = max(1, min(round(len(lines) / 24), len(lines) // _LEAST_LINES))
    edges = [len(lines) * i // n for i in range(n + 1)]
    return ["".join(lines[start:end]) for start, end in pairwise(edges)]


def examples(modules: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[bytes], list[str]]]:
    """Yields (text, tokens, tags) of all windows in their order.

    A token has the role of its first character. Strings and comments are spans: `B-` marks the first token of
    one in the window, also of one that began before it. A line break outside of strings is `newline`; what
    `roles` leaves out (a backslash at a line's end) is `operator`. Windows without a token are left out, and
    those of more than 1,500: no code that people read has so many in 30 lines, only tables of data have.
    """
    from zoo.text.tokens import tokenize as tokenize_text

    rows = [row for _, source in modules for row in _windows_with_roles(source)]
    for first in range(0, len(rows), _BATCH):
        batch = rows[first : first + _BATCH]
        split = tokenize_text([text for text, _, _ in batch], style="code")
        starts, tokens = split.starts.numpy(), split.tokens.numpy()
        for (text, roles_at, spans_at), places, words in zip(batch, starts, tokens, strict=True):
            if 0 < len(words) <= _MOST_TOKENS:
                yield text, words.tolist(), _tags(words, roles_at[places], spans_at[places])


def _windows_with_roles(source: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yields each window with two numbers for each of its characters: the role's (or -1) and the span's."""
    numbers = {role: number for number, role in enumerate((*_PLAIN, *_SPANS))}
    roles_at = np.full(len(source), -1, np.int8)
    spans_at = np.full(len(source), -1, np.int32)
    for span, (start, end, role) in enumerate(roles(source)):
        roles_at[start:end] = numbers[role]
        spans_at[start:end] = span
    last = 0
    for text in windows(source):
        first, last = last, last + len(text)
        yield text, roles_at[first:last], spans_at[first:last]


def _tags(words: np.ndarray, numbers_of_roles: np.ndarray, spans: np.ndarray) -> list[str]:
    inside = np.concatenate([[False], spans[1:] == spans[:-1]])
    span_tags = len(_PLAIN) + 2 * (numbers_of_roles - len(_PLAIN)) + inside  # B- stands before I-
    numbers = np.where(numbers_of_roles < len(_PLAIN), numbers_of_roles, span_tags)
    bare = np.where(words == b"\n", TAGS.index("newline"), TAGS.index("operator"))
    return np.array(TAGS)[np.where(numbers_of_roles < 0, bare, numbers)].tolist()
