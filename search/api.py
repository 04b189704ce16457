"""Search by photo over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view, authentication_classes, parser_classes, throttle_classes
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import FILTERS
from catalog.errors import InvalidRequest
from catalog.filters import read_product_filter, whole_number
from catalog.models import Product, ProductImage
from search import query as queries
from search.knn import Match
from search.models import Query
from search.parameters import check_content_length, filters_of, read_crop, read_photos_of_request
from search.rate_limits import SearchRate

MAX_K = 100
DEFAULT_K = 20
MAX_DEPTH = 1000  # products behind one photo that paging reaches
DEPTHS = (MAX_K, MAX_DEPTH)  # how many are ranked for one page: the first pages come without the depth of the last

NARROWING = [
    *FILTERS,
    OpenApiParameter("k", int, description=f"Products per answer: 1 to {MAX_K}, default {DEFAULT_K}."),
    OpenApiParameter(
        "min_score", OpenApiTypes.FLOAT, description="Cosine from -1 to 1; what is less alike is left out."
    ),
]

PRODUCT = inline_serializer(
    "FoundProduct",
    {
        "sku": serializers.CharField(),
        "title": serializers.CharField(),
        "category": serializers.CharField(allow_null=True),
        "brand": serializers.CharField(),
        "price": serializers.DecimalField(12, 2, allow_null=True),
        "currency": serializers.CharField(),
        "url": serializers.URLField(),
        "image": serializers.URLField(),
    },
)
PHOTO = inline_serializer(
    "FoundPhoto",
    {"id": serializers.IntegerField(), "view_id": serializers.CharField(), "url": serializers.URLField()},
)
RESULT = {"score": serializers.FloatField(help_text="Cosine."), "product": PRODUCT, "image": PHOTO}
ANSWER = inline_serializer(
    "SearchAnswer",
    {
        "query": serializers.UUIDField(),
        "model": serializers.CharField(),
        "took_ms": serializers.DictField(child=serializers.FloatField()),
        "count": serializers.IntegerField(help_text="Of results in this answer."),
        "results": inline_serializer("SearchResult", RESULT, many=True),
    },
)
SIMILAR = inline_serializer(
    "SimilarAnswer",
    {"count": serializers.IntegerField(), "results": inline_serializer("SimilarResult", RESULT, many=True)},
)
ERROR = inline_serializer("Error", {"detail": serializers.CharField(), "code": serializers.CharField()})
ERRORS = {400: ERROR, 413: ERROR, 429: ERROR, 503: ERROR}


def _form_fields() -> dict[str, Any]:
    described = {
        parameter.name: {"type": "array", "items": {"type": "string"}} if parameter.many else {"type": "string"}
        for parameter in NARROWING
    }
    image = {"type": "array", "items": {"type": "string", "format": "binary"}, "description": "Up to 5 of one item."}
    crop = {"type": "string", "description": "x,y,width,height in fractions of the upright photo."}
    return {"type": "object", "properties": {"image": image, "crop": crop, **described}, "required": ["image"]}


@extend_schema(request={"multipart/form-data": _form_fields()}, responses={200: ANSWER, **ERRORS})
@api_view(["POST"])
@authentication_classes([])
@throttle_classes([SearchRate])
@parser_classes([MultiPartParser, FormParser])
def search(request: Request) -> Response:
    """Send a photo, get the products that look like it, each once, by its best view."""
    check_content_length(request._request)
    parameters = request.data if isinstance(request.data, QueryDict) else QueryDict()  # no body at all
    narrowing = _narrowing(parameters)
    filters, k, _min_score = narrowing
    query = queries.embed_query(read_photos_of_request(request.FILES), read_crop(parameters), Query.Source.API)
    matches = queries.closest(query, filters, k)
    query.save(force_insert=True)
    return _answer(request, query, matches, narrowing)


@extend_schema(
    parameters=[*NARROWING, OpenApiParameter("page", int, description="From 1, of k products each.")],
    responses={200: ANSWER, 404: ERROR, **ERRORS},
)
@api_view(["GET"])
@authentication_classes([])
def search_again(request: Request, pk: UUID) -> Response:
    """The same search, filtered differently or further down: no photo needed, nothing embedded."""
    narrowing = _narrowing(request.query_params)
    filters, k, _min_score = narrowing
    page = whole_number(request.query_params, "page", 1, 1, MAX_DEPTH // k)
    query = get_object_or_404(Query.objects.select_related("model"), pk=pk)
    queries.reembed_if_stale(query)
    depth = next(depth for depth in DEPTHS if page * k <= depth)
    matches = queries.closest(query, filters, depth)[(page - 1) * k : page * k]  # of one answer: nothing comes twice
    return _answer(request, query, matches, narrowing)


@extend_schema(
    parameters=[OpenApiParameter("k", int, description=f"1 to {MAX_K}, default 12.")],
    responses={200: SIMILAR, 404: ERROR, 400: ERROR},
)
@api_view(["GET"])
def similar(request: Request, sku: str) -> Response:
    """The products that look like this one."""
    k = whole_number(request.query_params, "k", 12, 1, MAX_K)
    product = get_object_or_404(Product.objects.on_sale().with_sku(sku))
    results = _described(request, queries.similar_products(product, k))
    return Response({"count": len(results), "results": results})


Narrowing = tuple[queries.Filters, int, float]


def _narrowing(parameters: QueryDict) -> Narrowing:
    """(filters, k, min_score) of a request, read before any work is done. Raises InvalidRequest."""
    filters = filters_of(read_product_filter(parameters))
    return filters, whole_number(parameters, "k", DEFAULT_K, 1, MAX_K), _score(parameters)


def _score(parameters: QueryDict) -> float:
    try:
        score = float(parameters.get("min_score") or -1)
    except ValueError:
        score = 2
    if not -1 <= score <= 1:
        raise InvalidRequest("bad_min_score", _("“min_score” must be a number from -1 to 1."))
    return score


def _answer(request: Request, query: Query, matches: list[Match], narrowing: Narrowing) -> Response:
    *_, min_score = narrowing
    results = _described(request, queries.load([match for match in matches if match.score >= min_score]))
    return Response(
        {
            "query": str(query.pk),
            "model": query.model.version,
            "took_ms": query.took_ms,
            "count": len(results),
            "results": results,
        }
    )


def _described(request: Request, results: list[queries.Result]) -> list[dict[str, Any]]:
    of_these = ProductImage.objects.filter(product__in=[result.product.pk for result in results])
    first = of_these.order_by("product_id", "position", "id").distinct("product_id").only("product_id", "file")
    leads = {image.product_id: image.file.url for image in first}
    return [_as_json(request, result, leads.get(result.product.pk, result.image.file.url)) for result in results]


def _as_json(request: Request, result: queries.Result, lead: str) -> dict[str, Any]:
    product, image = result.product, result.image
    return {
        "score": round(result.score, 4),
        "product": {
            "sku": product.sku,
            "title": product.title,
            "category": product.category.slug if product.category else None,
            "brand": product.brand,
            "price": None if product.price is None else str(product.price),
            "currency": product.currency,
            "url": request.build_absolute_uri(product.get_absolute_url()),
            "image": request.build_absolute_uri(lead),
        },
        "image": {
            "id": image.pk,
            "view_id": image.view_id,
            "url": request.build_absolute_uri(image.file.url),
        },
    }
