from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.api_error import ApiError
from ...models.similar_answer import SimilarAnswer
from ...types import UNSET, Unset
from typing import cast



def _get_kwargs(
    sku: str,
    *,
    k: int | Unset = 12,

) -> dict[str, Any]:
    

    

    params: dict[str, Any] = {}

    params["k"] = k


    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}


    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/products/{sku}/similar/".format(sku=quote(str(sku), safe=""),),
        "params": params,
    }


    return _kwargs



def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ApiError | SimilarAnswer | None:
    if response.status_code == 200:
        response_200 = SimilarAnswer.from_dict(response.json())



        return response_200

    if response.status_code == 400:
        response_400 = ApiError.from_dict(response.json())



        return response_400

    if response.status_code == 401:
        response_401 = ApiError.from_dict(response.json())



        return response_401

    if response.status_code == 404:
        response_404 = ApiError.from_dict(response.json())



        return response_404

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ApiError | SimilarAnswer]:
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
    k: int | Unset = 12,

) -> Response[ApiError | SimilarAnswer]:
    """  The products that look like this one.

    Args:
        sku (str):
        k (int | Unset):  Default: 12.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ApiError | SimilarAnswer]
     """


    kwargs = _get_kwargs(
        sku=sku,
k=k,

    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)

def sync(
    sku: str,
    *,
    client: AuthenticatedClient,
    k: int | Unset = 12,

) -> ApiError | SimilarAnswer | None:
    """  The products that look like this one.

    Args:
        sku (str):
        k (int | Unset):  Default: 12.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ApiError | SimilarAnswer
     """


    return sync_detailed(
        sku=sku,
client=client,
k=k,

    ).parsed

async def asyncio_detailed(
    sku: str,
    *,
    client: AuthenticatedClient,
    k: int | Unset = 12,

) -> Response[ApiError | SimilarAnswer]:
    """  The products that look like this one.

    Args:
        sku (str):
        k (int | Unset):  Default: 12.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ApiError | SimilarAnswer]
     """


    kwargs = _get_kwargs(
        sku=sku,
k=k,

    )

    response = await client.get_async_httpx_client().request(
        **kwargs
    )

    return _build_response(client=client, response=response)

async def asyncio(
    sku: str,
    *,
    client: AuthenticatedClient,
    k: int | Unset = 12,

) -> ApiError | SimilarAnswer | None:
    """  The products that look like this one.

    Args:
        sku (str):
        k (int | Unset):  Default: 12.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ApiError | SimilarAnswer
     """


    return (await asyncio_detailed(
        sku=sku,
client=client,
k=k,

    )).parsed
