import pytest
import tensorflow as tf

from zoo.text import character_ngrams, split_words


def words(text):
    (found,) = split_words(tf.constant([text])).to_list()
    return [word.decode() for word in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two birds sing.", ["two", "birds", "sing", "."]),
        ("Don't, DON’T, don`t", ["don't", ",", "don't", ",", "don't"]),
        ("rock'n'roll 'quoted' dogs'", ["rock'n'roll", "'", "quoted", "'", "dogs", "'"]),
        ("@Zoo_keeper loves #Fun2day", ["@zoo_keeper", "loves", "#fun2day"]),
        ("# @ a@b", ["#", "@", "a", "@b"]),
        ("see https://Ex.org/a?b=1 or WWW.ex.org/c now", ["see", "http", "or", "http", "now"]),
        ("a😀😀b ♥", ["a", "😀", "😀", "b", "♥"]),
        ("wait...what?!", ["wait", ".", ".", ".", "what", "?", "!"]),
        ("3.14 $5 50%", ["3", ".", "14", "$", "5", "50", "%"]),
        ("snake_case", ["snake_case"]),
        ("ÉCOLE naïve ΩΣΑ 日本", ["école", "naïve", "ωσα", "日", "本"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("<start> a<b", ["<", "start", ">", "a", "<", "b"]),
    ],
)
def test_words_marks_and_symbols(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    "space",
    [
        "\0",
        "\t",
        "\r\n",
        "\x01",
        "\x85",
        "\u00a0",
        "\u2009",
        "\u2028",
        "\u3000",
        "<br>",
        "<br/>",
        "<br />",
        "  ",
    ],
)
def test_spaces_control_characters_and_line_breaks_separate(space):
    assert words(f"{space}AB{space}CD{space}") == ["ab", "cd"]


@pytest.mark.parametrize("text", ["", " ", "\0", "<br />\u00a0\n"])
def test_blank_texts_have_no_words(text):
    assert words(text) == []


def test_invalid_utf8_becomes_the_replacement_character():
    assert words(b"ab\xffcd \xf0\x9f ef") == ["ab", "\ufffd", "cd", "\ufffd", "ef"]


def test_a_link_that_is_glued_to_a_word_is_one_all_the_same():
    assert words("lookhttps://t.co/x1 here") == ["look", "http", "here"]


@pytest.mark.parametrize("text", ["awww...so sweet", "awww.so sweet"])
def test_www_within_a_word_is_no_link(text):
    assert words(text)[0] == "awww"
    assert words(text)[-2:] == ["so", "sweet"]


def test_100_000_words():
    found = split_words(tf.constant(["ab " * 100_000, "c"]))
    assert found.row_lengths().numpy().tolist() == [100_000, 1]


def test_rows_do_not_mix_and_an_empty_batch_is_empty():
    assert split_words(tf.constant(["a b", "", "c"])).to_list() == [[b"a", b"b"], [], [b"c"]]
    assert split_words(tf.constant([], tf.string)).to_list() == []


def number(gram, buckets=1000):
    return int(tf.strings.to_hash_bucket_fast(gram, buckets)) + 1


def ngrams(found, sizes=(3,), most=6, buckets=1000):
    return character_ngrams(tf.constant(found, tf.string), sizes, most, buckets).numpy().tolist()


def test_ngrams_with_marked_ends_shortest_first_then_padding():
    (row,) = ngrams(["cat"], sizes=(3, 4), most=8)
    assert row == [*map(number, ["<ca", "cat", "at>", "<cat", "cat>"]), 0, 0, 0]


def test_numbers_never_change_because_trained_vectors_depend_on_them():
    assert ngrams(["cat"], sizes=(3, 4, 5)) == [[893, 97, 333, 734, 493, 784]]


def test_words_share_the_numbers_of_the_ngrams_they_share():
    cat, cats, at = ngrams(["cat", "cats", "at"])  # <ca cat at>, <ca cat ats ts>, <at at>
    assert cat[:2] == cats[:2]
    assert cat[2] == at[1]
    assert len({*cat, *cats, *at} - {0}) == 6


def test_ends_are_marked():
    assert ngrams(["ab"])[0][:2] == [number("<ab"), number("ab>")]
    assert number("ab") not in ngrams(["ab"], sizes=(2, 3))[0][:1]


def test_characters_are_counted_not_bytes():
    assert ngrams(["né"], most=3) == [[number("<né"), number("né>"), 0]]


def test_a_word_shorter_than_every_ngram_has_none():
    assert ngrams(["", "a"], sizes=(4, 5), most=2) == [[0, 0], [0, 0]]


def test_most_keeps_the_shortest_and_leftmost():
    grams = ["<lo", "lon", "ong", "ng>", "<lon"]
    assert ngrams(["long"], sizes=(3, 4), most=5) == [[number(gram) for gram in grams]]
    assert ngrams(["long"], sizes=(3, 4), most=2) == [[number("<lo"), number("lon")]]


def test_a_word_of_100_000_letters():
    assert ngrams(["b" * 100_000], sizes=(3, 4), most=3) == [[number("<bb"), number("bbb"), number("bbb")]]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_shape_and_type(count):
    found = character_ngrams(tf.constant(["word"] * count, tf.string), (3, 4, 5), 20, 1000)
    assert found.shape == (count, 20)
    assert found.dtype == tf.int32


def test_numbers_run_from_1_to_buckets():
    assert ngrams(["bus"], buckets=1) == [[1, 1, 1, 0, 0, 0]]
    found = ngrams([f"word{i}" for i in range(200)], sizes=(3, 4, 5), most=12, buckets=7)
    assert {gram for row in found for gram in row} == set(range(1, 8))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("so ❤\ufe0f", ["so", "❤"]), ("a\u200bb", ["ab"]), ("\ufeffhi", ["hi"]), ("co\u00adop", ["coop"])],
)
def test_what_cannot_be_seen_is_no_word(text, expected):
    assert words(text) == expected


def test_line_breaks_of_web_pages_part_words_in_either_case():
    assert words("one<br />two<BR>three") == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("服务非常好,真的", "服 务 非 常 好 , 真 的"),
        ("コーヒーがABC", "コ ー ヒ ー が abc"),
        ("ดีก็ดี", "ดี ก็ ดี"),  # with the marks on them
        ("မြန်မာ", "မြ န် မာ"),
        ("ភាសាខ្មែរ ພາສາລາວ", "ភា សា ខ្ មែ រ ພ າ ສ າ ລ າ ວ"),
        ("한국어 좋아", "한국어 좋아"),  # which parts its words
    ],
)
def test_scripts_that_part_no_words_are_read_by_character(text, expected):
    assert words(text) == expected.split(" ")


@pytest.mark.parametrize("first", ["x", "漢", "#long", "é"])
def test_nothing_of_a_long_word_is_left_unread(first):
    def read(text):
        (row,) = split_words(tf.constant([text])).to_list()
        return row, character_ngrams(tf.constant(row), (3, 4, 5), 20, 2**30).numpy().tolist()

    long = first * 60
    assert read(long + "a") != read(long + "b")
    for word in read(long)[0]:
        changed = [word.decode()[:i] + "q" + word.decode()[i + 1 :] for i in range(len(word.decode()))]
        grams = [
            character_ngrams(tf.constant([w]), (3, 4, 5), 20, 2**30).numpy().tolist()
            for w in (word, *changed)
        ]
        assert all(other != grams[0] for other in grams[1:])
    assert "".join(word.decode() for word in read(long)[0]) == long
