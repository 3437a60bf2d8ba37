"""Clusters of words from elsewhere, as an input of models."""

import tensorflow as tf
from tiny import stored

from zoo.text import CLUSTER_BUCKETS, Clusters

LINES = ["London\t678", "Paris\t678", "Rome\t614", "éte\t102", "us\t5", "US\t9"]  # 614 is 678 but for bit 6


def test_words_of_a_cluster_are_alike_and_near_ones_in_part(tmp_path):
    for clusters in (Clusters(LINES), stored(Clusters, LINES, tmp_path / "clusters.txt")):
        found = clusters(tf.constant(["London", "Paris", "Rome", "éte", "nowhere", ""])).numpy()
        london, paris, rome, summer, nowhere, nothing = found.tolist()
        assert london == paris
        assert [a == b for a, b in zip(london, rome, strict=True)] == [False, True, True]
        assert [a == b for a, b in zip(london, summer, strict=True)] == [False, True, True]  # 102 & 63 == 38
        assert nowhere == nothing == [0, 0, 0]
        assert min(london) > 0
        assert found.max() <= CLUSTER_BUCKETS
        assert len({*london, *rome}) == 4  # depths have numbers of their own


def test_other_cases_are_looked_for_where_a_word_is_in_no_cluster():
    words = ["LONDON", "london", "London", "ÉTE", "Us", "US", "us"]
    found = Clusters(LINES)(tf.constant(words)).numpy().tolist()
    assert found[0] == found[1] == found[2] != [0, 0, 0]
    assert found[3] != [0, 0, 0]
    assert found[4] == found[6] != found[5]
