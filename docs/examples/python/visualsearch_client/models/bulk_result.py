from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.status_enum import StatusEnum
from ..types import UNSET, Unset
from typing import cast

if TYPE_CHECKING:
  from ..models.bulk_result_fields import BulkResultFields





T = TypeVar("T", bound="BulkResult")



@_attrs_define
class BulkResult:
    """ 
        Attributes:
            index (int): Of the item in the call, from 0.
            sku (None | str):
            status (StatusEnum): * `created` - created
                * `changed` - changed
                * `unchanged` - unchanged
                * `refused` - refused
            detail (str | Unset): Why it was refused.
            code (str | Unset):
            fields (BulkResultFields | Unset):
     """

    index: int
    sku: None | str
    status: StatusEnum
    detail: str | Unset = UNSET
    code: str | Unset = UNSET
    fields: BulkResultFields | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        from ..models.bulk_result_fields import BulkResultFields # noqa: PLC0415
        index = self.index

        sku: None | str
        sku = self.sku

        status = self.status.value

        detail = self.detail

        code = self.code

        fields: dict[str, Any] | Unset = UNSET
        if not isinstance(self.fields, Unset):
            fields = self.fields.to_dict()


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "index": index,
            "sku": sku,
            "status": status,
        })
        if detail is not UNSET:
            field_dict["detail"] = detail
        if code is not UNSET:
            field_dict["code"] = code
        if fields is not UNSET:
            field_dict["fields"] = fields

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bulk_result_fields import BulkResultFields # noqa: PLC0415
        d = dict(src_dict)
        index = d.pop("index")

        def _parse_sku(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        sku = _parse_sku(d.pop("sku"))


        status = StatusEnum(d.pop("status"))




        detail = d.pop("detail", UNSET)

        code = d.pop("code", UNSET)

        _fields = d.pop("fields", UNSET)
        fields: BulkResultFields | Unset
        if isinstance(_fields,  Unset):
            fields = UNSET
        else:
            fields = BulkResultFields.from_dict(_fields)




        bulk_result = cls(
            index=index,
            sku=sku,
            status=status,
            detail=detail,
            code=code,
            fields=fields,
        )


        bulk_result.additional_properties = d
        return bulk_result

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
