"""Filters that no page and no API call can read."""

BAD_FILTERS = [
    {"category": "no-such"},
    {"category": "\0"},
    {"brand": "a\0b"},
    {"min_price": "cheap"},
    {"min_price": "-1"},
    {"max_price": "1e99"},
    {"min_price": "nan"},
    {"min_price": "5", "max_price": "4"},
    {"attribute": "red"},
    {"attribute": "colour:\0"},
    {"page": "0"},
    {"page": "999"},
    {"page": "²"},
    {"sort": "random()"},
]
