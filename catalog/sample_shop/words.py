"""How products are spoken of: every sentence agrees with the drawing.

stock.json gives each range its phrases: templates in which {name} stands for another phrase or one of the design's
details. After a colon it says how the word is to be put: {x:a} with its article, {x:A} the same at the start of a
sentence, {x:title} and {x:lower}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import Any

from catalog.sample_shop.tables import chosen


class Speech(Formatter):
    """Says the phrases of a range for one product's details, its pattern among them."""

    def __init__(self, phrases: Mapping[str, Any], details: Mapping[str, str]) -> None:
        self.phrases, self.details = phrases, details

    def say(self, phrase: str) -> str:
        return self.fill(self.phrases[phrase])

    def fill(self, template: Any) -> str:
        """A template, or the one that a table holds for the details, with its words filled in."""
        return self.vformat(chosen(template, self.details), (), {})

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        return self.say(str(key)) if key in self.phrases else self.details[str(key)]

    def format_field(self, value: str, format_spec: str) -> str:
        return STYLES[format_spec](value)


def pattern_name(pattern: str) -> str:
    return {"fair isle": "Fair Isle", "polka dot": "polka-dot", "breton stripe": "Breton-stripe"}.get(pattern, pattern)


def sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def with_article(word: str) -> str:
    return f"an {word}" if word[0].lower() in "aeiou" else f"a {word}"


STYLES: dict[str, Callable[[str], str]] = {
    "": str,
    "a": with_article,
    "A": lambda word: sentence(with_article(word)),
    "title": str.title,
    "lower": str.lower,
}
