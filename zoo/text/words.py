"""Words from raw text, and the character n-grams inside words."""

import tensorflow as tf

from zoo.text.case import lower

# Rules in RE2's syntax, applied in order; \s and \b know ASCII only, hence the Unicode classes.
INVISIBLE = r"[\p{Cf}\x{FE0E}\x{FE0F}]+"  # joiners, direction marks, the choice of a colour emoji
SPACES = r"(?:(?i:<br ?/?>)|[\p{Z}\p{Cc}])+"  # line breaks, every kind of space, and control characters
# Their words are not parted by spaces: each character is read as one, with the marks on it.
_UNSPACED = "".join(
    rf"\p{{{script}}}" for script in ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
)
_LONGEST = 20  # characters: of more, not all n-grams would be read, so the rest is another word
RULES = (
    (r"(?:https?://|\bwww\.)\S+", " http "),  # one word for all links: the address tells nothing
    ("[’ʼ`´]", "'"),
    (rf"([{_UNSPACED}]\p{{M}}*)", r" \1 "),
    (r"([@#]?[\p{L}\p{M}\p{N}_]+(?:'[\p{L}\p{M}]+)*|[^\p{L}\p{M}\p{N}_ ])", r" \1 "),
    (rf"([^ ]{{{_LONGEST}}})", r"\1 "),
)


def split_words(text: tf.Tensor) -> tf.RaggedTensor:
    """Splits raw text into lower-case words and single punctuation marks, symbols and emoji.

    Contractions (`don't`), `@mentions` and `#hashtags` stay whole; links become the word `http`. Of scripts
    that part no words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each character is a word, and what is
    longer than 20 characters is several. Bytes that are not UTF-8 become U+FFFD, so every byte string has an
    answer; an empty string has no words.

    Args:
        text: strings (batch,).

    Returns:
        Words (batch, time), ragged.
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    text = tf.strings.regex_replace(text, INVISIBLE, "")
    # Before lower(), which ends a string at its first NUL.
    text = tf.strings.regex_replace(text, SPACES, " ")
    text = lower(text)
    for pattern, replacement in RULES:
        text = tf.strings.regex_replace(text, pattern, replacement)
    return tf.strings.split(text)


def character_ngrams(words: tf.Tensor, sizes: tuple[int, ...], most: int, buckets: int) -> tf.Tensor:
    """Hashes the character n-grams of each word, its two ends marked, as fastText does.

    A word that training never saw shares most of its n-grams with words that it did see. Source: Bojanowski
    et al. 2017, "Enriching word vectors with subword information".

    Args:
        words: strings (n,).
        sizes: lengths of n-grams.
        most: n-grams kept for each word, shortest and leftmost first.
        buckets: hash values run from 1 to `buckets`; 0 is padding.

    Returns:
        Hash values int32 (n, most), padded with zeros on the right.
    """
    characters = tf.strings.unicode_split(tf.strings.join(["<", words, ">"]), "UTF-8", errors="replace")
    # Longer words are cut first: only `most` n-grams are kept of each in any case.
    characters = characters[:, : most + max(sizes)]
    grams = tf.concat([tf.strings.ngrams(characters, size, separator="") for size in sizes], axis=1)[:, :most]
    hashed = tf.cast(tf.strings.to_hash_bucket_fast(grams.values, buckets), tf.int32) + 1
    return grams.with_values(hashed).to_tensor(shape=[None, most])
