import numpy as np
import pytest

from zoo.tasks import Captioning, Classification, Manifest, Tagging, Task, Translation
from zoo.tasks.base import python

KINDS = {"row_splits": Tagging, "labels": Classification, "translation": Translation}
KINDS |= {"translations": Translation, "source_tokens": Translation, "caption": Captioning}
KINDS |= {"captions": Captioning}


def read(outputs, inputs):
    """Reads outputs as the task does whose models give them."""
    kind = next((task for name, task in KINDS.items() if name in outputs), Task)
    return kind().answers(outputs, inputs, Manifest())


def flat(splits, tokens, tags, starts=None, ends=None):
    """What a tagger gives back: flat columns beside dense ones, strings as bytes."""
    columns = {
        "tokens": np.array([token.encode() for token in tokens], object),
        "tags": np.array([tag.encode() for tag in tags], object),
        "scores": np.linspace(1, 0.5, len(tokens), dtype=np.float32),
    }
    if starts is not None:
        columns |= {"starts": np.array(starts, np.int32), "ends": np.array(ends, np.int32)}
    nonsense = np.array([[b"dense columns are not read"]], object)
    return {
        **{f"flat_{name}": column for name, column in columns.items()},
        **dict.fromkeys(columns, nonsense),
        "row_splits": np.array(splits, np.int64),
    }


def test_tokens_of_a_text_and_the_spans_that_their_tags_join():
    text = "Zoë saw New York."
    outputs = flat(
        [0, 5], ["Zoë", "saw", "New", "York", "."], ["B-PER", "O", "B-LOC", "I-LOC", "O"],
        [0, 4, 8, 12, 16], [3, 7, 11, 16, 17],
    )  # fmt: skip
    (answer,) = read(outputs, [text])
    assert list(answer) == ["tokens", "spans"]
    assert answer["tokens"][0] == {"token": "Zoë", "tag": "B-PER", "score": 1.0, "start": 0, "end": 3}
    assert answer["tokens"][4] == {"token": ".", "tag": "O", "score": 0.5, "start": 16, "end": 17}
    assert answer["spans"] == [
        {"type": "PER", "text": "Zoë", "start": 0, "end": 3},
        {"type": "LOC", "text": "New York", "start": 8, "end": 16},
    ]
    assert {type(value) for value in answer["tokens"][0].values()} == {str, float, int}


def test_the_text_of_a_span_is_what_stands_between_its_ends():
    outputs = flat([0, 2], ["New", "York"], ["B-LOC", "I-LOC"], [1, 7], [4, 11])
    (answer,) = read(outputs, ["\tNew \n York"])
    assert answer["spans"] == [{"type": "LOC", "text": "New \n York", "start": 1, "end": 11}]


def test_rows_are_told_apart_by_their_splits():
    outputs = flat(
        [0, 1, 1, 3], ["a", "b", "c"], ["I-X", "I-X", "O"], [0, 0, 2], [1, 1, 3],
    )  # fmt: skip
    first, empty, last = read(outputs, ["a", "", "b c"])
    assert [token["token"] for token in first["tokens"]] == ["a"]
    assert empty == {"tokens": [], "spans": []}
    assert [token["token"] for token in last["tokens"]] == ["b", "c"]
    # Spans never reach over the end of a text.
    assert [row["spans"] for row in (first, last)] == [
        [{"type": "X", "text": text, "start": 0, "end": 1}] for text in "ab"
    ]


def test_bytes_that_are_not_utf8_are_read_with_the_offsets_of_their_replacement():
    outputs = flat([0, 2], ["\ufffd", "ab"], ["O", "B-X"], [0, 2], [1, 4])
    (answer,) = read(outputs, [b"\xff ab"])
    assert answer["tokens"][0]["token"] == "\ufffd"
    assert answer["spans"] == [{"type": "X", "text": "ab", "start": 2, "end": 4}]


@pytest.mark.parametrize("given", [["New", "York", "is"], ("New", "York", "is")])
def test_ready_tokens_have_no_offsets_and_spans_count_tokens(given):
    outputs = flat([0, 3], ["New", "York", "is"], ["B-LOC", "I-LOC", "O"])
    (answer,) = read(outputs, [given])
    assert answer == {
        "tokens": [
            {"token": "New", "tag": "B-LOC", "score": 1.0},
            {"token": "York", "tag": "I-LOC", "score": 0.75},
            {"token": "is", "tag": "O", "score": 0.5},
        ],
        "spans": [{"type": "LOC", "text": "New York", "start": 0, "end": 2}],
    }


def test_plain_tags_make_no_spans():
    (answer,) = read(flat([0, 2], ["a", "b"], ["DET", "I"], [0, 2], [1, 3]), ["a b"])
    assert answer["spans"] == []


def test_no_inputs_have_no_answers():
    assert read(flat([0], [], [], [], []), []) == []
    assert read({"label": np.array([], object)}, []) == []


def test_a_classifiers_scores_stand_by_the_names_of_their_labels():
    outputs = {
        "label": np.array([b"good", b"bad"], object),
        "labels": np.array([[b"bad", b"good"]] * 2, object),
        "score": np.array([0.75, 0.5], np.float32),
        "scores": np.array([[0.25, 0.75], [0.5, 0.5]], np.float32),
    }
    found = read(outputs, ["x", "y"])
    assert found == [
        {"label": "good", "score": 0.75, "scores": {"bad": 0.25, "good": 0.75}},
        {"label": "bad", "score": 0.5, "scores": {"bad": 0.5, "good": 0.5}},
    ]
    assert type(found[0]["score"]) is float


def test_a_translation_comes_first_then_its_score_and_whether_it_is_whole():
    outputs = {
        "finished": np.array([True, False]),
        "score": np.array([-0.5, -1.5], np.float32),
        "translation": np.array(["été".encode(), b""], object),
        "truncated": np.array([False, True]),
    }
    found = read(outputs, ["summer", "x"])
    assert [list(row.items()) for row in found] == [
        [("translation", "été"), ("score", -0.5), ("finished", True), ("truncated", False)],
        [("translation", ""), ("score", -1.5), ("finished", False), ("truncated", True)],
    ]


def test_several_translations_are_a_list_the_best_first():
    outputs = {
        "finished": np.array([[True, False]]),
        "scores": np.array([[-0.5, -1.5]], np.float32),
        "translations": np.array([[b"un", b"deux"]], object),
        "truncated": np.array([False]),
    }
    assert read(outputs, ["one"]) == [
        {
            "translations": [
                {"translation": "un", "score": -0.5, "finished": True},
                {"translation": "deux", "score": -1.5, "finished": False},
            ],
            "truncated": False,
        }
    ]


def test_attention_has_no_padding_that_longer_neighbours_brought():
    weights = np.zeros([2, 2, 3], np.float32)
    weights[0, 0, :2] = [0.25, 0.75]
    outputs = {
        "attention": weights,
        "source_tokens": np.array([[b" a", b"<end>", b""], [b"<end>", b"", b""]], object),
        "target_tokens": np.array([[b" b", b""], [b"", b""]], object),
        "translation": np.array([b"b", b""], object),
    }
    assert read(outputs, ["a", ""]) == [
        {
            "translation": "b",
            "attention": [[0.25, 0.75]],
            "source_tokens": [" a", "<end>"],
            "target_tokens": [" b"],
        },
        {"translation": "", "attention": [], "source_tokens": ["<end>"], "target_tokens": []},
    ]


def test_of_other_models_every_output_is_given_as_it_is():
    outputs = {"values": np.array([[1, 2], [3, 4]]), "names": np.array([b"\xffa", b"b"], object)}
    assert read(outputs, [0, 1]) == [
        {"values": [1, 2], "names": "\ufffda"},
        {"values": [3, 4], "names": "b"},
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (b"\xc3\xa9", "é"),
        ("x", "x"),
        (np.array([[b"a", b"b"]], object), [["a", "b"]]),
        (np.zeros([0, 2]), []),
    ],
)
def test_python_values(value, expected):
    found = python(value)
    assert found == expected
    assert type(found) is type(expected)


def test_states_are_those_of_the_tokens_and_all_rows_have_the_same_units():
    outputs = {
        "tokens": np.array([[b"a", b""], [b"", b""], ["é".encode(), b"\n"]], object),
        "activations": np.arange(12, dtype=np.float32).reshape(3, 2, 2),
        "layers": np.array([0, 1], np.int32),
    }
    assert read(outputs, ["a", "", "é\n"]) == [
        {"tokens": ["a"], "activations": [[0.0, 1.0]], "layers": [0, 1]},
        {"tokens": [], "activations": [], "layers": [0, 1]},
        {"tokens": ["é", "\n"], "activations": [[8.0, 9.0], [10.0, 11.0]], "layers": [0, 1]},
    ]
