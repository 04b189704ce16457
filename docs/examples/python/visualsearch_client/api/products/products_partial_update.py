from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.api_error import ApiError
from ...models.patched_product_request import PatchedProductRequest
from ...models.product import Product
from ...types import UNSET, Unset
from typing import cast



def _get_kwargs(
    sku: str,
    *,
    body: PatchedProductRequest | Unset = UNSET,
    if_match: str | Unset = UNSET,

) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["If-Match"] = if_match



    

    

    _kwargs: dict[str, Any] = {
        "method": "patch",
        "url": "/api/v1/products/{sku}/".format(sku=quote(str(sku), safe=""),),
    }

    
    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs



def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ApiError | Product | None:
    if response.status_code == 200:
        response_200 = Product.from_dict(response.json())



        return response_200

    if response.status_code == 400:
        response_400 = ApiError.from_dict(response.json())



        return response_400

    if response.status_code == 401:
        response_401 = ApiError.from_dict(response.json())



        return response_401

    if response.status_code == 403:
        response_403 = ApiError.from_dict(response.json())



        return response_403

    if response.status_code == 404:
        response_404 = ApiError.from_dict(response.json())



        return response_404

    if response.status_code == 412:
        response_412 = ApiError.from_dict(response.json())



        return response_412

    if response.status_code == 413:
        response_413 = ApiError.from_dict(response.json())



        return response_413

    if response.status_code == 415:
        response_415 = ApiError.from_dict(response.json())



        return response_415

    if response.status_code == 507:
        response_507 = ApiError.from_dict(response.json())



        return response_507

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ApiError | Product]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    sku: str,
    *,
    client: AuthenticatedClient,
    body: PatchedProductRequest | Unset = UNSET,
    if_match: str | Unset = UNSET,

) -> Response[ApiError | Product]:
    """ 
    Args:
        sku (str):
        if_match (str | Unset):
        body (PatchedProductRequest | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ApiError | Product]
     """


    kwargs = _get_kwargs(
        sku=sku,
body=body,
if_match=if_match,

    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)

def sync(
    sku: str,
    *,
    client: AuthenticatedClient,
    body: PatchedProductRequest | Unset = UNSET,
    if_match: str | Unset = UNSET,

) -> ApiError | Product | None:
    """ 
    Args:
        sku (str):
        if_match (str | Unset):
        body (PatchedProductRequest | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ApiError | Product
     """


    return sync_detailed(
        sku=sku,
client=client,
body=body,
if_match=if_match,

    ).parsed

async def asyncio_detailed(
    sku: str,
    *,
    client: AuthenticatedClient,
    body: PatchedProductRequest | Unset = UNSET,
    if_match: str | Unset = UNSET,

) -> Response[ApiError | Product]:
    """ 
    Args:
        sku (str):
        if_match (str | Unset):
        body (PatchedProductRequest | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ApiError | Product]
     """


    kwargs = _get_kwargs(
        sku=sku,
body=body,
if_match=if_match,

    )

    response = await client.get_async_httpx_client().request(
        **kwargs
    )

    return _build_response(client=client, response=response)

async def asyncio(
    sku: str,
    *,
    client: AuthenticatedClient,
    body: PatchedProductRequest | Unset = UNSET,
    if_match: str | Unset = UNSET,

) -> ApiError | Product | None:
    """ 
    Args:
        sku (str):
        if_match (str | Unset):
        body (PatchedProductRequest | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ApiError | Product
     """


    return (await asyncio_detailed(
        sku=sku,
client=client,
body=body,
if_match=if_match,

    )).parsed
