"""Full-text search that tolerates plurals, unfinished words, typos, umlauts, synonyms, and SKUs without their dashes.

`Product.search_text` is a tsvector maintained by a trigger (migration 0006_text_search). It contains each word of a
product and of its categories, unstemmed and with its English and German stems, folded: lower case, without accents,
umlauts also as ae, oe and ue. It needs no Postgres extension, since the embedded server has none. Typos are corrected
with the vocabulary of the catalogue (`SearchWord`), which the worker collects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Case, Count, F, Func, IntegerField, Max, Q, QuerySet, TextField, When
from django.utils.translation import get_language

from catalog.folding import fold, words_of
from catalog.models import Category, Product, SearchWord, Synonym

PREFIX_LENGTH = 4  # letters; a shorter word is matched as a prefix only if it finds nothing as a whole word
NO_PREFIX = 1000
MAX_WORDS = 12
MAX_CORRECTIONS = 3
MAX_RANKED = 500  # products ranked for suggestions, which must be fast


@dataclass(frozen=True)
class Found:
    """The products for a text, and how the text was changed to find any."""

    products: QuerySet[Product]  # best first
    corrected: str = ""  # the text that was searched for instead, if words of the original are not in the catalogue
    did_you_mean: tuple[str, ...] = ()  # other corrections
    some_words: bool = False  # no product has all words; these have some of them


@dataclass(frozen=True)
class Suggestions:
    """Completions of an unfinished text."""

    texts: tuple[str, ...]  # the text with its last word completed or corrected
    categories: tuple[Category, ...]
    products: tuple[Product, ...]


@dataclass(frozen=True)
class Term:
    """One search term: a word, a "phrase", or words joined by dashes."""

    words: tuple[str, ...]  # folded
    excluded: bool = False
    is_phrase: bool = False
    synonyms: tuple[tuple[str, ...], ...] = ()  # folded, each of one or more words


Terms = tuple[Term, ...]  # all of them must match
Stems = dict[str, set[str]]  # each folded word with its stems


def find_products(text: str) -> Found:
    """Products on sale for `text`, which may use quotes, `or` and -exclusion, as in search engines."""
    groups = parse(text)
    stems = _stems(groups)
    for prefix in (PREFIX_LENGTH, 1):
        found = _matching(groups, stems, prefix)
        if found.exists():
            return Found(found)
    corrections = _corrections(_unknown_words(groups, stems))
    if corrections:
        first = {word: choices[0] for word, choices in corrections.items()}
        mended = parse(corrected := _mend(text, first))
        found = _matching(mended, stems := _stems(mended), PREFIX_LENGTH)
        if found.exists():
            others = [
                _mend(text, {**first, word: choice}) for word, choices in corrections.items() for choice in choices[1:]
            ]
            return Found(found, corrected, tuple(dict.fromkeys(others))[:MAX_CORRECTIONS])
        groups = mended
    either = [
        (term, *(other for other in terms if other.excluded)) for terms in groups for term in terms if not term.excluded
    ]
    found = _matching(either, stems, PREFIX_LENGTH)
    return Found(found, some_words=found.exists())


@dataclass(frozen=True)
class Refinement:
    """Words beside a photo, parsed: like this, in blue, under 50."""

    words: str
    min_price: Decimal | None = None
    max_price: Decimal | None = None


def refine(text: str) -> Refinement:
    """Extract price limits from `text`, and drop words that only refer to the photo (like this, so etwas)."""
    limits: dict[str, Decimal] = {}
    for name, pattern in LIMITS.items():
        if match := pattern.search(text):
            limits[name] = Decimal(match[1].replace(",", "."))
            text = text.replace(match[0], " ", 1)
    return Refinement(" ".join(POINTING.sub(" ", text).strip(" ,;.").split()), **limits)


AMOUNT = r"\s*[€$£]?\s*(\d{1,9}(?:[.,]\d{1,2})?)(?:\s*(?:€|euros?|eur|\$|£)(?!\w))?(?!\w)"
LIMITS = {
    "max_price": re.compile(
        r"\b(?:under|below|up to|less than|cheaper than|at most|unter|bis(?: zu)?|höchstens|weniger als)" + AMOUNT, re.I
    ),
    "min_price": re.compile(r"\b(?:over|above|more than|at least|from|über|ab|mindestens|mehr als)" + AMOUNT, re.I),
}
POINTING = re.compile(
    r"^\s*(?:(?:something|one|so etwas|sowas|etwas|genau)\b)?\s*(?:(?:like|wie)\b)?"
    r"\s*(?:(?:this|that|these|it|das(?: gleiche)?|dies(?:e[rs]?)?)\b)?\s*(?:one\b)?\s*,?"
    r"\s*(?:(?:but|aber|nur|only)\b)?\s*(?:in\b)?",
    re.I,
)


def suggest(text: str, most: int = 5) -> Suggestions:
    """Suggestions for an unfinished text; none before the second letter."""
    words = words_of(text)
    if not words or len("".join(words)) < 2:
        return Suggestions((), (), ())
    last, before = words[-1], text.rstrip()[: -len(text.split()[-1])] if text.split() else ""
    endings = list(
        SearchWord.objects.filter(word__startswith=last).order_by("-uses", "word").values_list("written", flat=True)[:3]
    )
    groups = parse(text)
    stems = _stems(groups)
    found = _matching(groups, stems, 1, ranked=MAX_RANKED)
    if not endings and (mended := _corrections([last]).get(last)):
        endings = mended[:MAX_CORRECTIONS]
        groups = parse(before + endings[0])
        found = _matching(groups, _stems(groups), 1, ranked=MAX_RANKED)
    products = found.select_related("category").prefetch_related("images")[:most]
    return Suggestions(tuple(before + ending for ending in endings), tuple(_categories(words)), tuple(products))


def _categories(words: Sequence[str], most: int = 3) -> QuerySet[Category]:
    """Categories with products on sale whose name contains a word that begins with each of `words`."""
    found = Category.objects.annotate(
        count=Count("products", filter=Q(products__is_active=True)),
        folded=Func(F("name"), function="catalog_fold", output_field=TextField()),
    ).filter(count__gt=0)
    for word in words:
        found = found.filter(folded__regex=rf"\m{word}")
    return found.order_by("-count", "name")[:most]


def _matching(groups: Iterable[Terms], stems: Stems, prefix: int, ranked: int | None = None) -> QuerySet[Product]:
    """Products on sale that match all terms of any one group; exact word matches rank first.

    Words of `prefix` letters or more match as prefixes. `ranked`: only the best so many are returned.
    """
    groups = [terms for terms in groups if any(not term.excluded for term in terms)]
    if not groups:
        return Product.objects.none()
    wanted = _tsquery(" | ".join(_all_of(terms, stems, prefix) for terms in groups))
    exact = _tsquery(" | ".join(_all_of(terms, stems, NO_PREFIX) for terms in groups))
    found = Product.objects.on_sale().filter(search_text=wanted)
    if ranked:
        found = Product.objects.filter(pk__in=found.order_by().values("pk")[:ranked])
    is_exact = Case(When(search_text=exact, then=1), default=0, output_field=IntegerField())
    return found.annotate(is_exact=is_exact, rank=SearchRank(F("search_text"), wanted)).order_by(
        "-is_exact", "-rank", "title", "id"
    )


def _tsquery(written: str) -> SearchQuery:
    return SearchQuery(written, config="simple", search_type="raw")


# --- how words are written --------------------------------------------------------------------------------------------


def parse(text: str) -> list[Terms]:
    """Groups of terms; a product has to match all terms of one group. Stop words of the shopper's language (for, with)
    are dropped if other words remain.
    """
    pieces = [piece for piece in re.findall(r'-?"[^"]*"|\S+', text) if words_of(piece)][:MAX_WORDS]
    synonyms = Synonym.objects.of(words_of(text))
    groups: list[list[Term]] = [[]]
    for piece in pieces:
        words = words_of(piece)
        if piece.lower() in ("or", "oder"):
            groups.append([])
            continue
        groups[-1].append(Term(words, piece.startswith("-"), '"' in piece, synonyms.get(words, ())))
    silent = _stop_words({word for terms in groups for term in terms for word in term.words})
    return [tuple(_speaking(terms, silent)) for terms in groups if terms]


def _speaking(terms: list[Term], silent: set[str]) -> list[Term]:
    kept = [term for term in terms if term.excluded or term.is_phrase or not set(term.words) <= silent]
    return kept if any(not term.excluded for term in kept) else terms


def _stems(groups: Iterable[Terms]) -> Stems:
    words = {word for terms in groups for term in terms for way in (term.words, *term.synonyms) for word in way}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT word, ts_lexize('english_stem', word) || ts_lexize('german_stem', word)
            FROM unnest(%s::text[]) AS word""",
            [sorted(words)],
        )
        return {word: {word, *(stems or [])} for word, stems in cursor.fetchall()}


def _stop_words(words: set[str]) -> set[str]:
    stemmer = "german_stem" if get_language() == "de" else "english_stem"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM unnest(%s::text[]) AS word WHERE ts_lexize(%s, word) = '{}'", [sorted(words), stemmer]
        )
        return {word for (word,) in cursor.fetchall()}


def _all_of(terms: Terms, stems: Stems, prefix: int) -> str:
    """The terms as a tsquery."""
    return f"({' & '.join(_condition(term, stems, prefix) for term in terms)})"


def _condition(term: Term, stems: Stems, prefix: int) -> str:
    def one(word: str, least: int) -> str:
        forms = [f"'{form}'" for form in sorted(stems.get(word, {word}))]
        if len(word) >= least:
            forms.append(f"'{word}':*")
        return "(" + " | ".join(forms) + ")"

    if term.is_phrase:
        ways = [" <-> ".join(one(word, NO_PREFIX) for word in term.words)]
    else:
        ways = [" & ".join(one(word, prefix) for word in term.words)]
        if len(term.words) > 1:
            joined = "".join(term.words)
            ways.append(f"'{joined}'")  # a SKU, or a word such as T-shirt, written without its dash
    ways += [" <-> ".join(one(word, NO_PREFIX) for word in words) for words in term.synonyms]
    either = " | ".join(f"({way})" for way in ways)
    return f"{'!' if term.excluded else ''}({either})"


# --- typos ------------------------------------------------------------------------------------------------------------


def _unknown_words(groups: Iterable[Terms], stems: Stems) -> list[str]:
    """The words that no product on sale contains."""
    words = {
        word: _condition(Term((word,), synonyms=term.synonyms), stems, 1)
        for terms in groups for term in terms if not term.excluded for word in term.words
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT word FROM unnest(%s::text[], %s::text[]) AS asked (word, condition)
            WHERE NOT EXISTS (
                SELECT FROM catalog_product WHERE is_active AND search_text @@ to_tsquery('simple', condition))""",
            [list(words), list(words.values())],
        )
        return [word for (word,) in cursor.fetchall()]


def _corrections(words: Iterable[str]) -> dict[str, list[str]]:
    """{folded word: vocabulary words, as written in the catalogue, that it may be a typo of, most likely first}."""
    found = {}
    for word in words:
        allowed = 0 if len(word) < 3 or word.isdigit() else 1 if len(word) < 6 else 2
        if not allowed:
            continue
        near = [
            (distance, known[0] != word[0], -uses, written)
            for known, written, uses in _like(word)
            if (distance := edit_distance(word, known)) <= allowed
        ]
        if near:
            found[word] = [written for *_, written in sorted(near)[:MAX_CORRECTIONS]]
    return found


def _like(word: str, most: int = 40) -> list[tuple[str, str, int]]:
    """(folded, written, uses) of the vocabulary words that share most trigrams with `word`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT word, written, uses
            FROM catalog_searchword
            WHERE trigrams && catalog_trigrams(%(word)s) AND length(word) BETWEEN %(length)s - 2 AND %(length)s + 2
            ORDER BY cardinality(ARRAY(SELECT unnest(trigrams) INTERSECT SELECT unnest(catalog_trigrams(%(word)s))))
                     DESC, uses DESC, word
            LIMIT %(most)s""",
            {"word": word, "length": len(word), "most": most},
        )
        return cursor.fetchall()


def edit_distance(one: str, other: str) -> int:
    """Number of insertions, deletions, substitutions and transpositions of neighbours (optimal string alignment
    distance).
    """
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, against in enumerate(other, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def _mend(text: str, corrections: dict[str, str]) -> str:
    """`text` with its unknown words corrected and everything else unchanged."""
    return re.sub(r"[^\W_]+", lambda match: corrections.get(fold(match[0]), match[0]), text)


def collect_search_words() -> int | None:
    """Update SearchWord from titles, brands, categories and attributes; returns the number of words.

    None if nothing changed since this process last did it. Safe to run concurrently.
    """
    state = Product.objects.aggregate(products=Count("pk"), latest=Max("updated"))
    state["categories"] = list(Category.objects.order_by("pk").values_list("pk", "name"))
    if cache.get("search_words_of") == state:
        return None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('collect_search_words'))")
        cursor.execute(COLLECT)
        cursor.execute("SELECT count(*) FROM catalog_searchword")
        (count,) = cursor.fetchone()
    cache.set("search_words_of", state, timeout=None)
    return count


COLLECT = r"""
WITH texts AS (
    SELECT concat_ws(' ', title, brand, c.name, (
        SELECT string_agg(value #>> '{}', ' ') FROM jsonb_each(
            CASE jsonb_typeof(attributes) WHEN 'object' THEN attributes ELSE '{}' END)
        WHERE jsonb_typeof(value) = 'string')) AS text
    FROM catalog_product p LEFT JOIN catalog_category c ON c.id = p.category_id
    WHERE p.is_active
), written AS (
    SELECT lower(word) AS word, count(*) AS uses
    FROM texts, regexp_split_to_table(text, '[^[:alnum:]]+') AS word
    WHERE length(word) BETWEEN 2 AND 60 AND word !~ '^\d+$'
    GROUP BY 1
), words AS (
    SELECT catalog_fold(word) AS word, (array_agg(word ORDER BY uses DESC, word))[1] AS written, sum(uses) AS uses
    FROM written GROUP BY 1
), gone AS (
    DELETE FROM catalog_searchword WHERE word NOT IN (SELECT word FROM words)
)
INSERT INTO catalog_searchword (word, written, uses, trigrams)
SELECT word, written, uses, catalog_trigrams(word) FROM words WHERE length(word) <= 120
ON CONFLICT (word) DO UPDATE SET written = excluded.written, uses = excluded.uses
WHERE (catalog_searchword.written, catalog_searchword.uses) IS DISTINCT FROM (excluded.written, excluded.uses)
"""
