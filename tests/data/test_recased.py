"""Copies of rows in another case."""

import numpy as np

from zoo.data import Part, recased


def test_so_many_rows_are_copied_in_lower_case_and_in_capitals():
    texts = [f"Ada met É{i}" for i in range(10)]
    part = recased(Part({"text": texts, "label": np.arange(10)}), "text", lower=0.3, capitals=0.2)
    found, labels = part.strings("text"), part.column("label").tolist()
    assert found[:10] == texts
    assert found[10:13] == [f"ada met é{i}" for i in labels[10:13]]
    assert found[13:] == [f"ADA MET É{i}" for i in labels[13:]]
    assert len(set(labels[10:13])) == 3


def test_titles_and_single_words_in_capitals():
    part = Part({"text": ["it's an old dog, é 1", "!"]})
    assert recased(part, "text", 0, titles=1.0).strings("text")[2:] == ["It's An Old Dog, É 1", "!"]
    found = [recased(part, "text", 0, shouts=1.0, seed=seed).strings("text")[2] for seed in range(20)]
    assert {"it's AN old dog, é 1", "IT's an old dog, é 1", "it's an old DOG, é 1"} < set(found)
    assert all(sum(word.isupper() for word in text.replace("'s", "").split()) == 1 for text in found)


def test_tags_stay_with_their_tokens():
    tags = [["B-PER", "O"], ["O"]]
    part = recased(Part({"tokens": [["Bo", "ran"], ["Hi"]], "tags": tags}), "tokens", 1.0, 0.0)
    assert part.rows_of_strings("tokens") == [["Bo", "ran"], ["Hi"], ["bo", "ran"], ["hi"]]
    assert part.rows_of_strings("tags") == tags * 2


def test_nothing_is_added_where_nothing_is_asked_for():
    part = Part({"text": ["One"], "label": np.zeros(1, int)})
    assert recased(part, "text", 0.0, 0.4).strings("text") == ["One"]  # less than half a row
