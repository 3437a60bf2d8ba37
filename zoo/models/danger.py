"""What no model may do: write files, call Python, reach a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

# Operations that write files, call Python or reach a network, by a part of their names.
_DANGEROUS = (
    *("PyFunc", "WriteFile", "SaveSlices", "DistributedSave", "Summary", "PrintV2", "Debug", "Rpc"),
    *("DatasetToTFRecord", "SaveDataset", "SnapshotDataset", "CacheDataset", "DataService"),
    *("RegisterDataset", "XlaHostCompute"),
)
# What TensorFlow's own saver is made of: every SavedModel with variables holds it, and nothing may call it.
_SAVER = ("Save", "SaveV2", "MergeV2Checkpoints")


def dangerous_operations(path: Path) -> set[str]:
    """Returns the operations of a SavedModel for which it is refused."""
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((path / "saved_model.pb").read_bytes())
    dangerous: set[str] = set()
    for graph in proto.meta_graphs:
        nodes = {node.name: node for node in graph.graph_def.node}
        bodies = {body.signature.name: body.node_def for body in graph.graph_def.library.function}
        everything = [*nodes.values(), *(node for body in bodies.values() for node in body)]
        dangerous |= {node.op for node in everything if any(part in node.op for part in _DANGEROUS)}

        outputs = [
            info.name for signature in graph.signature_def.values() for info in signature.outputs.values()
        ]
        outputs += [name for item in graph.collection_def.values() for name in item.node_list.value]
        served = _ancestors([*outputs, *(info.name for s in graph.signature_def.values()
                                         for info in s.inputs.values())], nodes)  # fmt: skip
        # Functions of the loaded object can be called too; a loader calls some of them by itself.
        reached = _reachable(served, bodies, set(graph.object_graph_def.concrete_functions))
        run = [*served, *(node for name in reached for node in bodies[name])]
        dangerous |= {node.op for node in run if node.op in _SAVER}
    return dangerous


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


def _reachable(nodes: Iterable[Any], bodies: dict[str, Any], names: set[str]) -> set[str]:
    reached: set[str] = set()
    waiting = [*_called(nodes), *names]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in bodies:
            reached.add(name)
            waiting += _called(bodies[name])
    return reached


def _called(nodes: Iterable[Any]) -> Iterator[str]:
    for node in nodes:
        yield node.op  # a function may be called by its own name
        for attribute in node.attr.values():
            for function in (attribute.func, *attribute.list.func):
                if function.name:
                    yield function.name
