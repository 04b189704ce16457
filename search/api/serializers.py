"""Serializers of search responses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from catalog.api.products import ImageSerializer
from catalog.models import Product, ProductImage
from search.models import QueryPhoto


class FoundProduct(serializers.ModelSerializer[Product]):
    category: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True, allow_null=True)
    url = serializers.SerializerMethodField()
    image = serializers.SerializerMethodField(help_text="Its first photo.")

    class Meta:
        model = Product
        fields = ["sku", "title", "category", "brand", "price", "currency", "url", "image"]

    def get_url(self, product: Product) -> str:
        return self.context["request"].build_absolute_uri(product.get_absolute_url())

    def get_image(self, product: Product) -> str | None:
        lead = self.context["leads"].get(product.pk)
        return lead and self.context["request"].build_absolute_uri(lead)


class FoundImage(ImageSerializer):
    class Meta:
        model = ProductImage
        fields = ["id", "view_id", "url"]
        read_only_fields = fields


class SearchResult(serializers.Serializer[Any]):
    score = serializers.FloatField(help_text="Cosine, -1 to 1; of a search by words, how well they match, 0 to 1.")
    probability = serializers.FloatField(
        allow_null=True,
        help_text="That this is the product in the photo, 0 to 1. None where the model was never calibrated.",
    )
    product = FoundProduct()
    image = FoundImage(allow_null=True, help_text="The photo that is most alike. None where it has no photo.")


class SearchedPhoto(serializers.ModelSerializer[QueryPhoto]):
    class Meta:
        model = QueryPhoto
        fields = ["crop", "item", "is_searched"]
        read_only_fields = fields
        extra_kwargs = {
            "crop": {"help_text": "The part that was searched for, empty for all of it."},
            "item": {"help_text": "Photos of one item have the same number."},
            "is_searched": {"help_text": "Whether the results are of this photo's item."},
        }


class SearchAnswer(serializers.Serializer[Any]):
    query = serializers.UUIDField(
        allow_null=True, help_text="Answers again at /search/{query}/. None after a search by embedding or words."
    )
    model = serializers.CharField(allow_null=True)
    took_ms = serializers.DictField(child=serializers.FloatField())
    count = serializers.IntegerField(help_text="Of results in this answer.")
    results = SearchResult(many=True)
    photos = SearchedPhoto(many=True, help_text="In their order. Of several items, the results are of one.")


class SimilarAnswer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = SearchResult(many=True)
