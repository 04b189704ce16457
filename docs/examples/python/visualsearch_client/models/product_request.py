from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.availability_enum import AvailabilityEnum
from ..models.blank_enum import BlankEnum
from ..types import UNSET, Unset
from typing import cast

if TYPE_CHECKING:
  from ..models.product_request_attributes import ProductRequestAttributes





T = TypeVar("T", bound="ProductRequest")



@_attrs_define
class ProductRequest:
    """ 
        Attributes:
            sku (str):
            title (str):
            description (str | Unset):
            category (None | str | Unset):
            brand (str | Unset):
            price (None | str | Unset):
            sale_price (None | str | Unset): What it costs now, where that is less than its price.
            currency (str | Unset):
            availability (AvailabilityEnum | BlankEnum | Unset):
            attributes (ProductRequestAttributes | Unset):
            is_active (bool | Unset): Shoppers find active products only.
            shop_url (str | Unset): The product's page in the shop.
     """

    sku: str
    title: str
    description: str | Unset = UNSET
    category: None | str | Unset = UNSET
    brand: str | Unset = UNSET
    price: None | str | Unset = UNSET
    sale_price: None | str | Unset = UNSET
    currency: str | Unset = UNSET
    availability: AvailabilityEnum | BlankEnum | Unset = UNSET
    attributes: ProductRequestAttributes | Unset = UNSET
    is_active: bool | Unset = UNSET
    shop_url: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        from ..models.product_request_attributes import ProductRequestAttributes # noqa: PLC0415
        sku = self.sku

        title = self.title

        description = self.description

        category: None | str | Unset
        if isinstance(self.category, Unset):
            category = UNSET
        else:
            category = self.category

        brand = self.brand

        price: None | str | Unset
        if isinstance(self.price, Unset):
            price = UNSET
        else:
            price = self.price

        sale_price: None | str | Unset
        if isinstance(self.sale_price, Unset):
            sale_price = UNSET
        else:
            sale_price = self.sale_price

        currency = self.currency

        availability: str | Unset
        if isinstance(self.availability, Unset):
            availability = UNSET
        elif isinstance(self.availability, AvailabilityEnum):
            availability = self.availability.value
        else:
            availability = self.availability.value


        attributes: dict[str, Any] | Unset = UNSET
        if not isinstance(self.attributes, Unset):
            attributes = self.attributes.to_dict()

        is_active = self.is_active

        shop_url: str | Unset
        if isinstance(self.shop_url, Unset):
            shop_url = UNSET
        else:
            shop_url = self.shop_url


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "sku": sku,
            "title": title,
        })
        if description is not UNSET:
            field_dict["description"] = description
        if category is not UNSET:
            field_dict["category"] = category
        if brand is not UNSET:
            field_dict["brand"] = brand
        if price is not UNSET:
            field_dict["price"] = price
        if sale_price is not UNSET:
            field_dict["sale_price"] = sale_price
        if currency is not UNSET:
            field_dict["currency"] = currency
        if availability is not UNSET:
            field_dict["availability"] = availability
        if attributes is not UNSET:
            field_dict["attributes"] = attributes
        if is_active is not UNSET:
            field_dict["is_active"] = is_active
        if shop_url is not UNSET:
            field_dict["shop_url"] = shop_url

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.product_request_attributes import ProductRequestAttributes # noqa: PLC0415
        d = dict(src_dict)
        sku = d.pop("sku")

        title = d.pop("title")

        description = d.pop("description", UNSET)

        def _parse_category(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        category = _parse_category(d.pop("category", UNSET))


        brand = d.pop("brand", UNSET)

        def _parse_price(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        price = _parse_price(d.pop("price", UNSET))


        def _parse_sale_price(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        sale_price = _parse_sale_price(d.pop("sale_price", UNSET))


        currency = d.pop("currency", UNSET)

        def _parse_availability(data: object) -> AvailabilityEnum | BlankEnum | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                availability_type_0 = AvailabilityEnum(data)



                return availability_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, str):
                raise TypeError()
            availability_type_1 = BlankEnum(data)



            return availability_type_1

        availability = _parse_availability(d.pop("availability", UNSET))


        _attributes = d.pop("attributes", UNSET)
        attributes: ProductRequestAttributes | Unset
        if isinstance(_attributes,  Unset):
            attributes = UNSET
        else:
            attributes = ProductRequestAttributes.from_dict(_attributes)




        is_active = d.pop("is_active", UNSET)

        def _parse_shop_url(data: object) -> str | Unset:
            if isinstance(data, Unset):
                return data
            return cast(str | Unset, data)

        shop_url = _parse_shop_url(d.pop("shop_url", UNSET))


        product_request = cls(
            sku=sku,
            title=title,
            description=description,
            category=category,
            brand=brand,
            price=price,
            sale_price=sale_price,
            currency=currency,
            availability=availability,
            attributes=attributes,
            is_active=is_active,
            shop_url=shop_url,
        )


        product_request.additional_properties = d
        return product_request

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
