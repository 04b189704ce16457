"""The catalogue over HTTP: everybody reads, staff write (with a token, or logged in to the admin)."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, pagination, serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.validators import UniqueValidator
from rest_framework.views import APIView
from rest_framework.views import exception_handler as default_handler

from catalog.errors import InvalidRequest, RequestError
from catalog.filters import read_product_filter
from catalog.models import Category, Product, ProductImage, ProductQuerySet
from catalog.photos.validation import InvalidPhoto, check_photo, too_many_bytes
from catalog.text_search import find_products


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error as {"detail", "code"}; invalid fields are named in "fields" too. (DRF calls it.)"""
    if isinstance(error, RequestError):
        return Response({"detail": str(error), "code": error.code}, status=error.status)
    if isinstance(error, SuspiciousOperation):
        return Response({"detail": str(_("We cannot read this request.")), "code": "bad_request"}, status=400)
    response = default_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        fields = response.data if isinstance(response.data, dict) else {"non_field_errors": response.data}
        name, sentence = _first_sentence(fields)
        response.data = {"detail": f"{name}: {sentence}", "code": "invalid", "fields": fields}
    else:
        detail = str(error.detail) if isinstance(error, APIException) else str(_("There is nothing at this address."))
        code = error.get_codes() if isinstance(error, APIException) else {404: "not_found"}.get(response.status_code)
        response.data = {"detail": detail, "code": code if isinstance(code, str) else "refused"}
    return response


def _first_sentence(problem: Any) -> tuple[str, str]:
    name, value = next(iter(problem.items()))
    while not isinstance(value, str):
        value = next(iter(value.values() if isinstance(value, dict) else value))
    return name, value


class StaffWrite(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or bool(request.user and request.user.is_staff)


class Pages(pagination.PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class ImageSerializer(serializers.ModelSerializer[ProductImage]):
    url = serializers.FileField(source="file", read_only=True)

    class Meta:
        model = ProductImage
        fields = ["id", "view_id", "position", "url", "width", "height", "error"]
        read_only_fields = ["width", "height", "error"]


class ProductSerializer(serializers.ModelSerializer[Product]):
    category = serializers.SlugRelatedField(
        slug_field="slug", queryset=Category.objects.all(), allow_null=True, required=False
    )
    attributes = serializers.DictField(required=False)
    url = serializers.SerializerMethodField()
    images = ImageSerializer(many=True, read_only=True)

    class Meta:
        model = Product
        fields = [
            *("sku", "title", "description", "category", "brand", "price", "currency", "attributes"),
            *("is_active", "created", "updated", "url", "images"),
        ]
        extra_kwargs = {
            "sku": {
                "validators": [
                    *Product._meta.get_field("sku").validators,
                    UniqueValidator(Product.objects.all(), _("There is a product with this SKU already."), "iexact"),
                ]
            }
        }

    def get_url(self, product: Product) -> str:
        return self.context["request"].build_absolute_uri(product.get_absolute_url())

    def validate(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Text that Postgres cannot keep is refused here rather than by an error there."""
        if _holds_nul(facts.get("attributes")):
            raise ValidationError({"attributes": [_("A text holds a character that cannot be kept.")]})
        return facts


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(name) or _holds_nul(part) for name, part in value.items())
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


class ProductViews(generics.GenericAPIView[Product]):
    permission_classes = [StaffWrite]
    serializer_class = ProductSerializer
    lookup_field = "sku"

    def shown(self) -> ProductQuerySet:
        """Shoppers see what is on sale, staff see all."""
        everything = Product.objects.select_related("category").prefetch_related("images")
        return everything if self.request.user.is_staff else everything.on_sale()

    def get_queryset(self) -> QuerySet[Product]:
        return self.shown()


FILTERS = [
    OpenApiParameter("category", str, many=True, description="Slug; repeatable. What lies below it is meant as well."),
    OpenApiParameter("brand", str, many=True, description="Repeatable."),
    OpenApiParameter("min_price", OpenApiTypes.DECIMAL),
    OpenApiParameter("max_price", OpenApiTypes.DECIMAL),
    OpenApiParameter("attribute", str, many=True, description="name:value, such as colour:red; repeatable, all hold."),
]


@extend_schema_view(get=extend_schema(parameters=[OpenApiParameter("q", str, description="Words."), *FILTERS]))
class ProductList(ProductViews, generics.ListCreateAPIView[Product]):
    pagination_class = Pages

    def get_queryset(self) -> QuerySet[Product]:
        products: QuerySet[Product] = self.shown()
        words = self.request.query_params.get("q", "").strip()[:200]
        if "\0" in words:
            raise InvalidRequest("bad_q", _("We cannot read these words. Please type them again."))
        if words:
            products = products.filter(pk__in=find_products(words).products.order_by().values("pk"))
        return read_product_filter(self.request.query_params).among(products)


class ProductDetail(ProductViews, generics.RetrieveUpdateDestroyAPIView[Product]):
    def get_object(self) -> Product:
        return get_object_or_404(self.shown().with_sku(self.kwargs["sku"]))


class PhotoSerializer(ImageSerializer):
    """A photo being put in: `image` is the file; without `view_id` the view is numbered."""

    image = serializers.FileField(write_only=True)

    class Meta(ImageSerializer.Meta):
        fields = [*ImageSerializer.Meta.fields, "image"]
        extra_kwargs = {"view_id": {"required": False}, "position": {"required": False}}

    def validate_image(self, upload: UploadedFile) -> ContentFile:
        """The file under a name of its own: what it was called says nothing of what it holds."""
        if (upload.size or 0) > settings.PHOTO_MAX_BYTES:
            raise ValidationError(str(too_many_bytes()))
        data = upload.read()
        try:
            facts = check_photo(data)
        except InvalidPhoto as problem:
            raise ValidationError(str(problem)) from None
        name = f"{hashlib.sha256(data).hexdigest()[:16]}{facts.suffix}"
        self.size = {"width": facts.width, "height": facts.height}
        return ContentFile(data, name=name)

    def save(self, **kwargs: Any) -> ProductImage:
        file = self.validated_data.pop("image")
        try:
            with transaction.atomic():
                return super().save(file=file, **self.size, **kwargs)
        except IntegrityError:
            raise ValidationError({"view_id": [_("This product has another photo with this view_id.")]}) from None


class PhotoViews(generics.GenericAPIView[ProductImage]):
    permission_classes = [StaffWrite]
    parser_classes = [MultiPartParser, FormParser]

    def get_serializer_class(self) -> type[ImageSerializer]:
        return ImageSerializer if self.request.method in SAFE_METHODS else PhotoSerializer

    def get_product(self) -> Product:
        everything = Product.objects.all()
        shown = everything if self.request.user.is_staff else everything.on_sale()
        return get_object_or_404(shown.with_sku(self.kwargs["sku"]))

    def get_queryset(self) -> QuerySet[ProductImage]:
        return ProductImage.objects.filter(product=self.get_product())


class PhotoList(PhotoViews, generics.ListCreateAPIView[ProductImage]):
    pagination_class = None

    def perform_create(self, serializer: serializers.BaseSerializer[ProductImage]) -> None:
        product = self.get_product()
        count = product.images.count()
        serializer.validated_data.setdefault("view_id", f"{count + 1:03d}")
        serializer.validated_data.setdefault("position", count)
        serializer.save(product=product)


class PhotoDetail(PhotoViews, generics.RetrieveUpdateDestroyAPIView[ProductImage]):
    http_method_names = ["get", "head", "options", "put", "delete"]
