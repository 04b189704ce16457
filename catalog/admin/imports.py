"""Imports in the admin: choose a source, see what would happen row by row, let it run and watch it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from catalog.admin.photos import ManyPhotosInput
from catalog.admin.remote_photos import remote_photos
from catalog.imports import runs as import_runs
from catalog.imports.importer import Action
from catalog.imports.sources import UnusableSource
from catalog.imports.spreadsheets import guarded
from catalog.models import Feed, ImportRow, ImportRun

ROWS_PER_PAGE = 50
MAX_CHOICES = 500  # entries of the server folder on offer


class UploadField(forms.FileField):
    widget = ManyPhotosInput(attrs={"accept": ".zip,.csv,image/*,.heic,.heif,.avif"})

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        return list(data) if isinstance(data, list | tuple) else [data] if data else []


class StartImportForm(forms.Form):
    uploads = UploadField(
        required=False,
        label=gettext_lazy("Upload"),
        help_text=gettext_lazy(
            "A ZIP archive; or a CSV, with its photos if they are new; or up to 90 photos named <SKU>_<view>.jpg."
        ),
    )
    folder = forms.ChoiceField(required=False, label=gettext_lazy("Or from the server"), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        root: Path = settings.IMPORT_ROOT
        entries = sorted(entry.name for entry in root.iterdir()) if root.is_dir() else []
        entries = [name for name in entries if import_runs.is_offered(root / name)][:MAX_CHOICES]
        self.fields["folder"].choices = [("", "–"), *((name, name) for name in entries)]  # type: ignore[attr-defined]
        self.fields["folder"].help_text = _("A folder, ZIP archive or CSV in %(root)s.") % {"root": root}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("uploads")) == bool(cleaned.get("folder")):
            raise forms.ValidationError(_("Choose files to upload, or something from the server."))
        if uploads := cleaned.get("uploads"):
            try:
                cleaned["source"], cleaned["name"] = import_runs.take_upload(uploads)
            except UnusableSource as error:
                raise forms.ValidationError(str(error)) from error
        else:
            cleaned["source"], cleaned["name"] = settings.IMPORT_ROOT / cleaned["folder"], cleaned["folder"]
        return cleaned


@admin.register(ImportRun)
class ImportRunAdmin(ModelAdmin):
    list_display = [
        "name",
        "progress",
        "created_count",
        "changed_count",
        "kept_count",
        "refused_count",
        "user",
        "created",
    ]
    list_filter = ["state"]
    list_select_related = ["user"]
    show_facets = admin.ShowFacets.NEVER

    @display(description=gettext_lazy("state"))
    def progress(self, run: ImportRun) -> str:
        return f"{run.get_state_display()} {run.percent} %" if run.is_working else run.get_state_display()

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(f"<int:pk>/{route}/", self.admin_site.admin_view(view), name=f"import_{name}")

        return [
            page("progress", self.progress_view, "progress"),
            page("refused.csv", self.refused_view, "refused"),
            page("do/<str:what>", require_POST(self.do_view), "do"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        sent = request.method == "POST"
        form = StartImportForm(request.POST, request.FILES) if sent else StartImportForm()
        if form.is_valid():
            run = import_runs.start(form.cleaned_data["source"], form.cleaned_data["name"], request.user)  # type: ignore[arg-type]
            self.log_addition(request, run, _("Started."))
            return redirect("admin:catalog_importrun_change", run.pk)
        context = {**self.admin_site.each_context(request), "title": _("Import"), "form": form, "opts": self.opts}
        return render(request, "admin/catalog/import_start.html", context | {"media": self.media + form.media})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if self.get_object(request, object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        run = self._run(request, object_id)
        show = request.GET.get("show", "")
        rows = run.rows.all()
        if show == "problems":
            rows = rows.exclude(problems=[])
        elif show in Action.values:
            rows = rows.filter(action=show)
        context = {
            **self.admin_site.each_context(request),
            **self._state(request, run),
            "title": run.name,
            "opts": self.opts,
            "page": Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page")),
            "show": show,
            "remote": remote_photos(run),
            "feed": Feed.objects.filter(run=run, concluded=False).first(),
            "shows": [
                ("", _("All"), run.done_count),
                *((action.value, action.label, getattr(run, import_runs.COUNTERS[action])) for action in Action),
                ("problems", _("With problems"), None),
            ],
        }
        return render(request, "admin/catalog/import_run.html", context)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The progress bar, asked for every second; once the run rests, the whole page is loaded again."""
        run = self._run(request, pk)
        if not run.is_working:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "admin/catalog/import_progress.html", self._state(request, run))

    def do_view(self, request: HttpRequest, pk: int, what: str) -> HttpResponse:
        run = self._run(request, pk)
        verbs = {"run": import_runs.carry_out, "cancel": import_runs.cancel, "resume": import_runs.resume}
        if not self.has_add_permission(request) or what not in verbs:
            raise PermissionDenied
        verbs[what](run)
        texts = {"run": _("Let it run."), "cancel": _("Cancelled."), "resume": _("Resumed.")}
        self.log_change(request, run, texts[what])
        return redirect("admin:catalog_importrun_change", run.pk)

    def refused_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """What was refused: line, SKU, reason."""
        run = self._run(request, pk)
        return StreamingHttpResponse(
            _refused_lines(run.rows.exclude(problems=[])),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="refused-{run.pk}.csv"'},
        )

    def has_change_permission(self, request: HttpRequest, obj: ImportRun | None = None) -> bool:
        return False  # a run is watched and steered, not edited

    def delete_model(self, request: HttpRequest, obj: ImportRun) -> None:
        import_runs.forget(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ImportRun]) -> None:
        for run in queryset:
            import_runs.forget(run)
        super().delete_queryset(request, queryset)

    def _run(self, request: HttpRequest, pk: object) -> ImportRun:
        run = get_object_or_404(ImportRun, pk=pk)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return run

    def _state(self, request: HttpRequest, run: ImportRun) -> dict[str, Any]:
        return {"run": run, "silent": import_runs.is_silent(run), "may_steer": self.has_add_permission(request)}


def _refused_lines(rows: QuerySet[ImportRow]) -> Iterator[str]:
    class Line:
        def write(self, line: str) -> str:
            return line

    writer: Any = csv.writer(Line())
    yield "\N{BYTE ORDER MARK}" + writer.writerow(["line", "sku", "problem"])
    for row in rows.iterator():
        for problem in row.problems:
            yield writer.writerow([row.line, guarded(row.sku), guarded(problem)])
