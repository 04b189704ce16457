"""Pages in a browser of which nothing is left when their test ends, so that the database can be flushed."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.signals import request_finished, request_started
from django.dispatch import receiver
from playwright.sync_api import Browser, BrowserContext

LONGEST_REQUEST = 60.0  # seconds


@contextmanager
def browser_context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """A context of its own; when it is left, every request of its pages has ended.

    A request that went on would hold locks while the tables are flushed: a deadlock.
    A script error on one of the pages fails the test.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **options})
    context.set_default_timeout(20_000)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    wait_for_requests()
    assert not errors


_answering: set[int] = set()  # idents of threads; the browser keeps its connections open, so that these stay


@receiver(request_started)
def _begin(**kwargs: Any) -> None:
    _answering.add(threading.get_ident())


@receiver(request_finished)
def _end(**kwargs: Any) -> None:
    _answering.discard(threading.get_ident())


def wait_for_requests() -> None:
    """Until no thread but this one answers a request."""
    deadline = time.monotonic() + LONGEST_REQUEST
    while _answering - {threading.get_ident()}:
        assert time.monotonic() < deadline, f"a request took more than {LONGEST_REQUEST} seconds"
        time.sleep(0.01)
