"""Texts that models without TensorFlow must read as those with it do."""

STRANGE = (
    "", "  ", "\0", "A" * 300, "日本語 テキスト ไทย", "İSTANBUL ΣΊΣΥΦΟΣ ΟΔΟΣ", "e\u0301 \u1112\u1161\u11ab",
    "👍🏽👨‍👩‍👧 #tag @me http://x.y/z?a=b", "a\tb\r\nc\x0bd\x1fe", "\u2028\u00a0\u200b\ufeff",
    "STOP NOW, GO HOME \u2c2f \ua7d6\U00010570", "no " * 40, "12 12 12 12 12 12",
)  # fmt: skip
TEXTS = {
    "sentiment_tweets": ("What a day!", "I don't like it at all :(", "@you see https://x.org/a?b, #wow"),
    "tagging_conll2003": ("Ada Lovelace met Charles Babbage in London.", "can't U.S. $1,000.50 e-mail Ltd."),
    "tagging_python": ("def f(x: int = 0xFF) -> str:\n\treturn x**2  # yes\n", "x = '''open\n"),
    "translation_cldr_en_fr": ("3 days ago", "Kaithi and Ünïcode, £1,234.50", "3 3 3 3 3 3 3"),
}
