from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..types import UNSET, Unset
from typing import cast






T = TypeVar("T", bound="Image")



@_attrs_define
class Image:
    """ 
        Attributes:
            id (int):
            view_id (str): Names the view; unique within its product.
            url (str):
            width (int | None): Pixels, upright.
            height (int | None):
            error (str):
            position (int | Unset): The lowest leads.
     """

    id: int
    view_id: str
    url: str
    width: int | None
    height: int | None
    error: str
    position: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        id = self.id

        view_id = self.view_id

        url = self.url

        width: int | None
        width = self.width

        height: int | None
        height = self.height

        error = self.error

        position = self.position


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "id": id,
            "view_id": view_id,
            "url": url,
            "width": width,
            "height": height,
            "error": error,
        })
        if position is not UNSET:
            field_dict["position"] = position

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        view_id = d.pop("view_id")

        url = d.pop("url")

        def _parse_width(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        width = _parse_width(d.pop("width"))


        def _parse_height(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        height = _parse_height(d.pop("height"))


        error = d.pop("error")

        position = d.pop("position", UNSET)

        image = cls(
            id=id,
            view_id=view_id,
            url=url,
            width=width,
            height=height,
            error=error,
            position=position,
        )


        image.additional_properties = d
        return image

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
