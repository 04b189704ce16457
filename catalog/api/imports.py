"""Imports over HTTP: send a file or name a server folder, see what would happen, let it run, watch it, stop it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth.models import User
from django.db import transaction
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import schema
from catalog.api.history import ADDITION, CHANGE, log
from catalog.api.idempotency import idempotent
from catalog.api.paging import CursorPages
from catalog.api.permissions import PerMethod
from catalog.api.photos import UploadField
from catalog.errors import InvalidRequest
from catalog.imports import runs
from catalog.imports.importer import Action
from catalog.imports.sources import UnusableSource
from catalog.models import ImportRow, ImportRun


class ImportSerializer(serializers.ModelSerializer[ImportRun]):
    user = serializers.CharField(source="user.username", default=None, allow_null=True, read_only=True)

    class Meta:
        model = ImportRun
        fields = [
            *("id", "name", "state", "user", "total", "percent", "created_count", "changed_count", "kept_count"),
            *("refused_count", "problem_count", "error", "created", "updated"),
        ]
        read_only_fields = fields


class ImportRowSerializer(serializers.ModelSerializer[ImportRow]):
    action = serializers.ChoiceField(Action.choices, read_only=True)
    changes = serializers.ListField(child=serializers.CharField(), read_only=True)
    problems = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ImportRow
        fields = ["line", "sku", "action", "changes", "problems"]
        read_only_fields = ["line", "sku"]


class ImportRequest(serializers.Serializer[Any]):
    file = serializers.ListField(
        child=UploadField(), required=False, help_text="One ZIP archive; a CSV with its photos; or photos alone."
    )
    folder = serializers.CharField(
        required=False,
        allow_blank=True,  # as a form sends the field that nobody filled in
        max_length=255,
        help_text="Instead of files: a folder, archive or CSV in the server's inbox.",
    )


class ImportViews(generics.GenericAPIView[ImportRun]):
    permission_classes = [PerMethod]
    permissions = {"GET": "catalog.view_importrun", "POST": "catalog.add_importrun"}
    queryset = ImportRun.objects.select_related("user").order_by("id")
    serializer_class = ImportSerializer


@extend_schema_view(
    get=extend_schema(
        operation_id="imports_list",
        parameters=[schema.CURSOR, schema.PAGE_SIZES],
        responses={200: ImportSerializer(many=True), **schema.errors(400, 401, 403, 404)},
    )
)
class ImportList(ImportViews, generics.ListAPIView[ImportRun]):
    pagination_class = CursorPages
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="imports_create",
        parameters=[schema.IDEMPOTENCY_KEY],
        request={"multipart/form-data": ImportRequest},
        responses={202: ImportSerializer, **schema.WRITE_ERRORS, **schema.errors(409, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Begin: a worker looks through the source, row by row, and changes nothing yet.

        Watch `state`: `checking`, then `checked`. Then let it run.
        """
        files, folder = request.FILES.getlist("file"), cast(QueryDict, request.data).get("folder", "")
        if bool(files) == bool(folder):
            raise InvalidRequest("no_source", _("Send files, or the name of something on the server."))
        try:
            source, name = runs.take_upload(files) if files else (runs.on_server(folder), folder)
        except UnusableSource as error:
            raise InvalidRequest("unusable_source", str(error)) from error
        with transaction.atomic():
            run = runs.start(source, name, cast(User, request.user))
            log(request, [run], ADDITION, _("Started."))
        return Response(self.get_serializer(run).data, status=202)


@extend_schema_view(
    get=extend_schema(
        operation_id="imports_retrieve", responses={200: ImportSerializer, **schema.errors(401, 403, 404)}
    )
)
class ImportDetail(ImportViews, generics.RetrieveAPIView[ImportRun]):
    pass


@extend_schema_view(
    get=extend_schema(
        operation_id="imports_rows",
        parameters=[schema.CURSOR, schema.PAGE_SIZES],
        responses={200: ImportRowSerializer(many=True), **schema.errors(400, 401, 403, 404)},
    )
)
class ImportRows(generics.ListAPIView[ImportRow]):
    """What happens, or happened, with each row, in their order."""

    permission_classes = [PerMethod]
    permissions = {"GET": "catalog.view_importrun"}
    pagination_class = CursorPages
    serializer_class = ImportRowSerializer

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return ImportRow.objects.none()
        return get_object_or_404(ImportRun, pk=self.kwargs["pk"]).rows.order_by("id")


class SteerImport(ImportViews):
    """Base of the three verbs; each is safe to repeat."""

    @transaction.atomic
    def steer(self, verb: Callable[[ImportRun], None], sentence: str) -> Response:
        run = self.get_object()
        verb(run)
        log(self.request, [run], CHANGE, sentence)
        run.refresh_from_db()
        return Response(self.get_serializer(run).data, status=202)


STEERED = {202: ImportSerializer, **schema.errors(400, 401, 403, 404, 409, 413, 415, 422)}


class RunImport(SteerImport):
    @extend_schema(operation_id="imports_run", parameters=[schema.IDEMPOTENCY_KEY], request=None, responses=STEERED)
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Carry out what was looked through. Does nothing where `state` is not `checked`."""
        return self.steer(runs.carry_out, _("Let it run."))


class CancelImport(SteerImport):
    @extend_schema(operation_id="imports_cancel", parameters=[schema.IDEMPOTENCY_KEY], request=None, responses=STEERED)
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Stop before the next product. What went in stays in."""
        return self.steer(runs.cancel, _("Cancelled."))


class ResumeImport(SteerImport):
    @extend_schema(operation_id="imports_resume", parameters=[schema.IDEMPOTENCY_KEY], request=None, responses=STEERED)
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Go on where a run was cancelled, or where its worker died."""
        return self.steer(runs.resume, _("Resumed."))
