from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..types import UNSET, Unset
from typing import cast






T = TypeVar("T", bound="SearchJsonBody")



@_attrs_define
class SearchJsonBody:
    """ 
        Attributes:
            embedding (list[float] | Unset): Of unit length, made by the model that serves.
            image_id (int | Unset): A photo of the catalogue.
            q (str | Unset): Words, instead of a photo.
            crop (str | Unset): x,y,width,height in fractions of the upright photo.
            category (list[str] | Unset):
            brand (list[str] | Unset):
            colour (list[str] | Unset):
            attribute (list[str] | Unset):
            min_price (str | Unset):  Example: 19.90.
            max_price (str | Unset):  Example: 19.90.
            k (int | Unset):  Default: 20.
            min_score (float | Unset):
     """

    embedding: list[float] | Unset = UNSET
    image_id: int | Unset = UNSET
    q: str | Unset = UNSET
    crop: str | Unset = UNSET
    category: list[str] | Unset = UNSET
    brand: list[str] | Unset = UNSET
    colour: list[str] | Unset = UNSET
    attribute: list[str] | Unset = UNSET
    min_price: str | Unset = UNSET
    max_price: str | Unset = UNSET
    k: int | Unset = 20
    min_score: float | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        embedding: list[float] | Unset = UNSET
        if not isinstance(self.embedding, Unset):
            embedding = self.embedding



        image_id = self.image_id

        q = self.q

        crop = self.crop

        category: list[str] | Unset = UNSET
        if not isinstance(self.category, Unset):
            category = self.category



        brand: list[str] | Unset = UNSET
        if not isinstance(self.brand, Unset):
            brand = self.brand



        colour: list[str] | Unset = UNSET
        if not isinstance(self.colour, Unset):
            colour = self.colour



        attribute: list[str] | Unset = UNSET
        if not isinstance(self.attribute, Unset):
            attribute = self.attribute



        min_price = self.min_price

        max_price = self.max_price

        k = self.k

        min_score = self.min_score


        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
        })
        if embedding is not UNSET:
            field_dict["embedding"] = embedding
        if image_id is not UNSET:
            field_dict["image_id"] = image_id
        if q is not UNSET:
            field_dict["q"] = q
        if crop is not UNSET:
            field_dict["crop"] = crop
        if category is not UNSET:
            field_dict["category"] = category
        if brand is not UNSET:
            field_dict["brand"] = brand
        if colour is not UNSET:
            field_dict["colour"] = colour
        if attribute is not UNSET:
            field_dict["attribute"] = attribute
        if min_price is not UNSET:
            field_dict["min_price"] = min_price
        if max_price is not UNSET:
            field_dict["max_price"] = max_price
        if k is not UNSET:
            field_dict["k"] = k
        if min_score is not UNSET:
            field_dict["min_score"] = min_score

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        embedding = cast(list[float], d.pop("embedding", UNSET))


        image_id = d.pop("image_id", UNSET)

        q = d.pop("q", UNSET)

        crop = d.pop("crop", UNSET)

        category = cast(list[str], d.pop("category", UNSET))


        brand = cast(list[str], d.pop("brand", UNSET))


        colour = cast(list[str], d.pop("colour", UNSET))


        attribute = cast(list[str], d.pop("attribute", UNSET))


        min_price = d.pop("min_price", UNSET)

        max_price = d.pop("max_price", UNSET)

        k = d.pop("k", UNSET)

        min_score = d.pop("min_score", UNSET)

        search_json_body = cls(
            embedding=embedding,
            image_id=image_id,
            q=q,
            crop=crop,
            category=category,
            brand=brand,
            colour=colour,
            attribute=attribute,
            min_price=min_price,
            max_price=max_price,
            k=k,
            min_score=min_score,
        )


        search_json_body.additional_properties = d
        return search_json_body

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
