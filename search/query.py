"""A search from photo to products, for pages, API, admin and command line: `create_query`, then `search`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from catalog.errors import RequestError
from catalog.filters import Facets, ProductFilter, count_facets
from catalog.models import Category, Product, ProductImage
from catalog.photos.decoders import decoded_photo
from catalog.photos.decoding import Thumbnail, View
from ml.blank import shows_something
from ml.images import WHOLE, Crop, model_input, read_photo
from ml.models import ModelVersion, forget_serving
from ml.verdict import COHORT, Likelihood
from search.knn import Match
from search.models import Embedding, Query, QueryPhoto
from search.several_photos import mean_direction, tell_apart

THUMBNAIL_SIDE = 400  # pixels; enough to display, to crop and to embed again under the next model
THUMBNAIL = Thumbnail(THUMBNAIL_SIDE, quality=75)
DECODER_PATIENCE = 5.0  # seconds to wait for a free decoder process before the request is answered with 503


class NothingToSee(RequestError):
    """The photo is blank, dark or noise."""

    def __init__(self) -> None:
        sentence = _(
            "We cannot see an item in this photo. If it is dark or blurred, please take another, nearer and with light."
        )
        super().__init__("nothing_to_see", sentence, status=422)


class NoActiveModel(RequestError):
    """No model is active, so nothing can be searched. Run `manage.py activate_model VERSION`."""

    def __init__(self) -> None:
        super().__init__("no_model", _("Searching by photo is being set up. Please try again later."), status=503)


CLOSEST = 240  # products ranked for a page, similar or not
MOST = 1200  # similar products listed at most; every page of the list ranks all of them
PER_PAGE = 24
ANSWER = 1 + COHORT  # scores that likelihoods are computed from
TAIL = 12  # products below the list that are probably not similar


@dataclass(frozen=True)
class Ranking:
    """All products worth listing for a search, best first."""

    alike: list[Match]  # probably the product in the photo or of its kind (Likelihood.is_alike)
    others: list[Match]  # the next closest; empty if CLOSEST or more are alike
    whole: bool  # whether these are all products that pass the filter
    likely: dict[int, Likelihood]  # by photo id; empty under a model without calibration

    @property
    def matches(self) -> list[Match]:
        return [*self.alike, *self.others]


@dataclass(frozen=True)
class Result:
    score: float  # cosine, -1..1
    product: Product  # its category is loaded
    image: ProductImage  # its best view
    likelihood: Likelihood | None = None  # None under a model without calibration

    @property
    def probability(self) -> float | None:
        """Probability that this is the product in the photo, 0..1."""
        return round(self.likelihood.product, 3) if self.likelihood else None


@dataclass(frozen=True)
class Page:
    """One page of the results."""

    number: int
    results: list[Result]  # alike
    tail: list[Result]  # on the last page: the closest TAIL of the products that are not alike
    ranking: Ranking
    next: int | None  # number of the next page

    @property
    def alike(self) -> int:
        return len(self.ranking.alike)

    @property
    def count(self) -> int:
        """Number of products that facets are counted among."""
        return len(self.ranking.matches)

    @property
    def is_cut_off(self) -> bool:
        """The list ends at MOST although more products are similar."""
        return self.alike == MOST


class NoSuchPage(LookupError):
    """The list ends before this page."""


def active_model() -> ModelVersion:
    """The model that serves searches. Raises NoActiveModel."""
    model = ModelVersion.objects.serving()
    if model is None:
        raise NoActiveModel
    return model


def search(query: Query, product_filter: ProductFilter | None = None, page: int = 1, sort: str = "") -> Page:
    """One page of the products similar to the query; the last page also has a short tail of the next closest. Nothing
    is embedded.

    One ANN query, filtered or not; a second one only if all CLOSEST products are alike. `sort`: one of
    catalog.filters.SORTS. Raises NoSuchPage, and NoActiveModel.
    """
    reembed_if_stale(query)
    ranking = rank(query, product_filter)
    start, end = (page - 1) * PER_PAGE, page * PER_PAGE
    if start and start >= len(ranking.alike):
        raise NoSuchPage
    is_last = end >= len(ranking.alike)
    return Page(
        number=page,
        results=load(_sorted(ranking.alike, sort)[start:end], ranking.likely),
        tail=load(ranking.others[:TAIL]) if is_last else [],
        ranking=ranking,
        next=None if is_last else page + 1,
    )


def facets(query: Query, product_filter: ProductFilter, ranking: Ranking) -> Facets:
    """Facets of `ranking`, the result of `product_filter`, with the number of similar products for each choice.

    A group with a chosen value is counted as if nothing in it were chosen; that takes one more ANN query for each such
    group (docs/decisions/counts-of-choices.md).
    """

    @cache
    def products(relaxed: ProductFilter) -> QuerySet[Product]:
        found = ranking if relaxed == product_filter else rank(query, relaxed)
        alike = Q(pk__in=[match.product_id for match in found.alike])
        return Product.objects.filter(pk__in=[match.product_id for match in found.matches]).annotate(counts=alike)

    return count_facets(products, product_filter)


def create_query(
    photos: Sequence[bytes | Path | BinaryIO],
    crops: Sequence[Crop | None] = (),
    source: Query.Source = Query.Source.PAGE,
    *,
    together: bool = False,
) -> Query:
    """Embed the photos of one item and store a Query: their vector, and a thumbnail of each photo.

    crops: one for each photo; None or missing means the whole photo. The embeddings of several photos of one item are
    averaged, which improves the result. Photos of different items are recognised, and only those of the first photo's
    item are searched for, unless `together`.

    Raises UnreadablePhoto, NothingToSee and NoActiveModel. If the database cannot write, the query is not stored, but
    can be answered.
    """
    query = read_query(photos, crops, source, together=together)
    query.store()
    return query


def read_query(
    photos: Sequence[bytes | Path | BinaryIO],
    crops: Sequence[Crop | None],
    source: Query.Source,
    *,
    together: bool = False,
) -> Query:
    """As create_query, but not stored: the API answers first, and stores the query and its answer in one statement."""
    model = active_model()
    embedder = model.embedder()
    started = time.perf_counter()
    crops = [*crops, *[None] * len(photos)][: len(photos)]
    limits: Any = {
        "max_bytes": settings.PHOTO_MAX_BYTES,
        "max_pixels": settings.PHOTO_MAX_PIXELS,
        "patience": DECODER_PATIENCE,
        "thumbnail": THUMBNAIL,
    }
    squares = [View(crop or WHOLE, embedder.input_size, fitted=True) for crop in crops]
    further, thumbnails = [], []
    for photo, square in zip(photos[1:], squares[1:], strict=True):
        with decoded_photo(photo, **limits, views=[square]) as decoded:
            further.append(decoded.views)
            thumbnails.append(decoded.thumbnail())
    with decoded_photo(photos[0], **limits, views=squares[:1]) as decoded:
        pixels = np.stack([np.asarray(picture) for ((picture, _part),) in (decoded.views, *further)])
        decoded_at = time.perf_counter()
        seen = any(shows_something(view) for view in pixels)
        vectors = embedder.embed(pixels) if seen else None
        embedded = time.perf_counter()
        thumbnails.insert(0, decoded.thumbnail())
    if vectors is None:
        raise NothingToSee
    items = [0] * len(vectors) if together else tell_apart(vectors, model)
    kept = [
        QueryPhoto(thumbnail=thumbnail, crop=written(crop), item=item, is_searched=item == 0)
        for thumbnail, crop, item in zip(thumbnails, crops, items, strict=True)
    ]
    took = {"decode": _ms(started, decoded_at), "embed": _ms(decoded_at, embedded)}
    return _query_of(Query(model=model, source=source, took_ms=took), kept, vectors)


def change_photos(query: Query, photos: list[QueryPhoto], *, tell_items: bool = False) -> Query:
    """A new query, not stored, for those of `photos` whose `is_searched` is set; the others belong to it as well.

    photos: changed copies of the photos of `query`, at least one with `is_searched`; their thumbnails are embedded
    again. tell_items: group the photos by item again (see `tell_apart`), and search for those that show the same item
    as the first one with `is_searched`. Raises NoActiveModel.
    """
    changed = Query(model=active_model(), source=query.source)
    vectors = embed_kept(photos, changed.model)
    if tell_items:
        first = next(number for number, photo in enumerate(photos) if photo.is_searched)
        items = tell_apart(vectors, changed.model)
        for photo, item in zip(photos, items, strict=True):
            photo.item, photo.is_searched = item, item == items[first]
    copies = [
        QueryPhoto(thumbnail=bytes(photo.thumbnail), crop=photo.crop, item=photo.item, is_searched=photo.is_searched)
        for photo in photos
    ]
    return _query_of(changed, copies, vectors)


def _query_of(query: Query, photos: list[QueryPhoto], vectors: NDArray[np.float32]) -> Query:
    """`query`, completed for those of `photos` that are searched for. vectors: float32 [n, 256], one for each photo."""
    searched = [photo.is_searched for photo in photos]
    first = photos[searched.index(True)]
    query.vector, query.thumbnail, query.crop = mean_direction(vectors[searched]).tolist(), first.thumbnail, first.crop
    for position, photo in enumerate(photos):
        photo.query, photo.position = query, position
    query.new_photos = photos if len(photos) > 1 else []
    return query


def answer(query: Query, product_filter: ProductFilter | None = None, k: int = 20) -> list[Result]:
    """The `k` products nearest to the query, best first, under the active model. Raises NoActiveModel."""
    reembed_if_stale(query)
    matches = closest(query, product_filter, k)
    query.save_changes()
    return load(matches, likelihoods(query, matches))


def rank(query: Query, product_filter: ProductFilter | None = None) -> Ranking:
    """All similar products, at most MOST, followed by the next closest up to CLOSEST: the same for every page of a
    list.

    Under a model without calibration all CLOSEST count as alike.
    """
    matches = closest(query, product_filter, wanted := CLOSEST)
    likely = likelihoods(query, matches)
    if likely and len(matches) == wanted and all(likelihood.is_alike for likelihood in likely.values()):
        matches = closest(query, product_filter, wanted := MOST)
        likely = likelihoods(query, matches)
    query.save_changes()
    alike = [match for match in matches if not likely or likely[match.image_id].is_alike]
    return Ranking(alike, matches[len(alike) : CLOSEST], len(matches) < wanted, likely)


def likelihoods(query: Query, matches: list[Match]) -> dict[int, Likelihood]:
    """Likelihood of each match, by photo id; empty under a model without calibration."""
    return _likelihoods(query.model, matches, query.answer)


def _likelihoods(model: ModelVersion, matches: list[Match], answer: Sequence[float] = ()) -> dict[int, Likelihood]:
    """answer: the scores of the whole unfiltered answer; by default those of `matches`."""
    if not model.calibration:
        return {}
    scores = [match.score for match in matches]
    found = model.calibration.likelihoods(scores, answer or scores)
    return {match.image_id: likelihood for match, likelihood in zip(matches, found, strict=True)}


def closest(query: Query, product_filter: ProductFilter | None = None, k: int = 20) -> list[Match]:
    """The `k` products nearest under the query's own model, without loading products and photos.

    The first answer sets took_ms["search"], best_score, best_product and nothing_alike of the query, and the first
    unfiltered one sets `answer`, the scores that likelihoods are computed from. The caller saves these changes
    (Query.save_changes).
    """
    started = time.perf_counter()
    everything = product_filter is None or product_filter == ProductFilter()
    matches = Embedding.objects.knn(np.asarray(query.vector), query.model, max(k, ANSWER), product_filter)
    if everything and not query.answer and matches:
        query.change(answer=[round(match.score, 4) for match in matches[:ANSWER]])
    if "search" not in query.took_ms:
        query.change(took_ms={**query.took_ms, "search": _ms(started, time.perf_counter())})
        if matches:
            query.change(best_score=matches[0].score, best_product_id=matches[0].product_id)
        best = likelihoods(query, matches)
        query.change(nothing_alike=not matches or (bool(best) and not best[matches[0].image_id].is_alike))
    return matches[:k]


def similar_products(product: Product, k: int = 12, product_filter: ProductFilter | None = None) -> list[Result]:
    """The products most similar to this product, by its stored embeddings; empty until it has any."""
    return load(*nearest_to_product(product, k, product_filter))


def nearest_to_product(
    product: Product, k: int, product_filter: ProductFilter | None = None
) -> tuple[list[Match], dict[int, Likelihood]]:
    """As similar_products, without loading products and photos: the matches, and their likelihoods by photo id."""
    model = ModelVersion.objects.serving()
    if model is None:
        return [], {}
    vectors = list(Embedding.objects.filter(product=product, model=model).values_list("vector", flat=True)[:20])
    if not vectors:
        return [], {}
    mean = mean_direction(np.asarray(vectors, np.float32))
    everything = (
        ProductFilter() if product_filter is None else product_filter
    )  # one that only shows hidden ones is empty
    others = replace(everything, without_product=product.pk)
    matches = Embedding.objects.knn(mean, model, max(k, ANSWER), others)
    return matches[:k], _likelihoods(model, matches)


def related_products(product: Product, k: int) -> list[Result]:
    """Similar products for the product page, those of its own department first; empty if nothing is similar."""
    found = similar_products(product, 2 * k)
    alike = [result for result in found if result.likelihood is None or result.likelihood.is_alike]
    root = product.category
    while root is not None and root.parent is not None:
        root = root.parent
    department = set(Category.objects.with_descendants([root.slug])) if root else set()
    return sorted(alike, key=lambda result: result.product.category_id not in department)[:k]


def reembed_if_stale(query: Query) -> None:
    """If another model is active now, embed the stored thumbnail with it: vectors of different models are never
    compared.

    Raises NoActiveModel.
    """
    if query.model_id == active_model().pk:
        return
    forget_serving()  # or this process has not seen a switch yet that the query already has
    model = active_model()
    if query.model_id == model.pk:
        return
    photos = query.all_photos()
    vectors = embed_kept([photo for photo in photos if photo.is_searched] or [query], model)
    query.change(vector=mean_direction(vectors).tolist(), model=model, answer=[])
    query.save_changes()


def embed_kept(kept: Sequence[Query | QueryPhoto], model: ModelVersion) -> NDArray[np.float32]:
    """Unit vectors, float32 [n, 256], of the searched crops of stored thumbnails."""
    embedder = model.embedder()
    views = []
    for photo in kept:
        thumbnail = read_photo(bytes(photo.thumbnail), max_bytes=len(photo.thumbnail), max_pixels=THUMBNAIL_SIDE**2)
        views.append(model_input(thumbnail, embedder.input_size, Crop.parse(photo.crop) if photo.crop else None))
    return embedder.embed(np.stack(views))


def load(matches: list[Match], likely: Mapping[int, Likelihood] | None = None) -> list[Result]:
    """The products and photos of `matches`, in their order. Products deleted meanwhile are left out.

    likely: see `likelihoods`.
    """
    photos = ProductImage.objects.select_related("product__category").defer("product__search_text")
    found = photos.in_bulk([match.image_id for match in matches])
    return [
        Result(match.score, image.product, image, (likely or {}).get(match.image_id))
        for match in matches
        if (image := found.get(match.image_id)) is not None
    ]


def _sorted(matches: list[Match], sort: str) -> list[Match]:
    """The matches in another order; products without a price come last."""
    if not sort:
        return matches
    products = Product.objects.filter(pk__in=[match.product_id for match in matches])
    rows = products.values_list("pk", "current_price", "created")
    facts = {pk: (price, created) for pk, price, created in rows}
    known = [match for match in matches if match.product_id in facts]
    if sort == "new":
        return sorted(known, key=lambda match: facts[match.product_id][1], reverse=True)
    worst = Decimal("Infinity") if sort == "price" else Decimal("-Infinity")

    def price(match: Match) -> Decimal:
        amount = facts[match.product_id][0]
        return worst if amount is None else amount

    return sorted(known, key=price, reverse=sort == "-price")


def written(crop: Crop | None) -> str:
    """The crop in the format of Crop.parse; "" for the whole photo."""
    return f"{crop.x:.4f},{crop.y:.4f},{crop.width:.4f},{crop.height:.4f}" if crop else ""


def _ms(start: float, end: float) -> float:
    return round((end - start) * 1000, 2)
