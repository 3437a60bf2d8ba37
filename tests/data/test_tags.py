import pytest

from zoo.data.tags import bio_constraints, is_begin, is_inside


@pytest.mark.parametrize(
    ("tag", "begin", "inside"),
    [
        ("B-PER", True, False),
        ("I-PER", False, True),
        ("B-A-1", True, False),  # a type may hold hyphens
        ("I-I-x", False, True),
        ("B-x", True, False),
        ("O", False, False),
        ("B", False, False),  # without a type
        ("B-", False, False),
        ("I-", False, False),
        ("", False, False),
        ("B--", False, False),
        ("I-----", False, False),  # a part of speech of some treebanks
        ("b-PER", False, False),
        ("BE-PER", False, False),
        ("INTJ", False, False),
        ("E-PER", False, False),  # of IOBES, which is turned into BIO before
        ("S-PER", False, False),
        (" B-PER", False, False),
    ],
)
def test_a_tag_begins_a_span_continues_one_or_neither(tag, begin, inside):
    assert (is_begin(tag), is_inside(tag)) == (begin, inside)


def followers(tags):
    """Returns tag -> the tags that may follow it."""
    follow, _ = bio_constraints(tags)
    return {
        tag: [after for after, free in zip(tags, row, strict=True) if free]
        for tag, row in zip(tags, follow, strict=True)
    }


def test_only_its_own_type_may_stand_before_the_inside_of_a_span():
    tags = ("O", "B-X", "I-X", "B-Y", "I-Y")
    assert followers(tags) == {
        "O": ["O", "B-X", "B-Y"],
        "B-X": ["O", "B-X", "I-X", "B-Y"],
        "I-X": ["O", "B-X", "I-X", "B-Y"],
        "B-Y": ["O", "B-X", "B-Y", "I-Y"],
        "I-Y": ["O", "B-X", "B-Y", "I-Y"],
    }
    assert bio_constraints(tags)[1] == [True, True, False, True, False]


def test_plain_tags_are_free_beside_spans():
    assert followers(("keyword", "I-string", "B-string", "operator")) == {
        "keyword": ["keyword", "B-string", "operator"],
        "I-string": ["keyword", "I-string", "B-string", "operator"],
        "B-string": ["keyword", "I-string", "B-string", "operator"],
        "operator": ["keyword", "B-string", "operator"],
    }


def test_tags_without_spans_are_all_free():
    tags = ("NOUN", "I", "B", "I-", "O")
    assert bio_constraints(tags) == ([[True] * 5] * 5, [True] * 5)


def test_types_that_begin_alike_are_different_types():
    tags = ("B-A", "I-A", "B-A-1", "I-A-1")
    assert followers(tags)["B-A"] == ["B-A", "I-A", "B-A-1"]
    assert followers(tags)["B-A-1"] == ["B-A", "B-A-1", "I-A-1"]


def test_an_inside_without_its_beginning_follows_itself_alone_and_starts_nothing():
    follow, start = bio_constraints(("O", "I-X"))
    assert (follow, start) == ([[True, False], [True, True]], [True, False])


def test_no_tags_have_no_constraints():
    assert bio_constraints(()) == ([], [])
