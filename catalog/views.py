"""The catalogue's pages: products by category and by words, and the thumbnails of product pictures."""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath

from django.conf import settings
from django.core.paginator import EmptyPage, Paginator
from django.db.models import F, QuerySet, Value
from django.db.models.expressions import OrderBy
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django.views.static import serve
from django_htmx.middleware import HtmxDetails

from catalog.errors import InvalidRequest
from catalog.filters import SORTS, FilterForm, ProductFilter, count_facets, read_sort, whole_number
from catalog.models import Category, Product, ProductImage
from catalog.photos.headers import SUFFIXES
from catalog.photos.thumbnails import picture_response
from catalog.text_search import find_products, suggest


class ShopRequest(HttpRequest):
    htmx: HtmxDetails


# htmx requests get a fragment of the page at the same URL: caches and the browser's history must not mix them up.
part_of_a_page = vary_on_headers("HX-Request", "HX-Target")

PER_PAGE = 24
MAX_PAGE = 10_000
MAX_FAVOURITES = 60
ORDERS: dict[str, list[OrderBy | str]] = {
    "price": [F("current_price").asc(nulls_last=True), "title", "id"],
    "-price": [F("current_price").desc(nulls_last=True), "title", "id"],
    "new": ["-created", "-id"],
}


@require_safe
@part_of_a_page
def products(request: ShopRequest) -> HttpResponse:
    """All products, or those that match ?q=: all of its words, or if there are none, some of them."""
    words = request.GET.get("q", "").strip()[:200]
    if "\0" in words:
        raise InvalidRequest("bad_q", _("We cannot read these words. Please type them again."))
    if not words:
        return _page(request, Product.objects.on_sale(), {})
    found = find_products(words)
    return _page(request, found.products, {"words": words, "found": found})


@require_safe
@cache_control(public=True, max_age=300)
@vary_on_headers("Accept-Language", "Cookie")
def suggestions(request: HttpRequest) -> HttpResponse:
    """Completions of ?q=, as the options of the search box's datalist."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    return render(request, "catalog/suggestions.html", {"words": words, "found": suggest(words)})


@require_safe
def favourites(request: HttpRequest) -> HttpResponse:
    """The products in ?sku=, in that order. The list is kept in the shopper's browser, not on the server."""
    skus = [sku for sku in request.GET.getlist("sku") if "\0" not in sku][:MAX_FAVOURITES]
    found = Product.objects.on_sale().filter(sku__in=skus).select_related("category").prefetch_related("images")
    return render(request, "catalog/favourites.html", {"products": sorted(found, key=lambda p: skus.index(p.sku))})


@require_safe
@part_of_a_page
def category(request: ShopRequest, slug: str) -> HttpResponse:
    here = get_object_or_404(Category.objects.select_related("parent"), slug=slug)
    found = ProductFilter(categories=(slug,)).among(Product.objects.on_sale())
    return _page(request, found, {"category": here, "children": here.children.all()})


@require_safe
@cache_control(public=True, max_age=3600)
def thumbnail(request: HttpRequest, pk: int, size: str) -> HttpResponseBase:
    """A picture of a product on sale."""
    return picture_response(
        request, get_object_or_404(ProductImage.objects.filter(product__is_active=True), pk=pk), size
    )


@require_safe
@never_cache
def original(request: HttpRequest, path: str) -> HttpResponseBase:
    """The uploaded file of a photo, for staff only: its metadata may contain where it was taken."""
    if not request.user.is_staff or PurePosixPath(path).suffix not in ORIGINALS:
        raise Http404
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response["Content-Type"] = ORIGINALS[PurePosixPath(path).suffix]
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; img-src 'self'"
    return response


ORIGINALS = {suffix: f"image/{format.lower()}" for format, suffix in SUFFIXES.items()}


def _page(request: ShopRequest, found: QuerySet[Product], context: dict[str, object]) -> HttpResponse:
    form, sort = FilterForm(request.GET), read_sort(request.GET)
    chosen = form.product_filter

    @cache
    def among(chosen: ProductFilter) -> QuerySet[Product]:
        return chosen.among(found).annotate(counts=Value(True))

    ordered = among(chosen).order_by(*ORDERS[sort]) if sort else among(chosen)
    pages = Paginator(ordered.select_related("category").prefetch_related("images"), PER_PAGE)
    try:
        page = pages.page(whole_number(request.GET, "page", 1, 1, MAX_PAGE))
    except EmptyPage:
        raise Http404 from None
    sorts = SORTS if context.get("words") else SORTS | {"": pgettext("sort order", "Name")}
    if not pages.count:
        context["elsewhere"] = Category.objects.filter(parent=None).order_by("name")[:12]
    context |= {"page": page, "count": pages.count, "sort": sort, "sorts": sorts.items()}
    context |= {"filters": form, "chosen": chosen}
    if request.htmx.target == "more":
        return render(request, "catalog/cards.html", context)
    context["facets"] = count_facets(among, chosen)
    if request.htmx.target == "found" and not request.htmx.history_restore_request:
        return render(request, "catalog/found.html", context, status=422 if form.errors else 200)
    return render(request, "catalog/products.html", context, status=400 if form.errors else 200)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: requests that Django cannot parse."""
    return render(request, "400.html", status=400)
