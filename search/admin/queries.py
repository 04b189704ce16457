"""Searches in the admin: search by photo, and relevance feedback on the results."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from catalog.admin.photos import ManyPhotosField
from catalog.admin.products import ProductAdmin
from catalog.errors import RequestError
from catalog.filters import ProductFilter
from catalog.models import Product
from search.feedback import add_photo
from search.models import Judgement, Query, ShopperMark
from search.parameters import MAX_PHOTOS
from search.query import NoActiveModel, answer, create_query

K = 24
FOUND = 12  # products shown of those found by words


class PhotoForm(forms.Form):
    photos = ManyPhotosField(
        label=gettext_lazy("Photos of the item"),
        help_text=gettext_lazy("One is enough; up to %d of the same item make the answer surer.") % MAX_PHOTOS,
    )

    def clean_photos(self) -> list[UploadedFile]:
        photos = self.cleaned_data["photos"]
        if not 1 <= len(photos) <= MAX_PHOTOS:
            raise forms.ValidationError(_("Choose between 1 and %d photos.") % MAX_PHOTOS)
        return photos


class ScoreFilter(DropdownFilter):
    """Filter by the best score of the first answer."""

    title = gettext_lazy("best match")
    parameter_name = "score"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("poor", _("nothing like it")), ("none", _("no answer"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Query]) -> QuerySet[Query]:
        if self.value() == "poor":
            return queryset.filter(nothing_alike=True)
        if self.value() == "none":
            return queryset.filter(best_score=None)
        return queryset


class MarkedFilter(DropdownFilter):
    title = gettext_lazy("shoppers' marks")
    parameter_name = "marked"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("open", _("not judged by staff yet")), ("any", _("any"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Query]) -> QuerySet[Query]:
        marks = ShopperMark.objects.filter(query=OuterRef("pk"))
        if self.value() == "open":
            judged = Judgement.objects.filter(query=OuterRef("query"), product=OuterRef("product"))
            return queryset.filter(Exists(marks.filter(~Exists(judged))))
        if self.value() == "any":
            return queryset.filter(Exists(marks))
        return queryset


@admin.register(Query)
class QueryAdmin(ModelAdmin):
    list_display = [
        "picture",
        "created",
        "source",
        "best_score_rounded",
        "best_product",
        "milliseconds",
        "judged",
        "by_shoppers",
    ]
    actions = ["accept_marks"]
    list_display_links = ["picture", "created"]
    list_filter = ["source", ScoreFilter, MarkedFilter]
    list_filter_submit = True
    list_select_related = ["best_product"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> QuerySet[Query]:
        return (
            super().get_queryset(request).defer("vector", "thumbnail").prefetch_related("judgements", "shopper_marks")
        )

    def has_change_permission(self, request: HttpRequest, obj: Query | None = None) -> bool:
        return False  # searches are judged, not edited

    @display(description=gettext_lazy("photo"))
    def picture(self, query: Query) -> SafeString:
        url = reverse("admin:query_thumbnail", args=[query.pk])
        return format_html('<img class="staff-thumb" src="{}" alt="{}" loading="lazy">', url, _("The photo"))

    @display(description=gettext_lazy("best score"), ordering="best_score")
    def best_score_rounded(self, query: Query) -> str:
        return "–" if query.best_score is None else f"{query.best_score:.2f}"

    @display(description=gettext_lazy("ms"))
    def milliseconds(self, query: Query) -> int:
        return round(sum(query.took_ms.values()))

    @display(description=gettext_lazy("judged"))
    def judged(self, query: Query) -> str:
        return str(len(query.judgements.all()) or "–")

    @display(description=gettext_lazy("shoppers"))
    def by_shoppers(self, query: Query) -> str:
        verdicts = [mark.verdict for mark in query.shopper_marks.all()]
        right, wrong = verdicts.count(Judgement.Verdict.RIGHT), verdicts.count(Judgement.Verdict.WRONG)
        return f"{right} ✓  {wrong} ✗" if verdicts else "–"

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<uuid:pk>/photo.jpg", self.admin_site.admin_view(self.thumbnail_view), name="query_thumbnail"),
            path(
                "<uuid:pk>/judge/<int:product>/",
                self.admin_site.admin_view(require_POST(self.judge_view)),
                name="judge",
            ),
            path(
                "<uuid:pk>/attach/<int:product>/",
                self.admin_site.admin_view(require_POST(self.attach_view)),
                name="query_attach",
            ),
            path(
                "<uuid:pk>/accept-marks/",
                self.admin_site.admin_view(require_POST(self.accept_marks_view)),
                name="query_accept_marks",
            ),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Search by photo."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        sent = request.method == "POST"
        form = PhotoForm(request.POST, request.FILES) if sent else PhotoForm()
        if form.is_valid():
            try:
                query = create_query(form.cleaned_data["photos"], source=Query.Source.ADMIN)
                if query.photos.filter(is_searched=False).exists():
                    sentence = _("These photos seem to show different items: the answer is for the first one's.")
                    self.message_user(request, sentence, messages.WARNING)
                return redirect("admin:search_query_change", query.pk)
            except RequestError as error:
                form.add_error("photos", str(error))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Search by photo"),
            "opts": self.opts,
            "form": form,
            "media": form.media,
        }
        return render(request, "admin/search/ask.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The results of a search, hidden products included, each with buttons for a judgement."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        query = self.get_object(request, object_id)
        if query is None:  # deleted after the retention time, or an invalid id
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        verdicts = dict(query.judgements.values_list("product_id", "verdict"))
        by_shopper = {mark.product_id: mark for mark in query.shopper_marks.select_related("product")}
        try:
            results = answer(query, ProductFilter(hidden_too=True), k=K)
        except NoActiveModel:
            results = []
        words = request.GET.get("q", "").strip()[:200]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Search by photo"),
            "opts": self.opts,
            "query": query,
            "results": [(result, verdicts.get(result.product.pk, "")) for result in results],
            "words": words,
            "found": [(product, verdicts.get(product.pk, "")) for product in self._found_by_words(request, words)],
            "named": query.judgements.exclude(product__in=[result.product.pk for result in results]).select_related(
                "product"
            ),
            "by_shopper": by_shopper,
            "marked_by_shopper": [mark for mark in by_shopper.values() if mark.product_id not in verdicts],
            "may_judge": request.user.has_perm("search.add_judgement"),
            "may_add_photos": request.user.has_perm("catalog.change_product"),
        }
        return render(request, "admin/search/query.html", context)

    def _found_by_words(self, request: HttpRequest, words: str) -> QuerySet[Product]:
        """Products found by words as in the list of products: the right one may not be among the results."""
        if not words:
            return Product.objects.none()
        products = cast(ProductAdmin, self.admin_site.get_model_admin(Product))
        queryset = Product.objects.prefetch_related("images")
        return products.get_search_results(request, queryset, words)[0][:FOUND]

    def attach_view(self, request: HttpRequest, pk: UUID, product: int) -> HttpResponse:
        """Adds the photo that was searched for to a product."""
        if not (self.has_view_permission(request) and request.user.has_perm("catalog.change_product")):
            raise PermissionDenied
        query, owner = get_object_or_404(Query, pk=pk), get_object_or_404(Product, pk=product)
        if add_photo(query, owner):
            self.admin_site.get_model_admin(Product).log_change(request, owner, _("Added the photo of a search."))
            self.message_user(request, _("The photo is one of “%s” now.") % owner, messages.SUCCESS)
        else:
            self.message_user(request, _("“%s” has this photo already.") % owner, messages.WARNING)
        return redirect("admin:search_query_change", query.pk)

    def accept_marks_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Turns shoppers' marks on this search into staff's judgements, which training uses."""
        if not request.user.has_perm("search.add_judgement"):
            raise PermissionDenied
        query = get_object_or_404(Query, pk=pk)
        count = query.accept_shopper_marks(cast(User, request.user))
        sentence = ngettext("%d mark is kept for training now.", "%d marks are kept for training now.", count)
        self.message_user(request, sentence % count, messages.SUCCESS)
        return redirect("admin:search_query_change", query.pk)

    @admin.action(description=gettext_lazy("Keep shoppers' marks for training"), permissions=["judge"])
    def accept_marks(self, request: HttpRequest, queryset: QuerySet[Query]) -> None:
        count = sum(query.accept_shopper_marks(cast(User, request.user)) for query in queryset)
        sentence = ngettext("%d mark is kept for training now.", "%d marks are kept for training now.", count)
        self.message_user(request, sentence % count, messages.SUCCESS)

    def has_judge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("search.add_judgement")

    def thumbnail_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        thumbnail = get_object_or_404(Query.objects.only("thumbnail"), pk=pk).thumbnail
        return HttpResponse(
            bytes(thumbnail), content_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"}
        )

    def judge_view(self, request: HttpRequest, pk: UUID, product: int) -> HttpResponse:
        """Sets "right" or "wrong"; the same verdict again removes it. Training uses what is stored."""
        if not request.user.has_perm("search.add_judgement"):
            raise PermissionDenied
        query, found = get_object_or_404(Query, pk=pk), get_object_or_404(Product, pk=product)
        verdict = request.POST.get("verdict", "")
        if verdict in Judgement.Verdict.values:
            Judgement.objects.update_or_create(
                query=query, product=found, defaults={"verdict": verdict, "user": cast(User, request.user)}
            )
        else:
            Judgement.objects.filter(query=query, product=found).delete()
            verdict = ""
        if request.headers.get("HX-Request"):
            context = {"query": query, "product": found, "verdict": verdict}
            return render(request, "admin/search/judgement.html", context)
        return redirect("admin:search_query_change", query.pk)
