import random
import unicodedata
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from tiny import stored

from zoo.errors import ZooError
from zoo.text import Vocabulary
from zoo.text.pieces import PADDING, Pieces
from zoo.text.split import Split, normalise

TEXTS = [
    "L'été, c'est-à-dire juillet et août : qu'il fait chaud !",
    "Aujourd'hui l'école et l’église n'ouvrent qu’à 10 h 30 ; l'hiver, à 11 h.",
    "The gardener's dog doesn't bark; the gardener's cats don't either.",
    "The gardener waters the garden in the evening, and the dog sleeps in the garden.",
    "Der Gärtner gießt abends den Garten – „schön“, sagt er. 1.234,50 €",
    "It's 7:45 a.m. (GMT+2); we'll meet at the café… 🙂👍🏽",
]
RESERVED = 259


def counts_of(texts) -> Counter[bytes]:
    return Split.of(tf.constant(texts)).counts


@pytest.fixture(scope="module")
def pieces(tmp_path_factory) -> Pieces:
    path = tmp_path_factory.mktemp("pieces") / "pieces.txt"
    return stored(Pieces, Pieces.learn(counts_of(TEXTS), RESERVED + 120, 2), path)


def cut(pieces: Pieces, text: str) -> list[str]:
    (row,) = pieces.encode(tf.constant([text])).to_list()
    return [pieces.pieces[number] for number in row]


def units(text: str) -> list[str]:
    (found,) = in_units(Split.of(tf.constant([text])))
    return [unit.decode() for unit in found]


def in_units(split: Split) -> list[list[bytes]]:
    return tf.gather(split.units, split.texts).to_list()


def normal(text: str | bytes) -> str:
    return normalise(tf.constant([text])).numpy()[0].decode()


def by_the_rules(text: bytes) -> bytes:
    """Normalises with Python's own tables."""
    characters = text.decode("utf-8", "replace")
    blank = {c for c in characters if unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp")}
    words = "".join(" " if c in blank else c for c in characters).split(" ")
    return unicodedata.normalize("NFC", " ".join(filter(None, words))).encode()


def hold(pieces: Pieces, texts: list[bytes]) -> None:
    """Asserts that texts are normalised by the rules and come back so."""
    expected = [by_the_rules(text) for text in texts]
    assert normalise(tf.constant(texts)).numpy().tolist() == expected
    assert pieces.decode(pieces.encode(tf.constant(texts))).numpy().tolist() == expected


# Normalising ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0301te\u0301", "été"),
        ("a\u0323\u0302 a\u0302\u0323", "ậ ậ"),  # marks of different classes in either order
        ("a\u0301\u0302", "á\u0302"),  # marks of one class keep theirs, the first composes
        ("â\u0323", "ậ"),  # taken apart first
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"),
        ("하\u11ab", "한"),
        ("\u0344 \u212b \u0958", "\u0308\u0301 Å \u0915\u093c"),  # what Unicode excludes from composition
        ("\u0301a", "\u0301a"),
        ("a \u0301", "a \u0301"),
        ("x\u0301\u0323", "x\u0323\u0301"),
        ("", ""),
    ],
)
def test_accents_are_composed(text, expected):
    assert normal(text) == expected == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "space", ["\t", "\r\n", "\0", "\x1f", "\x7f", "\x85", "\u00a0", "\u2028", "\u3000", "  "]
)
def test_runs_of_white_space_and_control_characters_are_one_space(space):
    assert normal(f"{space}a{space}{space}b {space}") == "a b"
    assert normal(space) == ""


@pytest.mark.parametrize(
    "text", ["ÉTÉ, n'est-ce pas ?!", "co\u00adop", "\u200dx\ufeff", "👩\u200d🌾 ❤\ufe0f"]
)
def test_case_punctuation_and_invisible_characters_stay(text):
    assert normal(text) == text


def test_bytes_that_are_not_utf8_are_replaced_as_in_python():
    for text in (b"ab\xffcd", b"\xf0\x9f ef", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"e\xcc"):
        assert normal(text) == text.decode("utf-8", "replace")


def test_every_character_is_brought_to_form_c_however_it_is_written():
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    kept = [c for c in every if unicodedata.category(c) not in ("Cc", "Zs", "Zl", "Zp")]
    rows = ["x".join(kept[start : start + 500]) for start in range(0, len(kept), 500)]
    expected = [unicodedata.normalize("NFC", row).encode() for row in rows]
    assert normalise(tf.constant(rows)).numpy().tolist() == expected
    apart = [unicodedata.normalize("NFD", row) for row in rows]
    assert normalise(tf.constant(apart)).numpy().tolist() == expected


def test_any_sequence_of_marks_and_hangul_letters_is_brought_to_form_c():
    draw = random.Random(4)
    marks = [chr(code) for code in range(0x110000) if unicodedata.combining(chr(code))]
    composed = [chr(code) for code in range(0x1FFE) if unicodedata.decomposition(chr(code))]
    composed = [c for c in composed if not unicodedata.decomposition(c).startswith("<")]
    parts = [part for c in composed for part in unicodedata.normalize("NFD", c)]
    hangul = [chr(code) for code in (*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A7, 0x11C3))]
    syllables = [chr(code) for code in range(0xAC00, 0xAC00 + 200)]
    common = [*"aeiouAEIOUsn", *map(chr, range(0x300, 0x345))]
    groups = (marks, composed, parts, hangul, syllables, common, common)
    rows = ["".join(draw.choice(draw.choice(groups)) for _ in range(12)) for _ in range(5000)]
    found = [text.decode() for text in normalise(tf.constant(rows)).numpy()]
    assert found == [unicodedata.normalize("NFC", row) for row in rows]
    assert [text.decode() for text in normalise(tf.constant(found)).numpy()] == found


def test_rows_do_not_mix_when_one_begins_with_a_mark():
    assert normalise(tf.constant(["e", "\u0301", "", "\u0301e\u0301"])).numpy().tolist() == [
        text.encode() for text in ("e", "\u0301", "", "\u0301é")
    ]


# Units ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The dog,  the DOG.", [" The", " dog", ",", " the", " DOG", "."]),
        ("l'été, c'est qu’il", [" l'", "été", ",", " c'", "est", " qu’", "il"]),
        ("it's don't we’ll dogs'", [" it", "'s", " don", "'t", " we", "’ll", " dogs", "'"]),
        ("'so'", [" '", "so", "'"]),
        ("12:30 €5", [" 1", "2", ":", "3", "0", " €", "5"]),
        ("c'est-à-dire", [" c'", "est", "-", "à", "-", "dire"]),
        ("wait...(x)!", [" wait", "...(", "x", ")!"]),
        ("x\u0331y 日本語", [" x\u0331y", " 日本語"]),
        ("a👍🏽b", [" a", "👍🏽", "b"]),
        ("<start> <0x41>", [" <", "start", ">", " <", "0", "x", "4", "1", ">"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_units_carry_the_space_before_them(text, expected):
    assert units(text) == expected


# Learning ---------------------------------------------------------------------------------------------------

TINY = Counter({b" ab": 3, b" b": 2})


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (0, []),
        # Each character stands for itself: the space 5 times, b 5 times, a 3 times.
        (3, [" ", "b", "a"]),
        (2, [" ", "b"]),
        # " a", "ab" and " ab" come 3 times each: of equals the longest. Then " " and "b" are left twice each.
        (4, [" ab", " ", "b", "a"]),
        (5, [" ab", " b", " ", "a", "b"]),
        (9, [" ab", " b", " ", "a", "b"]),
    ],
)
def test_pieces_of_a_tiny_corpus(room, expected):
    assert Pieces.learn(TINY, RESERVED + room, 1)[RESERVED:] == expected


def test_a_beginning_that_words_share_becomes_a_piece_and_its_own_parts_leave():
    counts = Counter({b" abx": 2, b" aby": 2, b" abz": 2})
    # " a" comes first and is left for " ab", which comes as often.
    assert Pieces.learn(counts, RESERVED + 7, 2)[RESERVED : RESERVED + 4] == [" ab", "x", "y", "z"]


def test_what_is_rare_is_no_piece_and_rare_characters_are_spelled_in_bytes(tmp_path):
    counts = Counter({b" ab": 3, b" \xc3\xa9": 1})
    found = Pieces.learn(counts, RESERVED + 50, 2)
    assert found[RESERVED:] == [" ab", " ", "a", "b"]
    pieces = stored(Pieces, found, tmp_path / "p.txt")
    assert cut(pieces, "é") == [" ", "<0xC3>", "<0xA9>"]


def test_learned_pieces_are_used_in_the_texts_they_come_from_and_in_no_others(pieces):
    used = Counter(pieces.encode(tf.constant(TEXTS)).values.numpy().tolist())
    together = "\n".join(" " + normal(text) for text in TEXTS)
    for number in range(RESERVED, len(pieces)):
        piece = pieces.pieces[number]
        assert len(piece) == 1 or used[number] >= 2
        assert piece in together
    numbers = [used[number] for number in range(RESERVED, len(pieces))]
    assert numbers == sorted(numbers, reverse=True)


def test_frequent_words_stay_whole_and_words_never_seen_are_spelled(pieces):
    assert cut(pieces, "the garden in the garden") == [" the", " garden", " in", " the", " garden"]
    assert cut(pieces, "l'été")[0] == " l'"
    spelled = cut(pieces, "gardens zyzzyva")
    assert spelled[:2] == [" garden", "s"]
    assert "<0x7A>" in spelled


def test_learning_does_not_depend_on_the_order_of_the_data(pieces):
    counts = counts_of(TEXTS)
    backwards = Counter(dict(reversed(counts.items())))
    assert Pieces.learn(backwards, RESERVED + 120, 2) == pieces.pieces


def test_known_pieces_keep_their_numbers_and_new_ones_follow():
    known = Pieces.learn(TINY, RESERVED + 4, 1)
    more = Counter({b" ab": 1, b" cd": 5, b" c": 1})
    assert Pieces.learn(more, 2, 1, known) == [*known, "c", "d"]
    assert Pieces.learn(more, 9, 1, known) == [*known, " cd", " c", "c", "d"]


def test_letters_alone_are_learned_where_no_size_is_asked_for():
    counts = Counter({b" ab": 9, b" ba": 9, b" zb": 1})
    assert Pieces.learn(counts, 0, 2)[RESERVED:] == [" ", "b", "a"]
    known = Pieces.learn(TINY, RESERVED + 4, 1)
    assert Pieces.learn(Counter({b" cd": 5, b" cc": 1}), 0, 1, known) == [*known, "c", "d"]


def test_long_runs_do_not_become_pieces():
    found = Pieces.learn(Counter({("=" * 500).encode(): 50}), RESERVED + 100, 1)
    assert max(map(len, found[RESERVED:])) == 32


# The file ---------------------------------------------------------------------------------------------------


def test_reserved_numbers(pieces):
    assert (PADDING, Pieces.START, Pieces.END) == (0, 1, 2)
    assert pieces.pieces[:4] == ["<padding>", "<start>", "<end>", "<0x00>"]
    assert pieces.pieces[258] == "<0xFF>"
    assert len(pieces) == len(pieces.pieces) == len(set(pieces.pieces))


def test_lines_are_numbers_and_spaces_are_kept(tmp_path):
    counts = counts_of(["\u00a0é\r\n\u2028\x85x\0y\x1fz \u0323 =" * 5])
    learned = Pieces.learn(counts, RESERVED + 100, 1)
    pieces = stored(Pieces, learned, tmp_path / "p.txt")
    assert Pieces.read(tmp_path / "p.txt").pieces == pieces.pieces == learned
    assert len((tmp_path / "p.txt").read_bytes().splitlines()) == len(learned)
    assert " " in learned
    for number in range(RESERVED, len(learned)):
        assert pieces._number(tf.constant([learned[number]])).numpy().tolist() == [number]
        assert pieces._strings.lookup(tf.constant(number, tf.int64)).numpy().decode() == learned[number]


def test_a_file_of_words_is_refused_in_one_line(tmp_path):
    stored(Vocabulary, ["<padding>", "<unknown>", "<start>", "the"], tmp_path / "words.txt")
    with pytest.raises(ZooError, match=r"words\.txt holds no pieces: .* Pieces\.learn"):
        Pieces.read(tmp_path / "words.txt")


# There and back ---------------------------------------------------------------------------------------------


def test_texts_come_back_as_they_are(pieces):
    hold(pieces, [text.encode() for text in TEXTS])


def test_marks_of_our_own_and_names_of_reserved_pieces_come_back(pieces):
    texts = [
        "a\x1fb",
        "\x1f'",
        "▁a▁ b",
        "<padding><start> <end>",
        "<0x41> <0xFF>",
        "-",
        " - ",
        "l'\x1fa '\x1fs",
    ]
    hold(pieces, [text.encode() for text in texts])


def test_random_texts_of_all_planes_come_back(pieces):
    draw = random.Random(1)
    groups = [range(0x80), range(0x20, 0x250), range(0x300, 0x370), range(0x1F300, 0x1FAFF), range(0xD800)]
    groups += [range(plane << 16, (plane + 1) << 16) for plane in range(1, 17)] + [range(0xE000, 0x10000)]
    texts = [
        "".join(chr(draw.choice(draw.choice(groups))) for _ in range(draw.randrange(40))).encode()
        for _ in range(3000)
    ]
    hold(pieces, texts)


def test_random_bytes_come_back_as_text(pieces):
    draw = random.Random(2)
    hold(pieces, [draw.randbytes(draw.randrange(30)) for _ in range(2000)])
    leads = [*range(0x80, 0x100), *b"\xe2\xed\xf0\xf4\xc3 a"]
    hold(pieces, [bytes(draw.choice(leads) for _ in range(9)) for _ in range(2000)])


def test_texts_mixed_from_words_marks_and_spaces_come_back(pieces):
    draw = random.Random(3)
    parts = [*"aé'’ \t-1.,!«»“€😀\u200d\ufe0f\u0301", "the", "garden", "qu'", "l'", "it's", "<", "0x41", "  "]
    hold(pieces, ["".join(draw.choices(parts, k=draw.randrange(15))).encode() for _ in range(3000)])


@pytest.mark.parametrize(
    "unit", ["a", "garden", "the ", "日本", "=", "e\u0301", "\u0301", "7", "😀", "'", "l'"]
)
def test_10_000_characters_come_back(pieces, unit):
    hold(pieces, [(unit * 10_000).encode()[:10_000], b"", b"short"])


def test_a_character_never_seen_takes_its_bytes(pieces):
    assert cut(pieces, "🦒") == [" ", "<0xF0>", "<0x9F>", "<0xA6>", "<0x92>"]


def test_composed_and_decomposed_texts_have_the_same_numbers(pieces):
    for form in ("NFC", "NFD"):
        again = pieces.encode(tf.constant([unicodedata.normalize(form, text) for text in TEXTS]))
        assert again.to_list() == pieces.encode(tf.constant(TEXTS)).to_list()


def test_with_no_piece_learned_there_are_bytes(tmp_path):
    pieces = stored(Pieces, Pieces.learn(Counter(), 0, 1), tmp_path / "bytes.txt")
    assert len(pieces) == RESERVED
    assert pieces.encode(tf.constant(["hé"])).to_list() == [[3 + byte for byte in " hé".encode()]]
    hold(pieces, [text.encode() for text in TEXTS])


# Numbers ----------------------------------------------------------------------------------------------------


def test_empty_texts_have_no_numbers_and_an_empty_batch_is_empty(pieces):
    found = pieces.encode(tf.constant(["", "the dog", " \t"]))
    assert found.dtype == tf.int32
    assert found.row_lengths().numpy().tolist() == [0, 2, 0]
    assert pieces.encode(tf.constant(["", ""])).to_list() == [[], []]
    nothing = pieces.encode(tf.constant([], tf.string))
    assert nothing.to_list() == []
    assert pieces.decode(nothing).shape == (0,)
    assert pieces.decode(tf.zeros([2, 0], tf.int32)).numpy().tolist() == [b"", b""]


@pytest.mark.parametrize("lower_case", [False, True])
def test_a_column_is_split_and_cut_as_its_texts_are_one_by_one(pieces, lower_case):
    draw = random.Random(7)
    alphabet = [*" aAbİΣσ.'’0٣漢", "\0", "\u0301", "\u0323", "\u1100\u1161", "it's ", "l'été, ", "\u3000"]
    texts = ["".join(draw.choices(alphabet, k=draw.randrange(30))).encode() for _ in range(60)]
    texts += ["", b"\xff \xc3(", *TEXTS]
    column = Split.of_column([(tf.constant(texts[:40]),), (tf.constant(texts[40:]),)], lower_case)
    one_by_one = [Split.of(tf.constant([text]), lower_case) for text in texts]
    assert in_units(column) == [row for split in one_by_one for row in in_units(split)]
    assert column.counts == sum((split.counts for split in one_by_one), Counter())
    assert len(set(column.units.numpy())) == len(column.units)  # each is held once
    if not lower_case:
        assert pieces.encode(column).to_list() == pieces.encode(tf.constant(texts)).to_list()


def test_a_column_of_several_texts_a_row_is_split_text_by_text():
    rows = tf.ragged.constant([["a b", "c"], [], ["b"]])
    assert in_units(Split.of_column([(rows,)])) == [[b" a", b" b"], [b" c"], [b" b"]]
    assert in_units(Split.of_column([])) == []
    assert Split.of_column([]).counts == Counter()


def test_what_is_cut_in_blocks_stays_in_its_place(pieces, monkeypatch):
    whole = Split.of(tf.constant(TEXTS))
    expected = pieces.encode(whole).to_list()
    monkeypatch.setattr("zoo.text.split._ROWS", 3)
    column = Split.of_column([(tf.constant(TEXTS),)])
    assert in_units(column) == in_units(whole)
    assert pieces.encode(column).to_list() == expected


def test_rows_do_not_depend_on_their_neighbours(pieces):
    together = pieces.encode(tf.constant(TEXTS)).to_list()
    assert together == [pieces.encode(tf.constant([text])).to_list()[0] for text in TEXTS]


def test_padding_start_end_and_numbers_out_of_range_stand_for_nothing(pieces):
    the, garden = (pieces.pieces.index(piece) for piece in (" the", " garden"))
    rows = [
        [Pieces.START, the, garden, Pieces.END, 0, 0],
        [0, the, -1, len(pieces), 10**6, Pieces.END],
        [0] * 6,
    ]
    for dtype in (tf.int32, tf.int64):
        assert pieces.decode(tf.constant(rows, dtype)).numpy().tolist() == [b"the garden", b"the", b""]
    beams = tf.constant([[rows[0], rows[1]]])
    assert pieces.decode(beams).numpy().tolist() == [[b"the garden", b"the"]]


def test_bytes_that_make_no_character_are_replaced_and_spaces_tidied(pieces):
    space = pieces.pieces.index(" ")
    row = [space, space, 3 + 0xC3, space, space, 3 + 0xC3, 3 + 0xA9, 3 + 0x0A, space]
    assert pieces.decode(tf.constant([row])).numpy()[0].decode() == "\ufffd é"


def test_an_exported_module_reads_its_own_copy_of_the_file(tmp_path):
    class Both(tf.Module):
        def __init__(self, pieces):
            super().__init__()
            self.pieces = pieces

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def there(self, text):
            return self.pieces.encode(text).to_tensor()

        @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
        def back(self, numbers):
            return self.pieces.decode(numbers)

    pieces = stored(Pieces, Pieces.learn(counts_of(TEXTS), RESERVED + 80, 2), tmp_path / "pieces.txt")
    texts = tf.constant([*TEXTS, "", "Zoë\u0308 \xff 🦒", unicodedata.normalize("NFD", TEXTS[0])])
    expected = pieces.encode(texts).to_tensor().numpy()
    tf.saved_model.save(Both(pieces), tmp_path / "model")
    (tmp_path / "pieces.txt").unlink()
    assert [path.name for path in (tmp_path / "model" / "assets").iterdir()] == ["pieces.txt"]
    loaded = tf.saved_model.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.there(texts), expected)
    assert loaded.back(loaded.there(texts)).numpy().tolist() == normalise(texts).numpy().tolist()
    assert loaded.there(tf.constant([], tf.string)).shape[0] == 0
