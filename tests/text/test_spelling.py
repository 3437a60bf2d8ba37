import pytest
import tensorflow as tf

from zoo.text.spelling import CHARACTERS, SPELLING_FEATURES, character_numbers, normalize, spelling_features

BUCKETS = 1_000_000  # so many that no two of these words meet by chance


def normalized(*words):
    return [word.decode() for word in normalize(tf.constant(words)).numpy()]


def features(*words, buckets=BUCKETS):
    return spelling_features(tf.constant(words), buckets).numpy().tolist()


def hashed(*pieces):
    return (tf.strings.to_hash_bucket_fast(tf.constant(pieces), BUCKETS) + 1).numpy().tolist()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("McCoy", "mccoy"),
        ("ÉCOLE", "école"),
        ("ΣΟΦΟΣ", "σοφος"),  # the last sigma has a form of its own
        ("1,234.56", "0,000.00"),
        ("mp3", "mp0"),
        ("٣½Ⅳ", "000"),  # every kind of number: Arabic digits, fractions, Roman numerals
        ("\n", "⏎"),
        ("\r\n", "⏎"),
        ("A\nB", "a⏎b"),
        ("A\0B", "a\ufffdb"),  # lower() would end the string at NUL
        (b"A\xffB\xc3", "a\ufffdb\ufffd"),
        ("", ""),
        ("<padding>", "<padding>"),
    ],
)
def test_normalized_words(word, expected):
    assert normalized(word) == [expected]


def test_no_words_have_no_spelling():
    nothing = tf.constant([], tf.string)
    assert normalize(nothing).shape == [0]
    assert character_numbers(nothing, 6).shape == [0, 6]
    assert spelling_features(nothing, 10).shape == [0, SPELLING_FEATURES]


def numbers(word, most):
    return character_numbers(tf.constant([word]), most).numpy().tolist()[0]


def letters(word):
    return [ord(letter) + 1 for letter in word]


def test_characters_are_code_points_counted_from_1_padded_on_the_right():
    found = character_numbers(tf.constant(["Aé", "", "\t"]), 4)
    assert found.dtype == tf.int32
    assert found.numpy().tolist() == [[66, 234, 0, 0], [0, 0, 0, 0], [10, 0, 0, 0]]


@pytest.mark.parametrize(
    ("most", "kept"),
    [
        (4, "abgh"),
        (5, "abfgh"),  # of an odd number, the end has one more
        (7, "abcefgh"),
        (8, "abcdefgh"),
        (1, "h"),
    ],
)
def test_of_long_words_both_ends_are_kept(most, kept):
    assert numbers("abcdefgh", most) == letters(kept)


def test_words_of_just_the_most_characters_and_shorter_ones_are_whole():
    assert numbers("abcde", 5) == letters("abcde")
    assert numbers("abcd", 5) == [*letters("abcd"), 0]
    assert numbers("ab", 5) == [*letters("ab"), 0, 0, 0]


def test_far_code_points_are_folded_into_the_numbers_that_there_are():
    assert numbers("日😀", 2) == [0x65E5 % CHARACTERS + 1, 0x1F600 % CHARACTERS + 1]
    assert numbers(chr(CHARACTERS - 1) + chr(CHARACTERS), 2) == [CHARACTERS, 1]


def test_what_is_no_text_is_the_replacement_character():
    assert numbers(b"a\xff\x00", 4) == [*letters("a"), *[0xFFFD % CHARACTERS + 1] * 2, 0]


def test_ends_of_one_to_four_characters_and_the_shape():
    assert features("McCoys") == [
        hashed("^m", "^mc", "^mcc", "^mcco", "s$", "ys$", "oys$", "coys$", "=XxXxx"),
    ]  # fmt: skip


def test_short_words_are_their_own_ends():
    assert features("Ab", "") == [
        hashed("^a", "^ab", "^ab", "^ab", "b$", "ab$", "ab$", "ab$", "=Xx"),
        hashed("^", "^", "^", "^", "$", "$", "$", "$", "="),
    ]


def test_ends_count_characters_not_bytes():
    assert features("Éß日😀ñ") == [
        hashed("^é", "^éß", "^éß日", "^éß日😀", "ñ$", "😀ñ$", "日😀ñ$", "ß日😀ñ$", "=Xxx😀x"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("IBM", "XX"),
        ("USAToday", "XXxx"),
        ("McCoy", "XxXxx"),
        ("iPhone4", "xXxx0"),
        ("A", "X"),
        ("12,345,6.789", "00,00,0.00"),  # runs are cut to two wherever they stand
        ("1,2", "0,0"),
        ("mp3s", "xx0x"),
        ("Ωμέγα", "Xxx"),
        ("日本", "xx"),  # letters without case count as small ones
        ("e\u0301t", "xx"),
        ("x-Ray's", "x-Xxx'x"),
        ("...", "..."),
        ("_a1", "_x0"),
        ("\n", "\n"),
        ("A\0b", "X\ufffdx"),
        (b"A\xffb", "X\ufffdx"),
    ],
)
def test_shapes(word, shape):
    assert features(word)[0][-1] == hashed(f"={shape}")[0]


def test_case_changes_the_shape_alone():
    small, capital = features("apple", "Apple")
    assert small[:-1] == capital[:-1]
    assert small[-1] != capital[-1]


def test_a_beginning_an_ending_and_a_shape_are_never_the_same_feature():
    (row,) = features("x")
    assert len({row[0], row[len(row) // 2], row[-1]}) == 3


def test_hash_values_run_from_1_to_the_number_of_buckets():
    found = spelling_features(tf.constant([f"w{i}" for i in range(200)]), 3)
    assert found.dtype == tf.int32
    assert set(found.numpy().ravel().tolist()) == {1, 2, 3}


def test_a_word_has_the_same_spelling_in_every_batch():
    words = ["McCoy", "", "x" * 1_000, b"\xff", "日本"]
    assert features(*words) == [features(word)[0] for word in words]
    together = character_numbers(tf.constant(words), 5).numpy().tolist()
    assert together == [numbers(word, 5) for word in words]
