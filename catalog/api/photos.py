"""The photos of a product over the API."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import schema
from catalog.api.conditional import require_match, tagged
from catalog.api.history import CHANGE, log
from catalog.api.idempotency import idempotent
from catalog.api.parsers import JSONParser
from catalog.api.permissions import PerMethod, sees_hidden_products
from catalog.api.products import ImageSerializer
from catalog.models import Product, ProductImage
from catalog.photos.validation import InvalidPhoto, check_photo, too_many_bytes


@extend_schema_field(OpenApiTypes.BINARY)
class UploadField(serializers.FileField):
    pass


class PhotoSerializer(ImageSerializer):
    """A photo being put in: `image` is the file; without `view_id` the view is numbered."""

    image = UploadField(write_only=True)

    class Meta(ImageSerializer.Meta):
        fields = [*ImageSerializer.Meta.fields, "image"]
        extra_kwargs = {"view_id": {"required": False}, "position": {"required": False}}

    def validate_image(self, upload: UploadedFile) -> ContentFile:
        """The file under a new name: the suffix of an uploaded name says nothing reliable about the content."""
        if (upload.size or 0) > settings.PHOTO_MAX_BYTES:
            raise ValidationError(str(too_many_bytes()))
        data = upload.read()
        try:
            facts = check_photo(data)
        except InvalidPhoto as problem:
            raise ValidationError(str(problem)) from None
        self.sha256 = hashlib.sha256(data).hexdigest()
        return ContentFile(data, name=f"{self.sha256[:16]}{facts.suffix}")

    def save(self, **kwargs: Any) -> ProductImage:
        try:
            with transaction.atomic():
                return super().save(**kwargs)
        except IntegrityError:
            raise ValidationError({"view_id": [_("This product has another photo with this view_id.")]}) from None

    def create(self, validated_data: dict[str, Any]) -> ProductImage:
        return self.update(ProductImage(), validated_data)

    def update(self, instance: ProductImage, validated_data: dict[str, Any]) -> ProductImage:
        file = validated_data.pop("image", None)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        if file is None:
            instance.save()
        else:
            instance.replace_file(file.read(), PurePosixPath(file.name).suffix)
        return instance


class PhotoViews(generics.GenericAPIView[ProductImage]):
    permission_classes = [PerMethod]
    permissions = {
        "POST": "catalog.add_productimage",
        "PUT": "catalog.change_productimage",
        "PATCH": "catalog.change_productimage",
        "DELETE": "catalog.delete_productimage",
    }
    parser_classes = [MultiPartParser, FormParser, JSONParser]

    def get_serializer_class(self) -> type[ImageSerializer]:
        return ImageSerializer if self.request.method in SAFE_METHODS else PhotoSerializer

    def get_product(self, *, lock: bool = False) -> Product:
        products = Product.objects.with_sku(self.kwargs["sku"])
        if not sees_hidden_products(self.request):
            products = products.on_sale()
        return get_object_or_404(products.select_for_update() if lock else products)

    def get_queryset(self) -> QuerySet[ProductImage]:
        if getattr(self, "swagger_fake_view", False):
            return ProductImage.objects.none()
        return ProductImage.objects.filter(product=self.get_product())


@extend_schema_view(
    get=extend_schema(
        operation_id="photos_list",
        responses={200: ImageSerializer(many=True), **schema.errors(401, 404)},
        auth=schema.PUBLIC,
    ),
    post=extend_schema(
        operation_id="photos_create",
        parameters=[schema.IDEMPOTENCY_KEY],
        request={"multipart/form-data": PhotoSerializer},
        responses={200: ImageSerializer, 201: ImageSerializer, **schema.WRITE_ERRORS, **schema.errors(404, 409, 422)},
        description="201; or 200 with the photo that is there, where this product has this very file already.",
    ),
)
class PhotoList(PhotoViews, generics.ListCreateAPIView[ProductImage]):
    pagination_class = None

    @idempotent
    @transaction.atomic
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        product = self.get_product(lock=True)
        serializer: Any = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if known := product.images.filter(sha256=serializer.sha256).first():
            return tagged(request, ImageSerializer(known, context=self.get_serializer_context()).data)
        serializer.validated_data.setdefault("view_id", _free_view(product))
        last = product.images.aggregate(last=Max("position"))["last"]
        serializer.validated_data.setdefault("position", 0 if last is None else last + 1)
        image = serializer.save(product=product)
        log(request, [product], CHANGE, _("Added photo %(view)s.") % {"view": image.view_id})
        return tagged(request, serializer.data, status=201)


def _free_view(product: Product) -> str:
    """Three digits, one above the highest number in use: after "001" to "003" it is "004", even if
    "002" was deleted.
    """
    taken = set(product.images.values_list("view_id", flat=True))
    numbered = (f"{number:03d}" for number in itertools.count(len(taken) + 1))
    return next(view for view in numbered if view not in taken)


@extend_schema_view(
    get=extend_schema(
        operation_id="photos_retrieve",
        parameters=[schema.IF_NONE_MATCH],
        responses={200: ImageSerializer, 304: None, **schema.errors(401, 404)},
        auth=schema.PUBLIC,
    ),
    put=extend_schema(
        operation_id="photos_update",
        parameters=[schema.IF_MATCH],
        request={"multipart/form-data": PhotoSerializer},
        responses={200: ImageSerializer, **schema.WRITE_ERRORS, **schema.errors(404, 412)},
    ),
    patch=extend_schema(
        operation_id="photos_partial_update",
        parameters=[schema.IF_MATCH],
        responses={200: ImageSerializer, **schema.WRITE_ERRORS, **schema.errors(404, 412)},
    ),
    delete=extend_schema(
        operation_id="photos_destroy",
        parameters=[schema.IF_MATCH],
        responses={204: None, **schema.errors(401, 403, 404, 412)},
    ),
)
class PhotoDetail(PhotoViews, generics.RetrieveUpdateDestroyAPIView[ProductImage]):
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return tagged(request, self.get_serializer(self.get_object()).data)

    @transaction.atomic
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        image = self.locked()
        serializer = self.get_serializer(image, data=request.data, partial=kwargs.get("partial", False))
        serializer.is_valid(raise_exception=True)
        serializer.save()
        log(request, [image.product], CHANGE, _("Changed photo %(view)s.") % {"view": image.view_id})
        return tagged(request, serializer.data)

    @transaction.atomic
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        image = self.locked()
        log(request, [image.product], CHANGE, _("Deleted photo %(view)s.") % {"view": image.view_id})
        image.delete()
        return Response(status=204)

    def locked(self) -> ProductImage:
        """The photo, with its product locked for update. Raises InvalidRequest if If-Match does not match."""
        self.get_product(lock=True)
        image = self.get_object()
        require_match(self.request, ImageSerializer(image, context=self.get_serializer_context()).data)
        return image
