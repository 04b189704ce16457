"""Imports by staff, in the background: looked through first, then carried out; cancelled, resumed, never done twice.

A worker takes a slice of about SLICE seconds and queues the next one, so that other work gets its turn. The list stays
open between two slices of one process; another process reads it anew up to where the run is. Reading a list of a
million rows takes minutes, so the queue lets these tasks take longer than others. Tasks are delivered at least once: a
lock lets one of them work on a run at a time.
"""

from __future__ import annotations

import logging
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.tasks import async_task

from catalog.imports.formats.mapped import signature
from catalog.imports.importer import Action, Outcome, import_rows, plan_batches, rows_of
from catalog.imports.sources import PHOTO_SUFFIXES, TOLD_EVERY, SourceRow, Survey, UnknownColumns, survey_source
from catalog.imports.tables import SUFFIXES, UnusableSource
from catalog.imports.undo import undo_row
from catalog.imports.values import Reading
from catalog.locks import advisory_lock
from catalog.models import ImportProfile, ImportRow, ImportRun, Product

logger = logging.getLogger(__name__)

SLICE = 30.0  # seconds of writing
TASK_SECONDS = 2 * 3600  # of a slice with the reading before it
BATCH = 50  # rows undone between two writes
SILENCE = timedelta(minutes=4)  # a worker that was killed is replaced before (Q_CLUSTER's retry)

COUNTERS = {
    Action.CREATE: "created_count",
    Action.CHANGE: "changed_count",
    Action.KEEP: "kept_count",
    Action.REFUSE: "refused_count",
}


def start(
    source: Path, name: str, user: User | None, reading: Reading | None = None, *, agreed: bool = False
) -> ImportRun:
    """Begin to look through `source` in the background. agreed: carry it out then, without a confirmation."""
    said = asdict(reading) if reading else {}
    run = ImportRun.objects.create(name=name[:200], source=str(source), user=user, reading=said, agreed=agreed)
    _queue(run)
    return run


def reading_of(run: ImportRun) -> Reading:
    return Reading(**run.reading)


def take_upload(files: Sequence[UploadedFile]) -> tuple[Path, str]:
    """Keep uploaded files for an import; (source, its name for people). One ZIP; a list with its photos; or photos.

    Raises UnusableSource for anything else.
    """
    names = [file.name for file in files]
    if twice := sorted({name or "" for name in names if names.count(name) > 1}):
        raise UnusableSource(_("Two files are called %(name)s. Rename one.") % {"name": twice[0]})
    suffixes = [Path(file.name or "").suffix.lower() for file in files]
    lists = [file for file, suffix in zip(files, suffixes, strict=True) if suffix in {".zip", *SUFFIXES}]
    photos = [file for file, suffix in zip(files, suffixes, strict=True) if suffix in PHOTO_SUFFIXES]
    archive = any((file.name or "").lower().endswith(".zip") for file in lists)
    if not files or len(lists) + len(photos) < len(files) or len(lists) > 1 or (archive and photos):
        raise UnusableSource(
            _("Choose one ZIP archive, or one list (CSV, XLSX, XML) together with its photos, or photos alone.")
        )
    folder = settings.UPLOADS_DIR / uuid.uuid4().hex
    folder.mkdir(parents=True)
    for file in files:
        with (folder / Path(file.name or "").name).open("wb") as target:
            for chunk in file.chunks():
                target.write(chunk)
    if lists:
        return folder / Path(lists[0].name or "").name, lists[0].name or ""
    return folder, ngettext("%d photo", "%d photos", len(photos)) % len(photos)


def on_server(name: str) -> Path:
    """The folder, archive or list called `name` in IMPORT_ROOT. Raises UnusableSource."""
    root: Path = settings.IMPORT_ROOT
    entries = {entry.name: entry for entry in root.iterdir()} if root.is_dir() else {}
    path = entries.get(name)
    if path is None or not is_offered(path):
        raise UnusableSource(
            _("There is no folder, ZIP archive or CSV called %(name)s on the server.") % {"name": name}
        )
    return path


def is_offered(path: Path) -> bool:
    """Whether staff may import this entry of IMPORT_ROOT: a folder, archive or list that lies in there for real."""
    inside = path.resolve().is_relative_to(settings.IMPORT_ROOT.resolve())
    return inside and not path.name.startswith(".") and (path.is_dir() or path.suffix.lower() in {".zip", *SUFFIXES})


def read_as(run: ImportRun, reading: Reading, profile: str = "") -> None:
    """Staff say how the list is read: look through it anew. profile: the name to keep this under, for next time."""
    said = asdict(reading)
    if profile:
        columns = signature(run.survey.get("unknown", {}).get("columns") or _columns(run))
        ImportProfile.objects.update_or_create(name=profile[:100], defaults={"columns": columns, "reading": said})
    run.rows.all().delete()
    allowed: set[str] = {ImportRun.State.MAPPING, ImportRun.State.CHECKED}
    _move(run, allowed, state=ImportRun.State.CHECKING, reading=said, survey={}, total=0, line=0, **_no_counts())


def _columns(run: ImportRun) -> list[str]:
    return next((facts["columns"] for facts in run.survey.get("lists", [])), [])


def carry_out(run: ImportRun) -> None:
    """Staff agree with what they saw: do it."""
    _move(run, {ImportRun.State.CHECKED}, state=ImportRun.State.RUNNING, was_running=True, line=0, **_no_counts())


def undo(run: ImportRun) -> None:
    """Take back what the import did, in the background. What was changed since stays."""
    _move(run, {ImportRun.State.DONE, ImportRun.State.CANCELLED}, state=ImportRun.State.UNDOING, line=0, undone_count=0)


def can_undo(run: ImportRun) -> bool:
    return run.state in (ImportRun.State.DONE, ImportRun.State.CANCELLED) and run.rows.exclude(undo={}).exists()


def cancel(run: ImportRun) -> None:
    """Stop before the next product. What went in stays in."""
    if run.state in (ImportRun.State.CHECKED, ImportRun.State.MAPPING) or is_silent(run):
        ImportRun.objects.filter(pk=run.pk, state=run.state).update(state=ImportRun.State.CANCELLED)
    else:
        ImportRun.objects.filter(pk=run.pk).update(wants_cancel=True)


def resume(run: ImportRun) -> None:
    """Go on where a run was cancelled, where it failed, or where its worker died."""
    state = ImportRun.State.RUNNING if run.was_running else ImportRun.State.CHECKING
    if run.state == ImportRun.State.UNDOING:
        state = ImportRun.State.UNDOING
    _move(run, {ImportRun.State.CANCELLED, ImportRun.State.FAILED, state}, state=state)


def is_silent(run: ImportRun) -> bool:
    """No worker has reported for so long that none can be at it: the queue is down, or lost the task."""
    return run.is_working and run.updated < timezone.now() - SILENCE


def forget(run: ImportRun) -> None:
    """Delete what was uploaded for this run. A folder that staff named stays."""
    source = Path(run.source)
    if source.is_relative_to(settings.UPLOADS_DIR):
        folder = settings.UPLOADS_DIR / source.relative_to(settings.UPLOADS_DIR).parts[0]
        shutil.rmtree(folder, ignore_errors=True)


def work(run_id: int) -> str:
    """The task: one slice of a run, whatever it needs next. Returns the state it leaves it in."""
    with advisory_lock("import", run_id) as alone:
        run = ImportRun.objects.get(pk=run_id)
        if not alone or not run.is_working:
            return run.state
        try:
            finished = _STEPS[run.state](run)
        except _Cancelled:
            run.state = ImportRun.State.DONE if run.state == ImportRun.State.UNDOING else ImportRun.State.CANCELLED
        except UnknownColumns as unknown:
            run.state, run.error = ImportRun.State.MAPPING, ""
            facts = {"list": unknown.name, "columns": unknown.columns, "samples": unknown.samples}
            run.survey = {"unknown": facts | {"guess": unknown.guess}}
            if run.agreed:  # nobody is there to say what they are
                run.state, run.error = ImportRun.State.FAILED, str(unknown)
        except UnusableSource as error:
            run.state, run.error = ImportRun.State.FAILED, str(error)
        except OperationalError:
            raise  # the database is gone for a moment: the queue delivers the task again
        except Exception as error:
            logger.exception("The import %s stopped.", run.pk)
            run.state, run.error = ImportRun.State.FAILED, _("It stopped: %(reason)s") % {"reason": error}
        else:
            if not finished:
                _queue(run)
                return run.state
            _finish(run)
        ImportRun.objects.filter(pk=run.pk).update(
            state=run.state, error=run.error, survey=run.survey, wants_cancel=False, updated=Now()
        )
    if run.state == ImportRun.State.DONE:
        forget(run)
    return run.state


def _finish(run: ImportRun) -> None:
    if run.state == ImportRun.State.UNDOING:
        run.state = ImportRun.State.UNDONE
    elif run.was_running:
        run.state = ImportRun.State.DONE
    elif run.agreed:
        ImportRun.objects.filter(pk=run.pk).update(was_running=True, line=0, **_no_counts())
        run.state = ImportRun.State.RUNNING
        _queue(run)
    else:
        run.state = ImportRun.State.CHECKED


class _Cancelled(Exception):
    pass


def _survey(run: ImportRun) -> Survey:
    """Of the run's source, made once; with the profile for its columns, if staff saved one."""
    if "lists" in run.survey:
        return Survey.from_json(run.survey)
    source, reading = Path(run.source), reading_of(run)
    try:
        survey = survey_source(source, reading, lambda products: _tell(run, products))
        found = [facts.columns for facts in survey.lists]
    except UnknownColumns as unknown:
        survey, found = None, [unknown.columns]
        if not (run.reading or _profile(found)):
            raise
    if not run.reading and (profile := _profile(found)):
        run.reading = profile.reading
        survey = survey_source(source, reading_of(run), lambda products: _tell(run, products))
    elif survey is None:
        survey = survey_source(source, reading)  # raises anew
    run.survey = asdict(survey)
    ImportRun.objects.filter(pk=run.pk).update(
        survey=run.survey, reading=run.reading, total=survey.total, updated=Now()
    )
    return survey


def _profile(found: list[list[str]]) -> ImportProfile | None:
    """The newest profile for lists with these columns."""
    wanted = [signature(columns) for columns in found]
    return ImportProfile.objects.filter(columns__in=wanted).order_by("-pk").first() if len(wanted) == 1 else None


def _tell(run: ImportRun, products: int | None = None) -> None:
    """A worker is at it, though nothing is written yet. Raises _Cancelled when staff want no more."""
    total = {} if products is None else {"total": products}
    if not ImportRun.objects.filter(pk=run.pk, wants_cancel=False).update(**total, updated=Now()):
        raise _Cancelled


def _look_through(run: ImportRun) -> bool:
    """Whether it came to the end."""
    rows = _rows_to_come(run)
    deadline = time.monotonic() + SLICE
    for outcomes in plan_batches(rows, reading_of(run)):
        _record(run, outcomes)
        if time.monotonic() > deadline:
            _leave_open(run, rows)
            return False
    return True


def _carry_out(run: ImportRun) -> bool:
    """Whether it came to the end."""
    rows = _rows_to_come(run)
    deadline = time.monotonic() + SLICE
    finished = import_rows(
        rows,
        lambda outcomes: _record(run, outcomes),
        reading_of(run),
        run=run,
        stop=lambda: time.monotonic() > deadline,
    )
    if not finished:
        _leave_open(run, rows)
    return finished


_open: tuple[dict[str, Any], Iterator[SourceRow]] | None = None  # the list that the last slice left, and what it is of


def _leave_open(run: ImportRun, rows: Iterator[SourceRow]) -> None:
    global _open
    _open = (_place(run), rows)


def _rows_to_come(run: ImportRun) -> Iterator[SourceRow]:
    """The rows after the line that the run has reached."""
    global _open
    (place, rows), _open = _open or (None, iter(())), None
    if place == _place(run):
        return rows
    survey = _survey(run)  # first: a profile may tell the reading
    rows = rows_of(Path(run.source), reading_of(run), survey)
    if not run.line:
        return rows
    return chain([first], rows) if (first := _first_after(run, rows)) else iter(())


def _first_after(run: ImportRun, rows: Iterator[SourceRow]) -> SourceRow | None:
    """The first row after the line that the run has reached; those before are read, and nothing else."""
    for number, row in enumerate(rows, start=1):
        if row.line > run.line:
            return row
        if number % TOLD_EVERY == 0:
            _tell(run)
    return None


def _place(run: ImportRun) -> dict[str, Any]:
    return {"run": run.pk, "line": run.line, "state": run.state, "reading": run.reading}


def _take_back(run: ImportRun) -> bool:
    """Whether it came to the end."""
    deadline = time.monotonic() + SLICE
    rows = run.rows.exclude(undo={}).filter(line__gt=run.line).order_by("line").select_related("run", "product")
    while batch := list(rows[:BATCH]):
        with transaction.atomic():
            undone = [row for row in batch if not undo_row(row)]
            moved = ImportRun.objects.filter(pk=run.pk, wants_cancel=False).update(
                undone_count=F("undone_count") + len(undone), line=batch[-1].line, updated=Now()
            )
            if not moved:
                raise _Cancelled
            _log(run, [row.product_id for row in undone if row.product_id], _("An import of it was undone."))
        run.line = batch[-1].line
        rows = run.rows.exclude(undo={}).filter(line__gt=run.line).order_by("line").select_related("run", "product")
        if time.monotonic() > deadline:
            return False
    return True


_STEPS: dict[str, Callable[[ImportRun], bool]] = {
    ImportRun.State.CHECKING: _look_through,
    ImportRun.State.RUNNING: _carry_out,
    ImportRun.State.UNDOING: _take_back,
}


def _record(run: ImportRun, outcomes: Sequence[Outcome]) -> None:
    """Count `outcomes` and keep them as rows. Raises _Cancelled when staff want no more."""
    counts = _no_counts()
    for outcome in outcomes:
        counts[COUNTERS[outcome.action]] += 1
        counts["problem_count"] += len(outcome.problems)
    line = outcomes[-1].line
    with transaction.atomic():
        moved = ImportRun.objects.filter(pk=run.pk, wants_cancel=False).update(
            **{name: F(name) + count for name, count in counts.items() if count},
            line=line,
            updated=Now(),
        )
        if not moved:
            raise _Cancelled
        rows = [
            ImportRow(
                run=run,
                line=outcome.line,
                sku=outcome.sku,
                action=outcome.action,
                changes=outcome.changes,
                problems=outcome.problems,
                place=outcome.place[:300],
                cells=outcome.cells,
                product=outcome.product,
                undo=outcome.undo,
            )
            for outcome in outcomes
        ]
        ImportRow.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["run", "line"],
            update_fields=["sku", "action", "changes", "problems", "place", "cells", "product", "undo"],
        )
        if run.state == ImportRun.State.RUNNING:
            _log_outcomes(run, outcomes)
    run.line = line


def _log_outcomes(run: ImportRun, outcomes: Sequence[Outcome]) -> None:
    """In the History of each product."""
    for action, flag in ((Action.CREATE, ADDITION), (Action.CHANGE, CHANGE)):
        entries = [outcome for outcome in outcomes if outcome.action == action and outcome.product]
        said = {cast(Product, outcome.product).pk: "; ".join(outcome.changes)[:1000] for outcome in entries}
        _log(run, list(said), _("Import “%(name)s”") % {"name": run.name}, flag, said)


def _log(
    run: ImportRun, products: list[int], text: str, flag: int = CHANGE, details: dict[int, str] | None = None
) -> None:
    details = details or {}
    titles = dict(Product.objects.filter(pk__in=products).values_list("pk", "title"))
    user_id, content_type_id = (run.user_id or _importer().pk), ContentType.objects.get_for_model(Product).pk
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=user_id,
            content_type_id=content_type_id,
            object_id=str(pk),
            object_repr=titles[pk][:200],
            action_flag=flag,
            change_message=f"{text}: {details[pk]}" if details.get(pk) else text,
        )
        for pk in products
        if pk in titles
    )


def _importer() -> User:
    """Stands in the History for imports that nobody started: the schedule's."""
    user, created = User.objects.get_or_create(username="import", defaults={"is_active": False})
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def _no_counts() -> dict[str, int]:
    return dict.fromkeys([*COUNTERS.values(), "problem_count"], 0)


def _move(run: ImportRun, allowed: set[str], **changes: object) -> None:
    moved = ImportRun.objects.filter(pk=run.pk, state__in=allowed).update(
        **changes, wants_cancel=False, error="", updated=Now()
    )
    if moved:
        _queue(run)


def _queue(run: ImportRun) -> None:
    name = f"import {run.pk}"
    options: dict[str, Any] = {"group": "import", "task_name": name, "timeout": TASK_SECONDS}
    transaction.on_commit(lambda: async_task("catalog.imports.runs.work", run.pk, **options))
