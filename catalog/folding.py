"""Words as the text search compares them: folded, so that Größe, GROSSE and grösse are one."""

import re
import unicodedata

MAX_LENGTH = 60  # of a word: none of a shop's is longer


def fold(text: str) -> str:
    """Lower case, without accents, ß as ss: as the SQL function catalog_fold does it."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not "\u0300" <= letter <= "\u036f")
    return plain.lower().translate(LETTERS)


LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"})


def words_of(text: str) -> tuple[str, ...]:
    """The words of `text`, folded, without punctuation."""
    return tuple(word[:MAX_LENGTH] for word in re.findall(r"[^\W_]+", fold(text)))
