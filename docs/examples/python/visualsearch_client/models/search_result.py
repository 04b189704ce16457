from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
  from ..models.found_image import FoundImage
  from ..models.found_product import FoundProduct





T = TypeVar("T", bound="SearchResult")



@_attrs_define
class SearchResult:
    """ 
        Attributes:
            score (float): Cosine, -1 to 1; of a search by words, how well they match, 0 to 1.
            probability (float | None): That this is the product in the photo, 0 to 1. None where the model was never
                calibrated.
            product (FoundProduct):
            image (FoundImage | None): The photo that is most alike. None where it has no photo.
     """

    score: float
    probability: float | None
    product: FoundProduct
    image: FoundImage | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        from ..models.found_image import FoundImage # noqa: PLC0415
        from ..models.found_product import FoundProduct # noqa: PLC0415
        score = self.score

        probability: float | None
        probability = self.probability

        product = self.product.to_dict()

        image: dict[str, Any] | None
        if isinstance(self.image, FoundImage):
            image = self.image.to_dict()
        else:
            image = self.image


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "score": score,
            "probability": probability,
            "product": product,
            "image": image,
        })

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.found_image import FoundImage # noqa: PLC0415
        from ..models.found_product import FoundProduct # noqa: PLC0415
        d = dict(src_dict)
        score = d.pop("score")

        def _parse_probability(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        probability = _parse_probability(d.pop("probability"))


        product = FoundProduct.from_dict(d.pop("product"))




        def _parse_image(data: object) -> FoundImage | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                image_type_1 = FoundImage.from_dict(data)



                return image_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FoundImage | None, data)

        image = _parse_image(d.pop("image"))


        search_result = cls(
            score=score,
            probability=probability,
            product=product,
            image=image,
        )


        search_result.additional_properties = d
        return search_result

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
