"""The admin's home page: how much of the catalogue is indexed, how many searches there are, how fast and how well they
are answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import TruncDate, TruncHour
from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django_q.brokers import get_broker

from catalog.models import Product, ProductImage
from ml.models import ModelVersion
from search.indexing import rollout
from search.models import Embedding, Judgement, PhotoPair, Query, ShopperMark

DAYS = 14
HOURS = 24
LISTED = 6
PAIRS = reverse_lazy("admin:search_photopair_changelist")

# Milliseconds of a search (decode + embed + first answer), by day in the server's time zone.
LATENCY = """
SELECT (created AT TIME ZONE %(zone)s)::date AS day,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY total), percentile_cont(0.95) WITHIN GROUP (ORDER BY total)
FROM search_query, LATERAL (SELECT sum(value::float) AS total FROM jsonb_each_text(took_ms)) AS took
WHERE created > %(since)s GROUP BY day
"""


@dataclass(frozen=True)
class Bar:
    label: str
    value: float
    percent: float  # of the highest bar
    second: float | None = None  # a second value within the bar, such as the median below the 95th percentile
    second_percent: float = 0.0


@dataclass(frozen=True)
class Chart:
    title: str
    bars: list[Bar]
    unit: str = ""
    about: str = ""

    @property
    def highest(self) -> float:
        return max((bar.value for bar in self.bars), default=0)

    @property
    def is_empty(self) -> bool:
        return not self.highest


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """DASHBOARD_CALLBACK of django-unfold; sections depend on the user's permissions."""
    context["title"] = _("Today")
    if request.user.has_perm("catalog.view_product"):
        context |= {"tiles": _tiles(), "throughput": embedded_by_hour()}
        if not request.user.has_perm("catalog.view_productimage"):
            context["tiles"] = [tile for tile in context["tiles"] if tile.get("link") != PAIRS]
    if request.user.has_perm("search.view_query"):
        context |= {
            "searches": searches_by_day(),
            "marks": marks_by_day(),
            "latency": latency_by_day(),
            "found": most_found(),
            "poor": Query.objects.filter(nothing_alike=True).defer("vector", "thumbnail")[:LISTED],
        }
    return context


def _tiles() -> list[dict[str, Any]]:
    products = reverse("admin:catalog_product_changelist")
    model = ModelVersion.objects.active()
    progress = rollout.progress(model) if model else None
    waiting = progress.total - progress.embedded if progress else ProductImage.objects.readable().count()
    failed = ProductImage.objects.broken().count()
    return [
        {
            "label": _("products on sale"),
            "value": Product.objects.on_sale().count(),
            "link": f"{products}?is_active__exact=1",
        },
        {
            "label": _("photos ready"),
            "value": progress.embedded if progress else 0,
            "link": f"{products}?indexing_status=ready",
        },
        {
            "label": _("photos waiting"),
            "value": waiting,
            "link": f"{products}?indexing_status=waiting",
            "state": waiting and "waiting",
        },
        {
            "label": _("photos failed"),
            "value": failed,
            "link": f"{products}?indexing_status=failed",
            "state": failed and "failed",
        },
        {
            "label": _("pairs of photos to look at"),
            "value": PhotoPair.objects.shown(model).open().count(),
            "link": PAIRS,
        },
        {"label": _("tasks in the queue"), "value": get_broker().queue_size()},
    ]


def embedded_by_hour() -> Chart:
    """Photos embedded in each of the last HOURS hours."""
    now = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    hours = [now - timedelta(hours=back) for back in reversed(range(HOURS))]
    rows = (
        Embedding.objects.filter(created__gte=hours[0])
        .annotate(hour=TruncHour("created"))
        .values_list("hour")
        .annotate(count=Count("image"))
    )
    counts: dict[datetime, int] = dict(rows)
    return Chart(
        _("Photos embedded, by hour"), _bars([(date_format(hour, "H"), counts.get(hour, 0), None) for hour in hours])
    )


def searches_by_day() -> Chart:
    """All searches of each day, and those with a good match."""
    rows = Query.objects.filter(created__gte=_since()).annotate(day=TruncDate("created")).order_by().values_list("day")
    good = ~Q(nothing_alike=True)
    counts: dict[date, tuple[int, int]] = {
        day: (every, well) for day, every, well in rows.annotate(every=Count("pk"), well=Count("pk", filter=good))
    }
    return Chart(
        _("Searches, by day"),
        _bars([(_short(day), *counts.get(day, (0, None))) for day in _days()]),
        about=_("Dark: something like it was found. Light: all searches."),
    )


def marks_by_day() -> Chart:
    """Shoppers' marks of each day, and those that say "right"."""
    rows = ShopperMark.objects.filter(created__gte=_since()).annotate(day=TruncDate("created")).values_list("day")
    right = Q(verdict=Judgement.Verdict.RIGHT)
    counts: dict[date, tuple[int, int]] = {
        day: (every, well) for day, every, well in rows.annotate(every=Count("pk"), well=Count("pk", filter=right))
    }
    return Chart(
        _("Shoppers' marks, by day"),
        _bars([(_short(day), *counts.get(day, (0, None))) for day in _days()]),
        about=_("Dark: marked as right. Light: all marks."),
    )


def latency_by_day() -> Chart:
    """95th percentile and median of each day."""
    with connection.cursor() as cursor:
        cursor.execute(LATENCY, {"zone": timezone.get_current_timezone_name(), "since": _since()})
        found = {day: (p50, p95) for day, p50, p95 in cursor.fetchall()}
    values = [(_short(day), *reversed(found.get(day, (None, 0.0)))) for day in _days()]
    return Chart(
        _("How long a search takes, by day"),
        _bars(values),
        _("ms"),
        _("Dark: half of the searches are faster. Light: 95 of 100 are."),
    )


def most_found() -> list[tuple[Product, int]]:
    """The products that came first most often in the last DAYS days."""
    first = Query.objects.filter(created__gte=_since()).exclude(best_product=None).order_by()
    counts = dict(
        first.values_list("best_product").annotate(count=Count("pk")).order_by("-count", "best_product")[:LISTED]
    )
    products = Product.objects.prefetch_related("images").in_bulk(list(counts))
    return [(products[pk], count) for pk, count in counts.items() if pk in products]


def _bars(values: list[tuple[str, float, float | None]]) -> list[Bar]:
    highest = max((value for _label, value, _second in values), default=0) or 1
    return [
        Bar(label, value, 100 * value / highest, second, 100 * (second or 0) / highest)
        for label, value, second in values
    ]


def _days() -> list[date]:
    return [timezone.localdate() - timedelta(days=back) for back in reversed(range(DAYS))]


def _since() -> datetime:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=DAYS - 1)


def _short(day: date) -> str:
    return date_format(day, "j. N") if day.day == 1 else str(day.day)
