"""What no model may do: write a file, read one that is not its own, call Python, reach a network.

Asked of `saved_model.pb` before TensorFlow loads it. It answers for which operations can run, not for the
time and memory that they take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from zoo.errors import ZooError
from zoo.models.allowed import DECODERS, OPERATIONS, READS_AN_ASSET, SAVER

# Objects that TensorFlow makes by itself when it loads a model. Others are made by whoever registered them.
_OBJECTS = {
    "",
    "_generic_user_object",
    "signature_map",
    "trackable_dict_wrapper",
    "trackable_list_wrapper",
    "trackable_tuple_wrapper",
}
# Kind of object -> names by which it may have been registered: each makes objects of another kind.
_REGISTERED = {"constant": "tf.TrackableConstant", "resource": "tf.StaticHashTable"}
# Kind of object -> what its parts may be called: they become attributes, and the loader knows some by name.
_PARTS = {
    "user_object": r"__call__|(?!__).*",
    "function": r"trace_\d+",
    "bare_concrete_function": r"capture_\d+",
    "resource": "_initializer|_create_resource|_initialize|_destroy_resource",
}


def harmless(content: bytes, files: Iterable[str]) -> bytes:
    """Refuses a model that could do more than compute.

    Args:
        content: of its `saved_model.pb`.
        files: what lies beside it, relative to the model's folder.

    Returns:
        The same without what only TensorFlow 1 and the saver would run, which reads and writes files: that is
        what may be loaded.

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
    _check_operations([*graph.graph_def.node, *_bodies(graph)], OPERATIONS | SAVER)
    _check_functions(graph)
    _strip(graph)
    _check_operations([*graph.graph_def.node, *_bodies(graph)], OPERATIONS)
    _check_readers(graph)
    stripped: bytes = proto.SerializeToString()
    return stripped


def _bodies(graph: Any) -> Iterator[Any]:
    for function in graph.graph_def.library.function:
        yield from function.node_def


def _check_assets(graph: Any, files: set[str]) -> None:
    for asset in graph.asset_file_def:
        if len(PurePosixPath(asset.filename).parts) != 1 or f"assets/{asset.filename}" not in files:
            raise ZooError(f"it reads {asset.filename!r}, which is none of the files in its folder assets")


def _check_objects(graph: Any) -> None:
    for node in graph.object_graph_def.nodes:
        kind = node.WhichOneof("kind") or ""
        made_by = {node.registered_name} - {"", _REGISTERED.get(kind)} | {
            node.user_object.identifier
        } - _OBJECTS
        if made_by or node.registered_saver:
            named = ", ".join(sorted(made_by)) or node.registered_saver
            raise ZooError(f"it holds an object that TensorFlow alone does not make ({named})")
        for part in node.children:
            if not re.fullmatch(_PARTS.get(kind, "(?!)"), part.local_name, re.DOTALL):
                raise ZooError(f"it holds an object ({kind}) with a part {part.local_name!r}, which none has")
        if node.variable.dtype in _opaque_types():
            raise ZooError("it holds a variable of what is no number and no string")
        if node.HasField("asset") and not 0 <= node.asset.asset_file_def_index < len(graph.asset_file_def):
            raise ZooError("it names an asset that it does not have")


def _check_functions(graph: Any) -> None:
    for body in graph.graph_def.library.function:
        # TensorFlow runs a function also for an operation of its name, or for another that does the same.
        if body.signature.name in OPERATIONS | SAVER or "api_implements" in body.attr:
            raise ZooError(f"its function {body.signature.name!r} stands in the place of something else")
    for node in _bodies(graph):
        for attribute in node.attr.values():
            inner = [a for f in _functions_of(attribute) for a in f.attr.values()]
            if attribute.placeholder or any(a.placeholder or a.func.name or a.list.func for a in inner):
                raise ZooError("a function in it is chosen only when it runs")


def _strip(graph: Any) -> None:
    """Leaves functions and constants, of which objects are made; no function that saves or restores."""
    library = graph.graph_def.library.function
    savers = {body.signature.name for body in library if any(node.op in SAVER for node in body.node_def)}
    kept = [body for body in library if body.signature.name not in savers]
    constants = [node for node in graph.graph_def.node if node.op == "Const"]
    for field, remaining in ((library, kept), (graph.graph_def.node, constants)):
        del field[:]
        field.extend(remaining)
    for name in ("saver_def", "collection_def", "signature_def"):
        graph.ClearField(name)
    objects = graph.object_graph_def
    named = {*objects.concrete_functions, *_called(graph)}
    for node in objects.nodes:
        named |= {*node.function.concrete_functions, node.bare_concrete_function.concrete_function_name}
    if named & savers:
        raise ZooError(f"it can run what is its saver's alone ({', '.join(sorted(SAVER))})")


def _functions_of(attribute: Any) -> list[Any]:
    """Returns the functions that an attribute of a node names; one without a name is none."""
    return [attribute.func, *attribute.list.func]


def _called(graph: Any) -> set[str]:
    """Returns the names of the functions that others call."""
    attributes = (attribute for node in _bodies(graph) for attribute in node.attr.values())
    return {function.name for attribute in attributes for function in _functions_of(attribute)}


def _check_operations(nodes: list[Any], known: frozenset[str]) -> None:
    # The names of functions are no operations here: no export of TensorFlow 2 calls one by its bare name.
    strange = {node.op for node in nodes} - known
    # A constant may hold what is no number and no string, and so whatever a type of TensorFlow decodes.
    strange |= {"Const of a variant" for node in nodes if node.op == "Const" and _is_opaque(node)}
    if strange:
        raise ZooError(f"it holds {', '.join(sorted(strange))}, not known to do no more than compute")
    for node in nodes:
        # One that is left out is 0, which takes whatever a file has.
        if node.op in DECODERS and not node.attr["channels"].i:
            raise ZooError(
                f"its {node.op} asks for no number of channels, and TensorFlow then writes beyond its memory "
                "for some WebP; export it with channels=3"
            )


def _is_opaque(node: Any) -> bool:
    opaque = _opaque_types()
    return node.attr["dtype"].type in opaque or node.attr["value"].tensor.dtype in opaque


def _opaque_types() -> tuple[int, int]:
    """Returns types whose content is whatever a stranger's bytes are decoded to."""
    from tensorflow.core.framework import types_pb2

    return types_pb2.DT_VARIANT, types_pb2.DT_RESOURCE


def _check_readers(graph: Any) -> None:
    """Refuses a function that reads a file unless that is surely an asset.

    Surely is: the function takes the file's name as an input, which is bound to an asset for good, and
    no other function calls it with another.
    """
    objects = graph.object_graph_def
    called = _called(graph)
    for body in graph.graph_def.library.function:
        inputs = [argument.name for argument in body.signature.input_arg]
        own = objects.concrete_functions
        # Asking a map of messages for what it lacks would add it.
        bound = list(own[body.signature.name].bound_inputs) if body.signature.name in own else []
        if len(bound) > len(inputs) or not all(0 <= node < len(objects.nodes) for node in bound):
            raise ZooError("it binds inputs that a function does not have")
        # Inputs that are bound come last.
        assets = {
            name
            for name, node in zip(inputs[len(inputs) - len(bound) :], bound, strict=True)
            if objects.nodes[node].HasField("asset")
        }
        alone = body.signature.name not in called
        for node in body.node_def:
            if node.op == READS_AN_ASSET and not (alone and node.input[1] in assets):
                raise ZooError(f"it holds {READS_AN_ASSET} of what may be none of its assets")
