from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.model_state_enum import ModelStateEnum
from typing import cast
import datetime

if TYPE_CHECKING:
  from ..models.progress import Progress





T = TypeVar("T", bound="Model")



@_attrs_define
class Model:
    """ 
        Attributes:
            version (str):
            state (ModelStateEnum): * `candidate` - candidate
                * `preparing` - preparing
                * `ready` - ready
                * `active` - active
                * `retired` - retired
            backbone (str):
            dim (int):
            input_size (int): Pixels, square.
            sha256 (str): Of model.onnx.
            created (datetime.datetime):
            activated (datetime.datetime | None):
            progress (None | Progress): While it is being prepared.
     """

    version: str
    state: ModelStateEnum
    backbone: str
    dim: int
    input_size: int
    sha256: str
    created: datetime.datetime
    activated: datetime.datetime | None
    progress: None | Progress
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        from ..models.progress import Progress # noqa: PLC0415
        version = self.version

        state = self.state.value

        backbone = self.backbone

        dim = self.dim

        input_size = self.input_size

        sha256 = self.sha256

        created = self.created.isoformat()

        activated: None | str
        if isinstance(self.activated, datetime.datetime):
            activated = self.activated.isoformat()
        else:
            activated = self.activated

        progress: dict[str, Any] | None
        if isinstance(self.progress, Progress):
            progress = self.progress.to_dict()
        else:
            progress = self.progress


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "version": version,
            "state": state,
            "backbone": backbone,
            "dim": dim,
            "input_size": input_size,
            "sha256": sha256,
            "created": created,
            "activated": activated,
            "progress": progress,
        })

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.progress import Progress # noqa: PLC0415
        d = dict(src_dict)
        version = d.pop("version")

        state = ModelStateEnum(d.pop("state"))




        backbone = d.pop("backbone")

        dim = d.pop("dim")

        input_size = d.pop("input_size")

        sha256 = d.pop("sha256")

        created = datetime.datetime.fromisoformat(d.pop("created"))




        def _parse_activated(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                activated_type_0 = datetime.datetime.fromisoformat(data)



                return activated_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        activated = _parse_activated(d.pop("activated"))


        def _parse_progress(data: object) -> None | Progress:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                progress_type_1 = Progress.from_dict(data)



                return progress_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Progress, data)

        progress = _parse_progress(d.pop("progress"))


        model = cls(
            version=version,
            state=state,
            backbone=backbone,
            dim=dim,
            input_size=input_size,
            sha256=sha256,
            created=created,
            activated=activated,
            progress=progress,
        )


        model.additional_properties = d
        return model

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
