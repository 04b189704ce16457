"""Feeds in the admin: where a list comes from, how often, what becomes of products it no longer names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from catalog.http_client import Unfetchable, normal_url
from catalog.imports import feeds
from catalog.models import Feed

MAX_CHOICES = 500  # entries of the server folder that a form lists


class FeedForm(forms.ModelForm):
    path = forms.ChoiceField(required=False, label=gettext_lazy("Or from the server"), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "path" not in self.fields:  # to look at alone
            return
        root: Path = settings.IMPORT_ROOT
        entries = sorted(entry.name for entry in root.iterdir()) if root.is_dir() else []
        names = dict.fromkeys([self.instance.path, *(name for name in entries[:MAX_CHOICES] if name[0] != ".")])
        self.fields["path"].choices = [("", "–"), *((name, name) for name in names if name)]  # type: ignore[attr-defined]
        self.fields["path"].help_text = _("A folder, ZIP archive or list in %(root)s.") % {"root": root}

    def clean_url(self) -> str:
        url = self.cleaned_data["url"].strip()
        try:
            return normal_url(url) if url else ""
        except Unfetchable as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Feed)
class FeedAdmin(ModelAdmin):
    form = FeedForm
    list_display = ["name", "source", "every", "state", "checked"]
    fields = ["name", "url", "path", "every", "absent", "most_hidden", "state", "checked"]
    readonly_fields = ["state", "checked"]
    list_select_related = ["run"]
    show_facets = admin.ShowFacets.NEVER
    change_form_outer_after_template = "admin/catalog/feed_now.html"

    @display(description=gettext_lazy("list"))
    def source(self, feed: Feed) -> SafeString:
        return format_html('<span class="staff-address">{}</span>', feed.url or feed.path)

    @display(description=gettext_lazy("state"))
    def state(self, feed: Feed) -> SafeString | str:
        if feed.pk is None:
            return "–"
        text = feed.note or (
            feed.run.get_state_display() if feed.run and not feed.concluded else _("Not looked at yet.")
        )
        if feed.run is None:
            return text
        address = reverse("admin:catalog_importrun_change", args=[feed.run.pk])
        return format_html('{} <a class="staff-link" href="{}">{}</a>', text, address, _("The import"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.now_view))
        return [path("<int:pk>/now/", view, name="feed_now"), *super().get_urls()]

    def now_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        feed = get_object_or_404(Feed, pk=pk)
        if feed.concluded:
            feeds.queue_feed(feed.pk)
            self.message_user(request, _("A worker looks at the list now."), messages.SUCCESS)
        else:
            self.message_user(request, _("An import of it is under way."), messages.WARNING)
        return redirect("admin:catalog_feed_change", feed.pk)

    def save_model(self, request: HttpRequest, obj: Feed, form: forms.ModelForm, change: bool) -> None:
        obj.user = obj.user or request.user  # type: ignore[assignment]
        if {"url", "path"} & set(form.changed_data):
            obj.etag = obj.last_modified = obj.sha256 = ""
        super().save_model(request, obj, form, change)
        feeds.schedule(obj)

    def delete_model(self, request: HttpRequest, obj: Feed) -> None:
        feeds.unschedule(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for feed in queryset:
            feeds.unschedule(feed)
        super().delete_queryset(request, queryset)

    def has_view_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return request.user.has_perm("catalog.view_importrun")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.add_importrun") and request.user.has_perm("catalog.change_product")

    def has_change_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return self.has_add_permission(request)
