"""The models over HTTP: which there are, how far one is prepared, and the steps of a rollout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin.models import CHANGE
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import schema
from catalog.api.history import log
from catalog.api.paging import CursorPages
from catalog.api.permissions import ModelsPerMethod
from catalog.errors import InvalidRequest
from ml.models import ModelVersion
from search.indexing import rollout


class Progress(serializers.Serializer[Any]):
    embedded = serializers.IntegerField()
    total = serializers.IntegerField(help_text="Readable photos of the catalogue.")


class ModelSerializer(serializers.ModelSerializer[ModelVersion]):
    progress = serializers.SerializerMethodField(help_text="While it is being prepared.")

    class Meta:
        model = ModelVersion
        fields = ["version", "state", "backbone", "dim", "input_size", "sha256", "created", "activated", "progress"]
        read_only_fields = fields

    @extend_schema_field(Progress(allow_null=True))
    def get_progress(self, model: ModelVersion) -> dict[str, int] | None:
        if model.state != ModelVersion.State.PREPARING:
            return None
        progress = rollout.progress(model)
        return {"embedded": progress.embedded, "total": progress.total}


class ModelViews(generics.GenericAPIView[ModelVersion]):
    permission_classes = [ModelsPerMethod]
    permissions = {"GET": "ml.view_modelversion", "POST": "ml.change_modelversion"}
    queryset = ModelVersion.objects.order_by("id")
    serializer_class = ModelSerializer
    lookup_field = "version"


class ModelList(ModelViews, generics.ListAPIView[ModelVersion]):
    pagination_class = CursorPages

    @extend_schema(
        operation_id="models_list",
        parameters=[schema.CURSOR, schema.PAGE_SIZES],
        responses={200: ModelSerializer(many=True), **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class ModelDetail(ModelViews, generics.RetrieveAPIView[ModelVersion]):
    @extend_schema(operation_id="models_retrieve", responses={200: ModelSerializer, **schema.errors(401, 403, 404)})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


STEERED = {202: ModelSerializer, **schema.errors(401, 403, 404, 409, 415)}


class SteerModel(ModelViews):
    """Base of the three verbs; each is safe to repeat."""

    def steer(self, verb: Callable[[ModelVersion], None], sentence: str) -> Response:
        model = self.get_object()
        try:
            verb(model)
        except (rollout.NotReady, rollout.Unloadable) as error:
            raise InvalidRequest("not_ready", str(error), status=409) from error
        log(self.request, [model], CHANGE, sentence)
        model.refresh_from_db()
        return Response(self.get_serializer(model).data, status=202)


class PrepareModel(SteerModel):
    @extend_schema(operation_id="models_prepare", request=None, responses=STEERED)
    def post(self, request: Request, version: str) -> Response:
        """Begin to embed the catalogue with this version. Watch `state`: `preparing`, then `ready`."""
        return self.steer(rollout.prepare_in_background, _("Preparation begun."))


class ActivateModel(SteerModel):
    @extend_schema(operation_id="models_activate", request=None, responses=STEERED)
    def post(self, request: Request, version: str) -> Response:
        """Let this version serve, which must be `ready`."""
        return self.steer(rollout.switch, _("Activated."))


class CancelModel(SteerModel):
    @extend_schema(operation_id="models_cancel", request=None, responses=STEERED)
    def post(self, request: Request, version: str) -> Response:
        """Stop preparing. What was embedded stays."""
        return self.steer(ModelVersion.cancel_preparing, _("Preparation cancelled."))
