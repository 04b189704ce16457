from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..types import UNSET, Unset
from typing import cast






T = TypeVar("T", bound="FoundProduct")



@_attrs_define
class FoundProduct:
    """ 
        Attributes:
            sku (str):
            title (str):
            category (None | str):
            url (str):
            image (None | str): Its first photo.
            brand (str | Unset):
            price (None | str | Unset):
            currency (str | Unset):
     """

    sku: str
    title: str
    category: None | str
    url: str
    image: None | str
    brand: str | Unset = UNSET
    price: None | str | Unset = UNSET
    currency: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        sku = self.sku

        title = self.title

        category: None | str
        category = self.category

        url = self.url

        image: None | str
        image = self.image

        brand = self.brand

        price: None | str | Unset
        if isinstance(self.price, Unset):
            price = UNSET
        else:
            price = self.price

        currency = self.currency


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "sku": sku,
            "title": title,
            "category": category,
            "url": url,
            "image": image,
        })
        if brand is not UNSET:
            field_dict["brand"] = brand
        if price is not UNSET:
            field_dict["price"] = price
        if currency is not UNSET:
            field_dict["currency"] = currency

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        sku = d.pop("sku")

        title = d.pop("title")

        def _parse_category(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        category = _parse_category(d.pop("category"))


        url = d.pop("url")

        def _parse_image(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        image = _parse_image(d.pop("image"))


        brand = d.pop("brand", UNSET)

        def _parse_price(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        price = _parse_price(d.pop("price", UNSET))


        currency = d.pop("currency", UNSET)

        found_product = cls(
            sku=sku,
            title=title,
            category=category,
            url=url,
            image=image,
            brand=brand,
            price=price,
            currency=currency,
        )


        found_product.additional_properties = d
        return found_product

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
