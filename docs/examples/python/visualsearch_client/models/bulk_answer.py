from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
  from ..models.bulk_result import BulkResult





T = TypeVar("T", bound="BulkAnswer")



@_attrs_define
class BulkAnswer:
    """ 
        Attributes:
            created (int):
            changed (int):
            unchanged (int):
            refused (int):
            results (list[BulkResult]):
     """

    created: int
    changed: int
    unchanged: int
    refused: int
    results: list[BulkResult]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        from ..models.bulk_result import BulkResult # noqa: PLC0415
        created = self.created

        changed = self.changed

        unchanged = self.unchanged

        refused = self.refused

        results = []
        for results_item_data in self.results:
            results_item = results_item_data.to_dict()
            results.append(results_item)




        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "created": created,
            "changed": changed,
            "unchanged": unchanged,
            "refused": refused,
            "results": results,
        })

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bulk_result import BulkResult # noqa: PLC0415
        d = dict(src_dict)
        created = d.pop("created")

        changed = d.pop("changed")

        unchanged = d.pop("unchanged")

        refused = d.pop("refused")

        results = []
        _results = d.pop("results")
        for results_item_data in (_results):
            results_item = BulkResult.from_dict(results_item_data)



            results.append(results_item)


        bulk_answer = cls(
            created=created,
            changed=changed,
            unchanged=unchanged,
            refused=refused,
            results=results,
        )


        bulk_answer.additional_properties = d
        return bulk_answer

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
