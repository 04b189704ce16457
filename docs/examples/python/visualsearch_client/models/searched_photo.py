from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset







T = TypeVar("T", bound="SearchedPhoto")



@_attrs_define
class SearchedPhoto:
    """ 
        Attributes:
            crop (str): The part that was searched for, empty for all of it.
            item (int): Photos of one item have the same number.
            is_searched (bool): Whether the results are of this photo's item.
     """

    crop: str
    item: int
    is_searched: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        crop = self.crop

        item = self.item

        is_searched = self.is_searched


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "crop": crop,
            "item": item,
            "is_searched": is_searched,
        })

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        crop = d.pop("crop")

        item = d.pop("item")

        is_searched = d.pop("is_searched")

        searched_photo = cls(
            crop=crop,
            item=item,
            is_searched=is_searched,
        )


        searched_photo.additional_properties = d
        return searched_photo

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
