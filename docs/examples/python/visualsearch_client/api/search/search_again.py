from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.api_error import ApiError
from ...models.search_answer import SearchAnswer
from ...types import UNSET, Unset
from typing import cast
from uuid import UUID



def _get_kwargs(
    id: UUID,
    *,
    attribute: list[str] | Unset = UNSET,
    brand: list[str] | Unset = UNSET,
    category: list[str] | Unset = UNSET,
    colour: list[str] | Unset = UNSET,
    k: int | Unset = 20,
    max_price: str | Unset = UNSET,
    min_price: str | Unset = UNSET,
    min_score: float | Unset = UNSET,
    page: int | Unset = 1,

) -> dict[str, Any]:
    

    

    params: dict[str, Any] = {}

    json_attribute: list[str] | Unset = UNSET
    if not isinstance(attribute, Unset):
        json_attribute = attribute


    params["attribute"] = json_attribute

    json_brand: list[str] | Unset = UNSET
    if not isinstance(brand, Unset):
        json_brand = brand


    params["brand"] = json_brand

    json_category: list[str] | Unset = UNSET
    if not isinstance(category, Unset):
        json_category = category


    params["category"] = json_category

    json_colour: list[str] | Unset = UNSET
    if not isinstance(colour, Unset):
        json_colour = colour


    params["colour"] = json_colour

    params["k"] = k

    params["max_price"] = max_price

    params["min_price"] = min_price

    params["min_score"] = min_score

    params["page"] = page


    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}


    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/search/{id}/".format(id=quote(str(id), safe=""),),
        "params": params,
    }


    return _kwargs



def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ApiError | SearchAnswer | None:
    if response.status_code == 200:
        response_200 = SearchAnswer.from_dict(response.json())



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

    if response.status_code == 503:
        response_503 = ApiError.from_dict(response.json())



        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ApiError | SearchAnswer]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    id: UUID,
    *,
    client: AuthenticatedClient,
    attribute: list[str] | Unset = UNSET,
    brand: list[str] | Unset = UNSET,
    category: list[str] | Unset = UNSET,
    colour: list[str] | Unset = UNSET,
    k: int | Unset = 20,
    max_price: str | Unset = UNSET,
    min_price: str | Unset = UNSET,
    min_score: float | Unset = UNSET,
    page: int | Unset = 1,

) -> Response[ApiError | SearchAnswer]:
    """  The same search, filtered differently or further down: no photo needed, nothing embedded.

    Args:
        id (UUID):
        attribute (list[str] | Unset):
        brand (list[str] | Unset):
        category (list[str] | Unset):
        colour (list[str] | Unset):
        k (int | Unset):  Default: 20.
        max_price (str | Unset):  Example: 19.90.
        min_price (str | Unset):  Example: 19.90.
        min_score (float | Unset):
        page (int | Unset):  Default: 1.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ApiError | SearchAnswer]
     """


    kwargs = _get_kwargs(
        id=id,
attribute=attribute,
brand=brand,
category=category,
colour=colour,
k=k,
max_price=max_price,
min_price=min_price,
min_score=min_score,
page=page,

    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)

def sync(
    id: UUID,
    *,
    client: AuthenticatedClient,
    attribute: list[str] | Unset = UNSET,
    brand: list[str] | Unset = UNSET,
    category: list[str] | Unset = UNSET,
    colour: list[str] | Unset = UNSET,
    k: int | Unset = 20,
    max_price: str | Unset = UNSET,
    min_price: str | Unset = UNSET,
    min_score: float | Unset = UNSET,
    page: int | Unset = 1,

) -> ApiError | SearchAnswer | None:
    """  The same search, filtered differently or further down: no photo needed, nothing embedded.

    Args:
        id (UUID):
        attribute (list[str] | Unset):
        brand (list[str] | Unset):
        category (list[str] | Unset):
        colour (list[str] | Unset):
        k (int | Unset):  Default: 20.
        max_price (str | Unset):  Example: 19.90.
        min_price (str | Unset):  Example: 19.90.
        min_score (float | Unset):
        page (int | Unset):  Default: 1.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ApiError | SearchAnswer
     """


    return sync_detailed(
        id=id,
client=client,
attribute=attribute,
brand=brand,
category=category,
colour=colour,
k=k,
max_price=max_price,
min_price=min_price,
min_score=min_score,
page=page,

    ).parsed

async def asyncio_detailed(
    id: UUID,
    *,
    client: AuthenticatedClient,
    attribute: list[str] | Unset = UNSET,
    brand: list[str] | Unset = UNSET,
    category: list[str] | Unset = UNSET,
    colour: list[str] | Unset = UNSET,
    k: int | Unset = 20,
    max_price: str | Unset = UNSET,
    min_price: str | Unset = UNSET,
    min_score: float | Unset = UNSET,
    page: int | Unset = 1,

) -> Response[ApiError | SearchAnswer]:
    """  The same search, filtered differently or further down: no photo needed, nothing embedded.

    Args:
        id (UUID):
        attribute (list[str] | Unset):
        brand (list[str] | Unset):
        category (list[str] | Unset):
        colour (list[str] | Unset):
        k (int | Unset):  Default: 20.
        max_price (str | Unset):  Example: 19.90.
        min_price (str | Unset):  Example: 19.90.
        min_score (float | Unset):
        page (int | Unset):  Default: 1.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ApiError | SearchAnswer]
     """


    kwargs = _get_kwargs(
        id=id,
attribute=attribute,
brand=brand,
category=category,
colour=colour,
k=k,
max_price=max_price,
min_price=min_price,
min_score=min_score,
page=page,

    )

    response = await client.get_async_httpx_client().request(
        **kwargs
    )

    return _build_response(client=client, response=response)

async def asyncio(
    id: UUID,
    *,
    client: AuthenticatedClient,
    attribute: list[str] | Unset = UNSET,
    brand: list[str] | Unset = UNSET,
    category: list[str] | Unset = UNSET,
    colour: list[str] | Unset = UNSET,
    k: int | Unset = 20,
    max_price: str | Unset = UNSET,
    min_price: str | Unset = UNSET,
    min_score: float | Unset = UNSET,
    page: int | Unset = 1,

) -> ApiError | SearchAnswer | None:
    """  The same search, filtered differently or further down: no photo needed, nothing embedded.

    Args:
        id (UUID):
        attribute (list[str] | Unset):
        brand (list[str] | Unset):
        category (list[str] | Unset):
        colour (list[str] | Unset):
        k (int | Unset):  Default: 20.
        max_price (str | Unset):  Example: 19.90.
        min_price (str | Unset):  Example: 19.90.
        min_score (float | Unset):
        page (int | Unset):  Default: 1.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ApiError | SearchAnswer
     """


    return (await asyncio_detailed(
        id=id,
client=client,
attribute=attribute,
brand=brand,
category=category,
colour=colour,
k=k,
max_price=max_price,
min_price=min_price,
min_score=min_score,
page=page,

    )).parsed
