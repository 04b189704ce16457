"""Searches over HTTP: by photos, by a stored photo, by an embedding, or by words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import F
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from numpy.typing import NDArray
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api import schema
from catalog.api.authentication import ClientToken
from catalog.api.parsers import JSONParser
from catalog.api.permissions import sees_hidden_products
from catalog.errors import InvalidRequest
from catalog.filters import ProductFilter, read_product_filter, whole_number
from catalog.models import Product, ProductImage
from catalog.text_search import find_products
from ml.images import Crop
from search import query as queries
from search.api.answers import Hit, described, hits
from search.api.serializers import SearchAnswer, SimilarAnswer
from search.api.throttle import ApiSearchRate
from search.knn import Match
from search.models import DIM, Embedding, Query
from search.parameters import check_content_length, read_crops, read_photos_of_request

MAX_K = 100
DEFAULT_K = 20
DEFAULT_SIMILAR = 12
MAX_DEPTH = 1000  # rank of the last product that paging reaches
DEPTHS = (MAX_K, MAX_DEPTH)  # products ranked for a page: the first pages do not pay for the deepest
MAX_WORDS = 200  # letters

K = schema.whole(1, MAX_K, DEFAULT_K)
MIN_SCORE = {"type": "number", "minimum": -1, "maximum": 1}
NARROWING = [
    *schema.FILTERS,
    OpenApiParameter("k", K, description="Products per answer."),
    OpenApiParameter("min_score", MIN_SCORE, description="What is less alike is left out."),
]
ERRORS = schema.errors(400, 401, 413, 415, 429, 503)


def _body_schema(form: bool) -> dict[str, Any]:
    """One of `image` (forms only), `image_id`, `embedding` (JSON only) and `q`; with filters."""
    narrowing = {
        "category": schema.SLUGS,
        "brand": schema.BRANDS,
        "colour": schema.COLOUR_NAMES,
        "attribute": schema.ATTRIBUTES,
        "min_price": schema.PRICE,
        "max_price": schema.PRICE,
        "k": K,
        "min_score": MIN_SCORE,
    }
    part = {"type": "string", "description": "x,y,width,height in fractions of the upright photo."}
    crop = (
        {
            "type": "array",
            "items": part,
            "maxItems": 5,
            "description": "The part of each photo, in their order; or none.",
        }
        if form
        else part
    )
    together = {
        "type": "boolean",
        "default": False,
        "description": "All photos are of one item, however different they look.",
    }
    image_id = {"type": "integer", "minimum": 1, "description": "A photo of the catalogue."}
    words = {"type": "string", "minLength": 1, "maxLength": MAX_WORDS, "description": "Words, instead of a photo."}
    image = {
        "type": "array",
        "items": {"type": "string", "format": "binary"},
        "minItems": 1,
        "maxItems": 5,
        "description": "Photos of one item. Of several items, the first one's is searched for: see `photos`.",
    }
    embedding = {
        "type": "array",
        "items": {"type": "number"},
        "minItems": DIM,
        "maxItems": DIM,
        "description": "Of unit length, made by the model that serves.",
    }
    own = {"image": image, "together": together} if form else {"embedding": embedding}
    return {"type": "object", "properties": {**own, "image_id": image_id, "q": words, "crop": crop, **narrowing}}


class Narrowing:
    """The filter and the number of results of a request. Raises InvalidRequest before any photo is decoded."""

    def __init__(self, parameters: QueryDict) -> None:
        self.filter: ProductFilter = read_product_filter(parameters)
        self.k = whole_number(parameters, "k", DEFAULT_K, 1, MAX_K)
        self.min_score = _score(parameters)


class Search(APIView):
    authentication_classes = [ClientToken]
    parser_classes = [MultiPartParser, FormParser, JSONParser]
    throttle_classes = [ApiSearchRate]

    @extend_schema(
        operation_id="search",
        request={"multipart/form-data": _body_schema(form=True), "application/json": _body_schema(form=False)},
        responses={200: SearchAnswer, **ERRORS, **schema.errors(404)},
        auth=schema.PUBLIC,
    )
    def post(self, request: Request) -> Response:
        """Send a photo, get the products that look like it, each once, by its best view.

        Instead of photos: `image_id`, a photo of the catalogue; `embedding`; or `q`, words.
        """
        check_content_length(request._request)
        parameters = _parameters(request.data)
        narrowing = Narrowing(parameters)
        kinds = [name for name in ("image_id", "embedding", "q") if parameters.get(name)]
        if len(kinds) + bool(request.FILES) > 1:
            raise InvalidRequest("too_many_kinds", _("Search by one of image, image_id, embedding and q."))
        if kinds == ["q"]:
            return self.by_words(parameters.get("q", ""), narrowing)
        if kinds == ["embedding"]:
            written = request.data.get("embedding") if isinstance(request.data, dict) else None
            return self.by_embedding(written, narrowing)
        if kinds == ["image_id"]:
            return self.by_photos([self.stored_photo(parameters)], read_crops(parameters), narrowing)
        together = parameters.get("together") in ("true", "1", "True")
        return self.by_photos(read_photos_of_request(request.FILES), read_crops(parameters), narrowing, together)

    def by_photos(
        self, photos: list[Any], crops: list[Crop | None], narrowing: Narrowing, together: bool = False
    ) -> Response:
        query = queries.read_query(photos, crops, Query.Source.API, together=together)
        matches = queries.closest(query, narrowing.filter, narrowing.k)
        query.store()  # before the client gets the query's address
        return answer(self.request, query, matches, narrowing)

    def stored_photo(self, parameters: QueryDict) -> bytes:
        pk = whole_number(parameters, "image_id", 0, 1, 99_999_999)
        photos = ProductImage.objects.select_related("product")
        if not sees_hidden_products(self.request):
            photos = photos.filter(product__is_active=True)
        with get_object_or_404(photos, pk=pk).file.open() as file:
            return file.read()

    def by_embedding(self, written: Any, narrowing: Narrowing) -> Response:
        model = queries.active_model()
        started = time.perf_counter()
        matches = Embedding.objects.knn(_unit_vector(written), model, narrowing.k, narrowing.filter)
        took = {"search": round((time.perf_counter() - started) * 1000, 2)}
        return self.unstored(model.version, took, hits(matches, {}, narrowing.min_score))

    def by_words(self, words: str, narrowing: Narrowing) -> Response:
        if len(words) > MAX_WORDS:
            raise InvalidRequest("bad_q", _("Please write at most %(most)d letters.") % {"most": MAX_WORDS})
        started = time.perf_counter()
        found = narrowing.filter.among(find_products(words).products).values_list(F("rank"), "pk")[: narrowing.k]
        ranked = [Hit(rank, pk, image_id=None) for rank, pk in found]
        took = {"search": round((time.perf_counter() - started) * 1000, 2)}
        return self.unstored(None, took, ranked)

    def unstored(self, model: str | None, took_ms: dict[str, float], found: Sequence[Hit]) -> Response:
        """The response to a search by words or by embedding. No Query is stored: without a photo it could not be
        embedded under the next model.
        """
        results = described(self.request, found)
        facts = {"query": None, "model": model, "took_ms": took_ms, "count": len(results), "results": results}
        return Response({**facts, "photos": []})


class SearchAgain(APIView):
    authentication_classes = [ClientToken]

    @extend_schema(
        operation_id="search_again",
        auth=schema.PUBLIC,
        parameters=[
            *NARROWING,
            OpenApiParameter("page", schema.whole(1, MAX_DEPTH, 1), description="Of k products each."),
        ],
        responses={200: SearchAnswer, **schema.errors(400, 401, 404, 503)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """The same search, filtered differently or further down: no photo needed, nothing embedded."""
        narrowing = Narrowing(request.query_params)
        page = whole_number(request.query_params, "page", 1, 1, MAX_DEPTH // narrowing.k)
        query = get_object_or_404(Query.objects.select_related("model"), pk=pk)
        queries.reembed_if_stale(query)
        depth = next(depth for depth in DEPTHS if page * narrowing.k <= depth)
        matches = queries.closest(query, narrowing.filter, depth)
        query.save_changes()
        page_of = matches[(page - 1) * narrowing.k : page * narrowing.k]  # cut from one answer: nothing comes twice
        return answer(request, query, page_of, narrowing)


class Similar(APIView):
    @extend_schema(
        operation_id="products_similar",
        parameters=[OpenApiParameter("k", schema.whole(1, MAX_K, DEFAULT_SIMILAR))],
        responses={200: SimilarAnswer, **schema.errors(400, 401, 404)},
        auth=schema.PUBLIC,
    )
    def get(self, request: Request, sku: str) -> Response:
        """The products that look like this one."""
        k = whole_number(request.query_params, "k", DEFAULT_SIMILAR, 1, MAX_K)
        products = Product.objects.with_sku(sku)
        if not sees_hidden_products(request):
            products = products.on_sale()
        matches, likely = queries.nearest_to_product(get_object_or_404(products), k)
        results = described(request, hits(matches, likely))
        return Response({"count": len(results), "results": results})


def answer(request: Request, query: Query, matches: Sequence[Match], narrowing: Narrowing) -> Response:
    results = described(request, hits(matches, queries.likelihoods(query, list(matches)), narrowing.min_score))
    facts = {
        "query": query.pk,
        "model": query.model.version,
        "took_ms": query.took_ms,
        "count": len(results),
        "results": results,
        "photos": [
            {"crop": photo.crop, "item": photo.item, "is_searched": photo.is_searched} for photo in query.all_photos()
        ]
        or [{"crop": query.crop, "item": 0, "is_searched": True}],
    }
    return Response(facts)


def _parameters(data: Any) -> QueryDict:
    """The fields of a form or of a JSON object as a QueryDict. Raises InvalidRequest."""
    if isinstance(data, QueryDict):
        return data
    if not isinstance(data, dict):
        raise InvalidRequest("bad_request", _("We cannot read this request."))
    parameters = QueryDict(mutable=True)
    for name in _body_schema(form=False)["properties"].keys() & data.keys():
        value = data[name]
        values = value if isinstance(value, list) and name != "embedding" else [value]
        if any(isinstance(part, dict | list | bool) for part in values) and name != "embedding":
            raise InvalidRequest(f"bad_{name}", _("We cannot read “%(name)s”.") % {"name": name})
        parameters.setlist(name, [str(part) for part in values if part is not None])
    return parameters


def _score(parameters: QueryDict) -> float:
    try:
        score = float(parameters.get("min_score") or -1)
    except ValueError:
        score = 2
    if not -1 <= score <= 1:
        raise InvalidRequest("bad_min_score", _("“min_score” must be a number from -1 to 1."))
    return score


def _unit_vector(written: Any) -> NDArray[np.float32]:
    """The vector as float32 [DIM], normalised. Raises InvalidRequest unless it has DIM finite numbers and a length
    within 1 % of 1.
    """
    numbers = isinstance(written, list) and all(isinstance(x, int | float) and not isinstance(x, bool) for x in written)
    if numbers and len(written) == DIM:
        vector = np.asarray(written, np.float64)
        length = float(np.linalg.norm(vector))
        if abs(length - 1) <= 0.01:
            return (vector / length).astype(np.float32)
    sentence = _("“embedding” must be %(dim)d numbers, as a vector of length 1.")
    raise InvalidRequest("bad_embedding", sentence % {"dim": DIM})
