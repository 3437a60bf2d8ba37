"""What no model may do: write a file, read one that is not its own, call Python, reach a network.

Asked of `saved_model.pb` before TensorFlow loads it. It answers for which operations can run, not for the
time and memory that they take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from zoo.errors import ZooError
from zoo.models.allowed import OPERATIONS, READS_AN_ASSET, SAVER

# Objects that TensorFlow makes by itself when it loads a model. Others are made by whoever registered them.
_OBJECTS = {
    "",
    "_generic_user_object",
    "signature_map",
    "trackable_dict_wrapper",
    "trackable_list_wrapper",
    "trackable_tuple_wrapper",
}
_REGISTERED = {"", "tf.StaticHashTable", "tf.TrackableConstant"}


def check(content: bytes, files: Iterable[str]) -> None:
    """Refuses a model that could do more than compute.

    Args:
        content: of its `saved_model.pb`.
        files: what lies beside it, relative to the model's folder.

    Raises:
        ZooError: it could, or it is no SavedModel of TensorFlow 2; says by what, as a part of a sentence.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString(content)
    # Any other is loaded as one of TensorFlow 1, which runs what its saver and its initialisers name.
    if len(proto.meta_graphs) != 1 or not proto.meta_graphs[0].HasField("object_graph_def"):
        raise ZooError("no SavedModel of TensorFlow 2: it must hold one graph, with its objects")
    (graph,) = proto.meta_graphs
    _check_assets(graph, set(files))
    _check_objects(graph)
    _check_operations(graph)


def _check_assets(graph: Any, files: set[str]) -> None:
    for asset in graph.asset_file_def:
        if len(PurePosixPath(asset.filename).parts) != 1 or f"assets/{asset.filename}" not in files:
            raise ZooError(f"it reads {asset.filename!r}, which is none of the files in its folder assets")


def _check_objects(graph: Any) -> None:
    for node in graph.object_graph_def.nodes:
        kinds = {node.registered_name} - _REGISTERED | {node.user_object.identifier} - _OBJECTS
        if kinds or node.registered_saver:
            named = ", ".join(sorted(kinds)) or node.registered_saver
            raise ZooError(f"it holds an object that TensorFlow alone does not make ({named})")
        if node.HasField("asset") and not 0 <= node.asset.asset_file_def_index < len(graph.asset_file_def):
            raise ZooError("it names an asset that it does not have")


def _check_operations(graph: Any) -> None:
    bodies = {body.signature.name: body.node_def for body in graph.graph_def.library.function}
    main = {node.name: node for node in graph.graph_def.node}
    everything = [*graph.graph_def.node, *(node for body in bodies.values() for node in body)]
    # The names of functions are no operations here: no export of TensorFlow 2 calls one by its bare name.
    strange = {node.op for node in everything} - OPERATIONS - SAVER
    # A constant may hold what is no number and no string, and so whatever a type of TensorFlow decodes.
    strange |= {"Const of a variant" for node in everything if node.op == "Const" and _opaque(node)}
    strange |= {node.op for node in _run(graph, main, bodies) if node.op in SAVER}
    strange |= {READS_AN_ASSET for _ in _reading_no_asset(graph, bodies)}
    if strange:
        raise ZooError(f"it holds {', '.join(sorted(strange))}, not known to do no more than compute")


def _opaque(node: Any) -> bool:
    from tensorflow.core.framework import types_pb2

    opaque = (types_pb2.DT_VARIANT, types_pb2.DT_RESOURCE)
    return node.attr["dtype"].type in opaque or node.attr["value"].tensor.dtype in opaque


def _run(graph: Any, main: dict[str, Any], bodies: dict[str, Any]) -> Iterator[Any]:
    """Yields all nodes but those that nothing except the saver reaches."""
    signatures = graph.signature_def.values()
    tensors = [info.name for s in signatures for info in (*s.inputs.values(), *s.outputs.values())]
    tensors += [name for item in graph.collection_def.values() for name in item.node_list.value]
    served = _ancestors(tensors, main)
    yield from served
    # Functions of the loaded object can be called too; a loader calls some of them by itself.
    waiting = [*_called(served), *graph.object_graph_def.concrete_functions]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in reached and name in bodies:
            reached.add(name)
            yield from bodies[name]
            waiting += _called(bodies[name])


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


def _called(nodes: Iterable[Any]) -> Iterator[str]:
    for node in nodes:
        yield node.op  # a function may be called by its own name
        for attribute in node.attr.values():
            for function in (attribute.func, *attribute.list.func):
                if function.name:
                    yield function.name


def _reading_no_asset(graph: Any, bodies: dict[str, Any]) -> Iterator[Any]:
    """Yields the readers whose file is not surely an asset.

    Surely is: a function takes the file's name as an input, which is bound to an asset for good, and no other
    function calls this one with another.
    """
    yield from (node for node in graph.graph_def.node if node.op == READS_AN_ASSET)
    called = {name for nodes in bodies.values() for name in _called(nodes)}
    objects = graph.object_graph_def
    for body in graph.graph_def.library.function:
        for node in body.node_def:
            if node.op == READS_AN_ASSET:
                inputs = [argument.name for argument in body.signature.input_arg]
                bound = list(objects.concrete_functions[body.signature.name].bound_inputs)
                file = node.input[1]
                # Inputs that are bound come last.
                place = inputs.index(file) - len(inputs) if file in inputs else -len(bound) - 1
                if (
                    body.signature.name in called
                    or -place > len(bound)
                    or not objects.nodes[bound[place]].HasField("asset")
                ):
                    yield node
