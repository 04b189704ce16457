"""Trainings in the admin: data, duration and start, live progress, stop and resume."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanWidget,
)

from ml.models import ModelVersion, bundled_models, keras_weights, model_directory
from search import trainings
from search.models import Training

WIDTH, HEIGHT = 600, 160  # of a curve's picture
MOST_MINUTES, MOST_EPOCHS = 7 * 24 * 60, 10_000


def _number(label: Any, least: int, most: int, initial: int | None = None, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        initial=initial,
        required=False,
        help_text=help_text,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"min": least, "max": most}),
    )


class StartTrainingForm(forms.Form):
    data = forms.ChoiceField(  # type: ignore[assignment]
        label=gettext_lazy("Learn from"), choices=Training.Data.choices, widget=UnfoldAdminSelectWidget
    )
    folder = forms.ChoiceField(label=gettext_lazy("Folder"), required=False, widget=UnfoldAdminSelectWidget)
    upload = forms.FileField(
        label=gettext_lazy("ZIP archive"),
        required=False,
        help_text=gettext_lazy("Photos named <product>_<view>.jpg, or a folder per product."),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".zip"}),
    )
    start = forms.ChoiceField(
        label=gettext_lazy("Start from"),
        help_text=gettext_lazy("A model goes on from what it knows: the better start for a small shop."),
        widget=UnfoldAdminSelectWidget,
    )
    backbone = forms.ChoiceField(
        label=gettext_lazy("Backbone"),
        required=False,
        choices=[("", gettext_lazy("that of the start")), *((name, name) for name in trainings.BACKBONES)],
        help_text=gettext_lazy("Say one where you start from ImageNet or from nothing."),
        widget=UnfoldAdminSelectWidget,
    )
    fast = forms.BooleanField(
        label=gettext_lazy("Only the last stage learns"),
        required=False,
        help_text=gettext_lazy(
            "Many times faster: the lower stages run once. It needs a model or ImageNet to start from."
        ),
        widget=UnfoldBooleanWidget,
    )
    minutes = _number(
        gettext_lazy("Minutes"),
        1,
        MOST_MINUTES,
        60,
        gettext_lazy("About; the first epoch is timed, and as many follow as fit. Loading and exporting come on top."),
    )
    epochs = _number(gettext_lazy("Or epochs"), 1, MOST_EPOCHS)
    input_size = _number(
        gettext_lazy("Input size in pixels"),
        32,
        512,
        None,
        gettext_lazy("A multiple of 8; empty: what suits the backbone."),
    )
    steps = _number(gettext_lazy("Batches an epoch"), 1, 10_000, 25)
    p = _number(gettext_lazy("Products in a batch"), 2, 256, 16)
    k = _number(gettext_lazy("Photos of each"), 2, 64, 4)

    main = ("data", "folder", "upload", "start", "backbone", "fast", "minutes", "epochs")
    more = ("input_size", "steps", "p", "k")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = trainings.folders()
        self.fields["folder"].choices = [("", "–"), *((name, name) for name in names)]  # type: ignore[attr-defined]
        self.fields["folder"].help_text = _("In %(root)s on the server.") % {"root": settings.TRAINING_ROOT}
        self.fields["start"].choices = _starts()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("data") == Training.Data.FOLDER and not said.get("folder"):
            self.add_error("folder", _("Choose a folder."))
        if said.get("data") == Training.Data.UPLOAD and not said.get("upload"):
            self.add_error("upload", _("Choose a ZIP archive."))
        if bool(said.get("minutes")) == bool(said.get("epochs")):
            self.add_error("minutes", _("Give minutes or epochs, and leave the other empty."))
        if (said.get("input_size") or 0) % 8:
            self.add_error("input_size", _("This is not a multiple of 8."))
        start, backbone = said.get("start"), said.get("backbone")
        if start == "none" and said.get("fast"):
            self.add_error(
                "fast",
                _("The lower stages keep what they know, so they must know something: start from a model or ImageNet."),
            )
        if start in ("imagenet", "none") and not backbone:
            self.add_error("backbone", _("Say which backbone starts from there."))
        version = ModelVersion.objects.filter(version=start).first()
        if version and backbone and backbone != version.backbone:
            text = _("%(version)s is a %(backbone)s. Leave this empty, or start from ImageNet.")
            self.add_error("backbone", text % {"version": version, "backbone": version.backbone})
        if version:
            said["backbone"] = version.backbone
        return said

    def training(self, user: Any) -> Training:
        said = self.cleaned_data
        training = Training(
            data=said["data"],
            start=said["start"],
            backbone=said["backbone"],
            minutes=said["minutes"],
            epochs=said["epochs"],
            fast=said["fast"],
            input_size=said["input_size"] or trainings.INPUT_SIZES.get(said["backbone"], trainings.INPUT_SIZE),
            **{name: said[name] or self.fields[name].initial for name in ("steps", "p", "k")},
            name=str(Training.Data(said["data"]).label),
            user=user,
        )
        if training.data == Training.Data.FOLDER:
            training.source, training.name = str(settings.TRAINING_ROOT / said["folder"]), said["folder"]
        elif training.data == Training.Data.UPLOAD:
            upload: UploadedFile = said["upload"]
            training.source, training.name = str(trainings.take_upload(upload)), (upload.name or "")[:200]
        return training

    @property
    def of_main(self) -> list[Any]:
        return [self[name] for name in self.main]

    @property
    def of_more(self) -> list[Any]:
        return [self[name] for name in self.more]


def _starts() -> list[tuple[str, Any]]:
    """Choices for the initial weights: the active version, the bundled ones, ImageNet, random. Only versions whose
    Keras weights are present.
    """
    active = ModelVersion.objects.active()
    bundled = ModelVersion.objects.filter(version__in=[card["version"] for _directory, card in bundled_models()])
    found: dict[str, str] = {}
    for version in filter(None, [active, *bundled]):
        if version.version not in found and keras_weights(model_directory(version.version)):
            label = _("the active model, %s") if version == active else _("the bundled model, %s")
            found[version.version] = label % version
    return [*found.items(), ("imagenet", _("ImageNet")), ("none", _("nothing: random weights"))]


@admin.register(Training)
class TrainingAdmin(ModelAdmin):
    list_display = ["training", "condition", "last_recall", "user", "created"]
    list_display_links = ["training"]
    list_select_related = ["user", "version"]
    show_facets = admin.ShowFacets.NEVER

    @display(description=gettext_lazy("training"))
    def training(self, training: Training) -> str:
        return str(training)

    @display(description=gettext_lazy("state"))
    def condition(self, training: Training) -> str:
        state = training.get_state_display()
        return f"{state} {training.percent} %" if training.state == Training.State.RUNNING else state

    @display(description=gettext_lazy("Recall@1 on validation"))
    def last_recall(self, training: Training) -> str:
        recalls = [row["val_recall_1"] for row in training.history if "val_recall_1" in row]
        return f"{100 * max(recalls):.1f} %" if recalls else "–"

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(f"<int:pk>/{route}/", self.admin_site.admin_view(view), name=f"training_{name}")

        return [
            page("progress", self.progress_view, "progress"),
            page("do/<str:what>", require_POST(self.do_view), "do"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        sent = request.method == "POST"
        form = StartTrainingForm(request.POST, request.FILES) if sent else StartTrainingForm()
        if form.is_valid():
            training = form.training(request.user)
            training.save()
            self.log_addition(request, training, _("Started."))
            return redirect("admin:search_training_change", training.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Train a model"),
            "opts": self.opts,
            "form": form,
            "trainer": trainings.has_trainer(),
        }
        return render(request, "admin/search/training_start.html", context | {"media": self.media + form.media})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if self.get_object(request, object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        training = self._training(request, object_id)
        context = {**self.admin_site.each_context(request), "title": str(training), "opts": self.opts}
        return render(request, "admin/search/training.html", context | _state(training))

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Polled every two seconds; when the training has ended, the whole page is reloaded."""
        training = self._training(request, pk)
        if not training.is_open:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "admin/search/training_progress.html", _state(training))

    def do_view(self, request: HttpRequest, pk: int, what: str) -> HttpResponse:
        training = self._training(request, pk)
        verbs = {"stop": trainings.stop, "resume": trainings.resume}
        if what not in verbs:
            raise PermissionDenied
        verbs[what](training)
        self.log_change(request, training, {"stop": _("Stopped."), "resume": _("Resumed.")}[what])
        return redirect("admin:search_training_change", training.pk)

    def delete_model(self, request: HttpRequest, obj: Training) -> None:
        trainings.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Training]) -> None:
        for training in queryset:
            if not training.is_open:
                trainings.delete(training)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Training | None = None) -> bool:
        return self.has_add_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ml.change_modelversion")

    def has_change_permission(self, request: HttpRequest, obj: Training | None = None) -> bool:
        return False  # trainings are started and stopped, not edited

    def has_delete_permission(self, request: HttpRequest, obj: Training | None = None) -> bool:
        return self.has_add_permission(request) and (obj is None or not obj.is_open)

    def _training(self, request: HttpRequest, pk: object) -> Training:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(Training, pk=pk)


def _state(training: Training) -> dict[str, Any]:
    return {
        "training": training,
        "trainer": not training.is_open or trainings.has_trainer(),
        "curves": _curves(training.history),
        "minutes_left": _minutes_left(training),
        "epoch": len(training.history) + 1,
    }


def _minutes_left(training: Training) -> int | None:
    """Remaining minutes, extrapolated from the last epoch; None before the first epoch has ended."""
    if training.state != Training.State.RUNNING or not training.history or not training.planned_epochs:
        return None
    photos = training.steps * training.p * training.k
    seconds = photos / training.history[-1]["photos_per_second"]
    done = training.progress.get("batch", 0) / training.steps
    left = max(0.0, training.planned_epochs - len(training.history) - done)
    return math.ceil(left * seconds / 60)


@dataclass(frozen=True)
class Curve:
    """One metric over the epochs, as the points of an SVG polyline."""

    title: str
    points: str
    last: str
    highest: str
    lowest: str
    epochs: int
    width: int = WIDTH
    height: int = HEIGHT


def _curves(history: list[dict[str, float]]) -> list[Curve]:
    figures = [("loss", _("Loss"), False), ("val_recall_1", _("Recall@1 on validation products"), True)]
    found = []
    for name, title, share in figures:
        values = [row[name] for row in history if name in row and math.isfinite(row[name])]
        if not values:
            continue
        low, high = (0.0, 1.0) if share else (min(0.0, *values), max(values) or 1.0)
        step = WIDTH / max(len(values) - 1, 1)
        points = [
            f"{step * place:.1f},{HEIGHT * (1 - (value - low) / (high - low)):.1f}"
            for place, value in enumerate(values)
        ]
        if len(points) == 1:
            points.append(f"{WIDTH},{points[0].partition(',')[2]}")
        last, highest, lowest = (f"{100 * v:.1f} %" if share else f"{v:.2f}" for v in (values[-1], high, low))
        found.append(Curve(title, " ".join(points), last, highest, lowest, len(values)))
    return found
