"""Photos by URL: an import notes which ones a product has, and workers fetch them, politely and once.

One worker at a time is at one server (an advisory lock, which goes with its connection), FETCH_PER_HOST photos at a
time and FETCH_RATE of them a second; other servers are other workers'. A photo that is being fetched is leased: when
its worker dies, it is due again after LEASE. Temporary failures wait longer each time, or as long as the server asks
(Retry-After), MOST_ATTEMPTS times; permanent ones are shown to staff, who may have them tried again.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from catalog.http_client import Fetched, PublicClient, TryLater, Unfetchable, Validators, host_of, normal_url
from catalog.locks import advisory_lock
from catalog.models import ImportRun, Product, ProductImage, RemoteHost, RemotePhoto
from catalog.photos.validation import InvalidPhoto, check_photo
from catalog.signals import batched_signals

logger = logging.getLogger(__name__)

SLICE = 30.0  # seconds of one task; with the longest fetch begun at its end still below Q_CLUSTER's timeout
LEASE = timedelta(minutes=3)  # after it a fetch has been lost with its worker; longer than any task may take
MOST_ATTEMPTS = 6
FIRST_DELAY, LONGEST_DELAY = 30.0, 3600.0  # seconds between attempts: doubled each time
LONGEST_RETRY_AFTER = 24 * 3600.0  # seconds; a server that asks for more is asked after a day
FORGIVEN = timedelta(hours=20)  # a failed photo that a later import still names is tried again: daily feeds mend
WAKE = timedelta(seconds=SLICE)  # one task for a server in this time is enough

State = RemotePhoto.State


def fetch_public(url: str, max_bytes: int, timeout: float) -> bytes:
    """The bytes at a public address that a person gave, checked as all addresses are. Raises FetchError."""
    with PublicClient() as client:
        return client.get(url, max_bytes=max_bytes, timeout=timeout, accept="image/*").data or b""


def request_photos(product: Product, urls: Sequence[str], run: ImportRun | None = None) -> None:
    """Have workers fetch, after the commit, those of `urls` that `product` does not have yet.

    `urls` in the order the photos shall have. Safe to repeat: what was fetched is not fetched again, not even where
    staff deleted the photo since. `run`: whose page shows the progress. Raises nothing for a bad URL: it is kept as
    failed, for staff to see.
    """
    known = {photo.url: photo for photo in product.remote_photos.all()}
    position = max(
        [image.position + 1 for image in product.images.all()] + [p.position + 1 for p in known.values()], default=0
    )
    new: dict[str, RemotePhoto] = {}
    for number, text in enumerate(urls):
        photo = RemotePhoto(product=product, run=run, position=position + number)
        try:
            photo.url = normal_url(text)
            photo.host = host_of(photo.url)
        except Unfetchable as error:
            photo.url, photo.state, photo.error = _storable(text), State.FAILED, str(error)[:300]
        if photo.url and photo.url not in known:
            new.setdefault(photo.url, photo)
    RemotePhoto.objects.bulk_create(new.values(), ignore_conflicts=True)
    named = [known[url].pk for url in _urls(urls) if url in known]
    asked = RemotePhoto.objects.filter(pk__in=named)
    if run and named:
        asked.update(run=run)
    mended = asked.filter(state=State.FAILED, updated__lt=timezone.now() - FORGIVEN).exclude(host="")
    hosts = {photo.host for photo in new.values() if photo.state == State.WAITING}
    if any(photo.state == State.FAILED for photo in known.values()):
        hosts |= _rearm(mended)
    _wake_after_commit(hosts)


def retry(photos: QuerySet[RemotePhoto]) -> int:
    """Staff want these tried again, or looked at again where they were fetched; how many."""
    photos = photos.exclude(host="").exclude(state=State.WAITING)
    count = photos.count()
    _wake_after_commit(_rearm(photos))
    return count


def fetch_photos(host: str) -> int:
    """The task: fetch what is due at `host`, for a slice of time; how many were settled. 0 if another is at it."""
    with advisory_lock("fetch", host) as alone:
        if not alone:
            return 0
        remote = RemoteHost.objects.filter(pk=host)
        remote.update(woken=None)  # what is asked for from here on may need a task of its own
        with batched_signals():
            settled = _fetch_slice(host)
        remote.update(woken=None)
    if _due().filter(host=host).exists() and not _pause(host):
        _queue(host)
    return settled


def wake_hosts() -> int:
    """Every minute: a task for each server with photos that are due; how many."""
    paused = RemoteHost.objects.filter(paused_until__gt=Now()).values("pk")
    hosts = _due().exclude(host__in=paused).order_by().values_list("host", flat=True).distinct()
    for host in hosts:
        _queue(host)
    return len(hosts)


def _fetch_slice(host: str) -> int:
    deadline = time.monotonic() + SLICE
    running: dict[Future[Fetched], RemotePhoto] = {}
    settled = 0
    with PublicClient() as client, ThreadPoolExecutor(settings.FETCH_PER_HOST) as pool:
        while True:
            while len(running) < settings.FETCH_PER_HOST and time.monotonic() < deadline and not _pause(host):
                photo = _claim(host, not_now=[photo.url for photo in running.values()])
                if photo is None:
                    break
                if _copy_of_another_product(photo):
                    settled += 1
                    continue
                running[pool.submit(_get, client, photo)] = photo
                time.sleep(1 / settings.FETCH_RATE)
            if not running:
                return settled
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                _settle(running.pop(future), future)
                settled += 1


def _get(client: PublicClient, photo: RemotePhoto) -> Fetched:
    """In a thread of its own: no database here."""
    known = Validators(photo.etag, photo.last_modified) if photo.image_id else Validators()
    return client.get(
        photo.url,
        max_bytes=settings.PHOTO_MAX_BYTES,
        timeout=settings.FETCH_SECONDS,
        accept="image/*",
        known=known,
    )


def _due() -> QuerySet[RemotePhoto]:
    return RemotePhoto.objects.filter(state=State.WAITING, next_try__lte=Now())


def _claim(host: str, not_now: Sequence[str]) -> RemotePhoto | None:
    """The photo that has been due longest, leased and counted as an attempt; one that killed its workers is given up.

    `not_now`: URLs on their way for another product.
    """
    with transaction.atomic():
        due = (
            _due()
            .filter(host=host)
            .exclude(url__in=not_now)
            .order_by("next_try", "pk")
            .select_for_update(skip_locked=True)
        )
        while photo := due.first():
            photo.attempts += 1
            photo.next_try = timezone.now() + LEASE
            if photo.attempts > MOST_ATTEMPTS:
                photo.state, photo.error = State.FAILED, _("The worker ended each time before it was there.")
            photo.save(update_fields=["attempts", "next_try", "state", "error", "updated"])
            if photo.state == State.WAITING:
                return photo
    return None


def _copy_of_another_product(photo: RemotePhoto) -> bool:
    """Whether another product has the photo of this URL, and it could be taken from there."""
    other = (
        RemotePhoto.objects.filter(url=photo.url, state=State.FETCHED, image__sha256=F("sha256"))
        .exclude(pk=photo.pk)
        .select_related("image")
        .first()
    )
    if other is None or other.image is None or photo.image_id:
        return False
    try:
        with other.image.file.open() as file:
            data = file.read()
        _store(photo, Fetched(data, "", Validators(other.etag, other.last_modified)))
    except Exception:
        logger.exception("%s is not copied from another product", photo.url)
        return False
    return True


def _settle(photo: RemotePhoto, future: Future[Fetched]) -> None:
    try:
        _store(photo, future.result())
    except (Unfetchable, InvalidPhoto) as error:
        _save(photo, state=State.FAILED, error=str(error)[:300])
    except TryLater as error:
        _postpone(photo, str(error), error.retry_after)
        if error.busy:
            pause = timezone.now() + timedelta(seconds=min(error.retry_after or FIRST_DELAY, LONGEST_RETRY_AFTER))
            RemoteHost.objects.update_or_create(pk=photo.host, defaults={"paused_until": pause})
    except Exception as error:  # storage or database: it says nothing of the photo, and the others go on
        logger.exception("%s is fetched and not kept", photo.url)
        _postpone(photo, _("It could not be kept: %(reason)s") % {"reason": error}, None)


def _postpone(photo: RemotePhoto, reason: str, retry_after: float | None) -> None:
    if photo.attempts >= MOST_ATTEMPTS:
        _save(photo, state=State.FAILED, error=reason[:300])
        return
    delay = min(FIRST_DELAY * 2 ** (photo.attempts - 1), LONGEST_DELAY) * random.uniform(1, 1.2)
    delay = max(delay, min(retry_after or 0, LONGEST_RETRY_AFTER))
    _save(photo, error=reason[:300], next_try=timezone.now() + timedelta(seconds=delay))


def _store(photo: RemotePhoto, fetched: Fetched) -> None:
    """The photo on its product. Raises InvalidPhoto."""
    from catalog.imports.importer import free_view  # which itself asks for photos by URL

    validators = {"etag": fetched.validators.etag, "last_modified": fetched.validators.last_modified}
    if fetched.data is None:
        _save(photo, state=State.FETCHED, error="", **validators)
        return
    facts = check_photo(fetched.data)
    sha256 = hashlib.sha256(fetched.data).hexdigest()
    with transaction.atomic():
        product = Product.objects.select_for_update().filter(pk=photo.product_id).first()
        if product is None:  # deleted meanwhile, and the photo with it
            return
        images = list(product.images.all())
        image = next((image for image in images if image.sha256 == sha256), None)
        if image is None:
            image = next((image for image in images if image.pk == photo.image_id), None)
            if image is None:
                name = PurePosixPath(unquote(urlsplit(photo.url).path)).name or "photo"
                view_id = free_view(_storable(name), product.sku, {image.view_id for image in images})
                image = ProductImage(product=product, view_id=view_id, position=photo.position)
            image.replace_file(fetched.data, facts.suffix)
        _save(photo, state=State.FETCHED, error="", image=image, sha256=sha256, **validators)


def _save(photo: RemotePhoto, **changes: object) -> None:
    RemotePhoto.objects.filter(pk=photo.pk).update(**changes, updated=Now())


def _rearm(photos: QuerySet[RemotePhoto]) -> set[str]:
    """Make these due now; their hosts."""
    hosts = set(photos.order_by().values_list("host", flat=True).distinct())
    photos.order_by().update(state=State.WAITING, attempts=0, error="", next_try=Now(), updated=Now())
    return hosts


def _wake_after_commit(hosts: Iterable[str]) -> None:
    """One task a server, however many products are imported at a time; wake_hosts finds what is left over."""
    hosts = sorted(hosts)
    if hosts:
        transaction.on_commit(lambda: _wake(hosts), robust=True)


def _wake(hosts: Sequence[str]) -> None:
    RemoteHost.objects.bulk_create([RemoteHost(name=host) for host in hosts], ignore_conflicts=True)
    sleeping = RemoteHost.objects.filter(Q(woken=None) | Q(woken__lt=timezone.now() - WAKE))
    for host in hosts:
        if sleeping.filter(pk=host).update(woken=Now()):
            _queue(host)


def _queue(host: str) -> None:
    name = f"fetch photos from {host}"[:100]
    async_task("catalog.photos.fetch.fetch_photos", host, group="fetch", task_name=name)


def _pause(host: str) -> datetime | None:
    """Until when nothing may be asked of this server; None where it may."""
    return RemoteHost.objects.filter(pk=host, paused_until__gt=Now()).values_list("paused_until", flat=True).first()


def _urls(urls: Iterable[str]) -> Iterator[str]:
    for text in urls:
        try:
            yield normal_url(text)
        except Unfetchable:
            yield _storable(text)


def _storable(text: str) -> str:
    """As PostgreSQL stores it: no zero byte, no lone surrogate, not too long."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")[:500]
