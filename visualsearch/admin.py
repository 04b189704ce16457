"""The queue in the admin: what failed, and why. A schedule names a function to run, so nobody makes one here."""

from django.contrib import admin
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin

for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):  # django-q leaves OrmQ out where the queue is in Redis
        admin.site.unregister(model)


@admin.register(Failure)
class FailureAdmin(ModelAdmin):
    list_display = ["name", "started", "stopped", "attempt_count", "reason"]
    search_fields = ["name", "func"]
    list_filter = ["group"]
    list_filter_submit = True
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    fields = ["name", "func", "group", "started", "stopped", "attempt_count", "result"]
    readonly_fields = fields
    actions = None

    @admin.display(description=_("reason"))
    def reason(self, failure: Failure) -> str:
        return truncatechars(failure.result or "", 100)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Failure | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Failure | None = None) -> bool:
        return False
