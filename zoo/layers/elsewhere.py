"""Vectors of words that were made elsewhere, as inputs of a model."""

from typing import Any

import keras

from zoo.layers.embedding import SubwordEmbedding
from zoo.text import CLUSTER_BUCKETS, CLUSTER_FEATURES, Known


def from_elsewhere(known: Known, cluster_units: int, inputs: dict[str, Any]) -> list[Any]:
    """Returns vectors (batch, time, units) of what `Known.tables` gives, and adds its tensors to the inputs.

    Vectors stay as they are; those of clusters are learned, and added up over a cluster and the larger ones
    that it is part of.

    Args:
        known: what is read.
        cluster_units: size of the vectors of clusters.
        inputs: name -> input of the model, to which `vectors` and `clusters` are added.
    """
    found = []
    if known.vectors:
        inputs["vectors"] = keras.Input((None, known.vectors.units), name="vectors")
        found.append(inputs["vectors"])
    if known.clusters:
        inputs["clusters"] = keras.Input((None, CLUSTER_FEATURES), dtype="int32", name="clusters")
        adder = SubwordEmbedding(CLUSTER_BUCKETS, cluster_units, name="cluster_embedding")
        found.append(adder(inputs["clusters"]))
    return found
