"""What recipes export: a portable clone of a trained model, and what it can be asked."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import keras
import tensorflow as tf

from zoo.devices import CPU, Fastest, on
from zoo.export.bounds import MOST_SHOWN, columns, cut
from zoo.models import Function, predict
from zoo.tasks import Manifest, Task, of


class Serving(tf.Module):
    """Base of what recipes export: holds a portable clone of a trained model.

    A subclass names its mapping and defines signatures, which take raw inputs: see `signature`.

    Args:
        model: the trained model.
        config: the recipe's settings. By `storage`, the type in which weights are stored, they are rounded
            here, once, so that the module in memory gives the very answers of the exported one; float16
            halves the files.
        labels: names of the outputs by their number.
        defaults: inputs of `serving_default` that may be left out, and what they are then.
        own: what the mapping's models alone say of themselves.

    Attributes:
        mapping: of `zoo.tasks`, by name.
        model: float32 clone of the trained model that runs on CPU and GPU.
        weight_names: paths of the trained model's weights; the clone's own lack the outer layers' names.
        manifest: what the module says of itself; an export adds how it was made.
        task: what it is for.
    """

    mapping: ClassVar[str] = ""

    def __init__(
        self,
        model: keras.Model,
        config: Any,
        labels: Sequence[str] = (),
        defaults: Mapping[str, float] | None = None,
        own: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        self.config = config
        settings = dataclasses.asdict(config)
        manifest = Manifest(
            name=settings.get("name") or self.mapping,
            mapping=self.mapping,
            config=settings,
            labels=list(labels),
            defaults=defaults or {},
            own=own or {},
        )
        self._untracked(manifest=manifest, task=of(manifest), functions={}, asked={})
        # Untracked: TensorFlow takes a Keras variable for another than the one it wraps, and saves both.
        self._untracked(model=portable(model), weight_names=[weight.path for weight in model.weights])
        # saved_model_cli finds variables only where the module holds them itself.
        self._variables_ = [weight.value for weight in self.model.weights]
        if config.storage != "float32":
            self._variables_ = [
                tf.Variable(tf.cast(value, config.storage)) if value.dtype.is_floating else value
                for value in self._variables_
            ]
            for weight, stored in zip(self.model.weights, self._variables_, strict=True):
                weight.assign(tf.cast(stored, weight.dtype))

    def _untracked(self, **attributes: Any) -> None:
        """Sets attributes that are no part of what TensorFlow saves."""
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    model: keras.Model
    weight_names: list[str]
    manifest: Manifest
    task: Task
    functions: dict[str, Any]
    asked: dict[str, Function]

    @property
    def name(self) -> str:
        """What tables call it: the run's name."""
        return self.manifest.name

    @property
    def computed_on(self) -> str:
        """Where it has answered: CPU, GPU, or one after the other."""
        return " and ".join(sorted(set().union(*(function.call.asked for function in self.asked.values()))))

    def says(self, manifest: Manifest) -> None:
        """Sets what the module says of itself."""
        self._untracked(manifest=manifest)

    def weights_as_stored(self) -> contextlib.AbstractContextManager[Any]:
        """Returns a context in which `model` computes with the stored weights, cast to float32 on entry."""
        scope: contextlib.AbstractContextManager[Any] = keras.StatelessScope(
            [
                (weight, tf.cast(stored, weight.dtype))
                for weight, stored in zip(self.model.weights, self._variables_, strict=True)
            ]
        )
        return scope

    @property
    def signatures(self) -> dict[str, Any]:
        """Name -> tf.function of everything that the exported model can be asked."""
        declared = [
            member
            for kind in reversed(type(self).__mro__)
            for member in vars(kind).values()
            if isinstance(member, signature)
        ]
        chosen = [member for member in declared if member.when is None or member.when(self.config)]
        return {member.called: member.__get__(self) for member in chosen}

    def predict(self, inputs: Any, signature: str = "", **settings: Any) -> list[dict[str, Any]]:
        """Answers as the loaded model will: see `zoo.models.Model.predict`."""
        for name, function in self.signatures.items():
            if name not in self.asked:
                self.asked[name] = traced(function)
        return predict(self.name, self.manifest, self.task, self, self.asked, inputs, signature, settings)


def traced(function: Any) -> Function:
    """Returns what a signature in memory takes and gives, and how it is called where that is fastest."""
    concrete = function.get_concrete_function()
    inputs = {spec.name: spec for spec in concrete.structured_input_signature[0]}
    # Called by itself it would be traced anew for each device.
    return Function(inputs, concrete.structured_outputs, Fastest(concrete))


class signature:  # noqa: N801 - a decorator
    """Decorates a method of `Serving`: makes it a signature of the export.

    Args:
        strings: what the one tensor of strings is called that the method takes.
        name: of the signature; empty: `serving_default`.
        shape: of that tensor.
        when: tells from the config whether the export has the signature.
        **tensors: where the method takes others or several, their names, in the order of its arguments, and
            what they are; a function where that is known only with the module, which it takes. Where that
            returns None the signature lacks the tensor, and the method takes its own default.
    """

    def __init__(
        self,
        strings: str = "",
        name: str = "",
        shape: Sequence[int | None] = (None,),
        when: Callable[[Any], bool] | None = None,
        **tensors: tf.TensorSpec | Callable[[Any], tf.TensorSpec | None],
    ):
        self.called, self.when = name or "serving_default", when
        self.specs = tensors or {strings: tf.TensorSpec(shape, tf.string)}
        self.method: Callable[..., Any] = lambda *_: None

    def __call__(self, method: Callable[..., Any]) -> signature:
        """Takes the method."""
        self.method = method
        functools.update_wrapper(self, method)
        return self

    def __get__(self, module: Any, owner: type | None = None) -> Any:
        if module is None:
            return self
        if self.called not in module.functions:
            module.functions[self.called] = self._function(module)
        return module.functions[self.called]

    def _function(self, module: Any) -> Any:
        found = {name: spec(module) if callable(spec) else spec for name, spec in self.specs.items()}
        specs = {name: spec for name, spec in found.items() if spec is not None}
        # A method may call its arguments otherwise than the signature its tensors.
        called = dict(zip(self.specs, list(inspect.signature(self.method).parameters)[1:], strict=True))

        def run(*inputs: Any) -> Any:
            # Here, outside of all loops, weights are cast once for each call.
            with module.weights_as_stored():
                return self.method(
                    module, **{called[name]: given for name, given in zip(specs, inputs, strict=True)}
                )

        # Callers in Python may name the tensors too.
        named = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in specs]
        run.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
        tensors = [tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in specs.items()]
        # Nothing in models asks for AutoGraph, and without it they are traced in two thirds of the time.
        return tf.function(run, input_signature=tensors, autograph=False)


def once(*specs: tf.TypeSpec) -> Callable[[Callable[..., Any]], Any]:
    """Decorates a method of `Serving` that signatures share: it stands once in the SavedModel.

    It is traced once, too, which takes most of the time of an export.

    Args:
        *specs: what it takes.
    """

    def decorate(method: Callable[..., Any]) -> Any:
        @functools.wraps(method)
        def run(module: Serving, *inputs: Any) -> Any:
            # It reads the weights itself: what whoever called it first has cast, the next one cannot see.
            with module.weights_as_stored():
                return method(module, *inputs)

        return tf.function(run, input_signature=list(specs), autograph=False)

    return decorate


def portable(model: keras.Model) -> keras.Model:
    """Clones a model into float32, for fused cuDNN kernels where there is a GPU, and loops elsewhere.

    Keras chooses when a graph is traced, so the clone, not the trained model, is exported.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        with on(CPU):  # the one place where every machine computes alike; it is not stored
            copy = keras.Model.from_config(_float32(model.get_config()))
    finally:
        keras.config.set_dtype_policy(policy)
    copy.set_weights(model.get_weights())
    for layer in recurrent_layers(copy):
        if hasattr(layer, "portable"):
            layer.portable = True
        else:  # it is one of Keras's own
            layer.use_cudnn = False
    return copy


def recurrent_layers(model: keras.Model) -> Iterator[keras.layers.RNN]:
    """Yields every recurrent layer, both directions of a Bidirectional one by one."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.RNN):
            yield layer


def activations(
    model: keras.Model, layers: Sequence[keras.layers.Layer], inputs: Mapping[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    """Runs a model and shows what is inside.

    Returns:
        `activations` (batch, time, units), every unit of all layers one after another, and `layers` (units,),
        the number of each unit's layer.
    """
    first = _sequences(layers)
    outputs = keras.Model(model.input, first)(inputs, training=False)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    numbers = [number for number, output in enumerate(outputs) for _ in range(output.shape[-1])]
    return {"activations": tf.concat(outputs, axis=2), "layers": tf.constant(numbers)}


def cut_to_show(
    rows: tf.RaggedTensor, layers: Sequence[keras.layers.Layer]
) -> tuple[tf.RaggedTensor, tf.Tensor]:
    """Cuts ragged rows (batch, time) so that `activations` of the layers stay bounded; as `cut`."""
    each = 4 * sum(output.shape[-1] for output in _sequences(layers))
    return cut(rows, tf.minimum(tf.cast(MOST_SHOWN, tf.int64), columns(rows.nrows(), each)))


def _sequences(layers: Sequence[keras.layers.Layer]) -> list[Any]:
    return [layer.output[0] if isinstance(layer.output, list | tuple) else layer.output for layer in layers]


def _float32(config: Any) -> Any:
    """Replaces every dtype policy in a layer's config, nested layers included; how to train is left out."""
    if isinstance(config, dict):
        if config.get("class_name") in ("DTypePolicy", "DTypePolicyMap"):
            return "float32"
        return {key: _float32(value) for key, value in config.items() if key != "compile_config"}
    if isinstance(config, list):
        return [_float32(value) for value in config]
    return config
