"""The registry of trained models."""

from __future__ import annotations

import json
import logging
import math
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from ml.model_storage import fetch, share
from ml.verdict import Calibration

if TYPE_CHECKING:
    from ml.embedder import Embedder

logger = logging.getLogger(__name__)

KNOWN_SECONDS = 0.5  # lifetime of a process's cached active version
# The cache: time of the last query, the row as it was then, and the version.
_serving: tuple[float, tuple[int, str] | None, ModelVersion | None] = (-math.inf, None, None)


def forget_serving() -> None:
    """Clear the cache, so that the next search queries the database for the active version."""
    global _serving
    _serving = (-math.inf, None, None)


class ModelVersionManager(models.Manager["ModelVersion"]):
    def active(self) -> ModelVersion | None:
        """The active version, which serves searches; None before any was activated."""
        return self.filter(state=ModelVersion.State.ACTIVE).first()

    def serving(self) -> ModelVersion | None:
        """The active version, from a cache that is refreshed every KNOWN_SECONDS. A switch by another process is seen
        up to that much later.
        """
        global _serving
        asked, row, model = _serving
        if time.monotonic() - asked < KNOWN_SECONDS:
            return model
        now = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, xmin::text FROM ml_modelversion WHERE state = 'active'")
            found = cursor.fetchone()
        if found != row:
            model = self.active()
        _serving = (now, found, model)
        return model

    def in_use(self) -> models.QuerySet[ModelVersion]:
        """The versions that every photo must be embedded with: the active one, and those that are prepared or ready."""
        states = ModelVersion.State
        return self.filter(state__in=[states.ACTIVE, states.PREPARING, states.READY])

    def register(self, directory: Path) -> ModelVersion:
        """Register the model in `directory` (model.onnx, card.json) as a candidate; returns the existing version if it
        is registered already.

        Raises FileNotFoundError without a card, ValueError if the version belongs to another model.
        """
        card = json.loads((directory / "card.json").read_text())
        version, created = self.get_or_create(
            version=card["version"],
            defaults={
                "sha256": card["sha256"],
                "backbone": card["backbone"],
                "dim": card["dim"],
                "input_size": card["input_size"],
                "config": card,
                "metrics": card.get("metrics", {}),
            },
        )
        if version.sha256 != card["sha256"]:
            raise ValueError(f"Version {version} is registered with another model file ({version.sha256[:12]}…).")
        if not created and version.config != card:  # the card was updated with new measurements
            version.config, version.metrics = card, card.get("metrics", {})
            version.save(update_fields=["config", "metrics"])
        if directory not in settings.BUNDLED_MODEL_DIRS:
            share(version.version, directory)
        return version


class ModelVersion(models.Model):
    class State(models.TextChoices):
        CANDIDATE = "candidate", _("candidate")
        PREPARING = "preparing", _("preparing")  # the catalogue is being embedded with it
        READY = "ready", _("ready")  # it can be activated
        ACTIVE = "active", _("active")
        RETIRED = "retired", _("retired")

    version = models.CharField(_("version"), max_length=100, unique=True)
    sha256 = models.CharField("SHA-256", max_length=64, help_text=_("Of model.onnx."))
    backbone = models.CharField(_("backbone"), max_length=100)
    dim = models.PositiveIntegerField(_("embedding dimension"))
    input_size = models.PositiveIntegerField(_("input size"), help_text=_("Pixels, square."))
    config = models.JSONField(_("card"), default=dict)
    metrics = models.JSONField(_("metrics"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CANDIDATE)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    activated = models.DateTimeField(_("activated"), null=True, editable=False)

    objects = ModelVersionManager()

    class Meta:
        ordering = ["-created", "-id"]
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        constraints = [
            models.UniqueConstraint("state", condition=Q(state="active"), name="one_active_model_at_most"),
            models.CheckConstraint(
                condition=Q(state__in=["candidate", "preparing", "ready", "active", "retired"]),
                name="model_state_known",
            ),
            models.CheckConstraint(condition=Q(dim=256), name="model_dim_fits_the_embedding_column"),
        ]

    def __str__(self) -> str:
        return self.version

    @cached_property
    def directory(self) -> Path:
        """The directory with model.onnx and card.json: a bundled one, or MODELS_DIR/<version>."""
        for directory, card in bundled_models():
            if card["version"] == self.version:
                return directory
        return settings.MODELS_DIR / self.version

    def embedder(self) -> Embedder:
        """Its Embedder, loaded once per process; the files are downloaded first if another machine has them."""
        from ml.embedder import load_embedder  # imported here: ONNX Runtime is slow to load and few commands need it

        self.fetch()
        return load_embedder(self.directory)

    def fetch(self) -> bool:
        """Whether its files are present, after downloading them if necessary: ml.model_storage."""
        return fetch(self.version, self.sha256, self.directory)

    @cached_property
    def calibration(self) -> Calibration | None:
        """Converts this model's scores to likelihoods; None if the model has not been calibrated."""
        return Calibration.from_card(self.config)

    @property
    def headline(self) -> dict[str, float | None]:
        """By what it was measured with when it was trained, fractions; None where its card does not tell: Recall@1 on
        photos of products that it was trained on, on products that it never saw, and same-kind precision@6."""
        noted = self.config.get("headline", {})
        return {name: noted.get(name) for name in ("recall_1", "unseen_recall_1", "same_kind_precision_6")}

    def start_preparing(self) -> None:
        """From now on every photo is embedded with this version too. No effect on the active version."""
        self._move(set(self.State) - {self.State.ACTIVE}, self.State.PREPARING)

    def cancel_preparing(self) -> None:
        self._move({self.State.PREPARING, self.State.READY}, self.State.CANDIDATE)

    def mark_ready(self) -> None:
        """It can be activated. No effect if the preparation was cancelled meanwhile."""
        self._move({self.State.PREPARING}, self.State.READY)

    def _move(self, former: set[ModelVersion.State], state: ModelVersion.State) -> None:
        ModelVersion.objects.filter(pk=self.pk, state__in=former).update(state=state)
        self.refresh_from_db()

    def make_active(self) -> None:
        """Make this the active version, in one transaction. Every photo must be embedded with it already."""
        with transaction.atomic():
            versions = ModelVersion.objects.all()
            list(versions.select_for_update().order_by("pk"))  # serialises concurrent switches
            versions.filter(state=self.State.ACTIVE).exclude(pk=self.pk).update(state=self.State.RETIRED)
            versions.filter(pk=self.pk).update(state=self.State.ACTIVE, activated=Now())
            transaction.on_commit(forget_serving)
        self.refresh_from_db()


def model_directory(name: str) -> Path:
    """The directory of a version, or the given folder with a card. Raises ModelVersion.DoesNotExist. Only a version
    needs the database.
    """
    for directory in (Path(name), settings.MODELS_DIR / name):
        if (directory / "card.json").is_file():
            return directory.resolve()
    return ModelVersion.objects.get(version=name).directory


def keras_weights(directory: Path) -> Path | None:
    """The Keras weights in a model's directory, to continue training or to learn from; None if only the ONNX graph is
    there.
    """
    files = [directory / "network.weights.h5", *sorted(directory.glob("*-fp16.weights.h5"))]
    return next((file for file in files if file.is_file()), None)


def bundled_models() -> list[tuple[Path, dict[str, Any]]]:
    """(directory, card) of each bundled model that is present; the first is the default."""
    cards = ((directory, directory / "card.json") for directory in settings.BUNDLED_MODEL_DIRS)
    return [(directory, json.loads(card.read_text())) for directory, card in cards if card.exists()]


def register_bundled_models(**kwargs: Any) -> None:
    """After migrate: register the bundled models, and activate the first if no version is active.

    Also after an upgrade that no longer contains the active bundled model: workers then embed the catalogue with the
    new one, and until they are done, searches find the photos embedded so far.
    """
    versions = [ModelVersion.objects.register(directory) for directory, _ in bundled_models()]
    active = ModelVersion.objects.active()
    if versions and (active is None or not active.fetch()):
        if active:
            logger.warning(
                "The files of %s are gone; %s takes over and embeds the catalogue anew.", active, versions[0]
            )
        versions[0].make_active()
