"""The shop's categories over the API."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import schema
from catalog.api.fields import TEXTS, CategoryField
from catalog.api.history import ADDITION, log
from catalog.api.paging import CursorPages
from catalog.api.permissions import PerMethod
from catalog.models import Category


class CategorySerializer(serializers.ModelSerializer[Category]):
    serializer_field_mapping = TEXTS
    slug = serializers.SlugField(read_only=True)
    parent: Any = CategoryField(slug_field="slug", queryset=Category.objects.all(), allow_null=True, required=False)

    class Meta:
        model = Category
        fields = ["slug", "name", "parent"]
        validators: list[Any] = []  # an existing category of this name and parent is returned, not an error


class CategoryList(generics.ListAPIView[Category]):
    permission_classes = [PerMethod]
    permissions = {"POST": "catalog.add_category"}
    queryset = Category.objects.select_related("parent").order_by("id")
    serializer_class = CategorySerializer
    pagination_class = CursorPages

    @extend_schema(
        operation_id="categories_list",
        parameters=[schema.CURSOR, schema.PAGE_SIZES],
        responses={200: CategorySerializer(many=True), **schema.errors(400, 401, 404)},
        auth=schema.PUBLIC,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="categories_create",
        responses={200: CategorySerializer, 201: CategorySerializer, **schema.WRITE_ERRORS},
        description="201; or 200 with the category that is there, where its parent has one of this name.",
    )
    @transaction.atomic
    def post(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        name, parent = serializer.validated_data["name"], serializer.validated_data.get("parent")
        if known := Category.objects.filter(name=name, parent=parent).first():
            return Response(self.get_serializer(known).data)
        category = Category.objects.named(name, parent)
        log(request, [category], ADDITION, gettext("Added."))
        return Response(self.get_serializer(category).data, status=201)
