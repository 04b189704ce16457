"""The catalogue in the admin. The app `search` adds what it knows of a product (see search/admin/products.py)."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.postgres.search import SearchQuery
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Now
from django.forms import BaseModelFormSet, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from catalog.admin.bulk_edit import bulk_edit_page
from catalog.admin.export import csv_response
from catalog.admin.photos import PhotoInline, ProductForm, add_photos
from catalog.admin.remote_photos import remote_photos
from catalog.folding import words_of
from catalog.models import Category, Product, ProductImage, Synonym
from catalog.photos.thumbnails import picture_response
from catalog.templatetags.shop import money
from catalog.templatetags.staff import thumbnail


@admin.register(Synonym)
class SynonymAdmin(ModelAdmin):
    list_display = ["__str__"]
    search_fields = ["words"]


class CategoryFilter(DropdownFilter):
    """Products of one category and of all categories below it."""

    title = gettext_lazy("category")
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        categories = Category.objects.select_related("parent")
        named = ((f"{c.parent.name} › {c.name}" if c.parent else c.name, c.slug) for c in categories)
        return [(slug, name) for name, slug in sorted(named)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if not self.value():
            return queryset
        return queryset.filter(category__in=Category.objects.with_descendants([str(self.value())]))


class PhotosFilter(admin.SimpleListFilter):
    title = gettext_lazy("photos")
    parameter_name = "photos"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("none", _("without photos")),
            ("broken", _("with a photo that cannot be read")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if self.value() == "none":
            return queryset.filter(~Exists(ProductImage.objects.order_by().filter(product=OuterRef("pk"))))
        if self.value() == "broken":
            return queryset.filter(pk__in=ProductImage.objects.broken().values("product"))
        return queryset


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    form = ProductForm
    inlines = [PhotoInline]
    list_display = ["photo", "product", "category", "price_with_currency", "photo_count", "shown"]
    list_display_links = ["photo", "product"]
    list_filter_submit = True
    list_filter = [CategoryFilter, "is_active", PhotosFilter]
    list_select_related = ["category"]
    list_per_page = 50
    list_fullwidth = True
    search_fields = ["sku"]  # shows the search box; get_search_results does the work
    search_help_text = gettext_lazy("SKU or words of title, brand and description")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counting every filter's products costs seconds at 100,000
    ordering = ["title", "id"]
    autocomplete_fields = ["category"]
    readonly_fields = ["created", "updated"]
    actions = ["activate", "hide", "edit_together", "export_selected"]
    actions_list = ["export"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("title", "sku"),
                    ("category", "brand"),
                    ("price", "sale_price", "currency"),
                    ("availability", "is_active"),
                    "new_photos",
                ]
            },
        ),
        (
            gettext_lazy("More"),
            {"classes": ["collapse"], "fields": ["description", "url", "attributes", ("created", "updated")]},
        ),
    ]
    warn_unsaved_form = True
    change_form_outer_after_template = "admin/catalog/remote_photos.html"

    def photos(self) -> QuerySet[ProductImage]:
        """The prefetch of the photos whose thumbnail or status a list shows."""
        return ProductImage.objects.order_by("position", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).prefetch_related(Prefetch("images", self.photos()))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        """Products whose SKU begins with the term, and products that have all its words; each word may be the beginning
        of a longer one.
        """
        term = search_term.replace("\0", "").strip()
        if not term:
            return queryset, False
        words = " & ".join(f"{word}:*" for word in words_of(term))
        found = Q(sku__startswith=term) | Q(sku__iexact=term)
        if words:
            found |= Q(search_text=SearchQuery(words, config="simple", search_type="raw"))
        return queryset.filter(found), False

    @display(description=gettext_lazy("photo"))
    def photo(self, product: Product) -> SafeString:
        images = product.images.all()
        lead = next((image for image in images if not image.error), None)
        return thumbnail(lead, alt=product.title)

    @display(description=gettext_lazy("product"), ordering="title", header=True)
    def product(self, product: Product) -> list[str]:
        return [product.title, f"{product.sku} · {product.brand}" if product.brand else product.sku]

    @display(description=gettext_lazy("price"), ordering="price")
    def price_with_currency(self, product: Product) -> str:
        return money(product.price, product.currency) or "–"

    @display(description=gettext_lazy("photos"))
    def photo_count(self, product: Product) -> int:
        return len(product.images.all())

    @display(description=gettext_lazy("active"), ordering="is_active", boolean=True)
    def shown(self, product: Product) -> bool:
        return product.is_active

    @admin.action(description=gettext_lazy("Activate: shoppers find them"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._set_active(request, queryset, True)

    @admin.action(description=gettext_lazy("Hide from shoppers"), permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._set_active(request, queryset, False)

    def _set_active(self, request: HttpRequest, queryset: QuerySet[Product], active: bool) -> None:
        others = Product.objects.filter(pk__in=queryset.order_by().values("pk"), is_active=not active)
        changed = list(others.only("pk", "title", "sku"))
        ids = [product.pk for product in changed]
        Product.objects.filter(pk__in=ids).update(is_active=active, updated=Now())
        LogEntry.objects.log_actions(
            cast(int, request.user.pk), changed, CHANGE, _("Activated.") if active else _("Hidden from shoppers.")
        )
        text = (
            ngettext("%d product is active now.", "%d products are active now.", len(ids))
            if active
            else ngettext("%d product is hidden now.", "%d products are hidden now.", len(ids))
        )
        self.message_user(request, text % len(ids), messages.SUCCESS)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Product | None = None, **kwargs: Any
    ) -> HttpResponse:
        if obj:
            context["remote"] = remote_photos(obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseModelFormSet], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        files = form.cleaned_data.get("new_photos") or []
        if not files:
            return
        added, known = add_photos(form.instance, files)
        if known:
            text = ngettext("%d photo was there already.", "%d photos were there already.", known)
            self.message_user(request, text % known, messages.WARNING)
        if added:
            self.log_change(request, form.instance, _("Added %d photos.") % added)

    @action(description=gettext_lazy("Export as CSV"), icon="download", url_path="export", permissions=["view"])
    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The products of the current list, with its filters and search, as the CSV that the import reads."""
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return redirect("admin:catalog_product_changelist")
        return csv_response(Product.objects.filter(pk__in=found.order_by().values("pk")))

    @admin.action(description=gettext_lazy("Export as CSV"), permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[Product]) -> StreamingHttpResponse:
        return csv_response(Product.objects.filter(pk__in=queryset.order_by().values("pk")))

    @admin.action(description=gettext_lazy("Change category, brand, price, attributes…"), permissions=["change"])
    def edit_together(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponse | None:
        answer = bulk_edit_page(request, self.admin_site, queryset, self.opts)
        if isinstance(answer, HttpResponse):
            return answer
        if answer.reached < len(answer.products):
            self.message_user(request, _("A worker changes them now."), messages.SUCCESS)
        else:
            text = ngettext("%d product was gone through.", "%d products were gone through.", answer.reached)
            self.message_user(request, text % answer.reached, messages.SUCCESS)
        return None

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        for button in (getattr(response, "context_data", None) and response.context_data.get("actions_list", [])) or []:
            if button["path"] == reverse("admin:catalog_product_export") and request.GET:
                button["path"] += f"?{request.GET.urlencode()}"
        return response

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.show_picture)
        return [path("thumbnail/<int:pk>/<str:size>/", view, name="photo_thumbnail"), *super().get_urls()]

    def show_picture(self, request: HttpRequest, pk: int, size: str) -> HttpResponseBase:
        """Thumbnail of a photo, also of a hidden product, which the public thumbnail URL does not serve."""
        if not self.has_view_permission(request):
            raise Http404
        response = picture_response(request, get_object_or_404(ProductImage, pk=pk), size)
        response["Cache-Control"] = "private, max-age=3600"
        return response
