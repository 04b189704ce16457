"""Many products in one request: each item is created, updated or rejected independently of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, DataError, IntegrityError, OperationalError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Upper
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api import schema
from catalog.api.errors import invalid
from catalog.api.history import ADDITION, CHANGE, log
from catalog.api.idempotency import idempotent
from catalog.api.permissions import PerMethod
from catalog.api.products import PRODUCT_FIELDS, ProductSerializer, SkuField
from catalog.errors import InvalidRequest
from catalog.models import Category, Product

MOST = 1000  # items a call


class ItemSerializer(ProductSerializer):
    """One product of a bulk call: what is absent stays as it is, or gets its default in a new product."""

    sku = SkuField(max_length=255, validators=Product._meta.get_field("sku").validators)
    category: Any = serializers.SlugField(max_length=120, allow_null=True, required=False)

    class Meta(ProductSerializer.Meta):
        fields = PRODUCT_FIELDS
        extra_kwargs = {"title": {"required": False}}

    def validate_category(self, slug: str | None) -> Category | None:
        if slug is None:
            return None
        try:
            return self.context["categories"][slug]
        except KeyError:
            sentence = _("There is no category “%(slug)s”. Please choose another.")
            raise serializers.ValidationError(sentence % {"slug": slug}) from None


class BulkRequest(serializers.Serializer[Any]):
    products = serializers.ListField(child=ItemSerializer(), min_length=1, max_length=MOST)


class BulkResult(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Of the item in the call, from 0.")
    sku = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(["created", "changed", "unchanged", "refused"])
    detail = serializers.CharField(required=False, help_text="Why it was refused.")
    code = serializers.CharField(required=False)
    fields = serializers.DictField(required=False)  # type: ignore[assignment]


class BulkAnswer(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = BulkResult(many=True)


class BulkProducts(APIView):
    permission_classes = [PerMethod]
    permissions = {"POST": ("catalog.add_product", "catalog.change_product")}

    @extend_schema(
        operation_id="products_upsert",
        parameters=[schema.IDEMPOTENCY_KEY],
        request=BulkRequest,
        responses={200: BulkAnswer, **schema.WRITE_ERRORS, **schema.errors(409, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Create or change up to 1,000 products by SKU. Each is taken or refused by itself: see `results`."""
        items = request.data.get("products") if isinstance(request.data, dict) else None
        if not isinstance(items, list) or not 0 < len(items) <= MOST:
            sentence = _("“products” must be a list of 1 to %(most)d products.")
            raise InvalidRequest("bad_products", sentence % {"most": MOST})
        results = self.upsert(items)
        counts = dict.fromkeys(("created", "changed", "unchanged", "refused"), 0)
        for result in results:
            counts[result["status"]] += 1
        return Response({**counts, "results": results})

    @transaction.atomic
    def upsert(self, items: Sequence[Any]) -> list[dict[str, Any]]:
        """One result for each item, in the order of the request."""
        results: list[dict[str, Any]] = []
        facts: dict[int, dict[str, Any]] = {}  # by index, of the valid items
        seen: set[str] = set()
        slugs = {item.get("category") for item in items if isinstance(item, dict)}
        named = [slug for slug in slugs if isinstance(slug, str)]
        context = {"categories": Category.objects.in_bulk(named, field_name="slug"), "request": self.request}
        for index, item in enumerate(items):
            serializer = ItemSerializer(data=item, context=context)
            sku = item.get("sku") if isinstance(item, dict) and isinstance(item.get("sku"), str) else None
            results.append({"index": index, "sku": sku})
            if not serializer.is_valid():
                results[index] |= _refused(serializer.errors)
            elif (key := serializer.validated_data["sku"].upper()) in seen:
                results[index] |= _refused({"sku": [_("This SKU is in this call already.")]})
            else:
                facts[index] = serializer.validated_data
                seen.add(key)
        known = _locked([values["sku"] for values in facts.values()])
        new, changed = {}, {}
        for index, values in facts.items():
            product = known.get(values["sku"].upper())
            if product is None:
                if not values.get("title"):
                    results[index] |= _refused({"title": [_("A new product needs a title.")]})
                else:
                    new[index] = Product(**values)
                continue
            values.pop("sku")  # its case may differ from the stored SKU
            fields = [name for name, value in values.items() if getattr(product, name) != value]
            for name in fields:
                setattr(product, name, values[name])
            if fields:
                changed[index] = product
            else:
                results[index]["status"] = "unchanged"
        self.write(new, "created", results)
        self.write(changed, "changed", results)
        return results

    def write(self, products: dict[int, Product], status: str, results: list[dict[str, Any]]) -> None:
        """Save `products` in one statement. If the database rejects it, save them one by one, each
        with its own result.
        """
        try:
            with transaction.atomic():
                _save_all(list(products.values()), status)
            written = products
        except DatabaseError:
            written = {}
            for index, product in products.items():
                try:
                    with transaction.atomic():
                        _save_all([product], status)
                    written[index] = product
                except (DataError, IntegrityError, OperationalError):
                    results[index] |= _refused({"sku": [_("The database refuses this product. Please send it again.")]})
        for index in written:
            results[index]["status"] = status
        flag, text = (ADDITION, _("Added.")) if status == "created" else (CHANGE, _("Changed."))
        log(self.request, list(written.values()), flag, text)


def _locked(skus: Sequence[str]) -> dict[str, Product]:
    """The existing products with these SKUs, compared case-insensitively, by upper-case SKU.

    Rows are locked in one order, so that two concurrent requests wait for each other and cannot deadlock.
    """
    wanted = Q(sku__in=skus) | Q(key__in=[Upper(Value(sku)) for sku in skus])
    rows = Product.objects.annotate(key=Upper("sku")).filter(wanted).order_by("pk").select_related("category")
    return {product.sku.upper(): product for product in rows.select_for_update(of=("self",))}


WRITTEN = [
    *("title", "description", "category", "brand", "price", "sale_price", "currency", "availability", "url"),
    *("attributes", "is_active", "updated"),
]


def _save_all(products: list[Product], status: str) -> None:
    if status == "created":
        Product.objects.bulk_create(products)
    else:
        Product.objects.bulk_create(products, update_conflicts=True, unique_fields=["id"], update_fields=WRITTEN)


def _refused(errors: Any) -> dict[str, Any]:
    return {"status": "refused", **invalid(errors)}
