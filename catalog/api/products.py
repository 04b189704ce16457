"""Products over the API. Products on sale are public; hidden ones, and writing, need the admin's permissions."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.validators import UniqueValidator

from catalog.api import schema
from catalog.api.conditional import require_match, tagged
from catalog.api.fields import TEXTS, CategoryField, TextField
from catalog.api.history import ADDITION, CHANGE, DELETION, log, names_of
from catalog.api.idempotency import idempotent
from catalog.api.paging import CursorPages, NumberedPages
from catalog.api.permissions import PerMethod, sees_hidden_products
from catalog.filters import read_product_filter
from catalog.models import Category, Product, ProductImage, ProductQuerySet
from catalog.text_search import find_products


class ImageSerializer(serializers.ModelSerializer[ProductImage]):
    serializer_field_mapping = TEXTS
    url = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, image: ProductImage) -> str:
        return self.context["request"].build_absolute_uri(image.picture_url())

    class Meta:
        model = ProductImage
        fields = ["id", "view_id", "position", "url", "width", "height", "error"]
        read_only_fields = ["width", "height", "error"]


class SkuField(TextField):
    """SKUs are stored in Unicode form NFC."""

    def to_internal_value(self, data: Any) -> str:
        return unicodedata.normalize("NFC", super().to_internal_value(data))


PRODUCT_FIELDS = [
    *("sku", "title", "description", "category", "brand", "price", "sale_price", "currency", "availability"),
    *("attributes", "is_active", "shop_url"),
]


class ProductSerializer(serializers.ModelSerializer[Product]):
    serializer_field_mapping = TEXTS
    sku = SkuField(
        max_length=255,
        validators=[
            *Product._meta.get_field("sku").validators,
            UniqueValidator(Product.objects.all(), _("There is a product with this SKU already."), "iexact"),
        ],
    )
    category: Any = CategoryField(slug_field="slug", queryset=Category.objects.all(), allow_null=True, required=False)
    attributes = serializers.DictField(required=False)
    shop_url = serializers.URLField(
        source="url", max_length=2000, allow_blank=True, required=False, help_text="The product's page in the shop."
    )
    url = serializers.SerializerMethodField(help_text="The product's page here.")
    images = ImageSerializer(many=True, read_only=True)

    class Meta:
        model = Product
        fields = [*PRODUCT_FIELDS, "created", "updated", "url", "images"]

    def get_url(self, product: Product) -> str:
        return self.context["request"].build_absolute_uri(product.get_absolute_url())

    def save(self, **kwargs: Any) -> Product:
        try:
            with transaction.atomic():
                return super().save(**kwargs)
        except IntegrityError:  # a concurrent request created this SKU after validation
            raise ValidationError({"sku": [_("There is a product with this SKU already.")]}) from None


class ProductViews(generics.GenericAPIView[Product]):
    permission_classes = [PerMethod]
    permissions = {
        "POST": "catalog.add_product",
        "PUT": "catalog.change_product",
        "PATCH": "catalog.change_product",
        "DELETE": "catalog.delete_product",
    }
    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    lookup_field = "sku"

    def shown(self) -> ProductQuerySet:
        """The products that this client may see."""
        everything = Product.objects.select_related("category").prefetch_related("images")
        return everything if sees_hidden_products(self.request) else everything.on_sale()


@extend_schema_view(
    get=extend_schema(
        operation_id="products_list",
        parameters=[
            OpenApiParameter("q", str, description="Words; at most 200 characters count."),
            *schema.FILTERS,
            schema.CURSOR,
            schema.PAGE,
            schema.PAGE_SIZES,
        ],
        responses={200: ProductSerializer(many=True), **schema.errors(400, 401, 404)},
        auth=schema.PUBLIC,
    ),
    post=extend_schema(
        operation_id="products_create",
        parameters=[schema.IDEMPOTENCY_KEY],
        responses={201: ProductSerializer, **schema.WRITE_ERRORS, **schema.errors(409, 422)},
    ),
)
class ProductList(ProductViews, generics.ListCreateAPIView[Product]):
    pagination_class = NumberedPages

    @property
    def paginator(self) -> NumberedPages | CursorPages:
        """By cursor if the query string has `cursor` (empty for the first page); else numbered, with a count."""
        if not hasattr(self, "_paginator"):
            by_cursor = "cursor" in self.request.query_params
            self._paginator = CursorPages() if by_cursor else NumberedPages()
        return self._paginator

    def get_queryset(self) -> QuerySet[Product]:
        products: QuerySet[Product] = self.shown()
        if words := self.request.query_params.get("q", "").strip()[:200]:
            products = products.filter(pk__in=find_products(words).products.order_by().values("pk"))
        return read_product_filter(self.request.query_params).among(products)

    @idempotent
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            product = serializer.save()
            log(request, [product], ADDITION, gettext("Added."))
        answer = tagged(request, serializer.data, status=201)
        answer["Location"] = serializer.data["url"]
        return answer


@extend_schema_view(
    get=extend_schema(
        operation_id="products_retrieve",
        parameters=[schema.IF_NONE_MATCH],
        responses={200: ProductSerializer, 304: None, **schema.errors(401, 404)},
        auth=schema.PUBLIC,
    ),
    put=extend_schema(
        operation_id="products_update",
        parameters=[schema.IF_MATCH],
        responses={200: ProductSerializer, **schema.WRITE_ERRORS, **schema.errors(404, 412)},
    ),
    patch=extend_schema(
        operation_id="products_partial_update",
        parameters=[schema.IF_MATCH],
        responses={200: ProductSerializer, **schema.WRITE_ERRORS, **schema.errors(404, 412)},
    ),
    delete=extend_schema(
        operation_id="products_destroy",
        parameters=[schema.IF_MATCH],
        responses={204: None, **schema.errors(401, 403, 404, 412)},
    ),
)
class ProductDetail(ProductViews, generics.RetrieveUpdateDestroyAPIView[Product]):
    def get_object(self) -> Product:
        return generics.get_object_or_404(self.shown().with_sku(self.kwargs["sku"]))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return tagged(request, self.get_serializer(self.get_object()).data)

    @transaction.atomic
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        product = self.locked()
        serializer = self.get_serializer(product, data=request.data, partial=kwargs.get("partial", False))
        serializer.is_valid(raise_exception=True)
        changed = [field for field, value in serializer.validated_data.items() if getattr(product, field) != value]
        if changed:
            serializer.save()
            log(request, [product], CHANGE, gettext("Changed %(fields)s.") % {"fields": names_of(Product, changed)})
        return tagged(request, self.get_serializer(product).data)

    @transaction.atomic
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        product = self.locked()
        log(request, [product], DELETION, gettext("Deleted."))
        product.delete()
        return Response(status=204)

    def locked(self) -> Product:
        """The product, locked for update until the transaction ends. Raises InvalidRequest if
        If-Match does not match.
        """
        generics.get_object_or_404(self.shown().with_sku(self.kwargs["sku"]).select_for_update(of=("self",)))
        product = self.get_object()
        require_match(self.request, self.get_serializer(product).data)
        return product
