"""Dates and times of day as text, read inside the graph."""

import tensorflow as tf

FORMAT = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?"
_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_EPOCH = 719_162  # days from 0001-01-01 to 1970-01-01


def seconds(text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Reads `2015-01-31`, `2015-01-31T13:00` or `2015-01-31 13:00:59`, of the Gregorian calendar.

    Args:
        text: strings (batch,).

    Returns:
        Seconds since 1970, int64 (batch,), 0 for what is no such date; and whether it is one, bool (batch,).
    """
    well_formed = tf.strings.regex_full_match(text, FORMAT)
    whole = tf.where(well_formed, text, "1970-01-01")
    whole = tf.strings.substr(tf.strings.join([whole, "T00:00:00"]), 0, 19)
    # A time of day without seconds runs on into what was appended.
    minutes_only = tf.strings.regex_full_match(whole, r".{16}T.*")
    whole = tf.where(minutes_only, tf.strings.join([tf.strings.substr(whole, 0, 16), ":00"]), whole)
    year, month, day, hour, minute, second = (
        tf.strings.to_number(tf.strings.substr(whole, first, size), tf.int64)
        for first, size in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2))
    )
    place = tf.clip_by_value(month - 1, 0, 11)
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    lengths = tf.gather(tf.constant([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], tf.int64), place)
    lengths += tf.cast(leap & (month == 2), tf.int64)
    real = well_formed & (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= lengths)
    real &= (hour < 24) & (minute < 60) & (second < 60)
    years = year - 1
    days = 365 * years + years // 4 - years // 100 + years // 400
    days += tf.gather(tf.constant(_BEFORE_MONTH, tf.int64), place) + day - 1
    days += tf.cast(leap & (month > 2), tf.int64) - _EPOCH
    return tf.where(real, 86_400 * days + 3_600 * hour + 60 * minute + second, 0), real
