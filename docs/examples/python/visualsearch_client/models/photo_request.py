from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field
import json
from .. import types

from ..types import UNSET, Unset

from ..types import File, FileTypes
from ..types import UNSET, Unset
from io import BytesIO






T = TypeVar("T", bound="PhotoRequest")



@_attrs_define
class PhotoRequest:
    """ A photo being put in: `image` is the file; without `view_id` the view is numbered.

        Attributes:
            image (File):
            view_id (str | Unset): Names the view; unique within its product.
            position (int | Unset): The lowest leads.
     """

    image: File
    view_id: str | Unset = UNSET
    position: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        image = self.image.to_tuple()


        view_id = self.view_id

        position = self.position


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "image": image,
        })
        if view_id is not UNSET:
            field_dict["view_id"] = view_id
        if position is not UNSET:
            field_dict["position"] = position

        return field_dict


    def to_multipart(self) -> types.RequestFiles:
        files: types.RequestFiles = []

        files.append(("image", self.image.to_tuple()))



        if not isinstance(self.view_id, Unset):
            files.append(("view_id", (None, str(self.view_id).encode(), "text/plain")))



        if not isinstance(self.position, Unset):
            files.append(("position", (None, str(self.position).encode(), "text/plain")))




        for prop_name, prop in self.additional_properties.items():
            files.append((prop_name, (None, str(prop).encode(), "text/plain")))



        return files


    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        image = File(
             payload = BytesIO(d.pop("image"))
        )




        view_id = d.pop("view_id", UNSET)

        position = d.pop("position", UNSET)

        photo_request = cls(
            image=image,
            view_id=view_id,
            position=position,
        )


        photo_request.additional_properties = d
        return photo_request

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
