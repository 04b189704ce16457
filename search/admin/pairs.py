"""Photos for review in the admin: unreadable ones, and duplicates side by side, to merge or dismiss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django_q.tasks import async_task
from unfold.admin import ModelAdmin

from catalog.merge import plan_merging
from catalog.models import Product, ProductImage
from ml.models import ModelVersion
from search.duplicates import merge
from search.indexing.status import embed_again
from search.models import ComparedPhoto, Embedding, PhotoPair

PER_PAGE = 20

SHOWS = {
    "broken": gettext_lazy("Cannot be read"),
    "file": gettext_lazy("The same file"),
    "products": gettext_lazy("Alike, on two products"),
    "product": gettext_lazy("Alike, on one product"),
    "dismissed": gettext_lazy("Dismissed"),
}


def photos_to_look_at(show: str, model: ModelVersion | None) -> QuerySet[Any]:
    """The rows for one of SHOWS: unreadable photos, or pairs."""
    if show == "broken":
        return ProductImage.objects.broken().order_by("pk").select_related("product__category")
    pairs = PhotoPair.objects.shown(model)
    if show == "dismissed":
        pairs = pairs.exclude(dismissed=None).order_by("-dismissed", "pk")
    else:
        kinds = {"file": pairs.of_one_file, "products": pairs.of_two_products, "product": pairs.of_one_product}
        pairs = kinds[show]().open()
    photos = ProductImage.objects.select_related("product__category").prefetch_related(
        Prefetch("product__images", ProductImage.objects.only("product"))
    )
    return pairs.prefetch_related(Prefetch("first", photos), Prefetch("second", photos))


@admin.register(PhotoPair)
class PhotoPairAdmin(ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"photos_{name}")

        return [
            page("compare/", require_POST(self.compare_view), "compare"),
            page("<int:pk>/dismiss/", require_POST(self.dismiss_view), "dismiss"),
            page("merge/<int:keep>/<int:other>/", self.merge_view, "merge"),
            page("remove/<int:pk>/", self.remove_view, "remove"),
            page("again/<int:pk>/", require_POST(self.again_view), "again"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        model = ModelVersion.objects.active()
        counts = {"broken": ProductImage.objects.broken().count(), **PhotoPair.objects.shown(model).counts()}
        show = _show(request) or next((name for name in SHOWS if counts[name]), "broken")
        rows = photos_to_look_at(show, model)
        paginator = Paginator(rows, PER_PAGE)
        paginator.count = counts[show]  # known already
        page = paginator.get_page(request.GET.get("page"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Photos to look at"),
            "opts": self.opts,
            "shows": [(name, label, counts[name]) for name, label in SHOWS.items()],
            "show": show,
            "page": page,
            "compared": ComparedPhoto.objects.filter(model=model).count(),
            "total": Embedding.objects.filter(model=model).count(),
            "may_merge": self._may_merge(request),
            "may_remove": request.user.has_perm("catalog.delete_productimage"),
            "may_judge": self.has_change_permission(request),
        }
        return render(request, "admin/search/photo_pairs.html", context)

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        self._require(self.has_change_permission(request))
        async_task("search.tasks.compare_photos", group="compare", task_name="compare photos")
        self.message_user(request, _("A worker compares the photos that are new."), messages.SUCCESS)
        return self._back(request)

    def dismiss_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Dismiss a pair (both photos are right), or restore a dismissed pair."""
        self._require(self.has_change_permission(request))
        pair = get_object_or_404(PhotoPair, pk=pk)
        if pair.dismissed:
            pair.show_again()
            self.log_change(request, pair, _("To be looked at again."))
        else:
            pair.dismiss(cast(User, request.user))
            self.log_change(request, pair, _("Dismissed."))
        return self._back(request)

    def merge_view(self, request: HttpRequest, keep: int, other: int) -> HttpResponse:
        """Confirmation of a merge; POST carries it out."""
        self._require(self._may_merge(request))
        products = Product.objects.select_related("category").prefetch_related("images")
        kept, gone = get_object_or_404(products, pk=keep), get_object_or_404(products, pk=other)
        if kept == gone or (not gone.is_active and not gone.images.exists()):
            self.message_user(request, _("They are one already."), messages.INFO)
            return self._back(request)
        if request.method == "POST":
            merging = merge(kept, gone)
            text = _("%(other)s was merged into it, with %(count)d of its photos.")
            self.log_change(request, kept, text % {"other": gone.sku, "count": len(merging.moved)})
            self.log_change(request, gone, _("Merged into %(sku)s and hidden.") % {"sku": kept.sku})
            text = _("%(other)s is part of %(keep)s now.")
            self.message_user(request, text % {"other": gone.sku, "keep": kept.sku}, messages.SUCCESS)
            return self._back(request)
        merging = plan_merging(kept, gone)
        context = {
            **self._confirm(request, _("Merge two products")),
            "keep": kept,
            "other": gone,
            "products": [kept, gone],
            "merging": merging,
            "filled": [Product._meta.get_field(name).verbose_name for name in merging.filled],  # type: ignore[union-attr]
        }
        return render(request, "admin/search/merge_products.html", context)

    def remove_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._require(request.user.has_perm("catalog.delete_productimage"))
        photo = ProductImage.objects.select_related("product").filter(pk=pk).first()
        if photo is None:
            self.message_user(request, _("This photo is gone already."), messages.INFO)
            return self._back(request)
        if request.method == "POST":
            photo.delete()
            self.log_change(request, photo.product, _("Removed the photo %(view)s.") % {"view": photo.view_id})
            self.message_user(request, _("The photo was removed."), messages.SUCCESS)
            return self._back(request)
        context = {
            **self._confirm(request, _("Remove a photo")),
            "photo": photo,
            "is_last": photo.product.images.count() == 1,
        }
        return render(request, "admin/search/remove_photo.html", context)

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Read a photo again whose file was repaired."""
        self._require(self.has_change_permission(request))
        embed_again(ProductImage.objects.filter(pk=pk), ModelVersion.objects.active())
        self.message_user(request, _("The photo waits for a worker now."), messages.SUCCESS)
        return self._back(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.view_productimage")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.change_productimage")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # pairs are found by the worker

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _may_merge(self, request: HttpRequest) -> bool:
        needed = ("catalog.change_product", "catalog.change_productimage", "catalog.delete_productimage")
        return request.user.has_perms(needed)

    def _require(self, allowed: bool) -> None:
        if not allowed:
            raise PermissionDenied

    def _confirm(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "show": _show(request)}

    def _back(self, request: HttpRequest) -> HttpResponse:
        show = _show(request)
        return redirect(reverse("admin:search_photopair_changelist") + (f"?show={show}" if show else ""))


def _show(request: HttpRequest) -> str:
    show = request.POST.get("show") or request.GET.get("show") or ""
    return show if show in SHOWS else ""
