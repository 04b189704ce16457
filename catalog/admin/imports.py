"""Imports in the admin: choose a source, see what would happen row by row, let it run and watch it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
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
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from catalog.admin.photos import ManyPhotosInput
from catalog.admin.remote_photos import remote_photos
from catalog.imports import runs as import_runs
from catalog.imports.encodings import CHOICES
from catalog.imports.formats.mapped import ATTRIBUTE, FIELDS, propose
from catalog.imports.formats.own import REASON
from catalog.imports.formats.record import fold
from catalog.imports.importer import Action
from catalog.imports.sources import ListFacts
from catalog.imports.spreadsheets import guarded
from catalog.imports.tables import UnusableSource
from catalog.imports.values import Reading
from catalog.models import Feed, ImportRun

ROWS_PER_PAGE = 50
MAX_CHOICES = 500  # entries of the server folder that a form lists


class UploadField(forms.FileField):
    widget = ManyPhotosInput(attrs={"accept": ".zip,.csv,.tsv,.txt,.xlsx,.xml,image/*,.heic,.heif,.avif"})

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
        "outcome",
        "user",
        "created",
    ]
    list_filter = ["state"]
    list_select_related = ["user"]
    show_facets = admin.ShowFacets.NEVER

    @display(description=gettext_lazy("state"))
    def progress(self, run: ImportRun) -> str:
        return f"{run.get_state_display()} {run.percent} %" if run.is_working else run.get_state_display()

    @display(description=gettext_lazy("products"))
    def outcome(self, run: ImportRun) -> str:
        counts = [
            (run.created_count, _("new")),
            (run.changed_count, _("changed")),
            (run.kept_count, _("unchanged")),
            (run.refused_count, _("refused")),
        ]
        return ", ".join(f"{count} {what}" for count, what in counts if count) or "–"

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(f"<int:pk>/{route}/", self.admin_site.admin_view(view), name=f"import_{name}")

        return [
            page("progress", self.progress_view, "progress"),
            page("refused.csv", self.refused_view, "refused"),
            page("do/<str:what>", require_POST(self.do_view), "do"),
            page("marks", require_POST(self.marks_view), "marks"),
            page("columns", require_POST(self.columns_view), "columns"),
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
            "columns": _columns_form(run, request.GET) if self.has_add_permission(request) else None,
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
        verbs = {
            "run": import_runs.carry_out,
            "cancel": import_runs.cancel,
            "resume": import_runs.resume,
            "undo": import_runs.undo,
        }
        if not self.has_add_permission(request) or what not in verbs:
            raise PermissionDenied
        verbs[what](run)
        texts = {"run": _("Let it run."), "cancel": _("Cancelled."), "resume": _("Resumed."), "undo": _("Undone.")}
        self.log_change(request, run, texts[what])
        return redirect("admin:catalog_importrun_change", run.pk)

    def columns_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Staff say what the columns are: the list is looked through anew."""
        run = self._run(request, pk)
        form = _columns_form(run, {"columns": "1"}, request.POST)
        if not self.has_add_permission(request) or form is None:
            raise PermissionDenied
        if not form.is_valid():
            for errors in form.errors.values():
                self.message_user(request, " ".join(str(error) for error in errors), messages.ERROR)
        else:
            reading = replace(form.reading(), encoding=import_runs.reading_of(run).encoding)
            import_runs.read_as(run, reading, form.cleaned_data["profile"])
            self.log_change(request, run, _("Said what its columns are."))
        return redirect("admin:catalog_importrun_change", run.pk)

    def marks_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Staff say which the decimal mark is, or the encoding, where the list does not tell: looked through anew."""
        run, mark = self._run(request, pk), request.POST.get("decimal_mark", "")
        encoding = request.POST.get("encoding", "")
        if not self.has_add_permission(request) or (mark not in (".", ",") and encoding not in dict(CHOICES)):
            raise PermissionDenied
        reading = import_runs.reading_of(run)
        reading = replace(reading, encoding=encoding) if encoding else replace(reading, decimal_mark=mark)
        import_runs.read_as(run, reading)
        text = _("Said what the encoding is: %s") if encoding else _("Said what the decimal mark is: %s")
        self.log_change(request, run, text % (encoding or mark))
        return redirect("admin:catalog_importrun_change", run.pk)

    def refused_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """What was refused, as the list had it, with the reason last: to be mended and uploaded again."""
        run = self._run(request, pk)
        return StreamingHttpResponse(
            _refused_lines(run),
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
        return {
            "run": run,
            "silent": import_runs.is_silent(run),
            "is_reading": run.state == ImportRun.State.CHECKING and "lists" not in run.survey,
            "may_steer": self.has_add_permission(request),
            "can_undo": import_runs.can_undo(run),
            "lists": [ListFacts(**facts) for facts in run.survey.get("lists", [])],
            "encodings": CHOICES,
        }


def _refused_lines(run: ImportRun) -> Iterator[str]:
    class Line:
        def write(self, line: str) -> str:
            return line

    writer: Any = csv.writer(Line())
    lists = run.survey.get("lists", [])
    header = lists[0]["columns"] if len(lists) == 1 else ["line", "sku"]
    yield "\N{BYTE ORDER MARK}" + writer.writerow([*map(guarded, header), REASON])
    for row in run.rows.exclude(problems=[]).iterator():
        reason = " ".join(row.problems)
        lines = row.cells if len(lists) == 1 else [[row.place or str(row.line), row.sku]]
        for cells in lines:
            filled = [*cells[: len(header)], *[""] * (len(header) - len(cells))]
            yield writer.writerow([*map(guarded, filled), guarded(reason)])


class ColumnsForm(forms.Form):
    """What each column of a list is, and how its values are to be read."""

    decimal_mark = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Decimal mark of prices"),
        choices=[("", gettext_lazy("as the list tells")), (",", "12,50"), (".", "12.50")],
        widget=UnfoldAdminSelectWidget,
    )
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$",
        required=False,
        label=gettext_lazy("Currency of prices that name none"),
        widget=UnfoldAdminTextInputWidget,
    )
    empty_word = forms.CharField(
        required=False,
        max_length=50,
        label=gettext_lazy("Word that empties a value"),
        help_text=gettext_lazy("An empty cell leaves what a product has."),
        widget=UnfoldAdminTextInputWidget,
    )
    image_base = forms.URLField(
        required=False,
        assume_scheme="https",
        label=gettext_lazy("Address before the names of photos"),
        help_text=gettext_lazy("Where the photos are not uploaded with the list."),
        widget=UnfoldAdminTextInputWidget,
    )
    profile = forms.CharField(
        required=False,
        max_length=100,
        label=gettext_lazy("Keep this under the name"),
        help_text=gettext_lazy("Lists with the same columns are read so from then on."),
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, columns: list[str], samples: list[list[str]], data: Any = None) -> None:
        super().__init__(data)
        self.columns = [fold(column) for column in columns]
        choices = [("", _("leave out")), *((name, _NAMES.get(name, name)) for name in FIELDS)]
        for index, proposed in enumerate(propose(self.columns, samples)):
            field = forms.ChoiceField(
                required=False, choices=choices, initial=proposed, label=columns[index], widget=UnfoldAdminSelectWidget
            )
            field.help_text = " · ".join(row[index][:60] for row in samples if index < len(row) and row[index])
            self.fields[f"column{index}"] = field

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = [cleaned.get(f"column{index}", "") for index in range(len(self.columns))]
        twice = {name for name in chosen if name and name != ATTRIBUTE and chosen.count(name) > 1}
        if twice:
            raise forms.ValidationError(_("Two columns are %(field)s. Leave one out.") % {"field": _NAMES[twice.pop()]})
        if not {"sku", "handle"} & set(chosen):
            raise forms.ValidationError(_("Say which column is the SKU."))
        return cleaned

    def reading(self) -> Reading:
        said = self.cleaned_data
        mapping = {column: said[f"column{index}"] for index, column in enumerate(self.columns)}
        names = ("decimal_mark", "empty_word", "image_base")
        return Reading("mapped", mapping, currency=said["currency"].upper(), **{name: said[name] for name in names})

    @property
    def of_columns(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith("column")]

    @property
    def of_values(self) -> list[Any]:
        return [self[name] for name in self.fields if not name.startswith("column")]


_NAMES: dict[str, Any] = {
    "sku": gettext_lazy("SKU"),
    "handle": gettext_lazy("handle: rows of one are one product"),
    "title": gettext_lazy("title"),
    "description": gettext_lazy("description"),
    "category": gettext_lazy("category"),
    "department": gettext_lazy("category above"),
    "brand": gettext_lazy("brand"),
    "price": gettext_lazy("price"),
    "sale_price": gettext_lazy("sale price"),
    "currency": gettext_lazy("currency"),
    "availability": gettext_lazy("availability"),
    "url": gettext_lazy("address"),
    "active": gettext_lazy("active"),
    "images": gettext_lazy("photos"),
    ATTRIBUTE: gettext_lazy("an attribute of this name"),
    "attributes": gettext_lazy("attributes as JSON"),
}


def _columns_form(run: ImportRun, query: Any, data: Any = None) -> ColumnsForm | None:
    """Where a list waits to hear what its columns are, or staff want to say it otherwise."""
    if unknown := run.survey.get("unknown"):
        return ColumnsForm(unknown["columns"], unknown["samples"], data)
    lists = run.survey.get("lists", [])
    if run.state != ImportRun.State.CHECKED or len(lists) != 1 or "columns" not in query:
        return None
    return ColumnsForm(lists[0]["columns"], lists[0]["samples"], data)
