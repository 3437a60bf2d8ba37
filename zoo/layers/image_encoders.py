"""Networks that turn pictures into feature maps, by name."""

import inspect
from collections.abc import Callable
from difflib import get_close_matches

import keras
from keras import applications, ops

from zoo.errors import ZooError
from zoo.layers.efficientnet import efficientnet_lite0
from zoo.layers.small_cnn import small_cnn

_OURS = ("small", "tiny", "efficientnet_lite0")
_PREFIX = "keras:"


@keras.saving.register_keras_serializable("zoo")
class KerasPreprocessing(keras.layers.Layer):
    """Prepares pictures as one of the networks of `keras.applications` was trained with them.

    Args:
        module: part of `keras.applications` that has the network, such as `resnet`.

    Call arguments:
        inputs: (batch, height, width, 3), red, green, blue, 0 to 255.

    Returns:
        (batch, height, width, 3).
    """

    def __init__(self, module: str, **options):
        super().__init__(**options)
        self.module = module

    def call(self, inputs):
        """Scales, shifts and, for some networks, swaps red and blue."""
        return getattr(applications, self.module).preprocess_input(inputs)

    def compute_output_shape(self, shape):
        """Returns the input's shape."""
        return shape

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), "module": self.module}


def check_image_encoder(name: str) -> None:
    """Refuses a name that `image_encoder` would, before anything is built.

    Raises:
        ZooError: there is no such encoder.
    """
    if name not in _OURS:
        _find(name)


def image_encoder(name: str, size: int, weights: bool = True, frames: int = 1) -> keras.Model:
    """Builds an image encoder, which ends before pooling and classification.

    Args:
        name: `small`, a compact network to be trained from scratch, or `tiny`, three times as fast;
            `efficientnet_lite0`; or `keras:<name>`, a network of `keras.applications`, whose weights Keras
            fetches and keeps in ~/.keras/models.
        size: height and width of the pictures.
        weights: use those trained on ImageNet (`small` and `tiny` have none); false: random ones.
        frames: of a clip; 1: it reads still pictures.

    Returns:
        A model `encoder`: `image` (batch, size, size, 3), of any type, red, green, blue, 0 to 255 -> feature
        map (batch, rows, columns, channels). The network's own preprocessing is inside. Of clips `image` is
        (batch, frames, size, size, 3), and each frame has its map (batch, frames, ...), all by one network.

    Raises:
        ZooError: there is no such encoder, it takes no pictures of that size, or its weights cannot be had.
    """
    encoder = _of_stills(name, size, weights)
    if frames == 1:
        return encoder
    clip = keras.Input((frames, size, size, 3), name="image")
    maps = encoder(ops.reshape(clip, (-1, size, size, 3)))
    return keras.Model(clip, ops.reshape(maps, (-1, frames, *maps.shape[1:])), name="encoder")


def _of_stills(name: str, size: int, weights: bool) -> keras.Model:
    if name == "small":
        return small_cnn(size)
    if name == "tiny":
        return small_cnn(size, 16, stride=2)
    if name == "efficientnet_lite0":
        return efficientnet_lite0(weights, size)
    build = _find(name)
    image = keras.Input((size, size, 3), name="image")
    x = KerasPreprocessing(build.__module__.rpartition(".")[2], name="preprocessing")(image)
    network = _fixed_statistics(_built(name, build, size, weights))
    return keras.Model(image, network(x), name="encoder")


def _find(name: str) -> Callable[..., keras.Model]:
    """Finds a function of `keras.applications`; upper and lower case are the same."""
    known = {key.lower(): value for key, value in vars(applications).items() if inspect.isfunction(value)}
    if not name.lower().startswith(_PREFIX):
        raise ZooError(
            f"unknown encoder {name!r}: choose small, tiny, efficientnet_lite0, or {_PREFIX}<name> for a "
            f"network of keras.applications, such as {_PREFIX}MobileNetV3Small"
        )
    asked = name[len(_PREFIX) :].lower()
    if asked not in known:
        near = get_close_matches(asked, known, n=5, cutoff=0)
        raise ZooError(
            f"unknown encoder {name!r}: keras.applications has {len(known)} networks, among them "
            f"{', '.join(_PREFIX + known[key].__name__ for key in near)}"
        )
    return known[asked]


def _built(name: str, build: Callable[..., keras.Model], size: int, weights: bool) -> keras.Model:
    try:
        return build(include_top=False, weights="imagenet" if weights else None, input_shape=(size, size, 3))
    except Exception as error:  # Keras raises a plain Exception where a download fails
        told = " ".join(str(error).split())
        if isinstance(error, ValueError) and "input_shape" in told:
            raise ZooError(
                f"encoder {name!r} takes no pictures of {size}x{size}, choose another size: {told}"
            ) from error
        if not weights:
            raise
        raise ZooError(
            f"encoder {name!r}: its ImageNet weights cannot be fetched ({told}); copy ~/.keras/models from a "
            "machine that has fetched them, or choose another encoder, such as efficientnet_lite0"
        ) from error


def _fixed_statistics(network: keras.Model) -> keras.Model:
    """Makes the mean and variance of a network's Normalization part of its config.

    As weights, which Keras's EfficientNets have, they would be set by `set_weights` in a clone and yet not
    be used.
    """

    def fixed(layer: keras.layers.Layer) -> keras.layers.Layer:
        if not isinstance(layer, keras.layers.Normalization) or layer.input_mean is not None:
            return layer
        mean, variance = layer.get_weights()[:2]
        return keras.layers.Normalization(
            layer.axis, mean.tolist(), variance.tolist(), dtype=layer.dtype_policy, name=layer.name
        )

    if not any(fixed(layer) is not layer for layer in network.layers):
        return network
    return keras.models.clone_model(network, clone_function=fixed)
