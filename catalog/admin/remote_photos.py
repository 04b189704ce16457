"""Photos by URL in the admin: progress, failures with their reasons, and retrying."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from catalog.models import ImportRun, Product, RemotePhoto
from catalog.photos.fetch import retry

SHOWN = 20  # failures on the page of a run or a product; the list has all


def remote_photos(owner: ImportRun | Product) -> dict[str, Any]:
    """Context of templates/admin/catalog/remote_photos.html for the photos by URL of an import run or a product."""
    kind = "run" if isinstance(owner, ImportRun) else "product"
    photos = owner.remote_photos.select_related("product")
    counts = photos.counts()
    total = sum(counts.values())
    return {
        "counts": counts,
        "total": total,
        "percent": 100 * (total - counts["waiting"]) // total if total else 100,
        "late": photos.filter(state="waiting").exclude(error="")[:SHOWN],
        "failed": photos.filter(state="failed")[:SHOWN],
        "panel": reverse("admin:remote_photos_of", args=[kind, owner.pk]),
        "all": f"{reverse('admin:catalog_remotephoto_changelist')}?{kind}__id__exact={owner.pk}",
    }


@admin.register(RemotePhoto)
class RemotePhotoAdmin(ModelAdmin):
    list_display = ["address", "product_title", "status", "attempts", "reason", "updated"]
    list_filter = ["state"]
    list_filter_submit = True
    list_select_related = ["product"]
    list_per_page = 50
    list_fullwidth = True
    search_fields = ["url", "error"]
    search_help_text = gettext_lazy("Part of the address, or of the reason")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    ordering = ["-updated", "-id"]
    actions = ["try_again"]
    list_display_links = None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.panel_view)
        return [path("of/<str:kind>/<int:pk>/", view, name="remote_photos_of"), *super().get_urls()]

    def panel_view(self, request: HttpRequest, kind: str, pk: int) -> HttpResponse:
        """The panel of a run or a product, polled every few seconds by htmx. POST retries the failed photos."""
        if kind not in ("run", "product"):
            raise Http404
        owner = get_object_or_404(ImportRun, pk=pk) if kind == "run" else get_object_or_404(Product, pk=pk)
        if not request.user.has_perm(f"catalog.view_{owner._meta.model_name}"):
            raise PermissionDenied
        if request.method == "POST":
            if not request.user.has_perm("catalog.change_product"):
                raise PermissionDenied
            self._try_again(request, owner.remote_photos.filter(state=RemotePhoto.State.FAILED))
            return redirect(f"admin:catalog_{owner._meta.model_name}_change", owner.pk)
        return render(request, "admin/catalog/remote_photos.html", {"remote": remote_photos(owner)})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in ("run__id__exact", "product__id__exact") or super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RemotePhoto], search_term: str
    ) -> tuple[QuerySet[RemotePhoto], bool]:
        term = search_term.replace("\0", "").strip()
        found = Q(url__icontains=term) | Q(error__icontains=term) | Q(product__sku__iexact=term)
        return (queryset.filter(found) if term else queryset), False

    @display(description=gettext_lazy("address"), ordering="url")
    def address(self, photo: RemotePhoto) -> SafeString | str:
        if not photo.host:
            return photo.url
        return format_html(
            '<a class="staff-address" href="{}" target="_blank" rel="noreferrer noopener">{}</a>', photo.url, photo.url
        )

    @display(description=gettext_lazy("product"), ordering="product__title")
    def product_title(self, photo: RemotePhoto) -> SafeString:
        url = f"../product/{photo.product_id}/change/"
        return format_html('<a href="{}">{}</a>', url, photo.product)

    @display(
        description=gettext_lazy("state"),
        ordering="state",
        label={"waiting": "info", "fetched": "success", "failed": "danger"},
    )
    def status(self, photo: RemotePhoto) -> tuple[str, str]:
        return photo.state, photo.get_state_display()

    @display(description=gettext_lazy("reason"))
    def reason(self, photo: RemotePhoto) -> SafeString:
        return format_html('<span class="staff-reason">{}</span>', photo.error or "–")

    @admin.action(description=gettext_lazy("Fetch again"), permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[RemotePhoto]) -> None:
        if not request.user.has_perm("catalog.change_product"):
            self.message_user(request, gettext_lazy("You may not change products."), messages.ERROR)
            return
        self._try_again(request, RemotePhoto.objects.filter(pk__in=queryset.order_by().values("pk")))

    def _try_again(self, request: HttpRequest, photos: QuerySet[RemotePhoto]) -> None:
        count = retry(photos)
        text = ngettext("%d photo is fetched again.", "%d photos are fetched again.", count)
        self.message_user(request, text % count, messages.SUCCESS)

    def has_view_permission(self, request: HttpRequest, obj: RemotePhoto | None = None) -> bool:
        return request.user.has_perm("catalog.view_product")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # lists name them

    def has_change_permission(self, request: HttpRequest, obj: RemotePhoto | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RemotePhoto | None = None) -> bool:
        return False
