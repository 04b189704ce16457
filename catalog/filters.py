"""What shoppers narrow the catalogue by: filters read from a request, and the choices to offer with their counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from catalog.errors import InvalidRequest
from catalog.models import Category, Product

MAX_CHOICES = 12  # per group; the chosen ones always show
MAX_ATTRIBUTES = 4
LIMIT_OF_PRICE = Decimal(10) ** 10  # numeric(12, 2)


@dataclass(frozen=True)
class ProductFilter:
    """The filters of one request. Empty parts let everything pass."""

    categories: tuple[str, ...] = ()  # slugs; everything below them is meant as well
    brands: tuple[str, ...] = ()
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    attributes: tuple[tuple[str, str], ...] = ()  # (name, value): all must hold

    @property
    def has_price(self) -> bool:
        return self.min_price is not None or self.max_price is not None

    def __len__(self) -> int:
        """How many filters are chosen."""
        return len(self.categories) + len(self.brands) + len(self.attributes) + self.has_price

    def category_ids(self) -> list[int]:
        return Category.objects.with_descendants(list(self.categories)) if self.categories else []

    def among(self, products: QuerySet[Product]) -> QuerySet[Product]:
        """Those of `products` that pass."""
        conditions = Q()
        if self.categories:
            conditions &= Q(category__in=self.category_ids())
        if self.brands:
            conditions &= Q(brand__in=self.brands)
        if self.min_price is not None:
            conditions &= Q(price__gte=self.min_price)
        if self.max_price is not None:
            conditions &= Q(price__lte=self.max_price)
        if self.attributes:
            conditions &= Q(attributes__contains=dict(self.attributes))
        return products.filter(conditions)


def read_product_filter(parameters: QueryDict) -> ProductFilter:
    """Read category, brand, min_price, max_price and attribute (as "name:value"). Raises InvalidRequest."""
    slugs = texts(parameters, "category")
    known = set(Category.objects.filter(slug__in=slugs).values_list("slug", flat=True)) if slugs else set()
    for slug in slugs:
        if slug not in known:
            raise InvalidRequest(
                "bad_category", _("There is no category “%(slug)s”. Please choose another.") % {"slug": slug}
            )
    attributes = dict(attribute.partition(":")[::2] for attribute in texts(parameters, "attribute"))
    if any(not name or not value for name, value in attributes.items()):
        raise InvalidRequest("bad_attribute", _("Please write an attribute as name:value, such as colour:red."))
    cheapest, dearest = price(parameters, "min_price"), price(parameters, "max_price")
    if cheapest is not None and dearest is not None and cheapest > dearest:
        raise InvalidRequest("bad_price", _("The lowest price is above the highest. Please swap them."))
    return ProductFilter(slugs, texts(parameters, "brand"), cheapest, dearest, tuple(sorted(attributes.items())))


def texts(parameters: QueryDict, name: str) -> tuple[str, ...]:
    """The values of a repeatable parameter, each once, empty ones left out."""
    values = tuple(dict.fromkeys(value for value in parameters.getlist(name) if value))
    if any("\0" in value or len(value) > 200 for value in values) or len(values) > 50:
        raise InvalidRequest(f"bad_{name}", _("We cannot read these filters. Please choose them again."))
    return values


def price(parameters: QueryDict, name: str) -> Decimal | None:
    written = parameters.get(name, "").strip().replace(",", ".")
    if not written:
        return None
    try:
        value = Decimal(written)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value < LIMIT_OF_PRICE:
        raise InvalidRequest("bad_price", _("Please write a price as a number, such as 19.90."))
    return value.quantize(Decimal("0.01"))


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
    choices: list[Choice]
    single: bool = False

    @property
    def chosen(self) -> int:
        return sum(choice.chosen for choice in self.choices)


@dataclass(frozen=True)
class PriceBand:
    min_price: Decimal | None
    max_price: Decimal | None
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facets:
    """What can be narrowed by, given what is chosen already."""

    groups: list[Facet] = field(default_factory=list)
    bands: list[PriceBand] = field(default_factory=list)
    currency: str = ""  # of all prices; empty where there are several


def count_facets(products: Callable[[ProductFilter], QuerySet[Product]], chosen: ProductFilter) -> Facets:
    """The choices among `products(filters)`, each group counted as if nothing in it were chosen yet.

    The products are annotated with a boolean, `counts`: a choice that only others would bring is offered, with 0.
    """
    groups = [
        _categories(products(replace(chosen, categories=())), chosen),
        _brands(products(replace(chosen, brands=())), chosen),
        *_attributes(products, chosen),
    ]
    bands, currency = _bands(products(replace(chosen, min_price=None, max_price=None)), chosen)
    return Facets([facet for facet in groups if len(facet.choices) > 1 or facet.chosen], bands, currency)


COUNTED = Count("pk", filter=Q(counts=True))


def _categories(products: QuerySet[Product], chosen: ProductFilter) -> Facet:
    counts = products.order_by().values_list("category__slug", "category__name").annotate(count=COUNTED)
    choices = [Choice(slug, name, count, slug in chosen.categories) for slug, name, count in counts if slug is not None]
    below = [slug for slug in chosen.categories if slug not in {choice.value for choice in choices}]
    for category in Category.objects.filter(slug__in=below):  # a parent: its products lie in its children
        count = ProductFilter(categories=(category.slug,)).among(products).filter(Q(counts=True)).count()
        choices.append(Choice(category.slug, category.name, count, True))
    return Facet("category", gettext("Category"), _foremost(choices))


def _brands(products: QuerySet[Product], chosen: ProductFilter) -> Facet:
    counts = dict(products.order_by().exclude(brand="").values_list("brand").annotate(count=COUNTED))
    counts |= {brand: 0 for brand in chosen.brands if brand not in counts}
    choices = [Choice(brand, brand, count, brand in chosen.brands) for brand, count in counts.items()]
    return Facet("brand", gettext("Brand"), _foremost(choices))


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
        groups.append(Facet("attribute", name.replace("_", " ").capitalize(), _foremost(choices), single=True))
    groups.sort(key=lambda facet: (-facet.chosen, -sum(choice.count for choice in facet.choices), facet.label))
    return groups[:MAX_ATTRIBUTES]


def _attribute_counts(products: QuerySet[Product]) -> dict[str, dict[str, int]]:
    """{name: {value: products}} of the attributes with a text for a value."""
    try:
        pairs = products.order_by().values("attributes", "counts")  # type: ignore[misc]
        sql, parameters = pairs.query.sql_with_params()
    except EmptyResultSet:  # Django knows that nothing passes
        return {}
    with connection.cursor() as cursor:
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


def _foremost(choices: Iterable[Choice]) -> list[Choice]:
    """The most frequent, in the order of the alphabet; the chosen ones in any case."""
    ordered = sorted(choices, key=lambda choice: (not choice.chosen, -choice.count, choice.label))
    return sorted(ordered[:MAX_CHOICES], key=lambda choice: choice.label.casefold())


def _bands(products: QuerySet[Product], chosen: ProductFilter) -> tuple[list[PriceBand], str]:
    """Up to four price bands with round bounds between the cheapest and the dearest product, and the one currency."""
    priced = Q(price__isnull=False)
    ends = products.order_by().aggregate(
        low=Min("price"), high=Max("price"),
        first=Min("currency", filter=priced), last=Max("currency", filter=priced),
    )  # fmt: skip
    currency = ends["first"] or "" if ends["first"] == ends["last"] else ""
    if ends["low"] is None or ends["low"] == ends["high"]:
        return [], currency
    bounds = _round_bounds(ends["low"], ends["high"])
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


def _within(low: Decimal | None, high: Decimal | None) -> Q:
    condition = Q(price__isnull=False)
    if low is not None:
        condition &= Q(price__gte=low)
    return condition & Q(price__lt=high) if high is not None else condition


ROUND_BOUNDS = [Decimal(step) * 10**power for power in range(8) for step in (1, 2, 5)]


def _round_bounds(low: Decimal, high: Decimal) -> list[Decimal]:
    """Three bounds at most, of 1, 2, 5, 10, 20, 50..., spread over the range."""
    between = [bound for bound in ROUND_BOUNDS if low < bound <= high]
    if len(between) <= 3:
        return between
    return between[-3:]


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
