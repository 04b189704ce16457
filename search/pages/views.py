"""The shop's pages for search by photo."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from PIL import Image

from catalog.errors import InvalidRequest, RequestError
from catalog.filters import SORTS, FilterForm, ProductFilter, read_sort, whole_number
from catalog.http_client import FetchError
from catalog.models import Availability, Category, Product, ProductImage
from catalog.photos.fetch import fetch_public
from catalog.text_search import refine
from catalog.views import ShopRequest, part_of_a_page
from ml.images import WHOLE, Crop, UnreadablePhoto
from ml.objects import propose_boxes
from search import explain
from search.chosen_item import choose_item
from search.indexing.status import indexing_progress
from search.models import Query, QueryPhoto
from search.parameters import MAX_PHOTOS, check_content_length, read_crops, read_photos_of_request
from search.query import (
    MOST,
    PER_PAGE,
    NoSuchPage,
    Result,
    change_photos,
    facets,
    read_query,
    related_products,
    search,
    written,
)
from search.rate_limits import ExplanationRate, MarkRate, SearchRate, check_rate

SIMILAR = 10
HOME_CATEGORIES = 24
FETCH_TIMEOUT = 8.0  # seconds; the shopper waits meanwhile


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return home_page(request)


@csrf_exempt  # changes nothing for anybody, and so shoppers need no cookie
@require_http_methods(["GET", "POST"])
def search_by_photo(request: HttpRequest) -> HttpResponse:
    """Embed the photo and redirect (303) to its results; requests with Accept: application/json get the URL as JSON.

    Instead of `image`: `query`, the photo of an earlier search, with another `crop`; or `example`, one of the example
    photos. An earlier search by several photos is changed as in `_with_changed_photos`.
    """
    if request.method == "GET":
        return redirect("home")
    check_rate(SearchRate, request)
    check_content_length(request)
    query = _with_changed_photos(request.POST)
    if query is None:
        photos, crops = _photos(request), read_crops(request.POST)
        query = read_query(photos, crops, Query.Source.PAGE)
        if len(photos) == 1 and not any(crops):
            choose_item(query)
    if not query.store():  # the results page, which reads the query, would be a 404
        sentence = _("We cannot search by photo at the moment. Please try again later, or browse the shop.")
        raise RequestError("no_space", sentence, status=503)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"query": str(query.pk), "url": reverse("results", args=[query.pk])})
    return HttpResponse(status=303, headers={"Location": reverse("results", args=[query.pk])})


@require_safe
@part_of_a_page
def results(request: ShopRequest, pk: UUID) -> HttpResponse:
    """The products similar to the photo of a stored search. Filters apply to the whole shop: every request searches
    again.
    """
    query = Query.objects.select_related("model").filter(pk=pk).first()
    if query is None:
        return render(request, "search/gone.html", status=404)
    form, sort = FilterForm(request.GET), read_sort(request.GET)
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    product_filter = _with_words(form.product_filter, words)
    try:
        page = search(query, product_filter, whole_number(request.GET, "page", 1, 1, MOST // PER_PAGE), sort)
    except NoSuchPage:
        raise Http404 from None
    more = request.htmx.target == "more"
    context = {
        "query": query,
        "model": query.model,
        "results": page.results,
        "count": page.count,
        "alike": page.alike,
        "tail": _by_kind(page.tail),
        "preparing": indexing_progress(query.model),
        "most": page.is_cut_off,
        "page": page.number,
        "next_page": page.next,
        "filters": form,
        "chosen": product_filter,
        "words": words,
        "sort": sort,
        "sorts": SORTS.items(),
        "marks": dict(query.shopper_marks.values_list("product_id", "verdict")),
    }
    if more:
        return render(request, "search/cards.html", context)
    context["facets"] = facets(query, product_filter, page.ranking)
    if request.htmx.target == "found" and not request.htmx.history_restore_request:
        return render(request, "search/found.html", context, status=422 if form.errors else 200)
    context |= _asked(request, query)
    return render(request, "search/results.html", context, status=400 if form.errors else 200)


@require_safe
@cache_control(private=True, max_age=3600)
def query_photo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The thumbnail of a stored search."""
    photo = _photo(request, get_object_or_404(Query.objects.only("thumbnail", "crop"), pk=pk))
    return HttpResponse(bytes(photo.thumbnail), content_type="image/jpeg")


@require_safe
@part_of_a_page
@cache_control(private=True, max_age=3600)
def boxes(request: ShopRequest, pk: UUID) -> HttpResponse:
    """The likely items in the photo, to choose one: a fragment of the results page, or a page of its own without
    JavaScript.
    """
    check_rate(ExplanationRate, request)
    query = get_object_or_404(Query.objects.select_related("model"), pk=pk)
    asked = _photo(request, query)
    photo = Image.open(BytesIO(bytes(asked.thumbnail))).convert("RGB")
    crops = propose_boxes(photo)
    if crops or asked.crop:
        crops.append(WHOLE)
    context = {
        "query": query,
        "asked": asked,
        "boxes": [_box(crop, photo.size) for crop in crops],
        "width": photo.width,
        "height": photo.height,
    }
    return render(request, "search/boxes.html" if request.htmx else "search/boxes_page.html", context)


@require_safe
@part_of_a_page
@cache_control(private=True, max_age=3600)
def why(request: ShopRequest, pk: UUID, image_pk: int) -> HttpResponse:
    """Which regions of the photo and the product's picture made them similar: a dialog, or a page of its own without
    JavaScript.
    """
    check_rate(ExplanationRate, request)
    query = get_object_or_404(Query.objects.select_related("model"), pk=pk)
    on_sale = ProductImage.objects.filter(product__is_active=True).select_related("product")
    image = get_object_or_404(on_sale, pk=image_pk)
    try:
        ours, theirs = explain.overlays(query, image)
    except UnreadablePhoto:
        raise Http404 from None
    context = {
        "query": query,
        "image": image,
        "ours": _data_url(ours),
        "our_size": ours.size,
        "theirs": _data_url(theirs),
        "their_size": theirs.size,
    }
    return render(request, "search/why.html" if request.htmx else "search/why_page.html", context)


@csrf_exempt  # anonymous, as the search itself: whoever has the link may mark its results
@require_POST
def mark(request: HttpRequest, pk: UUID, product_pk: int) -> HttpResponse:
    """A shopper's mark on a result, right or wrong; the same mark again removes it."""
    check_rate(MarkRate, request)
    query = get_object_or_404(Query.objects.only("pk"), pk=pk)
    marked = get_object_or_404(Product.objects.on_sale(), pk=product_pk)
    verdict = query.mark_by_shopper(marked, request.POST.get("verdict", ""))
    if request.headers.get("HX-Request"):
        return render(
            request, "search/mark.html", {"query": query, "product": marked, "verdict": verdict, "said": True}
        )
    filters = request.POST.copy()  # the form around the results contains the filters
    filters.pop("verdict", None)
    chosen = urlencode([(name, value) for name, values in filters.lists() for value in values if value])
    address = reverse("results", args=[query.pk])
    return redirect(f"{address}?{chosen}#result-{marked.pk}" if chosen else f"{address}#result-{marked.pk}")


@require_safe
def product(request: HttpRequest, sku: str) -> HttpResponse:
    shown = get_object_or_404(
        Product.objects.on_sale().with_sku(sku).select_related("category__parent").prefetch_related("images")
    )
    images = [image for image in shown.images.all() if not image.error]
    facts = shown.attributes if isinstance(shown.attributes, dict) else {}
    named = [(name.replace("_", " ").capitalize(), value) for name, value in facts.items()]
    context = {
        "product": shown,
        "images": images,
        "similar": related_products(shown, SIMILAR),
        "attributes": [(name, value) for name, value in named if isinstance(value, str | int | float)],
        "options": [(name, values) for name, values in named if isinstance(values, list) and values],
        "facts": _schema_org(request, shown, images),
    }
    return render(request, "search/product.html", context)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "search/privacy.html", {"days": ceil(settings.QUERY_RETENTION_HOURS / 24)})


@require_safe
@cache_control(public=True, max_age=3600)
def embed(request: HttpRequest) -> HttpResponse:
    """A script that adds a search-by-photo button to a page of another site: docs/embedding.md."""
    words = {}
    for code, _name in settings.LANGUAGES:
        with override(code):
            words[code] = _("Search by photo")
    context = {"origin": request.build_absolute_uri("/").rstrip("/"), "words": json.dumps(words)}
    return render(request, "search/embed.js", context, content_type="text/javascript")


@require_safe
@cache_control(public=True, max_age=86400)
def example_photo(request: HttpRequest, name: str) -> HttpResponse:
    """One of the example photos, read from disk."""
    return HttpResponse(_example(name).read_bytes(), content_type="image/jpeg")


def example_photos() -> list[str]:
    """Names of up to MAX_EXAMPLES photos of products in the catalogue that are not catalogue pictures themselves."""
    folder = settings.EXAMPLE_PHOTOS_DIR
    names = sorted(path.name for path in folder.glob("*.jpg")) if folder else []
    step = max(1, len(names) // MAX_EXAMPLES)  # names start with the kind of product: take some of each
    return names[::step][:MAX_EXAMPLES]


MAX_EXAMPLES = 6


def _example(name: str) -> Path:
    folder = settings.EXAMPLE_PHOTOS_DIR
    if folder is None or name not in example_photos():
        raise Http404
    return folder / name


def _photos(request: HttpRequest) -> Sequence[bytes | Path | BinaryIO]:
    if name := request.POST.get("example"):
        return [_example(name)]
    if earlier := request.POST.get("query"):
        return [bytes(_earlier_search(earlier).thumbnail)]
    if picture := request.POST.get("picture"):
        return [_catalogue_picture(picture)]
    if (address := request.POST.get("address", "").strip()) and not request.FILES:
        return [_picture_at(address)]
    return read_photos_of_request(request.FILES)


def _catalogue_picture(pk: str) -> bytes:
    """The file of a product's picture."""
    image = (
        ProductImage.objects.filter(product__is_active=True, pk=pk).first() if pk.isdecimal() and len(pk) < 19 else None
    )
    try:
        if image is None:
            raise FileNotFoundError(pk)
        with image.file.open() as file:
            return file.read()
    except FileNotFoundError:
        sentence = _("This picture is no longer in the shop. Please choose another one.")
        raise RequestError("picture_gone", sentence, status=404) from None


def _picture_at(address: str) -> bytes:
    """The picture at a public URL. Raises RequestError if there is none or if it may not be fetched."""
    try:
        return fetch_public(address, settings.PHOTO_MAX_BYTES, FETCH_TIMEOUT)
    except FetchError as error:
        way_out = _("Save the picture on your device and choose it here.")
        raise RequestError("unfetchable", f"{error} {way_out}", status=422) from None


def _photo(request: HttpRequest, query: Query) -> Query | QueryPhoto:
    """The photo number `photo` (from 0) of a search; without `photo`, the first that is searched for."""
    if "photo" not in request.GET:
        return query
    return get_object_or_404(query.photos, position=whole_number(request.GET, "photo", 0, 0, MAX_PHOTOS - 1))


def _asked(request: HttpRequest, query: Query) -> dict[str, object]:
    """Context of the query: the photo to crop, and all photos if there are several."""
    photos = list(query.photos.all())
    shown: Query | QueryPhoto = query
    if photos:
        number = whole_number(request.GET, "photo", 0, 0, MAX_PHOTOS - 1)
        searched = next(photo for photo in photos if photo.is_searched)
        shown = photos[number] if "photo" in request.GET and number < len(photos) else searched
    width, height = Image.open(BytesIO(bytes(shown.thumbnail))).size
    items: dict[int, QueryPhoto] = {}
    for photo in photos:
        items.setdefault(photo.item, photo)
    return {
        "asked": shown,
        "whole": not shown.crop or Crop.parse(shown.crop) == WHOLE,
        "width": width,
        "height": height,
        "photos": [{"photo": photo, **_region(photo)} for photo in photos],
        "other_items": [{"photo": photo, **_region(photo)} for photo in items.values() if not photo.is_searched],
        "items": len(items),
    }


def _region(photo: QueryPhoto) -> dict[str, object]:
    """The searched crop of a photo, to draw it."""
    size = Image.open(BytesIO(bytes(photo.thumbnail))).size
    return {**_box(Crop.parse(photo.crop) if photo.crop else WHOLE, size), "width": size[0], "height": size[1]}


def _with_changed_photos(parameters: QueryDict) -> Query | None:
    """The search by several photos named by `query`, changed: without the photo `remove`; for the photos of an `item`;
    for all of them `together`; or with another `crop` of the photo number `photo`. None where it has one photo.
    """
    if not (pk := parameters.get("query")):
        return None
    query = _earlier_search(pk)
    photos = list(query.photos.all())
    if not photos:
        return None
    last = len(photos) - 1
    if "remove" in parameters:
        del photos[whole_number(parameters, "remove", 0, 0, last)]
        if not any(photo.is_searched for photo in photos):
            _search_for(photos[0].item, photos)
        return change_photos(query, photos)
    if "item" in parameters:
        item = whole_number(parameters, "item", 0, 0, last)
        if item not in {photo.item for photo in photos}:
            raise InvalidRequest("bad_item", _("This item is not among your photos. Please choose another."))
        _search_for(item, photos)
        return change_photos(query, photos)
    if "together" in parameters:
        for photo in photos:
            photo.item, photo.is_searched = 0, True
        return change_photos(query, photos)
    first = next(number for number, photo in enumerate(photos) if photo.is_searched)
    changed = photos[whole_number(parameters, "photo", first, 0, last)]
    crop = next(iter(read_crops(parameters)), None)
    changed.crop = "" if crop == WHOLE else written(crop)
    for photo in photos:
        photo.is_searched = photo is changed
    return change_photos(query, photos, tell_items=True)


def _search_for(item: int, photos: list[QueryPhoto]) -> None:
    for photo in photos:
        photo.is_searched = photo.item == item


def _earlier_search(pk: str) -> Query:
    try:
        return Query.objects.get(pk=pk)
    except (Query.DoesNotExist, ValidationError):
        sentence = _("This search has expired. Please choose your photo again.")
        raise RequestError("query_expired", sentence, status=404) from None


def _box(crop: Crop, size: tuple[int, int]) -> dict[str, object]:
    left, top, right, bottom = crop.box(*size)
    return {
        "crop": written(crop),
        "view": f"{left:.0f} {top:.0f} {right - left:.0f} {bottom - top:.0f}",
        "whole": crop == WHOLE,
        "x": round(100 * (crop.x + crop.width / 2), 1),
        "y": round(100 * (crop.y + crop.height / 2), 1),
    }


def _data_url(picture: Image.Image) -> str:
    file = BytesIO()
    picture.save(file, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{b64encode(file.getvalue()).decode()}"


def home_page(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    """The home page; `problem` is a message beside the photo form."""
    on_sale = Product.objects.on_sale()
    categories = (
        Category.objects.select_related("parent")
        .annotate(count=Count("products", filter=Q(products__is_active=True)))
        .filter(count__gt=0)
        .order_by("name")[:HOME_CATEGORIES]
    )
    newest = on_sale.select_related("category").prefetch_related("images").order_by("-created", "-id")[:10]
    context = {
        "problem": problem,
        "categories": _with_pictures(list(categories)),
        "newest": newest,
        "examples": example_photos(),
    }
    return render(request, "search/home.html", context, status=status)


def _with_pictures(categories: list[Category]) -> list[dict[str, object]]:
    """Each category with the lead photo of one of its products, grouped by department; the largest
    departments first.
    """
    pictures = (
        ProductImage.objects.readable()
        .filter(product__category__in=categories, product__is_active=True)
        .order_by("product__category_id", "position", "product_id")
        .distinct("product__category_id")
        .select_related("product")
    )
    by_category = {image.product.category_id: image for image in pictures}
    sizes: Counter[int | None] = Counter()
    for category in categories:
        sizes[category.parent_id] += 1
    ordered = sorted(categories, key=lambda category: (-sizes[category.parent_id], category.parent_id or 0))
    return [
        {"category": category, "department": category.parent, "image": by_category.get(category.pk)}
        for category in ordered
    ]


def _with_words(product_filter: ProductFilter, text: str) -> ProductFilter:
    """The filter restricted by the words beside the photo. Price limits in the words do not
    override those of the form.
    """
    refined = refine(text)
    return replace(
        product_filter,
        words=refined.words,
        min_price=refined.min_price if product_filter.min_price is None else product_filter.min_price,
        max_price=refined.max_price if product_filter.max_price is None else product_filter.max_price,
    )


def _by_kind(results: list[Result]) -> list[tuple[Category | None, list[Result]]]:
    """The results grouped by category, groups in the order of their best result."""
    groups: dict[Category | None, list[Result]] = {}
    for result in results:
        groups.setdefault(result.product.category, []).append(result)
    return list(groups.items())


SCHEMA_ORG = {
    Availability.IN_STOCK: "https://schema.org/InStock",
    Availability.OUT_OF_STOCK: "https://schema.org/OutOfStock",
    Availability.PREORDER: "https://schema.org/PreOrder",
    Availability.BACKORDER: "https://schema.org/BackOrder",
}


def _schema_org(request: HttpRequest, product: Product, images: list[ProductImage]) -> dict[str, object]:
    """https://schema.org/Product, for search engines."""
    facts: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.title,
        "sku": product.sku,
        "url": request.build_absolute_uri(),
        "image": [request.build_absolute_uri(image.picture_url()) for image in images],
    }
    if product.description:
        facts["description"] = product.description
    if product.brand:
        facts["brand"] = {"@type": "Brand", "name": product.brand}
    if product.price is not None:
        price = product.sale_price if product.is_reduced else product.price
        facts["offers"] = {
            "@type": "Offer",
            "price": str(price),
            "priceCurrency": product.currency,
            "url": product.url or request.build_absolute_uri(),
            **({"availability": SCHEMA_ORG[Availability(product.availability)]} if product.availability else {}),
        }
    return facts
