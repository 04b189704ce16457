"""Imports by staff, in the background: looked through first, then carried out; cancelled, resumed, never done twice.

A worker takes a slice of at most SLICE seconds and queues the next one, so that no task runs into the queue's time
limit and other work gets its turn. Tasks are delivered at least once: a lock lets one of them work on a run at a time.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.tasks import async_task

from catalog.imports.importer import Action, Outcome, count_rows, plan_import, run_import
from catalog.imports.sources import PHOTO_SUFFIXES, UnusableSource
from catalog.locks import advisory_lock
from catalog.models import ImportRow, ImportRun

SLICE = 30.0  # seconds, well below Q_CLUSTER's timeout
BATCH = 50  # rows looked through between two writes
SILENCE = timedelta(minutes=4)  # a worker that was killed is replaced before (Q_CLUSTER's retry)

COUNTERS = {
    Action.CREATE: "created_count",
    Action.CHANGE: "changed_count",
    Action.KEEP: "kept_count",
    Action.REFUSE: "refused_count",
}


def start(source: Path, name: str, user: User | None) -> ImportRun:
    """Begin to look through `source` in the background."""
    run = ImportRun.objects.create(name=name[:200], source=str(source), user=user)
    _queue(run)
    return run


def take_upload(files: Sequence[UploadedFile]) -> tuple[Path, str]:
    """Keep uploaded files for an import; (source, its name for people). One ZIP; a CSV with its photos; or photos.

    Raises UnusableSource for anything else.
    """
    names = [file.name for file in files]
    if twice := sorted({name or "" for name in names if names.count(name) > 1}):
        raise UnusableSource(_("Two files are called %(name)s. Rename one.") % {"name": twice[0]})
    suffixes = [Path(file.name or "").suffix.lower() for file in files]
    lists = [file for file, suffix in zip(files, suffixes, strict=True) if suffix in (".zip", ".csv")]
    photos = [file for file, suffix in zip(files, suffixes, strict=True) if suffix in PHOTO_SUFFIXES]
    archive = any((file.name or "").lower().endswith(".zip") for file in lists)
    if not files or len(lists) + len(photos) < len(files) or len(lists) > 1 or (archive and photos):
        raise UnusableSource(_("Choose one ZIP archive, or one CSV together with its photos, or photos alone."))
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
    return inside and not path.name.startswith(".") and (path.is_dir() or path.suffix.lower() in (".zip", ".csv"))


def carry_out(run: ImportRun) -> None:
    """Staff agree with what they saw: do it."""
    _move(run, {ImportRun.State.CHECKED}, state=ImportRun.State.RUNNING, was_running=True, line=0, **_no_counts())


def cancel(run: ImportRun) -> None:
    """Stop before the next product. What went in stays in."""
    if run.state == ImportRun.State.CHECKED or is_silent(run):
        ImportRun.objects.filter(pk=run.pk, state=run.state).update(state=ImportRun.State.CANCELLED)
    else:
        ImportRun.objects.filter(pk=run.pk).update(wants_cancel=True)


def resume(run: ImportRun) -> None:
    """Go on where a run was cancelled, or where its worker died."""
    state = ImportRun.State.RUNNING if run.was_running else ImportRun.State.CHECKING
    _move(run, {ImportRun.State.CANCELLED, state}, state=state)


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
            finished = _look_through(run) if run.state == ImportRun.State.CHECKING else _carry_out(run)
        except _Cancelled:
            run.state = ImportRun.State.CANCELLED
        except UnusableSource as error:
            run.state, run.error = ImportRun.State.FAILED, str(error)
        else:
            if not finished:
                _queue(run)
                return run.state
            run.state = ImportRun.State.DONE if run.was_running else ImportRun.State.CHECKED
        ImportRun.objects.filter(pk=run.pk).update(state=run.state, error=run.error, wants_cancel=False, updated=Now())
    if run.state in (ImportRun.State.DONE, ImportRun.State.FAILED):
        forget(run)
    return run.state


class _Cancelled(Exception):
    pass


class _SliceOver(Exception):
    pass


def _look_through(run: ImportRun) -> bool:
    """Whether it came to the end."""
    deadline = time.monotonic() + SLICE
    source = Path(run.source)
    if not run.total:
        ImportRun.objects.filter(pk=run.pk).update(total=count_rows(source))
    batch: list[Outcome] = []
    for outcome in plan_import(source, after_line=run.line):
        batch.append(outcome)
        if len(batch) == BATCH or time.monotonic() > deadline:
            _record(run, batch)
            batch = []
            if time.monotonic() > deadline:
                return False
    _record(run, batch)
    return True


def _carry_out(run: ImportRun) -> bool:
    """Whether it came to the end."""
    deadline = time.monotonic() + SLICE

    def on_row(outcome: Outcome) -> None:
        if time.monotonic() > deadline:
            raise _SliceOver
        _record(run, [outcome])

    try:
        run_import(Path(run.source), on_row, after_line=run.line)
    except _SliceOver:
        return False
    return True


def _record(run: ImportRun, outcomes: Sequence[Outcome]) -> None:
    """Count `outcomes` and keep them as rows. Raises _Cancelled when staff want no more."""
    counts = _no_counts()
    for outcome in outcomes:
        counts[COUNTERS[outcome.action]] += 1
        counts["problem_count"] += len(outcome.problems)
    with transaction.atomic():
        moved = ImportRun.objects.filter(pk=run.pk, wants_cancel=False).update(
            **{name: F(name) + count for name, count in counts.items() if count},
            line=outcomes[-1].line if outcomes else F("line"),
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
            )
            for outcome in outcomes
        ]
        ImportRow.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["run", "line"],
            update_fields=["sku", "action", "changes", "problems"],
        )


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
    transaction.on_commit(lambda: async_task("catalog.imports.runs.work", run.pk, group="import", task_name=name))
