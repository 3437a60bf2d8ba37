import random

import pytest

from zoo.data.own.conll import Sentence, read_blocks, read_columns
from zoo.data.tags import to_bio, with_both_prefixes
from zoo.errors import ZooError


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path, tags=""):
    """Returns the message, which is one line and names the path."""
    with pytest.raises(ZooError) as error:
        read_columns(path, tags)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    return str(error.value)


def word(number, form, **cells):
    """Returns a line of a .conllu file."""
    names = ("lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
    return "\t".join([number, form, *(cells.get(name, "_") for name in names)]) + "\n"


@pytest.mark.parametrize(
    ("tags", "bio"),
    [
        # IOB1: B only where a span directly follows one of its own type.
        ("I-PER I-PER B-PER", "B-PER I-PER B-PER"),
        ("O I-LOC I-PER I-PER O I-PER", "O B-LOC B-PER I-PER O B-PER"),
        ("I-LOC B-LOC I-LOC I-LOC", "B-LOC B-LOC I-LOC I-LOC"),
        # IOB2 is BIO already.
        ("B-PER I-PER O B-LOC B-LOC I-LOC", "B-PER I-PER O B-LOC B-LOC I-LOC"),
        ("B-PER I-LOC I-LOC", "B-PER B-LOC I-LOC"),
        # IOBES and BILOU: an end is followed by another span, even of the same type.
        ("S-PER B-PER E-PER O B-LOC I-LOC E-LOC S-LOC", "B-PER B-PER I-PER O B-LOC I-LOC I-LOC B-LOC"),
        ("U-PER B-PER L-PER O B-LOC I-LOC L-LOC U-LOC", "B-PER B-PER I-PER O B-LOC I-LOC I-LOC B-LOC"),
        ("I-PER E-PER I-PER E-PER", "B-PER I-PER B-PER I-PER"),
        ("E-PER S-PER I-PER", "B-PER B-PER B-PER"),
        # Types may hold hyphens; plain tags stay and end a span.
        ("I-a-b I-a-b I-a", "B-a-b I-a-b B-a"),
        ("B-string I-string keyword I-string", "B-string I-string keyword B-string"),
        ("NOUN I--------- B- I-", "NOUN I--------- B- I-"),
        ("", ""),
    ],
)
def test_to_bio(tags, bio):
    assert to_bio(tags.split()) == bio.split()


def test_bio_stays_as_it_is():
    draw = random.Random(5)
    for _ in range(200):
        bio = to_bio(draw.choices(["O", "B-X", "I-X", "B-Y", "I-Y", "E-X", "S-Y"], k=9))
        assert to_bio(bio) == bio
        for before, tag in zip(["O", *bio], bio, strict=False):
            assert not tag.startswith("I-") or before[2:] == tag[2:]


def test_every_type_has_both_prefixes():
    assert with_both_prefixes(["O", "B-X", "I-Y", "I-X"]) == ["O", "B-X", "I-Y", "I-X", "B-Y"]
    assert with_both_prefixes(["NOUN", "I---------"]) == ["NOUN", "I---------"]


COLUMNS = "-DOCSTART- -X- O\n\nAnn NNP I-PER\nsleeps VBZ O\n\n\nin IN O\nRome NNP I-LOC\n"
SENTENCES = [(["Ann", "sleeps"], ["B-PER", "O"]), (["in", "Rome"], ["O", "B-LOC"])]


@pytest.mark.parametrize(
    "content",
    [
        COLUMNS,
        COLUMNS.replace(" ", "\t"),
        COLUMNS.replace(" ", "   "),
        COLUMNS.replace("\n", "\r\n"),
        COLUMNS.replace("\n\n", "\n \t\n"),
        COLUMNS.replace("-X- O\n\n", "O\n"),
        "\n" + COLUMNS + "\n\n-DOCSTART- -X- O",
        b"\xef\xbb\xbf" + COLUMNS.rstrip().encode(),
        COLUMNS.replace("sleeps VBZ O\n\n", "sleeps VBZ O\n-DOCSTART-\n"),
    ],
    ids=["spaces", "tabs", "more spaces", "Windows line ends", "blank lines with blanks", "short DOCSTART",
         "blank lines around", "byte-order mark", "DOCSTART parts sentences"],
)  # fmt: skip
def test_variants_of_a_column_file_read_the_same(tmp_path, content):
    read = read_columns(write(tmp_path / "a.conll", content))
    assert [(sentence.tokens, sentence.tags) for sentence in read] == SENTENCES


@pytest.mark.parametrize(
    ("tags", "found"),
    [("", ["B-PER", "O"]), ("3", ["B-PER", "O"]), ("-1", ["B-PER", "O"]), ("2", ["NNP", "VBZ"]),
     ("-2", ["NNP", "VBZ"])],
)  # fmt: skip
def test_the_column_of_tags_is_counted_from_1_or_from_the_end(tmp_path, tags, found):
    assert read_columns(write(tmp_path / "a.txt", COLUMNS), tags)[0].tags == found


@pytest.mark.parametrize("tags", ["0", "1", "4", "-3", "-4", "ner", "2.0", " "])
def test_another_column_is_refused(tmp_path, tags):
    message = refusal(write(tmp_path / "a.conll", COLUMNS), tags)
    assert f"no column {tags!r}" in message
    assert "from 2 to 3" in message


@pytest.mark.parametrize(
    "content",
    [
        "# id = 1\nAnn NNP I-PER\nsleeps VBZ O\n\n# text = in Rome\nin IN O\nRome NNP I-LOC\n",
        "# id 1\ta=b\nAnn NNP I-PER\nsleeps VBZ O\n\n# id 2\ta=b\nin IN O\nRome NNP I-LOC\n",
        "# one two three\n# one\nAnn NNP I-PER\nsleeps VBZ O\n\nin IN O\nRome NNP I-LOC\n",
        "# only a comment\n\nAnn\tI-PER\nsleeps\tO\n\n# id 2\tx\nin\tO\nRome\tI-LOC\n",
        "1\tAnn\tI-PER\n2\tsleeps\tO\n\n1\tin\tO\n2\tRome\tI-LOC\n",
        "0 Ann x I-PER\n1 sleeps x O\n\n0 in x O\n1 Rome x I-LOC\n",
    ],
)
def test_comments_and_counts_are_no_tokens(tmp_path, content):
    read = read_columns(write(tmp_path / "a.conll", content))
    assert [(sentence.tokens, sentence.tags) for sentence in read] == SENTENCES


def test_signs_and_numbers_that_are_tokens_stay(tmp_path):
    content = "#\tSYM\n1\tNUM\n\n1\tNUM\n=\tSYM\n"
    assert [sentence.tokens for sentence in read_columns(write(tmp_path / "a.conll", content))] == [
        ["#", "1"], ["1", "="],
    ]  # fmt: skip
    assert read_columns(write(tmp_path / "b.conll", "# SYM x\n#tag NN y\n"))[0].tokens == ["#", "#tag"]
    # Each sentence would have to count, or there are no tokens beside.
    assert read_columns(write(tmp_path / "c.conll", "1 x N\n2 y N\n\n2 z N\n"))[0].tokens == ["1", "2"]
    assert read_columns(write(tmp_path / "d.conll", "1 N\n2 M\n"))[0].tokens == ["1", "2"]


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        (("B_PER", "I_PER", "O"), "line 1 has the tag 'B_PER'; write it B-PER"),
        (("PER-B", "PER-I", "O"), "line 1 has the tag 'PER-B'; write it B-PER"),
        (("b-per", "i-per", "o"), "line 1 has the tag 'b-per'; write it B-per"),
        (("B.PER", "O", "O"), "line 1 has the tag 'B.PER'; write it B-PER"),
        (("O", "PER_B", "PER_I"), "line 2 has the tag 'PER_B'; write it B-PER"),
    ],
)
def test_spans_in_another_spelling_are_refused(tmp_path, tags, told):
    lines = "".join(f"w{i} {tag}\n" for i, tag in enumerate(tags))
    assert told in refusal(write(tmp_path / "a.conll", lines))


def test_plain_tags_that_only_look_so_are_read(tmp_path):
    for tags in (("NN", "B_X"), ("A-B", "C-D"), ("I_X", "I_Y"), ("VB-B", "VB")):
        lines = "".join(f"w{i} {tag}\n" for i, tag in enumerate(tags))
        assert read_columns(write(tmp_path / "a.conll", lines))[0].tags == list(tags)


def test_middle_and_whole_are_inside_and_single(tmp_path):
    lines = "a B-X\nb M-X\nc E-X\nd W-X\ne O\n"
    assert read_columns(write(tmp_path / "a.conll", lines))[0].tags == ["B-X", "I-X", "I-X", "B-X", "O"]


def test_only_tab_and_line_feed_part_cells_and_lines(tmp_path):
    content = "10 000\tNUM\n\u3000\tX\na\u2028b\u00a0c\x85\tX\n#\tSYM\n"
    (sentence,) = read_columns(write(tmp_path / "a.tsv", content))
    assert sentence == Sentence(["10 000", "\u3000", "a\u2028b\u00a0c\x85", "#"], ["NUM", "X", "X", "SYM"])
    (sentence,) = read_columns(write(tmp_path / "a.txt", "a\u00a0b X\n\u3000 Y\n"))
    assert sentence.tokens == ["a\u00a0b", "\u3000"]


def test_a_sentence_of_10000_tokens_is_read(tmp_path):
    (sentence,) = read_columns(write(tmp_path / "a.bio", "word I-X\n" * 10_000))
    assert sentence.tags == ["B-X"] + ["I-X"] * 9_999


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", ("empty", "a token and its tag")),
        (" \n\t\n", ("empty", "a token and its tag")),
        ("-DOCSTART- O\n\n-DOCSTART- O\n", ("no sentence",)),
        ("a O\n\nb X O\n", ("line 3 has 3 columns", "the first row has 2")),
        ("a X O\nb O\n", ("line 2 has 2 columns", "the first row has 3")),
        ("a\tO\nb O\nc\n", ("line 3 has 1 columns", "has 2")),
        ("a\nb\n", ("one column only",)),
        ("a\tO\nb\t\n", ("line 2", "blank")),
        ("a\tO\n\tO\n", ("line 2", "blank")),
        ("a B-X\nb O\nc NOUN\n", ("line 3", "'NOUN'", "B- or I-")),
        ("a I-X\nb i-X\n", ("line 2", "'i-X'")),
        ("a O\nb B-X\nc B-\n", ("line 3", "'B-'")),
        (b"a O\nb\xe9 O\n", ("line 2 is not UTF-8", "save the file as UTF-8")),
        ("a O\n".encode("utf-16"), ("not UTF-8",)),
    ],
)
def test_bad_column_files_are_refused_in_one_line(tmp_path, content, told):
    message = refusal(write(tmp_path / "a.conll", content))
    for part in told:
        assert part in message


def test_plain_tags_may_look_like_anything_where_none_is_b_or_i(tmp_path):
    path = write(tmp_path / "a.conll", "a S-bar\nb NP\nc O\n")
    assert read_columns(path)[0].tags == ["S-bar", "NP", "O"]


def test_single_token_spans_alone_are_a_scheme(tmp_path):
    assert read_columns(write(tmp_path / "a.conll", "a S-X\nb O\n"))[0].tags == ["B-X", "O"]


def test_an_unknown_kind_and_a_missing_file_are_named(tmp_path):
    assert "ends in .conll" in refusal(write(tmp_path / "a.csv", "a O\n"))
    assert "no such file" in refusal(tmp_path / "no.conll")


UNIVERSAL = (
    "# newdoc\n# sent_id = 1\n# text = Don't = no\n"
    + word("1-2", "Don't")
    + word("1", "Do", upos="AUX", xpos="VB", misc="SpaceAfter=No")
    + word("2", "n't", upos="PART", xpos="RB")
    + word("2.1", "go", upos="VERB", xpos="VB")
    + word("3", "=", upos="SYM", xpos="SYM")
    + word("4", "no", upos="INTJ", xpos="UH", lemma="no")
    + "\n# text = 1 000\n"
    + word("1", "1 000", upos="NUM", xpos="CD")
    + "\n"
)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("", ["AUX", "PART", "SYM", "INTJ"]),
        ("upos", ["AUX", "PART", "SYM", "INTJ"]),
        ("xpos", ["VB", "RB", "SYM", "UH"]),
        ("lemma", ["_", "_", "_", "no"]),
    ],
)
def test_conllu_keeps_the_words_and_the_raw_text(tmp_path, tags, found):
    read = read_columns(write(tmp_path / "a.conllu", UNIVERSAL), tags)
    assert read[0] == Sentence(["Do", "n't", "=", "no"], found, "Don't = no")
    assert (read[1].tokens, read[1].text) == (["1 000"], "1 000")


def test_spans_of_conllu_become_bio_and_other_tags_may_stand_beside_them(tmp_path):
    content = word("1", "a", xpos="I-x") + word("2", "b", xpos="I-x") + word("3", "c", xpos="N")
    assert read_columns(write(tmp_path / "a.conllu", content), "xpos")[0].tags == ["B-x", "I-x", "N"]


def test_headings_are_refused(tmp_path):
    message = refusal(write(tmp_path / "a.tsv", "token\ttag\n\nAda\tB-PER\n"))
    assert "line 1 looks like headings" in message


@pytest.mark.parametrize("tags", ["form", "id", "ner", "4"])
def test_an_unknown_conllu_column_lists_the_known_ones(tmp_path, tags):
    message = refusal(write(tmp_path / "a.conllu", UNIVERSAL), tags)
    assert f"no column {tags!r}" in message
    assert "upos, xpos" in message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (word("1", "a") + "2\tb\n", ("line 2 has 2 columns", ".conllu file needs 10")),
        (word("one", "a"), ("line 1 begins with 'one'", "number the words")),
        ("# text = a\n\n", ("no sentence",)),
        (word("1-2", "a"), ("no sentence",)),
    ],
)
def test_bad_conllu_files_are_refused_in_one_line(tmp_path, content, told):
    message = refusal(write(tmp_path / "a.conllu", content))
    for part in told:
        assert part in message


def test_blocks_know_their_lines():
    first, second = read_blocks("\na X\nb Y\n\n# Z\n")
    assert (first.numbers, first.rows) == ([2, 3], [["a", "X"], ["b", "Y"]])
    assert (second.numbers, second.rows) == ([5], [["#", "Z"]])
