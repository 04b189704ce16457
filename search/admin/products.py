"""What search adds to the admin of products: their indexing status, and similar products."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from catalog.admin.photos import PhotoInline
from catalog.admin.products import ProductAdmin
from catalog.filters import ProductFilter
from catalog.models import Product, ProductImage
from ml.models import ModelVersion
from search.indexing.status import (
    IndexingStatus,
    embed_again,
    indexing_status_of_product,
    products_with_status,
    with_indexing_status,
)
from search.query import similar_products

admin.site.unregister(Product)


class IndexingStatusFilter(DropdownFilter):
    title = gettext_lazy("search")
    parameter_name = "indexing_status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in IndexingStatus.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if not self.value():
            return queryset
        return products_with_status(str(self.value()), queryset, ModelVersion.objects.active())


class SearchablePhotoInline(PhotoInline):
    def get_queryset(self, request: HttpRequest) -> QuerySet[ProductImage]:
        return with_indexing_status(super().get_queryset(request), ModelVersion.objects.active())


@admin.register(Product)
class SearchableProductAdmin(ProductAdmin):
    list_display = [*ProductAdmin.list_display, "indexing_status"]
    list_filter = [*ProductAdmin.list_filter, IndexingStatusFilter]
    actions = [*ProductAdmin.actions, "embed_again"]
    inlines = [SearchablePhotoInline]
    change_form_outer_after_template = "admin/search/similar_products.html"

    def photos(self) -> QuerySet[ProductImage]:
        return with_indexing_status(super().photos(), ModelVersion.objects.active())

    @display(description=gettext_lazy("search"))
    def indexing_status(self, product: Product) -> SafeString:
        state, reason = indexing_status_of_product(product.images.all())
        return render_to_string("admin/indexing_status.html", {"indexing_status": state, "reason": reason})

    @admin.action(description=gettext_lazy("Embed the photos again"), permissions=["change"])
    def embed_again(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        images = ProductImage.objects.filter(product__in=queryset.order_by().values("pk"))
        with transaction.atomic():
            count = embed_again(images, ModelVersion.objects.active())
        text = ngettext("%d photo waits for a worker now.", "%d photos wait for a worker now.", count)
        self.message_user(request, text % count, messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.similar)
        return [path("<int:pk>/similar/", view, name="product_similar"), *super().get_urls()]

    def similar(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The products similar to this one; a fragment that the product form loads."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        product = get_object_or_404(self.get_queryset(request), pk=pk)
        results = similar_products(product, k=8, product_filter=ProductFilter(hidden_too=True))
        return render(request, "admin/search/similar_products_list.html", {"results": results})
