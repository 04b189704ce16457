"""Bring a product and its photo into Visualsearch, then search with a photo.

    python sync_catalogue.py put http://127.0.0.1:8000 TOKEN photo.jpg
    python sync_catalogue.py search http://127.0.0.1:8000 TOKEN photo.jpg

`visualsearch_client` is generated from the schema (README.md beside this file); it needs httpx, attrs and
python-dateutil. TOKEN: `manage.py make_api_token shop --user NAME --scope search catalogue:write`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from visualsearch_client import AuthenticatedClient
from visualsearch_client.api.bulk import products_upsert
from visualsearch_client.api.products import photos_create
from visualsearch_client.api.search import search
from visualsearch_client.models import (
    ApiError,
    BulkRequestRequest,
    ItemRequest,
    PhotoRequest,
    SearchFilesBody,
)
from visualsearch_client.types import File

T = TypeVar("T")


def put(client: AuthenticatedClient, photo: Path) -> None:
    """Create or change a product, and give it its photo. Safe to repeat: nothing is there twice."""
    products = [ItemRequest(sku="mug-1", title="Blue mug", price="9.90")]
    upserted = answer(
        products_upsert.sync(client=client, body=BulkRequestRequest(products=products), idempotency_key=str(uuid4()))
    )
    for result in upserted.results:
        print(result.sku, result.status.value)
    added = answer(photos_create.sync("mug-1", client=client, body=PhotoRequest(image=file(photo))))
    print("photo", added.view_id)


def find(client: AuthenticatedClient, photo: Path) -> None:
    found = answer(search.sync(client=client, body=SearchFilesBody(image=[file(photo)], k=5)))
    for result in found.results:
        print(f"{result.score:.3f}", result.product.sku, result.product.title)


def file(photo: Path) -> File:
    return File(payload=photo.open("rb"), file_name=photo.name, mime_type="image/jpeg")


def answer(result: T | ApiError | None) -> T:
    """What the call returned; ends the program with the sentence of an error."""
    if isinstance(result, ApiError):
        sys.exit(f"{result.code}: {result.detail}")
    if result is None:
        sys.exit("An answer that the schema does not know.")
    return result


if __name__ == "__main__":
    what, url, token, photo = sys.argv[1:]
    with AuthenticatedClient(base_url=url, token=token, prefix="Bearer") as client:
        {"put": put, "search": find}[what](client, Path(photo))
