"""Bytes that were changed at random: refused, or read, and then harmless. Never anything else."""

import json
import random

import pytest
from google.protobuf.message import DecodeError
from hostile import save_foreign

from zoo.errors import ZooError
from zoo.models.allowed import OPERATIONS
from zoo.models.danger import harmless
from zoo.tasks import Manifest


def changed(content: bytes, draw: random.Random) -> bytes:
    """Some bytes are others, are missing, stand twice, or were moved; or the end is."""
    spoiled = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8))):
        start = draw.randrange(len(spoiled) + 1)
        end = start + draw.choice((1, 1, 4, 40))
        kind = draw.randrange(6)
        if kind == 0:
            spoiled[start:end] = draw.randbytes(end - start)
        elif kind == 1:
            del spoiled[start:end]
        elif kind == 2:
            spoiled[start:start] = spoiled[start:end]
        elif kind == 3:
            place = draw.randrange(len(spoiled) + 1)
            spoiled[place:place] = spoiled[start:end]
        elif kind == 4 and start < len(spoiled):
            spoiled[start] ^= 1 << draw.randrange(8)
        elif kind == 5 and draw.random() < 0.1:
            del spoiled[start:]
    return bytes(spoiled)


def campaign(content: bytes, read, times: int = 5_000) -> None:
    """Reads changed bytes so many times."""
    draw, done = random.Random(1), {"refused": 0, "read": 0}
    for _ in range(times):
        spoiled = changed(content, draw)
        try:
            read(spoiled)
            done["read"] += 1
        except (ZooError, DecodeError):  # of which `zoo.load` makes one line
            done["refused"] += 1
    assert min(done.values()) > times / 100, done  # both kinds are met


@pytest.mark.parametrize("kind", ["foreign", "ours"])
def test_a_changed_graph_is_refused_or_harmless(kind, tmp_path, request):
    from tensorflow.core.protobuf import saved_model_pb2

    if kind == "foreign":
        save_foreign(tmp_path / "model", lambda self, text: self.weight)
        folder = tmp_path / "model"
    else:
        folder = request.getfixturevalue("trained") / "saved_models/tiny"
    content = (folder / "saved_model.pb").read_bytes()
    files = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]

    def read(spoiled: bytes) -> None:
        found = saved_model_pb2.SavedModel.FromString(harmless(spoiled, files))
        (graph,) = found.meta_graphs  # by another way than that of what is tested
        nodes = [*graph.graph_def.node, *(n for f in graph.graph_def.library.function for n in f.node_def)]
        named = {function.signature.name for function in graph.graph_def.library.function}
        assert {node.op for node in nodes} <= OPERATIONS | named
        assert {f"assets/{asset.filename}" for asset in graph.asset_file_def} <= set(files)

    campaign(content, read, 5_000 if kind == "foreign" else 1_000)  # which is fifty times larger


def test_a_changed_manifest_is_refused_or_a_manifest(trained, tmp_path):
    content = (trained / "saved_models/tiny/zoo.json").read_bytes()

    def read(spoiled: bytes) -> None:
        (tmp_path / "zoo.json").write_bytes(spoiled)
        manifest = Manifest.read(tmp_path)
        assert manifest is not None
        json.dumps(manifest.to_json())
        assert all(isinstance(label, str) for label in manifest.labels)
        assert all(isinstance(name, str) for name in (manifest.recipe, manifest.name))

    campaign(content, read)
