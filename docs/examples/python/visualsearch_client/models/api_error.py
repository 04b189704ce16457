from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..types import UNSET, Unset
from typing import cast

if TYPE_CHECKING:
  from ..models.api_error_fields import ApiErrorFields





T = TypeVar("T", bound="ApiError")



@_attrs_define
class ApiError:
    """ 
        Attributes:
            detail (str): A sentence for people.
            code (str): A stable word for programs.
            fields (ApiErrorFields | Unset): What is wrong by field, where `code` is `invalid`.
     """

    detail: str
    code: str
    fields: ApiErrorFields | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        from ..models.api_error_fields import ApiErrorFields # noqa: PLC0415
        detail = self.detail

        code = self.code

        fields: dict[str, Any] | Unset = UNSET
        if not isinstance(self.fields, Unset):
            fields = self.fields.to_dict()


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "detail": detail,
            "code": code,
        })
        if fields is not UNSET:
            field_dict["fields"] = fields

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.api_error_fields import ApiErrorFields # noqa: PLC0415
        d = dict(src_dict)
        detail = d.pop("detail")

        code = d.pop("code")

        _fields = d.pop("fields", UNSET)
        fields: ApiErrorFields | Unset
        if isinstance(_fields,  Unset):
            fields = UNSET
        else:
            fields = ApiErrorFields.from_dict(_fields)




        api_error = cls(
            detail=detail,
            code=code,
            fields=fields,
        )


        api_error.additional_properties = d
        return api_error

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
