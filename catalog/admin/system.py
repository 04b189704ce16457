"""Django's log of changes (LogEntry) as one read-only list."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display


@admin.register(LogEntry)
class LogEntryAdmin(ModelAdmin):
    list_display = ["action_time", "user", "what", "content_type", "link", "message"]
    list_display_links = None
    list_filter = ["action_flag", "content_type", "user"]
    list_filter_submit = True
    list_select_related = ["user", "content_type"]
    list_per_page = 50
    list_fullwidth = True
    search_fields = ["object_repr", "change_message"]
    search_help_text = gettext_lazy("Part of a name, or of what was done")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    @display(
        description=gettext_lazy("what"),
        ordering="action_flag",
        label={1: "success", 2: "info", 3: "danger"},
    )
    def what(self, entry: LogEntry) -> tuple[int, str]:
        return entry.action_flag, entry.get_action_flag_display()

    @display(description=gettext_lazy("object"), ordering="object_repr")
    def link(self, entry: LogEntry) -> SafeString | str:
        url = None if entry.is_deletion() else entry.get_admin_url()
        return format_html('<a href="{}">{}</a>', url, entry.object_repr) if url else entry.object_repr

    @display(description=gettext_lazy("in detail"))
    def message(self, entry: LogEntry) -> SafeString:
        return format_html('<span class="staff-reason">{}</span>', entry.get_change_message())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        return False
