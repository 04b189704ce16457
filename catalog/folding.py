"""Case folding and accent removal for the text search: Größe, GROSSE and grösse become the same word."""

import re
import unicodedata

MAX_LENGTH = 60  # letters of a word; longer ones are not indexed


def fold(text: str) -> str:
    """Lower case, without accents, ß as ss; the same as the SQL function catalog_fold."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not "\u0300" <= letter <= "\u036f")
    return plain.lower().translate(LETTERS)


LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"})


def words_of(text: str) -> tuple[str, ...]:
    """The folded words of `text`, without punctuation."""
    return tuple(word[:MAX_LENGTH] for word in re.findall(r"[^\W_]+", fold(text)))
