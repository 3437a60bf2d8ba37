"""Repairs text that was re-encoded between Mac Roman and Windows-1252 several times over.

Each round reads bytes as Windows-1252 and writes them as Mac Roman; what Mac Roman lacks becomes "_". The
loss cannot be computed backwards, but it can be foreseen: the damage is done on purpose to every character
that tweets use, and the damaged form is looked up.
"""

import re
from functools import cache

_ROUNDS = 4
_PUNCTUATION = "“”‘’…–—•«»£€©®™°´éèêëáàâäãåíìîïóòôöúùûüçñÉÁÍÓÚÑßøæ"
_PICTOGRAPHS = [*range(0x1F300, 0x1F6D0), *range(0x2600, 0x27C0)]
_UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)  # no character in Windows-1252: they pass through unchanged
# The corpus's fourth round went through UTF-8 once more; these five forms were matched by reading.
_FIFTH_FORM = {
    b"\xd5\xa2_\x8a\xce\xeb\x9d": "”",
    b"\xd5\xa2_\x8a\xce\x81\xd0": "“",
    b"\xd5\xa2_\x8a\xce_\x86\xa2": "’",
    b"\xd5\xa2_\x8a\xce\xeb_": "…",
    b"\xd5\xa2_\x8a\xce_\xd1\x9d": "–",
}


def repair(raw: bytes) -> str:
    """Decodes `raw`, undoing the damage where it is known; each lost character becomes one U+FFFD."""
    table, pattern = _repairs()
    text = pattern.sub(lambda match: table[match.group()].encode(), raw).decode("utf-8", "replace")
    return re.sub("[_\x81\x8d\x8f\x90\x9d]*\ufffd[_\ufffd]*", "\ufffd", text)


def damage(text: str, rounds: int) -> bytes:
    """Returns the bytes that `rounds` wrong re-encodings leave of `text`."""
    to_mac = {chr(byte): byte for byte in (*range(128), *_UNDEFINED)}
    to_mac |= {bytes([byte]).decode("mac_roman"): byte for byte in range(128, 256)}
    raw = text.encode()
    for _ in range(rounds):
        read = (chr(b) if b in _UNDEFINED else bytes([b]).decode("cp1252") for b in raw)
        raw = bytes(to_mac.get(character, ord("_")) for character in read)
    return raw


@cache
def _repairs() -> tuple[dict[bytes, str], re.Pattern[bytes]]:
    table: dict[bytes, str] = {}
    for characters, least in ((_PUNCTUATION, 1), ("".join(map(chr, _PICTOGRAPHS)), 2)):
        for character in characters:
            for rounds in range(1, _ROUNDS + 1):
                form = damage(character, rounds)
                # Too few surviving high bytes would also match plain text with underscores.
                if sum(byte > 127 for byte in form) >= least:
                    # What two characters were damaged to is known of neither.
                    table[form] = "\ufffd" if table.get(form, character) != character else character
    table |= _FIFTH_FORM
    longest_first = sorted(table, key=len, reverse=True)
    return table, re.compile(b"|".join(map(re.escape, longest_first)))
