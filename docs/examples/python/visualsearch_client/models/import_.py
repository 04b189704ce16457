from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.import_state_enum import ImportStateEnum
from typing import cast
import datetime






T = TypeVar("T", bound="Import")



@_attrs_define
class Import:
    """ 
        Attributes:
            id (int):
            name (str): Of the file or folder.
            state (ImportStateEnum): * `checking` - being looked through
                * `mapping` - waiting to hear what the columns are
                * `checked` - waiting for your go-ahead
                * `running` - running
                * `done` - done
                * `cancelled` - cancelled
                * `failed` - not possible
                * `undoing` - being undone
                * `undone` - undone
            user (None | str):
            total (int):
            percent (int):
            created_count (int):
            changed_count (int):
            kept_count (int):
            refused_count (int):
            problem_count (int):
            error (str):
            created (datetime.datetime):
            updated (datetime.datetime):
     """

    id: int
    name: str
    state: ImportStateEnum
    user: None | str
    total: int
    percent: int
    created_count: int
    changed_count: int
    kept_count: int
    refused_count: int
    problem_count: int
    error: str
    created: datetime.datetime
    updated: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        state = self.state.value

        user: None | str
        user = self.user

        total = self.total

        percent = self.percent

        created_count = self.created_count

        changed_count = self.changed_count

        kept_count = self.kept_count

        refused_count = self.refused_count

        problem_count = self.problem_count

        error = self.error

        created = self.created.isoformat()

        updated = self.updated.isoformat()


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "id": id,
            "name": name,
            "state": state,
            "user": user,
            "total": total,
            "percent": percent,
            "created_count": created_count,
            "changed_count": changed_count,
            "kept_count": kept_count,
            "refused_count": refused_count,
            "problem_count": problem_count,
            "error": error,
            "created": created,
            "updated": updated,
        })

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        state = ImportStateEnum(d.pop("state"))




        def _parse_user(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        user = _parse_user(d.pop("user"))


        total = d.pop("total")

        percent = d.pop("percent")

        created_count = d.pop("created_count")

        changed_count = d.pop("changed_count")

        kept_count = d.pop("kept_count")

        refused_count = d.pop("refused_count")

        problem_count = d.pop("problem_count")

        error = d.pop("error")

        created = datetime.datetime.fromisoformat(d.pop("created"))




        updated = datetime.datetime.fromisoformat(d.pop("updated"))




        import_ = cls(
            id=id,
            name=name,
            state=state,
            user=user,
            total=total,
            percent=percent,
            created_count=created_count,
            changed_count=changed_count,
            kept_count=kept_count,
            refused_count=refused_count,
            problem_count=problem_count,
            error=error,
            created=created,
            updated=updated,
        )


        import_.additional_properties = d
        return import_

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
