import pytest

from zoo.data.sets.mojibake import damage, repair


@pytest.mark.parametrize(
    ("text", "rounds", "left"),
    [
        # U+2019 is E2 80 99; Windows-1252 reads "â€™", which Mac Roman writes 89 DB AA, and so on.
        ("’", 1, b"\x89\xdb\xaa"),
        ("’", 2, b"\xe4\xf3\xbb"),
        # U+1F600 is F0 9F 98 80; Windows-1252 reads "ðŸ˜€", and Mac Roman has no "ð".
        ("😀", 1, b"_\xd9\xf7\xdb"),
        # U+1F60D ends in 8D, which Windows-1252 does not define.
        ("😍", 1, b"_\xd9\xf7\x8d"),
        ("plain_text", 3, b"plain_text"),
    ],
)
def test_damage_worked_out_by_hand(text, rounds, left):
    assert damage(text, rounds) == left


@pytest.mark.parametrize("rounds", [1, 2, 3, 4])
@pytest.mark.parametrize("character", "“”‘’…–—•«»£€©®™😀😂🔥♥")
def test_quotes_and_emoji_come_back(character, rounds):
    assert repair(b"so " + damage(character, rounds) + b" it is") == f"so {character} it is"


@pytest.mark.parametrize("rounds", [1, 2])
@pytest.mark.parametrize("character", "😍😡👍👡🙏😒💕")
def test_more_emoji_come_back_from_two_rounds(character, rounds):
    assert repair(b"so " + damage(character, rounds) + b" it is") == f"so {character} it is"


@pytest.mark.parametrize("rounds", [1, 2, 3, 4])
def test_a_sentence_comes_back(rounds):
    text = "“It’s_late” – said my_cat 😂😂 …"
    assert repair(damage(text, rounds)) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xd5\xa2_\x8a\xce_\x86\xa2", "’"),
        (b"\xd5\xa2_\x8a\xce\x81\xd0", "“"),
        (b"\xd5\xa2_\x8a\xce\xeb\x9d", "”"),
        (b"\xd5\xa2_\x8a\xce\xeb_", "…"),
        (b"\xd5\xa2_\x8a\xce_\xd1\x9d", "–"),
    ],
)
def test_forms_that_went_through_utf8_once_more_are_known(raw, text):
    assert repair(b"a " + raw + b" b") == f"a {text} b"


@pytest.mark.parametrize(
    "text", ["", "snake_case", "__init__ _x_ a__b _", "___ a ____ b _____", "line\nline\ttab", "a \x00 b"]
)
def test_plain_text_is_untouched(text):
    assert repair(text.encode()) == text


@pytest.mark.parametrize("text", ["naïve café", "Ångström señor", "“so” – 5 € …", "_é_ __ü", "😀 ♥ 🔥"])
def test_utf8_that_was_never_damaged_is_untouched(text):
    assert repair(text.encode()) == text


@pytest.mark.parametrize("raw", [b"\xff", b"\xff\xfe", b"_\xff_", b"__\xff_\xfe__", b"\xf0\x9f"])
def test_unknown_damage_becomes_one_replacement_character(raw):
    assert repair(b"left " + raw + b" right") == "left \ufffd right"


@pytest.mark.parametrize(
    ("a", "b", "rounds", "form"),
    [
        ("😊", "😭", 2, b"_\xf4\xd6_"),
        ("🎀", "🚀", 2, b"_\xf4_\xf3"),
        ("😍", "😡", 3, b"_\x99\x85\x8d"),
        ("ò", "ü", 1, b"\xcc_"),
    ],
)
def test_a_form_that_two_characters_share_is_given_to_neither(a, b, rounds, form):
    assert damage(a, rounds) == damage(b, rounds) == form
    assert repair(b"so " + form + b" it is") == "so \ufffd it is"
