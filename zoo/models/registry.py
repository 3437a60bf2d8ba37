"""Finding, checking and loading saved models; needs their files only, never a recipe or Keras."""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.own import picture_files
from zoo.errors import ZooError
from zoo.models.quiet import import_tensorflow
from zoo.tasks import answers

if TYPE_CHECKING:
    import tensorflow as tf

MANIFEST = "zoo.json"
CARD = "README.md"
_BLOCK = 512  # texts that go through a model together: bounds memory, not answers
_PICTURES = 32  # the same of files of pictures, which are large
_FEW = 16  # the same where a text's answer grows with the square of its length
_CELLS = 50_000  # tokens, padding included, of sentences that go through a model together


@dataclass(frozen=True)
class Saved:
    """A saved model on disk: its folder and, if it has one, its manifest."""

    path: Path
    manifest: dict[str, Any]
    problem: str = ""
    """How its files differ from its manifest, if it was asked for by path all the same."""

    @property
    def name(self) -> str:
        """The folder's name, which is the model's."""
        return self.path.name

    @property
    def captions(self) -> bool:
        """Whether it takes pictures and gives captions."""
        return self.manifest.get("mapping") == "captioning"

    @property
    def megabytes(self) -> float:
        """Size of all files."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file()) / 1e6


def search_path() -> list[Path]:
    """Returns the folders that models are looked for in, first match first.

    These are `ZOO_SAVED_MODELS`, `./saved_models`, and the checkout that this package stands in.
    """
    folders = [Path("saved_models"), Path(__file__).parents[2] / "saved_models"]
    if os.environ.get("ZOO_SAVED_MODELS"):
        folders.insert(0, Path(os.environ["ZOO_SAVED_MODELS"]))
    return list(dict.fromkeys(folder.resolve() for folder in folders))


def list_models() -> list[Saved]:
    """Returns every saved model with a readable manifest on the search path, by name."""
    found: dict[str, Saved] = {}
    for folder in search_path():
        for path in sorted(folder.glob(f"*/{MANIFEST}")):
            manifest = read_manifest(path.parent)
            # A dot marks an export that is being written.
            if manifest and not path.parent.name.startswith("."):
                found.setdefault(path.parent.name, Saved(path.parent, manifest))
    return [found[name] for name in sorted(found)]


def find(name_or_path: str | Path) -> Saved:
    """Finds a model by name on the search path, or by path.

    Raises:
        ZooError: there is none, or it was asked for by name and its files are not those of its manifest.
    """
    asked_by_path = isinstance(name_or_path, Path) or os.sep in name_or_path
    if not asked_by_path:
        for saved in list_models():
            if saved.name == name_or_path:
                if problem := damage(saved):
                    raise ZooError(
                        f"{saved.path}: {problem}; export it anew, or give its path to load it all the same"
                    )
                return saved
    path = Path(name_or_path)
    if (path / "saved_model.pb").is_file():
        saved = Saved(path.resolve(), read_manifest(path) or {})
        problem = damage(saved) if saved.manifest else f"no {MANIFEST}: not a model of this zoo"
        if problem and not asked_by_path:
            raise ZooError(f"{path}: {problem}; to load it all the same give its path as ./{path}")
        return Saved(saved.path, saved.manifest, problem)
    if path.is_dir() and asked_by_path:
        raise ZooError(f"{path}: not a SavedModel (no saved_model.pb); give the folder that holds that file")
    known = ", ".join(saved.name for saved in list_models()) or "none yet"
    raise ZooError(f"no saved model {str(name_or_path)!r}; there are: {known}; or give a path")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Returns the manifest of a saved model, or None if it has none that can be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and isinstance(manifest.get("files"), dict) else None


def hashes(folder: Path) -> dict[str, str]:
    """Returns relative path -> sha256 of every file of a saved model but manifest and card."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path: path.relative_to(folder).as_posix() for path in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path, name in names.items()
        if name not in (MANIFEST, CARD)
    }


def damage(saved: Saved) -> str:
    """Says how the files differ from the manifest's, or returns an empty string."""
    found, expected = hashes(saved.path), saved.manifest["files"]
    for name in sorted(found.keys() | expected.keys()):
        if name not in found:
            return f"file {name} of the manifest is missing"
        if name not in expected:
            return f"file {name} is not in the manifest"
        if found[name] != expected[name]:
            return f"file {name} differs from the manifest (damaged or changed)"
    return ""


def load(name_or_path: str | Path) -> Model:
    """Loads a saved model by name (`sentiment_tweets`) or path.

    A model without a manifest, or with one that does not match its files, is loaded only by path, with a
    warning. One that could write files or call Python is refused always.

    Raises:
        ZooError: there is no such model, or it is damaged, foreign or dangerous.
    """
    return Model(find(name_or_path))


class Model:
    """A loaded SavedModel with its manifest.

    Attributes:
        name: the model's name.
        path: its folder.
        manifest: what `zoo.json` says; empty for a foreign model.
        signatures: name -> TensorFlow function, as `tf.saved_model.load` gives them.
    """

    def __init__(self, saved: Saved):
        tf = import_tensorflow()
        self.name, self.path, self.manifest = saved.name, saved.path, saved.manifest
        try:
            dangerous = sorted(_dangerous_operations(saved.path))
            if not dangerous:
                self._loaded = tf.saved_model.load(str(saved.path))
                self.signatures = dict(self._loaded.signatures)
        except Exception as error:  # a damaged file surfaces as any of a dozen exceptions
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ZooError(
                f"{saved.path}: the SavedModel cannot be read ({reason[:150]}); export or copy it anew"
            ) from error
        if dangerous:
            raise ZooError(
                f"{saved.path}: refused, since it holds {', '.join(dangerous)}: such a model can write files "
                "or call Python; export it without these operations"
            )
        if saved.problem:
            warnings.warn(f"{saved.path}: {saved.problem}", stacklevel=3)

    @property
    def variables(self) -> list[tf.Variable]:
        """The stored weights, in the order of the manifest's `weights`."""
        return list(self._loaded._variables_)

    def predict(self, inputs: Sequence[Any], signature: str = "", **settings: Any) -> list[dict[str, Any]]:
        """Runs the model on a list of inputs; a tagger also takes lists of ready tokens.

        Args:
            inputs: raw inputs, one for each row: for text models strings, for a tagger also lists of tokens,
                for a captioner files, as bytes or as `pathlib.Path`, which are read a few at a time.
            signature: what to run, such as `beam` of a translator; empty for `serving_default`, or for what
                a tagger has to the same end.
            **settings: what else the signature takes, for all rows or a list of one for each: of a
                generator `length`, `temperature`, `top_k`, `top_p` and `seed`. What is left out is as the
                manifest says.

        Returns:
            For each input a dict of plain Python values, as `zoo.tasks.answers.read` describes them.

        Raises:
            ZooError: `inputs` is a single one, there is no such signature that takes inputs and settings, a
                setting is none of it or out of its range, or a file is missing.
        """
        if isinstance(inputs, str | bytes | Path):
            raise ZooError("predict takes a list of inputs; put the one you have in a list: [text]")
        if signature and signature not in self.signatures:
            known = ", ".join(sorted(self.signatures)) or "none"
            raise ZooError(f"{self.name}: no signature {signature!r}; there are: {known}")
        name = signature or self._usual_signature(inputs)
        ready = name == "tokens"
        function = self.signatures.get(name)
        arguments, columns = self._arguments(name, function, len(inputs), settings)
        rows = []
        matrices = any((spec.shape.rank or 0) > 2 for spec in function.structured_outputs.values())
        if arguments[0][0] == "image" and arguments[0][1].dtype.name == "string":
            blocks = self._picture_blocks(inputs, _FEW if matrices else _PICTURES)
        else:
            blocks = _sentence_blocks(inputs) if ready else _blocks(inputs, _FEW if matrices else _BLOCK)
        for block in blocks:
            tensors = {arguments[0][0]: self._tensor(*arguments[0], _padded(block) if ready else block)}
            for setting, spec in arguments[1:]:
                column = columns[setting][len(rows) : len(rows) + len(block)]
                tensors[setting] = self._tensor(setting, spec, column)
            outputs = {key: value.numpy() for key, value in sorted(self._run(function, tensors).items())}
            rows += answers.read(outputs, block)
        return rows

    def _arguments(self, name: str, function: Any, rows: int, settings: dict[str, Any]):
        """Returns name and type of all that a signature takes, the input first, and the settings' columns."""
        arguments = function.structured_input_signature[1] if function else {}
        defaults = self.manifest.get("defaults", {})
        (given, *others) = [key for key in arguments if key not in defaults] or [""]
        if not given or others:
            hint = ""
            if self.manifest.get("mapping") == "series":
                hint = "; a forecaster reads a file: zoo.tasks.forecasts.predict(model, path)"
            raise ZooError(f"{self.path}: predict needs a signature {name} with one input{hint}")
        taken = [key for key in arguments if key != given]
        if unknown := [key for key in settings if key not in taken]:
            what = f"takes {', '.join(taken)}" if taken else "takes no settings"
            raise ZooError(f"{self.name}: {unknown[0]} is no setting of {name}, which {what}")
        columns = {}
        for key in taken:
            value = settings.get(key, defaults[key])
            columns[key] = list(value) if isinstance(value, Sequence) else [value] * rows
            if len(columns[key]) != rows:
                count = len(columns[key])
                raise ZooError(f"{self.name}: {rows} inputs, but {count} of {key}; give one for each")
        return [(key, arguments[key]) for key in (given, *taken)], columns

    def _run(self, function: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        import tensorflow as tf

        try:
            return function(**tensors)
        except tf.errors.InvalidArgumentError as error:
            # What a check inside the graph says comes first; the rest is for those who made the graph.
            said = re.search(r"assertion failed: \[(.*?)\]", str(error))
            if not said:
                raise
            raise ZooError(f"{self.name}: {said[1].strip()}") from None

    def _usual_signature(self, inputs: Sequence[Any]) -> str:
        if "tokens" in self.signatures and any(not isinstance(row, str | bytes) for row in inputs):
            return "tokens"
        return "flat" if "flat" in self.signatures else "serving_default"

    def _picture_blocks(self, inputs: Sequence[Any], rows: int) -> Iterator[list[bytes]]:
        """Yields files' bytes; what is wrong with the inputs is found before the first block."""
        if strange := [row for row in inputs if not isinstance(row, Path | bytes)]:
            raise ZooError(
                f"inputs of {self.name} are pictures, but {repr(strange[0])[:80]} is none: give the file as "
                'pathlib.Path("photo.jpg"), or its bytes'
            )
        picture_files.check(row for row in inputs if isinstance(row, Path))
        for block in _blocks(inputs, rows):
            yield [picture_files.read(row) if isinstance(row, Path) else row for row in block]

    def _tensor(self, name: str, spec: tf.TensorSpec, block: list[Any]) -> tf.Tensor:
        import numpy as np
        import tensorflow as tf

        try:
            tensor = tf.constant(block, spec.dtype)
        except (TypeError, ValueError) as error:
            raise ZooError(f"inputs of {self.name} must be of type {spec.dtype.name}: {error}") from None
        # TensorFlow wraps around what is too large.
        if spec.dtype.is_integer and not np.array_equal(tensor.numpy(), np.asarray(block)):
            raise ZooError(f"{name} of {self.name}: a number is too large; it is of type {spec.dtype.name}")
        if not spec.shape.is_compatible_with(tensor.shape):
            raise ZooError(
                f"inputs of {self.name} have the shape {tensor.shape}, but {name} is {spec.shape}; "
                "give a list of single inputs"
            )
        return tensor


def _blocks(inputs: Sequence[Any], rows: int) -> Iterator[list[Any]]:
    for start in range(0, len(inputs), rows):
        yield list(inputs[start : start + rows])


def _sentence_blocks(sentences: Sequence[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """Yields lists of tokens that, padded, are not too large; a long one comes alone."""
    block: list[Sequence[str]] = []
    longest = 0
    for sentence in sentences:
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


def _padded(sentences: list[Sequence[str]]) -> list[list[str]]:
    longest = max(1, *map(len, sentences))
    return [[*sentence, *[""] * (longest - len(sentence))] for sentence in sentences]


# Operations that write files, call Python or reach a network, by a part of their names.
_DANGEROUS = (
    *("PyFunc", "WriteFile", "SaveSlices", "DistributedSave", "Summary", "PrintV2", "Debug", "Rpc"),
    *("DatasetToTFRecord", "SaveDataset", "SnapshotDataset", "CacheDataset", "DataService"),
    *("RegisterDataset", "XlaHostCompute"),
)
# What TensorFlow's own saver is made of: every SavedModel with variables holds it, and nothing may call it.
_SAVER = ("Save", "SaveV2", "MergeV2Checkpoints")


def _dangerous_operations(path: Path) -> set[str]:
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((path / "saved_model.pb").read_bytes())
    found: set[str] = set()
    for graph in proto.meta_graphs:
        nodes = {node.name: node for node in graph.graph_def.node}
        bodies = {body.signature.name: body.node_def for body in graph.graph_def.library.function}
        everything = [*nodes.values(), *(node for body in bodies.values() for node in body)]
        found |= {node.op for node in everything if any(part in node.op for part in _DANGEROUS)}

        outputs = [
            info.name for signature in graph.signature_def.values() for info in signature.outputs.values()
        ]
        outputs += [name for item in graph.collection_def.values() for name in item.node_list.value]
        served = _ancestors([*outputs, *(info.name for s in graph.signature_def.values()
                                         for info in s.inputs.values())], nodes)  # fmt: skip
        # Functions of the loaded object can be called too; a loader calls some of them by itself.
        reached = _reachable(served, bodies, set(graph.object_graph_def.concrete_functions))
        run = [*served, *(node for name in reached for node in bodies[name])]
        found |= {node.op for node in run if node.op in _SAVER}
    return found


def _ancestors(tensors: list[str], nodes: dict[str, Any]) -> list[Any]:
    waiting = [_node_name(name) for name in tensors]
    reached: dict[str, Any] = {}
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in reached:
            reached[name] = nodes[name]
            waiting += [_node_name(source) for source in nodes[name].input]
    return list(reached.values())


def _node_name(tensor: str) -> str:
    return tensor.removeprefix("^").split(":")[0]


def _reachable(nodes, bodies, names: set[str]) -> set[str]:
    reached: set[str] = set()
    waiting = [*_called(nodes), *names]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in bodies:
            reached.add(name)
            waiting += _called(bodies[name])
    return reached


def _called(nodes) -> Iterator[str]:
    for node in nodes:
        yield node.op  # a function may be called by its own name
        for attribute in node.attr.values():
            for function in (attribute.func, *attribute.list.func):
                if function.name:
                    yield function.name
