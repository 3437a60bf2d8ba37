"""Hostile models: none runs, by name or by path, and each is told by what it holds."""

import json
import os
import socket
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hostile import Foreign, edit, save_foreign
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2

import zoo
from zoo import layers
from zoo.models import harmless, hashes
from zoo.models.allowed import OPERATIONS, SAVER

WRITTEN = "should-never-exist"


def length(text):
    return tf.strings.length(text)


def write_file(self, text):
    tf.io.write_file(WRITTEN, text[0])
    return length(text)


def call_python(self, text):
    return tf.py_function(lambda t: t, [text], tf.string)


def print_in_a_loop(self, text):
    def step(i):
        tf.print("x", output_stream=f"file://{WRITTEN}")
        return i + 1

    return length(text) + tf.while_loop(lambda i: i < 3, step, [0])[0]


def legacy_save(self, text):
    tf.raw_ops.Save(filename=WRITTEN, tensor_names=["a"], data=[text])
    return length(text)


def saver_operation(self, text):
    tf.raw_ops.SaveV2(prefix=WRITTEN, tensor_names=["a"], shape_and_slices=[""], tensors=[text])
    return length(text)


def restore(self, text):
    return tf.raw_ops.RestoreV2(
        prefix="/etc/hosts", tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.string]
    )[0]


def read_file(self, text):
    return tf.map_fn(tf.io.read_file, text)


def match_files(self, text):
    return tf.io.matching_files(text)


def read_what_is_asked_for(self, text):
    table = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
    tf.raw_ops.InitializeTableFromTextFileV2(
        table_handle=table, filename=text[0], key_index=-2, value_index=-1, vocab_size=1
    )
    return tf.raw_ops.LookupTableFindV2(table_handle=table, keys=text, default_value=tf.constant(0, tf.int64))


def read_a_named_file(self, text):
    return read_what_is_asked_for(self, tf.constant(["/etc/hosts"]))


def read_in_a_branch(self, text):
    return tf.cond(
        tf.size(text) > 1, lambda: read_what_is_asked_for(self, text), lambda: tf.zeros([1], tf.int64)
    )


def remap_a_vocabulary(self, text):
    return tf.raw_ops.GenerateVocabRemapping(
        new_vocab_file="/etc/hosts", old_vocab_file="/etc/hosts", new_vocab_offset=0, num_new_vocab=1
    )[0]


def sample_words_of_a_file(self, text):
    return tf.raw_ops.FixedUnigramCandidateSampler(
        true_classes=[[tf.constant(0, tf.int64)]],
        num_true=1,
        num_sampled=1,
        unique=True,
        range_max=1,
        vocab_file="/etc/hosts",
    )[0]


def read_records(self, text):
    return tf.data.TFRecordDataset(text).reduce(b"", lambda _, record: record)


def cache_to_a_file(self, text):
    return tf.data.Dataset.from_tensors(text).cache(WRITTEN).reduce(length(text), lambda a, b: a)


def take_from_a_session(self, text):
    return tf.raw_ops.GetSessionTensor(handle=text[0], dtype=tf.string)


def end_the_process(self, text):
    tf.raw_ops.Abort(error_msg="gone")
    return length(text)


def hide_in_a_string(self, text):
    """A graph that a constant holds and a dataset runs."""
    with tf.Graph().as_default() as graph:
        with graph.control_dependencies([tf.io.write_file(WRITTEN, "x")]):
            dataset = tf.raw_ops.TensorDataset(components=[tf.constant("x")], output_shapes=[[]])
        definition = graph.as_graph_def()
    definition.node.add(name="out", op="_Retval", input=[dataset.name.split(":")[0]])
    from tensorflow.python.data.experimental.ops import from_list  # noqa: F401 - registers the operation

    made = tf.raw_ops.DatasetFromGraph(graph_def=tf.constant(definition.SerializeToString()))
    return tf.raw_ops.DatasetToSingleElement(dataset=made, output_types=[tf.string], output_shapes=[[]])[0]


BODIES = [
    write_file,
    call_python,
    print_in_a_loop,
    legacy_save,
    saver_operation,
    restore,
    read_file,
    match_files,
    read_what_is_asked_for,
    read_a_named_file,
    read_in_a_branch,
    remap_a_vocabulary,
    sample_words_of_a_file,
    read_records,
    cache_to_a_file,
    take_from_a_session,
    end_the_process,
    hide_in_a_string,
]


def assert_refused(folder, match):
    """By path without a manifest, and by name with one that names its files; nothing was written."""
    with pytest.raises(zoo.ZooError, match=match):
        zoo.load(f"./saved_models/{folder.name}")
    (folder / "zoo.json").write_text(json.dumps({"files": hashes(folder)}))
    with pytest.raises(zoo.ZooError, match=match):
        zoo.load(folder.name)
    assert not list(folder.parents[1].rglob(f"{WRITTEN}*"))


@pytest.mark.parametrize("body", BODIES)
def test_what_does_more_than_compute_is_refused(models, body):
    save_foreign(models / "bad", body)
    told = r"it holds \w+.* (not known to do no more|none of its assets)|it can run what is its saver's alone"
    assert_refused(models / "bad", f"refused, since ({told})")


class Resource(tf.saved_model.experimental.TrackableResource):
    """Does at its initialisation, which is while it is loaded, what a body does."""

    def __init__(self, body):
        super().__init__()
        self.body = body

    def _create_resource(self):
        return tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)

    def _initialize(self):
        self.body()


def write():
    tf.io.write_file(WRITTEN, "x")


def read():
    table = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
    tf.raw_ops.InitializeTableFromTextFileV2(
        table_handle=table, filename="/etc/hosts", key_index=-2, value_index=-1
    )


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        (write, "WriteFile"),
        (write, "DumpTensor"),  # Python cannot call these two
        (write, "CalibrationStatisticsSaver"),
        (read, "InitializeTableFromTextFileV2"),
    ],
)
def test_what_runs_while_a_model_is_loaded_is_held_to_the_same(models, body, operation):
    module = tf.Module()
    module.resource = Resource(body)
    module.serve = tf.function(length, input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    tf.saved_model.save(module, str(models / "bad"), signatures={"serving_default": module.serve})

    def rename(graph):
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                node.op = operation if node.op == "WriteFile" else node.op

    edit(models / "bad", rename)
    assert_refused(models / "bad", f"refused, since it holds {operation}")


def good(models):
    save_foreign(models / "bad", lambda self, text: length(text) * tf.cast(self.weight, tf.int32))
    return models / "bad"


def test_any_operation_that_is_not_known_is_refused(models):
    def rename(graph):
        node = next(
            node for body in graph.graph_def.library.function for node in body.node_def if node.op == "Mul"
        )
        node.op = "CalibrationStatisticsSaver"

    edit(good(models), rename)
    assert_refused(models / "bad", "holds CalibrationStatisticsSaver")


def test_the_savers_operations_serve_the_saver_alone(models):
    save_foreign(models / "bad", saver_operation)

    def pass_it_off(graph):
        graph.saver_def.save_tensor_name = graph.signature_def["serving_default"].outputs["out"].name

    edit(models / "bad", pass_it_off)
    assert_refused(models / "bad", "it can run what is its saver's alone")


@pytest.mark.parametrize(
    "collection", ["saved_model_main_op", "legacy_init_op", "local_init_op", "table_initializer"]
)
def test_what_only_the_saver_and_tensorflow_1_would_run_is_not_loaded(models, collection):
    edit(
        good(models),
        lambda graph: graph.collection_def[collection].node_list.value.append(
            graph.saver_def.save_tensor_name
        ),
    )
    stripped = saved_model_pb2.SavedModel()
    stripped.ParseFromString(harmless((models / "bad/saved_model.pb").read_bytes(), []))
    (graph,) = stripped.meta_graphs
    assert not graph.collection_def
    assert not graph.HasField("saver_def")
    nodes = [*graph.graph_def.node, *(n for body in graph.graph_def.library.function for n in body.node_def)]
    assert {node.op for node in nodes} <= OPERATIONS
    with pytest.warns(UserWarning, match="not a model of this zoo"):
        assert zoo.load("./saved_models/bad").predict(["abc"]) == [{"out": 6}]
    assert not list(models.parent.rglob(f"{WRITTEN}*"))


def test_the_saver_is_reached_by_no_name_that_nothing_lists(models):
    """A resource's initialiser that is a function of the saver, which no list of functions names."""
    module = tf.Module()
    module.resource = Resource(lambda: saver_operation(None, tf.constant(["x"])))
    module.serve = tf.function(length, input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    tf.saved_model.save(module, str(models / "bad"), signatures={"serving_default": module.serve})

    def unlist(graph):
        objects = graph.object_graph_def
        evil = {
            body.signature.name
            for body in graph.graph_def.library.function
            if any(node.op == "SaveV2" for node in body.node_def) and "initializer" in body.signature.name
        }
        for node in objects.nodes:
            if node.HasField("function") and evil & set(node.function.concrete_functions):
                (name,) = node.function.concrete_functions
                node.bare_concrete_function.concrete_function_name = name
                node.ClearField("children")
                del objects.concrete_functions[name]
        graph.ClearField("collection_def")
        graph.ClearField("signature_def")

    edit(models / "bad", unlist)
    assert_refused(models / "bad", "it can run what is its saver's alone")


def test_a_file_is_not_read_by_an_object_of_another_kind(models):
    """An asset that is made as a constant is not, from the graph, where any file's name may stand."""

    def disguise(graph):
        for node in graph.object_graph_def.nodes:
            if node.HasField("asset"):
                node.registered_name = "tf.TrackableConstant"

    edit(models / "tiny", disguise)
    (models / "tiny/zoo.json").unlink()
    assert_refused(models / "tiny", "an object that TensorFlow alone does not make")


def test_inputs_are_bound_where_they_are_read(models):
    def bind(graph):
        for name, function in graph.object_graph_def.concrete_functions.items():
            if "initializer" in name:
                function.bound_inputs.insert(0, function.bound_inputs[-1])

    edit(models / "tiny", bind)
    (models / "tiny/zoo.json").unlink()
    assert_refused(models / "tiny", "it binds inputs that a function does not have")


@pytest.mark.parametrize("name", ["_captured_inputs", "__class__", "x", "trace_"])
def test_a_part_of_a_function_is_nothing_that_the_loader_knows(models, name):
    def add(graph):
        node = next(n for n in graph.object_graph_def.nodes if n.HasField("bare_concrete_function"))
        node.children.add(local_name=name, node_id=0)

    edit(good(models), add)
    assert_refused(models / "bad", f"with a part {name!r}")


def readers(graph):
    """Returns the functions that fill a table from a file."""
    functions = graph.graph_def.library.function
    return [body for body in functions if any(n.op == "InitializeTableFromTextFileV2" for n in body.node_def)]


def test_a_reader_takes_no_other_functions_place(models):
    def swap(graph):
        for body in readers(graph):
            body.attr["api_implements"].s = b"x"

    edit(models / "tiny", swap)
    (models / "tiny/zoo.json").unlink()
    assert_refused(models / "tiny", "stands in the place of something else")


def test_no_function_has_the_name_of_an_operation(models):
    """TensorFlow makes of each operation of that name a call of the function."""

    def rename(graph):
        for body in readers(graph):
            body.signature.name = "StringUpper"

    edit(models / "tiny", rename)
    (models / "tiny/zoo.json").unlink()
    assert_refused(models / "tiny", "its function 'StringUpper' stands in the place of something else")


@pytest.mark.parametrize(
    "change",
    [
        lambda attribute: setattr(attribute, "placeholder", "F"),
        lambda attribute: attribute.func.attr["T"].func.__setattr__("name", "x"),
    ],
)
def test_which_function_runs_is_known_before(models, change):
    def choose(graph):
        change(next(
            attribute
            for body in graph.graph_def.library.function
            for node in body.node_def
            for attribute in node.attr.values()
            if attribute.func.name
        ))  # fmt: skip

    edit(models / "tiny", choose)
    (models / "tiny/zoo.json").unlink()
    assert_refused(models / "tiny", "a function in it is chosen only when it runs")


def test_a_variable_holds_numbers_or_strings(models):
    def opaque(graph):
        node = next(node for node in graph.object_graph_def.nodes if node.HasField("variable"))
        node.variable.dtype = types_pb2.DT_VARIANT

    edit(good(models), opaque)
    assert_refused(models / "bad", "a variable of what is no number and no string")


@pytest.mark.parametrize("decode", [tf.io.decode_png, tf.io.decode_jpeg, tf.io.decode_webp])
def test_a_decoder_says_how_many_channels_it_reads(models, decode):
    save_foreign(models / "bad", lambda self, text: decode(text[0]))
    assert_refused(models / "bad", "asks for no number of channels.* export it with channels=3")
    save_foreign(models / "good", lambda self, text: decode(text[0], channels=3))
    with pytest.warns(UserWarning, match="not a model of this zoo"):
        zoo.load(models / "good")


def test_a_model_that_can_be_called_is_harmless(models):
    class Called(Foreign):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def __call__(self, text):
            return tf.strings.length(text)

    module = Called(lambda self, text: length(text))
    tf.saved_model.save(module, str(models / "good"), signatures={"serving_default": module.serve})
    with pytest.warns(UserWarning, match="not a model of this zoo"):
        assert zoo.load(models / "good").predict(["abc"]) == [{"out": 3}]


def test_a_signature_is_a_function(models):
    def swap(graph):
        nodes = graph.object_graph_def.nodes
        signatures = next(c.node_id for c in nodes[0].children if c.local_name == "signatures")
        variable = next(i for i, node in enumerate(nodes) if node.HasField("variable"))
        nodes[signatures].children[0].node_id = variable

    edit(good(models), swap)
    assert_refused(models / "bad", "cannot be read")


def test_a_model_of_tensorflow_1_is_refused(models):
    edit(good(models), lambda graph: graph.ClearField("object_graph_def"))
    assert_refused(models / "bad", "no SavedModel of TensorFlow 2")


@pytest.mark.parametrize("name", ["../../../secret.txt", "/etc/hosts", "..", "a/b", "", "missing.txt"])
def test_an_asset_stands_in_the_models_own_folder(models, name):
    def rename(graph):
        graph.asset_file_def[0].filename = name

    edit(models / "tiny", rename)
    (models / "tiny/zoo.json").unlink()
    assert_refused(models / "tiny", "it reads '.*', which is none of the files in its folder assets")


def test_a_table_reads_no_file_but_an_asset(models):
    """The initialiser of a real model, whose file's name is bound to something else."""

    def rebind(graph):
        objects = graph.object_graph_def
        constant = next(i for i, node in enumerate(objects.nodes) if node.HasField("resource"))
        for function in objects.concrete_functions.values():
            for place, node in enumerate(function.bound_inputs):
                if objects.nodes[node].HasField("asset"):
                    function.bound_inputs[place] = constant

    edit(models / "tiny", rebind)
    (models / "tiny/zoo.json").unlink()
    assert_refused(models / "tiny", "holds InitializeTableFromTextFileV2")


@pytest.mark.parametrize(
    "change",
    [
        lambda node: setattr(node, "registered_name", "Custom.Thing"),
        lambda node: setattr(node, "registered_saver", "Custom.Saver"),
        lambda node: setattr(node.user_object, "identifier", "optimizer"),
        lambda node: setattr(node.user_object, "identifier", "_tf_keras_layer"),
    ],
)
def test_no_object_is_made_by_what_some_library_registered(models, change):
    edit(good(models), lambda graph: change(graph.object_graph_def.nodes[0]))
    assert_refused(models / "bad", "holds an object that TensorFlow alone does not make")


def test_a_constant_holds_numbers_or_strings(models):
    def opaque(graph):
        node = next(
            node for body in graph.graph_def.library.function for node in body.node_def if node.op == "Const"
        )
        node.attr["dtype"].type = types_pb2.DT_VARIANT

    edit(good(models), opaque)
    assert_refused(models / "bad", "holds Const of a variant")


def link(folder):
    (folder / "assets").rmdir()
    (folder / "assets").symlink_to("/etc")


def link_to_the_weights(folder):
    index = folder / "variables/variables.index"
    index.rename(folder.parent / "elsewhere")
    index.symlink_to(folder.parent / "elsewhere")


def pipe(folder):
    os.mkfifo(folder / "assets/pipe")


def plug(folder):
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(folder)  # the name of a socket is short
        made.bind("plug")
        os.chdir(here)


def deep(folder):
    (folder / "a/b/c/d/e/f").mkdir(parents=True)


@pytest.mark.parametrize("change", [link, link_to_the_weights, pipe, plug, deep])
def test_a_model_is_made_of_files_and_a_few_folders(models, change):
    folder = good(models)
    (folder / "zoo.json").write_text(json.dumps({"files": hashes(folder)}))
    change(folder)
    for asked in ("bad", "./saved_models/bad"):
        with pytest.raises(
            zoo.ZooError,
            match=r"is a (link|pipe, device or file too many|folder too deep), which no model has",
        ):
            zoo.load(asked)


def test_a_file_that_the_manifest_does_not_name_is_refused_by_name_and_by_path(models):
    (models / "tiny/more.txt").write_text("x")
    for asked in ("tiny", "./saved_models/tiny"):
        with pytest.raises(zoo.ZooError, match=r"file more.txt is not in the manifest"):
            zoo.load(asked)


def test_what_is_checked_is_what_is_loaded(models, monkeypatch):
    """Another process swaps the graph by rename, again and again: never does the other one answer."""
    evil = models / "evil.pb"
    save_foreign(models / "other", write_file)
    content = (models / "tiny/saved_model.pb").read_bytes(), (models / "other/saved_model.pb").read_bytes()
    over = threading.Event()

    def swap():
        turn = 0
        while not over.is_set():
            evil.write_bytes(content[turn % 2])
            evil.replace(models / "tiny/saved_model.pb")
            turn += 1

    swapper = threading.Thread(target=swap)
    swapper.start()
    answered, refused = 0, 0
    try:
        for _ in range(12):
            try:
                with warnings.catch_warnings(action="ignore"):
                    model = zoo.load("tiny")
                answered += model.predict(["the soup was lovely"])[0]["label"] == "praise"
            except zoo.ZooError:
                refused += 1
    finally:
        over.set()
        swapper.join()
    assert answered + refused == 12
    assert answered
    assert refused
    assert not list(models.parent.rglob(f"{WRITTEN}*"))


def test_nothing_of_a_copy_stays_behind(models, monkeypatch, tmp_path):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    model = zoo.load("tiny")
    assert not list((tmp_path / "temporary").iterdir())
    assert model.predict(["the soup was lovely"])[0]["label"] == "praise"
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.mark.parametrize("cell", layers.CELLS)
def test_every_cell_is_made_of_what_may_be_loaded(cell):
    layer = layers.recurrent(cell, 3, return_sequences=True)
    layer.build((None, None, 2))
    trace = tf.function(
        lambda x: layer(x), input_signature=[tf.TensorSpec([None, 5, 2])]
    ).get_concrete_function()
    graph = trace.graph.as_graph_def()
    nodes = [*graph.node, *(node for body in graph.library.function for node in body.node_def)]
    assert {node.op for node in nodes} <= OPERATIONS
    assert np.isfinite(trace(tf.zeros([1, 5, 2])).numpy()).all()


def test_the_saver_is_on_no_list():
    assert not OPERATIONS & SAVER
