"""Tokens by hand, and what holds of every string: tokens are exactly what stands at their offsets."""

import random
import unicodedata

import pytest
import tensorflow as tf

from zoo.text import style_of, tokenize

STYLES = ("prose", "universal", "code")
MARK = "\x1f"  # what the rules put around tokens while they run


def tokens(text, style="prose"):
    (found,) = tokenize(tf.constant([text]), style).tokens.to_list()
    return [token.decode() for token in found]


def offsets(text, style="prose"):
    found = tokenize(tf.constant([text]), style)
    return list(zip(found.starts.to_list()[0], found.ends.to_list()[0], strict=True))


@pytest.mark.parametrize("style", ["prose", "universal"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two birds sing.", "Two birds sing ."),
        # Contractions, straight and curly, in both cases.
        ("Don't go, we'll see", "Do n't go , we 'll see"),
        ("DON’T JOHN’S", "DO N’T JOHN ’S"),
        ("it's I'm I'd they're we've", "it 's I 'm I 'd they 're we 've"),
        ("can't won't cannot CANNOT", "ca n't wo n't can not CAN NOT"),
        ("shouldn't've", "should n't 've"),
        ("gonna wanna gotta", "gon na wan na got ta"),
        ("Taiwanna begonna cannots", "Taiwanna begonna cannots"),  # no contractions
        ("isn't,aren't", "is n't , are n't"),
        ("O'Neill's y'all rock'n'roll", "O'Neill 's y'all rock'n'roll"),
        # Abbreviations keep their full stop.
        ("Mr. Ho of the U.S. Navy, e.g. Sept. 5.", "Mr. Ho of the U.S. Navy , e.g. Sept. 5 ."),
        ("Acme Corp. vs. Ajax Ltd.", "Acme Corp. vs. Ajax Ltd."),
        ("the most. Most", "the most . Most"),
        # Addresses.
        ("See https://ex.org/a?b=1. Now", "See https://ex.org/a?b=1 . Now"),
        ("(www.ex.org/c, ex.com)", "( www.ex.org/c , ex.com )"),
        ('"http://ex.org/"', '" http://ex.org/ "'),
        ("http://ex.org\u200b", "http://ex.org"),
        ("a.b+c@ex-ample.co.uk! x@y", "a.b+c@ex-ample.co.uk ! x @ y"),
        ("complain, ex.company", "complain , ex . company"),
        # Numbers.
        ("$1,234.56 at 10:30, 1/2 of 5%", "$ 1,234.56 at 10:30 , 1/2 of 5 %"),
        ("555-123-4567 3.5x", "555-123-4567 3.5 x"),
        ("in 1999.", "in 1999 ."),
        # Quotes.
        ("\"Hi\" 'quoted' dogs'", "\" Hi \" ' quoted ' dogs '"),
        ("``x'' “y” «z»", "`` x '' “ y ” « z »"),
        # Runs.
        ("What?! Wait... a--b *** ##x", "What ?! Wait ... a -- b *** ## x"),
        ("a.,;b", "a . , ; b"),
        ("Fun :-) ;) :P =D", "Fun :-) ;) :P =D"),
        ("Re:Please=Do", "Re : Please = Do"),
        ("<a> <<b>> [c] {d}", "< a > << b >> [ c ] { d }"),
        # Other scripts, combining marks, words with digits and underscores.
        ("École naïve ΩΣ 日本語", "École naïve ΩΣ 日本語"),
        ("e\u0301te\u0301 x\u0308.", "e\u0301te\u0301 x\u0308 ."),
        ("snake_case mp3", "snake_case mp3"),
        # Emoji: a colour or a skin belongs to it, and joiners between two of them.
        ("☕\ufe0fok 👍🏽👍", "☕\ufe0f ok 👍🏽 👍"),
        ("👩🏽\u200d🚀!", "👩🏽\u200d🚀 !"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
    ],
)
def test_prose(text, expected, style):
    assert tokens(text, style) == expected.split(" ")


@pytest.mark.parametrize(
    ("text", "prose", "universal"),
    [
        ("well-known", "well-known", "well - known"),
        ("state-of-the-art.", "state-of-the-art .", "state - of - the - art ."),
        ("and/or AT&T", "and/or AT&T", "and / or AT & T"),
        ("-x- y-", "- x - y -", "- x - y -"),
        ("555-1234", "555-1234", "555 - 1234"),
    ],
)
def test_newspaper_corpora_leave_words_whole_that_universal_dependencies_part(text, prose, universal):
    assert tokens(text, "prose") == prose.split()
    assert tokens(text, "universal") == universal.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(x):", "def f ( x ) :"),
        ("a**=b//=c>>=d<<=e", "a **= b //= c >>= d <<= e"),
        ("a**b//c>>d<<e->f:=g", "a ** b // c >> d << e -> f := g"),
        ("a==b!=c<=d>=e", "a == b != c <= d >= e"),
        ("+=-=*=/=%=&=|=^=@=", "+= -= *= /= %= &= |= ^= @="),
        ("a+b-c*d/e%f&g|h^i~j@k=l", "a + b - c * d / e % f & g | h ^ i ~ j @ k = l"),
        ("x[1:2, ...]", "x [ 1 : 2 , ... ]"),
        ("\"\"\"doc\"\"\" r'''x'''", "\"\"\" doc \"\"\" r ''' x '''"),
        ('""""', '""" "'),
        ('"" f"{x}"', '" " f " { x } "'),
        ("1_000 0xFF_FF 0b01 0o17 1.5e-3 2E+5 2j", "1_000 0xFF_FF 0b01 0o17 1.5e-3 2E+5 2j"),
        ("x.y 1.real 1e", "x . y 1 . real 1 e"),
        ("été_1 = ñ日", "été_1 = ñ日"),
        # Neither contractions nor addresses nor abbreviations.
        ("# don't: https://a.b Mr.", "# don ' t : https : // a . b Mr ."),
        ("'a\\n' \\", "' a \\ n ' \\"),
        ("x;y$z?", "x ; y $ z ?"),
    ],
)
def test_code(text, expected):
    assert tokens(text, "code") == expected.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x\n    y\n", ["x", "\n", "y", "\n"]),
        ("\n\n", ["\n", "\n"]),
        ("x\r\ny", ["x", "\r\n", "y"]),
        ("x\ry\r\r\n", ["x", "y", "\r\n"]),  # a lone carriage return is white space
        ("x \\\n \n", ["x", "\\", "\n", "\n"]),
        ("\t\x0c \n", ["\n"]),
    ],
)
def test_line_breaks_of_code_are_tokens(text, expected):
    assert tokens(text, "code") == expected
    assert tokens(text) == [token for token in expected if token.strip()]


def test_offsets_count_code_points():
    assert offsets("né  👩🏽\u200d🚀 don't") == [(0, 2), (4, 8), (9, 11), (11, 14)]
    assert offsets("x\r\n y", "code") == [(0, 1), (1, 3), (4, 5)]


def test_offsets_count_one_for_each_replacement_of_what_is_not_utf8():
    # A stray byte, half of an emoji, and a surrogate, which Python replaces byte by byte.
    text = b"a\xff b\xf0\x9f\x98 \xed\xa0\x80 c"
    assert text.decode("utf-8", "replace") == "a\ufffd b\ufffd \ufffd\ufffd\ufffd c"
    assert tokens(text) == ["a", "\ufffd", "b", "\ufffd", "\ufffd", "\ufffd", "\ufffd", "c"]
    assert offsets(text) == [(0, 1), (1, 2), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9), (10, 11)]


def test_a_byte_order_mark_takes_a_place_and_is_no_token():
    assert (tokens("\ufeffab"), offsets("\ufeffab")) == (["ab"], [(1, 3)])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "space", [" ", "\t", "\x00", "\x01", MARK, "\x85", "\xa0", "\u2009", "\u2028", "\u3000", "\u200b", "\xad"]
)
def test_white_space_control_and_invisible_characters_part_tokens(space, style):
    text = f"{space}ab{space}{space}cd{space}"
    assert tokens(text, style) == ["ab", "cd"]
    assert offsets(text, style) == [(1, 3), (5, 7)]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", ["", " ", "  \t ", "\x00", MARK, "\u200d\ufeff"])
def test_blank_texts_have_no_tokens(text, style):
    assert tokens(text, style) == []


@pytest.mark.parametrize("style", STYLES)
def test_a_variation_selector_is_a_mark_and_stays_in_the_tokens(style):
    # U+FE0F is of category Mn, as accents are: it goes with what it stands on, or stands for itself.
    assert tokens("a\ufe0f", style) == ["a\ufe0f"]
    assert tokens("!\ufe0f", style) == ["!\ufe0f"]
    assert tokens(" \ufe0f", style) == ["\ufe0f"]


@pytest.mark.parametrize("style", STYLES)
def test_no_texts_have_no_rows(style):
    found = tokenize(tf.constant([], tf.string), style)
    assert [ragged.to_list() for ragged in found] == [[], [], []]
    assert [ragged.dtype for ragged in found] == [tf.string, tf.int32, tf.int32]


@pytest.mark.parametrize("style", STYLES)
def test_the_tokens_of_a_row_do_not_depend_on_the_batch(style):
    texts = ["Don't!", "", "x = 1\ny", b"\xff\xfe", "é " * 50, " ", "👩🏽\u200d🚀"]
    together = [ragged.to_list() for ragged in tokenize(tf.constant(texts), style)]
    for i, text in enumerate(texts):
        assert [column[i] for column in together] == [
            ragged.to_list()[0] for ragged in tokenize(tf.constant([text]), style)
        ]


def invisible(character: str) -> bool:
    # Format characters since Unicode 15, which the tables of an older Python do not know.
    new = "\U00013439" <= character <= "\U0001343f"
    return new or unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc", "Cf")


def check_places(texts, rows, style):
    for text, found, starts, ends in zip(texts, *(ragged.to_list() for ragged in rows), strict=True):
        last, between = 0, ""
        for token, start, end in zip(found, starts, ends, strict=True):
            assert last <= start < end, text
            assert text[start:end] == token.decode(), text
            between += text[last:start]
            last = end
        assert all(map(invisible, between + text[last:])), text
        inside = "".join(token.decode() for token in found)
        allowed = "\r\n\u200d" if style == "code" else "\u200d"  # the joiner stands within emoji
        assert not [c for c in inside if invisible(c) and c not in allowed], text


def random_character(chance: random.Random) -> str:
    while True:
        number = chance.choice((
            chance.randrange(0x110000), chance.randrange(0x3000), chance.randrange(0x80),
            chance.randrange(0x1F000, 0x1FB00),
            ord(chance.choice("@n't’.-:/@\r\n\u200d\ufe0f\U0001f3fd\x1f")),
        ))  # fmt: skip
        if not 0xD800 <= number < 0xE000:
            return chance.choice(("https://", "www.", "a@b.")) if number == ord("@") else chr(number)


@pytest.mark.parametrize("style", STYLES)
def test_tokens_of_random_unicode_are_what_stands_at_their_offsets(style):
    chance = random.Random(1)
    texts = ["".join(random_character(chance) for _ in range(chance.randrange(40))) for _ in range(1_500)]
    check_places(texts, tokenize(tf.constant([text.encode() for text in texts]), style), style)


@pytest.mark.parametrize("style", STYLES)
def test_tokens_of_random_bytes_are_what_stands_at_their_offsets(style):
    chance = random.Random(2)
    tricky = b"\xe2\x80\x8d\xf0\x9f\xed\xa0\x80\xc0\xc1\xf4\x90\xf8\xef\xbb\xbf\x00\x1f an't.\r\n"
    raw = [
        bytes(
            chance.choice((chance.randrange(256), chance.choice(tricky))) for _ in range(chance.randrange(30))
        )
        for _ in range(1_500)
    ]
    check_places([text.decode("utf-8", "replace") for text in raw], tokenize(tf.constant(raw), style), style)


@pytest.mark.parametrize("style", STYLES)
def test_every_visible_character_is_a_token_of_its_own_when_alone(style):
    numbers = [*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE0200)]
    lengths = tokenize(tf.constant([chr(number).encode() for number in numbers]), style).tokens.row_lengths()
    expected = [0 if invisible(chr(number)) else 1 for number in numbers]
    if style == "code":
        expected[ord("\n")] = 1
    assert lengths.numpy().tolist() == expected


def test_the_mark_that_the_rules_use_never_joins_what_it_stands_in():
    assert tokens(f"ca{MARK}n't wan{MARK}na", "prose") == ["ca", "n't", "wan", "na"]


def test_100_000_tokens():
    found = tokenize(tf.constant(["ab " * 100_000, "c"]), "prose")
    assert found.tokens.row_lengths().numpy().tolist() == [100_000, 1]
    assert (found.starts.to_list()[0][-1], found.ends.to_list()[1]) == (299_997, [1])


@pytest.mark.parametrize(
    ("dataset", "style"),
    [
        ("python_source", "code"),
        ("universal_dependencies/en_ewt", "universal"),
        ("xtreme_pos/xtreme_pos_en", "universal"),
        ("mine/train.conllu", "universal"),
        ("conll2003", "prose"),
        ("mine.conll", "prose"),
    ],
)
def test_the_style_is_that_of_the_data(dataset, style):
    assert style_of(dataset) == style
