from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
  from ..models.item_request import ItemRequest





T = TypeVar("T", bound="BulkRequestRequest")



@_attrs_define
class BulkRequestRequest:
    """ 
        Attributes:
            products (list[ItemRequest]):
     """

    products: list[ItemRequest]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        from ..models.item_request import ItemRequest # noqa: PLC0415
        products = []
        for products_item_data in self.products:
            products_item = products_item_data.to_dict()
            products.append(products_item)




        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "products": products,
        })

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.item_request import ItemRequest # noqa: PLC0415
        d = dict(src_dict)
        products = []
        _products = d.pop("products")
        for products_item_data in (_products):
            products_item = ItemRequest.from_dict(products_item_data)



            products.append(products_item)


        bulk_request_request = cls(
            products=products,
        )


        bulk_request_request.additional_properties = d
        return bulk_request_request

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
