from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.action_enum import ActionEnum
from typing import cast






T = TypeVar("T", bound="ImportRow")



@_attrs_define
class ImportRow:
    """ 
        Attributes:
            line (int):
            sku (str):
            action (ActionEnum): * `create` - new
                * `change` - changed
                * `keep` - unchanged
                * `refuse` - refused
            changes (list[str]):
            problems (list[str]):
     """

    line: int
    sku: str
    action: ActionEnum
    changes: list[str]
    problems: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        line = self.line

        sku = self.sku

        action = self.action.value

        changes = self.changes



        problems = self.problems




        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "line": line,
            "sku": sku,
            "action": action,
            "changes": changes,
            "problems": problems,
        })

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        line = d.pop("line")

        sku = d.pop("sku")

        action = ActionEnum(d.pop("action"))




        changes = cast(list[str], d.pop("changes"))


        problems = cast(list[str], d.pop("problems"))


        import_row = cls(
            line=line,
            sku=sku,
            action=action,
            changes=changes,
            problems=problems,
        )


        import_row.additional_properties = d
        return import_row

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
