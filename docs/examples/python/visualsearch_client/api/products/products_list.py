from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.api_error import ApiError
from ...models.paginated_product_list import PaginatedProductList
from ...types import UNSET, Unset
from typing import cast



def _get_kwargs(
    *,
    attribute: list[str] | Unset = UNSET,
    brand: list[str] | Unset = UNSET,
    category: list[str] | Unset = UNSET,
    colour: list[str] | Unset = UNSET,
    cursor: str | Unset = UNSET,
    max_price: str | Unset = UNSET,
    min_price: str | Unset = UNSET,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    q: str | Unset = UNSET,

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

    params["cursor"] = cursor

    params["max_price"] = max_price

    params["min_price"] = min_price

    params["page"] = page

    params["page_size"] = page_size

    params["q"] = q


    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}


    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/products/",
        "params": params,
    }


    return _kwargs



def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ApiError | PaginatedProductList | None:
    if response.status_code == 200:
        response_200 = PaginatedProductList.from_dict(response.json())



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


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ApiError | PaginatedProductList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    attribute: list[str] | Unset = UNSET,
    brand: list[str] | Unset = UNSET,
    category: list[str] | Unset = UNSET,
    colour: list[str] | Unset = UNSET,
    cursor: str | Unset = UNSET,
    max_price: str | Unset = UNSET,
    min_price: str | Unset = UNSET,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    q: str | Unset = UNSET,

) -> Response[ApiError | PaginatedProductList]:
    """ 
    Args:
        attribute (list[str] | Unset):
        brand (list[str] | Unset):
        category (list[str] | Unset):
        colour (list[str] | Unset):
        cursor (str | Unset):
        max_price (str | Unset):  Example: 19.90.
        min_price (str | Unset):  Example: 19.90.
        page (int | Unset):  Default: 1.
        page_size (int | Unset):  Default: 50.
        q (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ApiError | PaginatedProductList]
     """


    kwargs = _get_kwargs(
        attribute=attribute,
brand=brand,
category=category,
colour=colour,
cursor=cursor,
max_price=max_price,
min_price=min_price,
page=page,
page_size=page_size,
q=q,

    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)

def sync(
    *,
    client: AuthenticatedClient,
    attribute: list[str] | Unset = UNSET,
    brand: list[str] | Unset = UNSET,
    category: list[str] | Unset = UNSET,
    colour: list[str] | Unset = UNSET,
    cursor: str | Unset = UNSET,
    max_price: str | Unset = UNSET,
    min_price: str | Unset = UNSET,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    q: str | Unset = UNSET,

) -> ApiError | PaginatedProductList | None:
    """ 
    Args:
        attribute (list[str] | Unset):
        brand (list[str] | Unset):
        category (list[str] | Unset):
        colour (list[str] | Unset):
        cursor (str | Unset):
        max_price (str | Unset):  Example: 19.90.
        min_price (str | Unset):  Example: 19.90.
        page (int | Unset):  Default: 1.
        page_size (int | Unset):  Default: 50.
        q (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ApiError | PaginatedProductList
     """


    return sync_detailed(
        client=client,
attribute=attribute,
brand=brand,
category=category,
colour=colour,
cursor=cursor,
max_price=max_price,
min_price=min_price,
page=page,
page_size=page_size,
q=q,

    ).parsed

async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    attribute: list[str] | Unset = UNSET,
    brand: list[str] | Unset = UNSET,
    category: list[str] | Unset = UNSET,
    colour: list[str] | Unset = UNSET,
    cursor: str | Unset = UNSET,
    max_price: str | Unset = UNSET,
    min_price: str | Unset = UNSET,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    q: str | Unset = UNSET,

) -> Response[ApiError | PaginatedProductList]:
    """ 
    Args:
        attribute (list[str] | Unset):
        brand (list[str] | Unset):
        category (list[str] | Unset):
        colour (list[str] | Unset):
        cursor (str | Unset):
        max_price (str | Unset):  Example: 19.90.
        min_price (str | Unset):  Example: 19.90.
        page (int | Unset):  Default: 1.
        page_size (int | Unset):  Default: 50.
        q (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ApiError | PaginatedProductList]
     """


    kwargs = _get_kwargs(
        attribute=attribute,
brand=brand,
category=category,
colour=colour,
cursor=cursor,
max_price=max_price,
min_price=min_price,
page=page,
page_size=page_size,
q=q,

    )

    response = await client.get_async_httpx_client().request(
        **kwargs
    )

    return _build_response(client=client, response=response)

async def asyncio(
    *,
    client: AuthenticatedClient,
    attribute: list[str] | Unset = UNSET,
    brand: list[str] | Unset = UNSET,
    category: list[str] | Unset = UNSET,
    colour: list[str] | Unset = UNSET,
    cursor: str | Unset = UNSET,
    max_price: str | Unset = UNSET,
    min_price: str | Unset = UNSET,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    q: str | Unset = UNSET,

) -> ApiError | PaginatedProductList | None:
    """ 
    Args:
        attribute (list[str] | Unset):
        brand (list[str] | Unset):
        category (list[str] | Unset):
        colour (list[str] | Unset):
        cursor (str | Unset):
        max_price (str | Unset):  Example: 19.90.
        min_price (str | Unset):  Example: 19.90.
        page (int | Unset):  Default: 1.
        page_size (int | Unset):  Default: 50.
        q (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ApiError | PaginatedProductList
     """


    return (await asyncio_detailed(
        client=client,
attribute=attribute,
brand=brand,
category=category,
colour=colour,
cursor=cursor,
max_price=max_price,
min_price=min_price,
page=page,
page_size=page_size,
q=q,

    )).parsed
