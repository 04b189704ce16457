"""One count for all web processes, and what a client is told."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.test import RequestFactory

from conftest import photo_of
from search.rate_limits import SearchRate
from search.tests.real_worker import run_until_it_ends

ASK = """
import sys
import django; django.setup()
from django.test import RequestFactory
from search.rate_limits import SearchRate
SearchRate.THROTTLE_RATES = {"search": "5/hour"}
request = RequestFactory().post("/search/", REMOTE_ADDR="192.0.2.1")
sys.exit(sum(SearchRate().allow_request(request, None) for _ in range(20)))
"""


@pytest.mark.django_db(transaction=True)
def test_three_processes_let_through_what_one_may(tmp_path: Path):
    with ThreadPoolExecutor(3) as pool:
        passed = list(pool.map(lambda _: run_until_it_ends([sys.executable, "-c", ASK], tmp_path), range(3)))
    assert sum(passed) == 5


@pytest.mark.django_db
def test_addresses_of_one_ipv6_network_are_one_client(monkeypatch):
    monkeypatch.setattr("search.rate_limits.SearchRate.THROTTLE_RATES", {"search": "1/hour"})

    def asks(address: str) -> bool:
        return SearchRate().allow_request(RequestFactory().get("/", REMOTE_ADDR=address), None)

    assert asks("2001:db8::1")
    assert not asks("2001:db8::ffff")
    assert asks("2001:db8:0:1::1")
    assert asks("192.0.2.1") and asks("192.0.2.2")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/search/", "/api/v1/search/"])
def test_a_client_is_told_what_it_may_still_ask_and_when(client, model, monkeypatch, path):
    monkeypatch.setattr("search.rate_limits.SearchRate.THROTTLE_RATES", {"search": "1/min"})
    from io import BytesIO

    first = client.post(path, {"image": BytesIO(photo_of("a"))})
    assert first.status_code in (200, 303)
    assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("1", "0")
    second = client.post(path, {"image": BytesIO(photo_of("a"))})
    assert second.status_code == 429
    assert 0 < int(second["Retry-After"]) <= 60


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["parts/", "why/{image}/"])
def test_pages_that_run_the_network_are_limited_too(client, embedded, monkeypatch, page):
    from io import BytesIO

    (image,) = embedded("mug").images.all()
    answer = client.post("/search/", {"image": BytesIO(photo_of("mug"))})
    monkeypatch.setattr("search.rate_limits.ExplanationRate.THROTTLE_RATES", {"explanation": "1/min"})
    address = answer["Location"] + page.format(image=image.pk)
    assert client.get(address).status_code == 200
    refused = client.get(address)
    assert refused.status_code == 429 and int(refused["Retry-After"]) > 0
