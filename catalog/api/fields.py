"""Serializer fields as strict as the schema says. DRF's own convert a number to a string and "" to no category."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from catalog.models import Category


class TextField(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class CategoryField(serializers.SlugRelatedField[Category]):
    default_error_messages = {"does_not_exist": _("There is no category “{value}”. Please choose another.")}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data == "":
            self.fail("does_not_exist", value=data)
        return super().run_validation(data)


TEXTS: dict[type[models.Field[Any, Any]], type[serializers.Field[Any, Any, Any, Any]]] = {
    **serializers.ModelSerializer.serializer_field_mapping,
    models.CharField: TextField,
    models.TextField: TextField,
}
