"""What shoppers narrow the catalogue by: the filters of a request, and the facets to choose from with their counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Count, F, Func, Max, Min, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from psycopg.types.json import Jsonb

from catalog.colours import COLOURS
from catalog.errors import InvalidRequest
from catalog.models import Category, Product
from catalog.text_search import find_products

MAX_CHOICES = 12  # per group at first; the chosen ones always show
MAX_LISTED = 300  # when all are asked for
MAX_ATTRIBUTES = 4
PROPOSED = 3  # chips of a kind
MAX_BY_WORDS = 20_000  # products that words beside a photo may leave
LIMIT_OF_PRICE = Decimal(10) ** 10  # numeric(12, 2)


@dataclass(frozen=True)
class ProductFilter:
    """What a product must be to be listed or found. Empty parts let everything pass."""

    categories: tuple[str, ...] = ()  # slugs; everything below them is meant as well
    brands: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()  # of COLOURS, as its first picture shows: any of them
    min_price: Decimal | None = None  # of what it costs now
    max_price: Decimal | None = None
    attributes: tuple[tuple[str, str], ...] = ()  # (name, value): all must hold
    words: str = ""  # beside a photo: as catalog.text_search.find_products reads them
    # Never read from a request:
    hidden_too: bool = False  # staff also find products that are not on sale
    without_product: int | None = None  # "similar to this one" leaves it out

    @property
    def has_price(self) -> bool:
        return self.min_price is not None or self.max_price is not None

    def __len__(self) -> int:
        """How many filters are chosen."""
        parts = (self.categories, self.brands, self.colours, self.attributes)
        return sum(map(len, parts)) + self.has_price + bool(self.words)

    @cached_property
    def category_ids(self) -> list[int]:
        """Of the categories and of all below them."""
        return Category.objects.with_descendants(list(self.categories)) if self.categories else []

    @cached_property
    def product_ids(self) -> list[int] | None:
        """Of the products that `words` find, the best MAX_BY_WORDS; None without words."""
        if not self.words:
            return None
        return list(find_products(self.words).products.values_list("pk", flat=True)[:MAX_BY_WORDS])

    def among(self, products: QuerySet[Product]) -> QuerySet[Product]:
        """Those of `products` that pass; whether they are on sale is for `products` to say."""
        conditions = Q()
        if self.categories:
            conditions &= Q(category__in=self.category_ids)
        if self.brands:
            conditions &= Q(brand__in=self.brands)
        if self.colours:
            conditions &= Q(colours__overlap=list(self.colours))
        if self.min_price is not None:
            conditions &= Q(current_price__gte=self.min_price)
        if self.max_price is not None:
            conditions &= Q(current_price__lte=self.max_price)
        if self.attributes:
            conditions &= Q(attributes__contains=dict(self.attributes))
        if self.product_ids is not None:
            conditions &= Q(pk__in=self.product_ids)
        return products.filter(conditions)

    def sql(self) -> tuple[list[str], dict[str, Any]]:
        """The same in SQL, for tables that name these columns as catalog_product does: conditions, their parameters."""
        conditions: list[str] = []
        parameters: dict[str, Any] = {}
        if self.categories:
            conditions.append("category_id = ANY(%(categories)s)")
            parameters["categories"] = self.category_ids
        if self.brands:
            conditions.append("brand = ANY(%(brands)s)")
            parameters["brands"] = list(self.brands)
        if self.colours:
            conditions.append("colours && %(colours)s::varchar[]")
            parameters["colours"] = list(self.colours)
        if self.min_price is not None:
            conditions.append("current_price >= %(min_price)s")
            parameters["min_price"] = self.min_price
        if self.max_price is not None:
            conditions.append("current_price <= %(max_price)s")
            parameters["max_price"] = self.max_price
        if self.attributes:
            conditions.append("attributes @> %(attributes)s")
            parameters["attributes"] = Jsonb(dict(self.attributes))
        return conditions, parameters


class TextsField(forms.Field):
    """The values of a repeatable parameter as a tuple: each once, empty ones left out."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> tuple[str, ...]:
        texts = tuple(dict.fromkeys(text for text in value or () if text))
        if any("\0" in text or len(text) > 200 for text in texts) or len(texts) > 50:
            raise forms.ValidationError(_("We cannot read these filters. Please choose them again."))
        return texts


class PriceField(forms.Field):
    """An amount as people write it, with a comma or a point, to the cent; None for nothing."""

    def to_python(self, value: Any) -> Decimal | None:
        written = (value or "").strip().replace(",", ".")
        if not written:
            return None
        try:
            price = Decimal(written)
        except InvalidOperation:
            price = Decimal("NaN")
        if not price.is_finite() or not 0 <= price < LIMIT_OF_PRICE:
            raise forms.ValidationError(_("Please write a price as a number, such as 19.90."))
        return price.quantize(Decimal("0.01"))


class FilterForm(forms.Form):
    """The filters of a page or an API call. What cannot be read has a sentence in `errors`; the rest still filters."""

    category = TextsField(required=False)
    brand = TextsField(required=False)
    colour = TextsField(required=False)
    min_price = PriceField(required=False)
    max_price = PriceField(required=False)
    attribute = TextsField(required=False)  # as "name:value"

    def clean_category(self) -> tuple[str, ...]:
        slugs: tuple[str, ...] = self.cleaned_data["category"]
        known = set(Category.objects.filter(slug__in=slugs).values_list("slug", flat=True)) if slugs else set()
        for slug in slugs:
            if slug not in known:
                sentence = _("There is no category “%(slug)s”. Please choose another.")
                raise forms.ValidationError(sentence, params={"slug": slug})
        return slugs

    def clean_colour(self) -> tuple[str, ...]:
        colours: tuple[str, ...] = self.cleaned_data["colour"]
        for colour in colours:
            if colour not in COLOURS:
                sentence = _("We tell no colour “%(colour)s” apart. Please choose another.")
                raise forms.ValidationError(sentence, params={"colour": colour})
        return colours

    def clean_attribute(self) -> tuple[tuple[str, str], ...]:
        pairs = dict(text.partition(":")[::2] for text in self.cleaned_data["attribute"])
        if any(not name or not value for name, value in pairs.items()):
            raise forms.ValidationError(_("Please write an attribute as name:value, such as colour:red."))
        return tuple(sorted(pairs.items()))

    def clean(self) -> None:
        lowest, highest = self.cleaned_data.get("min_price"), self.cleaned_data.get("max_price")
        if lowest is not None and highest is not None and lowest > highest:
            self.add_error("min_price", _("The lowest price is above the highest. Please swap them."))

    @cached_property
    def product_filter(self) -> ProductFilter:
        self.full_clean()
        read = self.cleaned_data
        return ProductFilter(
            categories=read.get("category", ()),
            brands=read.get("brand", ()),
            colours=read.get("colour", ()),
            min_price=read.get("min_price"),
            max_price=read.get("max_price"),
            attributes=read.get("attribute", ()),
        )

    @property
    def price_errors(self) -> list[str]:
        return self._sentences("min_price", "max_price")

    @property
    def other_errors(self) -> list[str]:
        return self._sentences("category", "brand", "colour", "attribute")

    def _sentences(self, *names: str) -> list[str]:
        return [str(sentence) for name in names for sentence in self.errors.get(name, [])]


def read_product_filter(parameters: QueryDict) -> ProductFilter:
    """The filters of an API call. Raises InvalidRequest for the first that cannot be read."""
    if not parameters.keys() & FilterForm.base_fields.keys():
        return ProductFilter()
    form = FilterForm(parameters)
    for name, sentences in form.errors.items():
        code = "bad_price" if name in ("min_price", "max_price") else f"bad_{name}"
        raise InvalidRequest(code, str(sentences[0]))
    return form.product_filter


def whole_number(parameters: QueryDict, name: str, default: int, lowest: int, highest: int) -> int:
    """The parameter `name` between `lowest` and `highest`; raises InvalidRequest("bad_<name>")."""
    written = parameters.get(name, "")
    if not written:
        return default
    if not (written.isascii() and written.isdigit() and len(written) < 9 and lowest <= int(written) <= highest):
        sentence = _("“%(name)s” must be a whole number from %(lowest)s to %(highest)s.")
        raise InvalidRequest(f"bad_{name}", sentence % {"name": name, "lowest": lowest, "highest": highest})
    return int(written)


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """A group of choices. `name` is the parameter; a `single` group takes one of them."""

    name: str
    label: str
    choices: list[Choice]  # the foremost, MAX_CHOICES at most
    rest: list[Choice] = field(default_factory=list)  # shown when asked for
    single: bool = False

    @property
    def chosen(self) -> int:
        return sum(choice.chosen for choice in self.choices)

    @property
    def all_choices(self) -> list[Choice]:
        return sorted([*self.choices, *self.rest], key=lambda choice: choice.label.casefold())

    def supported(self) -> Facet:
        """Without the choices that would leave nothing."""
        kept = [[choice for choice in part if choice.count or choice.chosen] for part in (self.choices, self.rest)]
        return replace(self, choices=kept[0], rest=kept[1])


@dataclass(frozen=True)
class PriceBand:
    min_price: Decimal | None
    max_price: Decimal | None
    count: int
    chosen: bool


@dataclass(frozen=True)
class Proposals:
    """A few choices that narrow what was found, to be taken with one tap."""

    choices: list[tuple[Facet, Choice]]
    bands: list[PriceBand]

    def __bool__(self) -> bool:
        return bool(self.choices or self.bands)


@dataclass(frozen=True)
class Facets:
    """What can be narrowed by, given what is chosen already."""

    groups: list[Facet] = field(default_factory=list)
    bands: list[PriceBand] = field(default_factory=list)
    currency: str = ""  # of all prices; empty where there are several, or none
    several_currencies: bool = False

    @property
    def proposals(self) -> Proposals:
        """The most frequent colours and categories, and the lowest and highest prices, where none is chosen yet."""
        proposed: list[tuple[Facet, Choice]] = []
        for facet in self.groups:
            if facet.name in ("colour", "category") and not facet.chosen:
                counted = [choice for choice in facet.choices if choice.count]
                foremost = sorted(counted, key=lambda choice: -choice.count)[:PROPOSED]
                proposed += [(facet, choice) for choice in foremost if len(counted) > 1]
        bands = [band for band in self.bands if band.count]
        if len(bands) < 2 or any(band.chosen for band in bands):
            bands = []
        return Proposals(proposed, [*bands[:1], *bands[1:][-1:]])


def count_facets(products: Callable[[ProductFilter], QuerySet[Product]], chosen: ProductFilter) -> Facets:
    """The choices among `products(filters)`, each group counted as if nothing in it were chosen yet.

    The products are annotated with a boolean, `counts`: a choice that only others would bring is not offered, unless
    none counts at all. Where pictures tell colours apart, an attribute of that name gives way unless it is chosen.
    """
    colours = _colours(products(replace(chosen, colours=())), chosen)
    attributes = _attributes(products, chosen)
    if len(colours.choices) > 1:
        attributes = [facet for facet in attributes if facet.chosen or facet.label.lower() not in COLOUR_ATTRIBUTES]
    groups = [
        _categories(products(replace(chosen, categories=())), chosen),
        colours,
        _brands(products(replace(chosen, brands=())), chosen),
        *attributes[:MAX_ATTRIBUTES],
    ]
    bands, currencies = _bands(products(replace(chosen, min_price=None, max_price=None)), chosen)
    if any(choice.count for group in groups for choice in group.choices):
        groups = [group.supported() for group in groups]
    return Facets([facet for facet in groups if len(facet.choices) > 1 or facet.chosen], bands, *currencies)


COUNTED = Count("pk", filter=Q(counts=True))


def _categories(products: QuerySet[Product], chosen: ProductFilter) -> Facet:
    counts = products.order_by().values_list("category__slug", "category__name").annotate(count=COUNTED)
    choices = [Choice(slug, name, count, slug in chosen.categories) for slug, name, count in counts if slug is not None]
    below = [slug for slug in chosen.categories if slug not in {choice.value for choice in choices}]
    for category in Category.objects.filter(slug__in=below):  # a parent: its products lie in its children
        count = ProductFilter(categories=(category.slug,)).among(products).filter(Q(counts=True)).count()
        choices.append(Choice(category.slug, category.name, count, True))
    return Facet("category", gettext("Category"), *_foremost(choices))


def _brands(products: QuerySet[Product], chosen: ProductFilter) -> Facet:
    counts = dict(products.order_by().exclude(brand="").values_list("brand").annotate(count=COUNTED))
    counts |= {brand: 0 for brand in chosen.brands if brand not in counts}
    choices = [Choice(brand, brand, count, brand in chosen.brands) for brand, count in counts.items()]
    return Facet("brand", gettext("Brand"), *_foremost(choices))


def _colours(products: QuerySet[Product], chosen: ProductFilter) -> Facet:
    """In the order of COLOURS."""
    colour = Func(F("colours"), function="unnest")
    counts = dict(products.order_by().annotate(colour=colour).values_list("colour").annotate(count=COUNTED))
    choices = [
        Choice(name, str(label), counts.get(name, 0), name in chosen.colours)
        for name, label in COLOURS.items()
        if name in counts or name in chosen.colours
    ]
    return Facet("colour", gettext("Colour"), choices)


COLOUR_ATTRIBUTES = ("colour", "color", "farbe")


def _attributes(products: Callable[[ProductFilter], QuerySet[Product]], chosen: ProductFilter) -> list[Facet]:
    counts = _attribute_counts(products(chosen))
    for name, value in chosen.attributes:  # a group counts as if nothing in it were chosen
        others = tuple(pair for pair in chosen.attributes if pair != (name, value))
        freed = _attribute_counts(products(replace(chosen, attributes=others)))
        counts[name] = {value: 0} | freed.get(name, {})
    groups = []
    for name, values in counts.items():
        pairs = [(name, value) for value in values]
        if not 1 < len(values) <= 3 * MAX_CHOICES and not set(pairs) & set(chosen.attributes):
            continue  # a value of its own for every product narrows nothing
        choices = [
            Choice(f"{name}:{value}", value, count, (name, value) in chosen.attributes)
            for value, count in values.items()
        ]
        groups.append(Facet("attribute", name.replace("_", " ").capitalize(), *_foremost(choices), single=True))
    groups.sort(key=lambda facet: (-facet.chosen, -sum(choice.count for choice in facet.choices), facet.label))
    return groups


def _attribute_counts(products: QuerySet[Product]) -> dict[str, dict[str, int]]:
    """{name: {value: products}} of the attributes with a text for a value."""
    try:
        pairs = products.order_by().values("attributes", "counts")  # type: ignore[misc]
        sql, parameters = pairs.query.sql_with_params()
    except EmptyResultSet:  # Django knows that nothing passes
        return {}
    with connections[products.db].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT key, value #>> '{{}}', count(*) FILTER (WHERE counts::boolean)
            FROM ({sql}) AS product,
                 jsonb_each(CASE jsonb_typeof(attributes) WHEN 'object' THEN attributes ELSE '{{}}' END)
            WHERE jsonb_typeof(value) = 'string' AND length(value #>> '{{}}') BETWEEN 1 AND 60
            GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 500""",
            parameters,
        )
        counts: dict[str, dict[str, int]] = {}
        for name, value, count in cursor.fetchall():
            counts.setdefault(name, {})[value] = count
    return counts


def _foremost(choices: Iterable[Choice]) -> tuple[list[Choice], list[Choice]]:
    """(the most frequent and the chosen ones, the rest of MAX_LISTED), each in the order of the alphabet."""
    ordered = sorted(choices, key=lambda choice: (not choice.chosen, -choice.count, choice.label))
    first, rest = ordered[:MAX_CHOICES], ordered[MAX_CHOICES:MAX_LISTED]

    def by_label(part: list[Choice]) -> list[Choice]:
        return sorted(part, key=lambda choice: choice.label.casefold())

    return by_label(first), by_label(rest)


def _bands(products: QuerySet[Product], chosen: ProductFilter) -> tuple[list[PriceBand], tuple[str, bool]]:
    """Up to four price bands that hold about as many products each, and (the one currency, whether there are several).

    No bands where prices are in several currencies: the same number is another amount in each.
    """
    priced = Q(current_price__isnull=False)
    currencies = products.order_by().aggregate(
        first=Min("currency", filter=priced), last=Max("currency", filter=priced)
    )
    if currencies["first"] != currencies["last"] or currencies["first"] is None:
        return [], ("", currencies["first"] is not None)
    currency = currencies["first"], False
    bounds = _bounds(products.filter(Q(counts=True))) or _bounds(products)
    if not bounds:
        return [], currency
    edges = list(zip([None, *bounds], [*bounds, None], strict=True))
    counts = products.order_by().aggregate(
        **{f"band{index}": Count("pk", filter=_within(*edge)) for index, edge in enumerate(edges)},
        **{f"counted{index}": Count("pk", filter=_within(*edge) & Q(counts=True)) for index, edge in enumerate(edges)},
    )
    bands = []
    for index, (low, high) in enumerate(edges):
        top = None if high is None else high - Decimal("0.01")
        is_chosen = (chosen.min_price, chosen.max_price) == (low, top) and bool(low or top)
        if counts[f"band{index}"]:
            bands.append(PriceBand(low, top, counts[f"counted{index}"], is_chosen))
    return bands if len(bands) > 1 or any(band.chosen for band in bands) else [], currency


def _bounds(products: QuerySet[Product]) -> list[Decimal]:
    """The quartiles of the prices, rounded, each once: no outlier moves them far."""
    priced = products.order_by().filter(current_price__isnull=False).values("current_price")
    try:
        sql, parameters = priced.query.sql_with_params()
    except EmptyResultSet:  # Django knows that nothing passes
        return []
    with connections[products.db].cursor() as cursor:
        cursor.execute(
            f"""SELECT percentile_cont(ARRAY[0, .25, .5, .75, 1]) WITHIN GROUP (ORDER BY current_price)
            FROM ({sql}) AS product""",
            parameters,
        )
        (quantiles,) = cursor.fetchone()
    if quantiles is None:
        return []
    low, *quartiles, high = (Decimal(str(quantile)) for quantile in quantiles)
    return sorted({bound for bound in map(_rounded, quartiles) if low < bound <= high})


STEPS = [Decimal(step) for step in ("1", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10")]


def _rounded(price: Decimal) -> Decimal:
    """The nearest of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten."""
    if price <= 0:
        return Decimal(0)
    power = Decimal(10) ** price.adjusted()
    return min((step * power for step in STEPS), key=lambda step: abs(step - price)).quantize(Decimal("0.01"))


def _within(low: Decimal | None, high: Decimal | None) -> Q:
    condition = Q(current_price__isnull=False)
    if low is not None:
        condition &= Q(current_price__gte=low)
    return condition & Q(current_price__lt=high) if high is not None else condition


SORTS = {
    "": pgettext_lazy("sort order", "Best match"),
    "price": pgettext_lazy("sort order", "Price, lowest first"),
    "-price": pgettext_lazy("sort order", "Price, highest first"),
    "new": pgettext_lazy("sort order", "Newest first"),
}


def read_sort(parameters: QueryDict) -> str:
    sort = parameters.get("sort", "")
    if sort not in SORTS:
        raise InvalidRequest("bad_sort", _("We cannot sort by that. Please choose an order from the list."))
    return sort
