"""Feeds: lists that are imported on a schedule, and what becomes of the products that they no longer name.

A feed's list is looked through like any import. It is carried out by itself, unless it would hide more than the share
that staff allow: then it waits for their go-ahead on its page. Only when it is done are products hidden. Every step is
taken from what the database says, by whichever worker comes next, so that it may be interrupted and repeated.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.models import Schedule
from django_q.tasks import async_task

from catalog.http_client import FetchError, PublicClient, Validators
from catalog.imports import runs
from catalog.locks import advisory_lock
from catalog.models import Feed, FeedItem, ImportRow, ImportRun, Product

DOWNLOAD_SECONDS = 1800.0  # of a list of gigabytes; the task may take as long
TASK_SECONDS = 2 * 3600
SUFFIX_OF_TYPE = {
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/rss+xml": ".xml",
    "application/atom+xml": ".xml",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/plain": ".txt",
    "application/zip": ".zip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
BATCH = 1000  # products hidden or shown in one transaction


def schedule(feed: Feed) -> None:
    """Bring the schedule of `feed` in line with it."""
    name = _schedule_name(feed)
    if feed.every == Feed.Every.NEVER:
        Schedule.objects.filter(name=name).delete()
        return
    Schedule.objects.update_or_create(
        name=name,
        defaults={
            "func": "catalog.imports.feeds.queue_feed",
            "args": str(feed.pk),
            "schedule_type": Schedule.MINUTES,
            "minutes": feed.every,
            "repeats": -1,
        },
    )


def unschedule(feed: Feed) -> None:
    Schedule.objects.filter(name=_schedule_name(feed)).delete()


def queue_feed(feed_id: int) -> None:
    """Have a worker look at the feed's list now."""
    name = f"read feed {feed_id}"
    async_task("catalog.imports.feeds.read_feed", feed_id, group="feed", timeout=TASK_SECONDS, task_name=name)


def read_feed(feed_id: int) -> None:
    """The task: begin an import of the feed's list, unless one is under way or the list is the one we know."""
    with advisory_lock("feed", feed_id) as alone:
        feed = Feed.objects.filter(pk=feed_id).first()
        if not alone or feed is None or not feed.concluded:
            return
        try:
            source = _download(feed) if feed.url else _on_the_server(feed)
        except (FetchError, OSError) as error:
            _note(feed, str(error))
            return
        if source is None:
            _note(feed, _("The list is the same as last time."))
            return
        with transaction.atomic():
            feed.run = runs.start(source, feed.name, feed.user)
            Feed.objects.filter(pk=feed.pk).update(
                run=feed.run,
                concluded=False,
                etag=feed.etag,
                last_modified=feed.last_modified,
                sha256=feed.sha256,
                checked=Now(),
                note="",
            )


def follow_feeds() -> None:
    """Every minute: what is next for the feeds whose import has come to a halt."""
    for feed in Feed.objects.filter(concluded=False).select_related("run", "user"):
        follow_feed(feed)


def follow_feed(feed: Feed) -> None:
    """Carry its import out, or ask; when it is done, hide and show products."""
    with advisory_lock("feed", feed.pk) as alone:
        feed.refresh_from_db()
        if not alone or feed.concluded:
            return
        run = feed.run
        if run is None or run.state in (ImportRun.State.FAILED, ImportRun.State.CANCELLED):
            # The same list is read again next time: what stopped it may be mended.
            Feed.objects.filter(pk=feed.pk).update(sha256="", etag="", last_modified="")
            _conclude(feed, run.error if run and run.error else _("The import was cancelled."))
        elif run.state == ImportRun.State.CHECKED and not feed.note:
            _agree_or_ask(feed, run)
        elif run.state == ImportRun.State.DONE:
            _conclude(feed, _show_and_hide(feed, run))


def _agree_or_ask(feed: Feed, run: ImportRun) -> None:
    hidden, shown = absent_products(feed, run).count(), Product.objects.on_sale().count()
    if hidden * 100 <= feed.most_hidden * shown:
        runs.carry_out(run)
        return
    text = ngettext(
        "It would hide %(hidden)d product of the %(shown)d that are shown. It waits for your go-ahead.",
        "It would hide %(hidden)d products of the %(shown)d that are shown. It waits for your go-ahead.",
        hidden,
    )
    _note(feed, text % {"hidden": hidden, "shown": shown})


def absent_products(feed: Feed, run: ImportRun) -> QuerySet[Product]:
    """The products on sale that the list of `run` does not name and that `feed` is to hide for it."""
    if feed.absent == Feed.Absent.KEEP:
        return Product.objects.none()
    named = ImportRow.objects.annotate(key=Upper("sku")).filter(run=run, key=Upper(OuterRef("sku")))
    absent = Product.objects.on_sale().filter(~Exists(named), created__lt=run.created)
    if feed.absent == Feed.Absent.HIDE_OWN:
        absent = absent.filter(Exists(FeedItem.objects.filter(feed=feed, product=OuterRef("pk"))))
    return absent


def _show_and_hide(feed: Feed, run: ImportRun) -> str:
    """After a list was imported: what came of it, in words."""
    named = ImportRow.objects.annotate(key=Upper("sku")).filter(run=run, key=Upper(OuterRef("sku")))
    listed = Product.objects.filter(Exists(named))
    items = [FeedItem(feed=feed, product_id=pk) for pk in listed.order_by().values_list("pk", flat=True)]
    FeedItem.objects.bulk_create(items, ignore_conflicts=True, batch_size=BATCH)
    back = listed.filter(
        Exists(FeedItem.objects.filter(feed=feed, product=OuterRef("pk"), hidden=True)), is_active=False
    )
    if _says_what_is_shown(run):
        back = back.none()  # the import has set it
    shown = _set_active(feed, back, True, _("Shown again: %s names it.") % feed)
    hidden = _set_active(feed, absent_products(feed, run), False, _("Hidden: %s no longer names it.") % feed)
    return _("%(new)d new, %(changed)d changed, %(refused)d refused, %(hidden)d hidden, %(shown)d shown again.") % {
        "new": run.created_count,
        "changed": run.changed_count,
        "refused": run.refused_count,
        "hidden": hidden,
        "shown": shown,
    }


def _says_what_is_shown(run: ImportRun) -> bool:
    """Whether the list has a column for it, such as Shopify's `Published`."""
    lists = getattr(run, "survey", {}).get("lists", [])
    return any({"active", "published", "status"} & set(facts["names"]) for facts in lists)


def _set_active(feed: Feed, products: QuerySet[Product], active: bool, message: str) -> int:
    """By batches, each a transaction of its own; how many."""
    count = 0
    while True:
        with transaction.atomic():
            batch = list(products.order_by("pk").only("pk", "sku", "title").select_for_update()[:BATCH])
            ids = [product.pk for product in batch]
            if not ids:
                return count
            Product.objects.filter(pk__in=ids).update(is_active=active, updated=Now())
            items = [FeedItem(feed=feed, product_id=pk, hidden=not active) for pk in ids]
            FeedItem.objects.bulk_create(
                items, update_conflicts=True, unique_fields=["feed", "product"], update_fields=["hidden"]
            )
            if feed.user_id:
                LogEntry.objects.log_actions(feed.user_id, batch, CHANGE, message)
        count += len(ids)


def _download(feed: Feed) -> Path | None:
    """The list as a file of its own; None where it is the one of last time. Sets what the server said of it."""
    folder = settings.UPLOADS_DIR / uuid.uuid4().hex
    folder.mkdir(parents=True)
    part = folder / "download"
    try:
        known = Validators(feed.etag, feed.last_modified)
        with PublicClient() as client, part.open("wb") as file:
            answer = client.download(
                feed.url, file, max_bytes=settings.FEED_MAX_BYTES, timeout=DOWNLOAD_SECONDS, known=known
            )
        sha256 = _sha256(part) if answer else feed.sha256
        if answer is None or sha256 == feed.sha256:
            shutil.rmtree(folder)
            return None
        feed.etag, feed.last_modified, feed.sha256 = answer.validators.etag, answer.validators.last_modified, sha256
        return part.rename(folder / _file_name(feed.url, answer.content_type, part))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _file_name(url: str, content_type: str, file: Path) -> str:
    """As the address names it; with the suffix of what it is where the address has none."""
    name = PurePosixPath(unquote(urlsplit(url).path)).name.replace("\\", "_").lstrip(".")[-100:] or "list"
    with file.open("rb") as opened:
        start = opened.read(200).lstrip(b"\xef\xbb\xbf \r\n\t")
    suffix = SUFFIX_OF_TYPE.get(content_type.partition(";")[0].strip().lower(), ".csv")
    if start.startswith(b"PK\x03\x04"):
        suffix = ".xlsx" if suffix == ".xlsx" else ".zip"
    elif start.startswith(b"<"):
        suffix = ".xml"
    known = set(SUFFIX_OF_TYPE.values())
    return name if PurePosixPath(name).suffix.lower() in known else f"{name}{suffix}"


def _on_the_server(feed: Feed) -> Path | None:
    """Raises OSError for what is not there, or not inside the folder of imports."""
    root = settings.IMPORT_ROOT.resolve()
    source: Path = (root / feed.path).resolve()
    if not source.is_relative_to(root) or not source.exists():
        raise FileNotFoundError(_("There is no %(path)s in %(root)s.") % {"path": feed.path, "root": root})
    if source.is_file():
        sha256 = _sha256(source)
        if sha256 == feed.sha256:
            return None
        feed.sha256 = sha256
    return source


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _conclude(feed: Feed, note: str) -> None:
    Feed.objects.filter(pk=feed.pk).update(concluded=True, note=note)


def _note(feed: Feed, note: str) -> None:
    Feed.objects.filter(pk=feed.pk).update(checked=Now(), note=note)


def _schedule_name(feed: Feed) -> str:
    return f"feed {feed.pk}"
