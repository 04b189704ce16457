"""The model registry in the admin: versions side by side, prepared in the background, activated, rolled back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_q.tasks import async_task
from unfold.admin import ModelAdmin

from catalog.models import ProductImage
from ml.model_archive import InvalidModel, register_archive
from ml.models import ModelVersion
from search.indexing import rollout
from search.models import photos_awaiting

SHOWN = 6  # versions side by side: the active one and the newest
MEASURING = 3600  # seconds; exact search among millions of photos is slow


@admin.register(ModelVersion)
class ModelVersionAdmin(ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(f"<int:pk>/{route}/", self.admin_site.admin_view(view), name=f"model_{name}")

        return [
            page("progress", self.progress_view, "progress"),
            page("curves.png", self.curves_view, "curves"),
            page("confirm", self.confirm_view, "confirm"),
            path("upload/", self.admin_site.admin_view(require_POST(self.upload_view)), name="model_upload"),
            page("do/<str:what>", require_POST(self.do_view), "do"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        states = ModelVersion.State
        versions = sorted(ModelVersion.objects.all()[:100], key=lambda version: version.state != states.ACTIVE)[:SHOWN]
        former = ModelVersion.objects.filter(state=states.RETIRED).order_by("-activated").first()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Models"),
            "opts": self.opts,
            "versions": [self._shown(version) for version in versions],
            "own_figures": _side_by_side([_own_figures(version) for version in versions]),
            "headlines": _side_by_side([_headline(version) for version in versions]),
            "card_figures": _side_by_side([_card_figures(version) for version in versions]),
            "former": former,
            "may_steer": self.has_change_permission(request),
        }
        return render(request, "admin/ml/models.html", context)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Polled every two seconds while a version is prepared; when it is done, the whole page is reloaded."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        if version.state != ModelVersion.State.PREPARING:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "admin/ml/model_progress.html", self._shown(version))

    def curves_view(self, request: HttpRequest, pk: int) -> FileResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        picture = version.directory / "curves.png"
        if not version.fetch() or not picture.is_file():
            raise Http404
        return FileResponse(picture.open("rb"), content_type="image/png")

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Confirmation before activation, which changes the model of every search at once."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        back = rollout.can_roll_back(version)
        if version.state != ModelVersion.State.READY and not back:
            self.message_user(request, _("%s has not been prepared yet.") % version, messages.ERROR)
            return redirect("admin:ml_modelversion_changelist")
        active = ModelVersion.objects.active()
        versions = [version, *([active] if active else [])]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Let %s serve?") % version,
            "opts": self.opts,
            "version": version,
            "active": active,
            "versions": [{"version": shown} for shown in versions],
            "own_figures": _side_by_side([_own_figures(shown) for shown in versions]),
            "waiting": photos_awaiting(version).count(),
            "action": "roll_back" if back else "activate",
        }
        return render(request, "admin/ml/model_confirm.html", context)

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Upload of a model directory as a ZIP, registered as a candidate."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        upload = request.FILES.get("archive")
        try:
            if upload is None:
                raise InvalidModel(_("Choose a ZIP archive."))
            version = register_archive(upload)
        except InvalidModel as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.log_addition(request, version, _("Uploaded."))
            self.message_user(request, _("%s is here, as a candidate or as what it was.") % version, messages.SUCCESS)
        return redirect("admin:ml_modelversion_changelist")

    def do_view(self, request: HttpRequest, pk: int, what: str) -> HttpResponse:
        verbs = {
            "prepare": rollout.prepare_in_background,
            "cancel": ModelVersion.cancel_preparing,
            "activate": rollout.switch,
            "roll_back": rollout.roll_back,
            "measure": self._measure,
        }
        if not self.has_change_permission(request) or what not in verbs:
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        try:
            verbs[what](version)
        except (rollout.NotReady, rollout.Unloadable) as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            texts = {
                "prepare": _("Preparation begun."),
                "cancel": _("Preparation cancelled."),
                "activate": _("Activated."),
                "roll_back": _("Activated; what came in since it served last is embedded now."),
                "measure": _("A worker measures it on the shop's own photos; the figures will be here."),
            }
            self.log_change(request, version, texts[what])
            self.message_user(request, texts[what], messages.SUCCESS)
        return redirect("admin:ml_modelversion_changelist")

    def _measure(self, version: ModelVersion) -> None:
        name = f"measure {version}"[:100]
        async_task("search.tasks.measure", version.pk, group="embed", timeout=MEASURING, task_name=name)

    def _shown(self, version: ModelVersion) -> dict[str, Any]:
        preparing = version.state == ModelVersion.State.PREPARING
        return {
            "version": version,
            "progress": rollout.progress(version) if preparing else None,
            "can_roll_back": rollout.can_roll_back(version),
            "curves": (version.directory / "curves.png").is_file(),
            "note": (version.config.get("training") or {}).get("note", ""),
            "measurable": version.state in (ModelVersion.State.ACTIVE, ModelVersion.State.READY),
            "confusions": _confusions(version),
        }

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # versions are registered by training and upload

    def has_delete_permission(self, request: HttpRequest, obj: ModelVersion | None = None) -> bool:
        return False


def _side_by_side(columns: list[dict[str, str]]) -> list[tuple[str, list[str]]]:
    """Rows of the comparison: (name of a metric, its value for each version or "")."""
    names = list(dict.fromkeys(name for column in columns for name in column))
    return [(name, [column.get(name, "") for column in columns]) for name in names]


def _own_figures(version: ModelVersion) -> dict[str, str]:
    """Metrics measured on the shop's own photos."""
    own = _own_catalogue(version)
    if not own:
        return {}
    recall = {_("Recall@%s on the shop's own photos") % k: f"{100 * own[k]:.1f} %" for k in ("1", "5", "10")}
    return recall | {_("of how many photos"): str(own["queries"])}


def _headline(version: ModelVersion) -> dict[str, str]:
    """The three figures that its training left for comparing models."""
    names = {
        "recall_1": _("Recall@1, products it was trained on"),
        "unseen_recall_1": _("Recall@1, products it never saw"),
        "same_kind_precision_6": _("Same kind among the first 6"),
    }
    return {names[name]: f"{100 * value:.1f} %" for name, value in version.headline.items() if value is not None}


def _card_figures(version: ModelVersion) -> dict[str, str]:
    """Metrics from the model card."""
    figures: dict[str, str] = {}
    metrics = {name: value for name, value in version.metrics.items() if name not in ("catalogue", "confusions")}
    _flatten(metrics, "", figures)
    return figures


@dataclass(frozen=True)
class Confusion:
    """Two products that a version confuses, with their two most similar photos."""

    photo: ProductImage
    taken_for: ProductImage
    score: float  # cosine
    times: int


def _confusions(version: ModelVersion) -> list[Confusion]:
    """The confusions stored when the version was measured, without products that were deleted or merged since."""
    kept = version.metrics.get("confusions", [])
    wanted = {pair[side] for pair in kept for side in ("image", "other")}
    photos = ProductImage.objects.select_related("product").in_bulk(wanted)
    found = []
    for pair in kept:
        photo, other = photos.get(pair["image"]), photos.get(pair["other"])
        if photo and other and photo.product_id != other.product_id:
            found.append(Confusion(photo, other, pair["score"], pair["times"]))
    return found


def _own_catalogue(version: ModelVersion) -> dict[str, Any] | None:
    """The metrics measured when this version, or the one that replaced it, was prepared."""
    for measured_by in (version, *ModelVersion.objects.exclude(pk=version.pk)):
        if own := measured_by.metrics.get("catalogue", {}).get(version.version):
            return own
    return None


def _flatten(values: dict[str, Any], prefix: str, into: dict[str, str]) -> None:
    for name, value in values.items():
        label = f"{prefix} {name}".strip().replace("_", " ")
        if isinstance(value, dict):
            _flatten(value, label, into)
        elif isinstance(value, float) and 0 <= value <= 1 and any(word in label for word in ("recall", "map", "mrr")):
            into[label] = f"{100 * value:.1f} %"
        elif isinstance(value, list):
            into[label] = " – ".join(f"{100 * part:.1f} %" if isinstance(part, float) else str(part) for part in value)
        elif value is not None:
            into[label] = str(value)
