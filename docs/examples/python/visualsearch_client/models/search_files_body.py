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
from typing import cast






T = TypeVar("T", bound="SearchFilesBody")



@_attrs_define
class SearchFilesBody:
    """ 
        Attributes:
            image (list[File] | Unset): Photos of one item. Of several items, the first one's is searched for: see `photos`.
            together (bool | Unset): All photos are of one item, however different they look. Default: False.
            image_id (int | Unset): A photo of the catalogue.
            q (str | Unset): Words, instead of a photo.
            crop (list[str] | Unset): The part of each photo, in their order; or none.
            category (list[str] | Unset):
            brand (list[str] | Unset):
            colour (list[str] | Unset):
            attribute (list[str] | Unset):
            min_price (str | Unset):  Example: 19.90.
            max_price (str | Unset):  Example: 19.90.
            k (int | Unset):  Default: 20.
            min_score (float | Unset):
     """

    image: list[File] | Unset = UNSET
    together: bool | Unset = False
    image_id: int | Unset = UNSET
    q: str | Unset = UNSET
    crop: list[str] | Unset = UNSET
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
        image: list[FileTypes] | Unset = UNSET
        if not isinstance(self.image, Unset):
            image = []
            for image_item_data in self.image:
                image_item = image_item_data.to_tuple()

                image.append(image_item)



        together = self.together

        image_id = self.image_id

        q = self.q

        crop: list[str] | Unset = UNSET
        if not isinstance(self.crop, Unset):
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
        if image is not UNSET:
            field_dict["image"] = image
        if together is not UNSET:
            field_dict["together"] = together
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


    def to_multipart(self) -> types.RequestFiles:
        files: types.RequestFiles = []

        if not isinstance(self.image, Unset):
            for image_item_element in self.image:
                files.append(("image", image_item_element.to_tuple()))




        if not isinstance(self.together, Unset):
            files.append(("together", (None, str(self.together).encode(), "text/plain")))



        if not isinstance(self.image_id, Unset):
            files.append(("image_id", (None, str(self.image_id).encode(), "text/plain")))



        if not isinstance(self.q, Unset):
            files.append(("q", (None, str(self.q).encode(), "text/plain")))



        if not isinstance(self.crop, Unset):
            for crop_item_element in self.crop:
                files.append(("crop", (None, str(crop_item_element).encode(), "text/plain")))




        if not isinstance(self.category, Unset):
            for category_item_element in self.category:
                files.append(("category", (None, str(category_item_element).encode(), "text/plain")))




        if not isinstance(self.brand, Unset):
            for brand_item_element in self.brand:
                files.append(("brand", (None, str(brand_item_element).encode(), "text/plain")))




        if not isinstance(self.colour, Unset):
            for colour_item_element in self.colour:
                files.append(("colour", (None, str(colour_item_element).encode(), "text/plain")))




        if not isinstance(self.attribute, Unset):
            for attribute_item_element in self.attribute:
                files.append(("attribute", (None, str(attribute_item_element).encode(), "text/plain")))




        if not isinstance(self.min_price, Unset):
            files.append(("min_price", (None, str(self.min_price).encode(), "text/plain")))



        if not isinstance(self.max_price, Unset):
            files.append(("max_price", (None, str(self.max_price).encode(), "text/plain")))



        if not isinstance(self.k, Unset):
            files.append(("k", (None, str(self.k).encode(), "text/plain")))



        if not isinstance(self.min_score, Unset):
            files.append(("min_score", (None, str(self.min_score).encode(), "text/plain")))




        for prop_name, prop in self.additional_properties.items():
            files.append((prop_name, (None, str(prop).encode(), "text/plain")))



        return files


    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        _image = d.pop("image", UNSET)
        image: list[File] | Unset = UNSET
        if _image is not UNSET:
            image = []
            for image_item_data in _image:
                image_item = File(
                     payload = BytesIO(image_item_data)
                )



                image.append(image_item)


        together = d.pop("together", UNSET)

        image_id = d.pop("image_id", UNSET)

        q = d.pop("q", UNSET)

        crop = cast(list[str], d.pop("crop", UNSET))


        category = cast(list[str], d.pop("category", UNSET))


        brand = cast(list[str], d.pop("brand", UNSET))


        colour = cast(list[str], d.pop("colour", UNSET))


        attribute = cast(list[str], d.pop("attribute", UNSET))


        min_price = d.pop("min_price", UNSET)

        max_price = d.pop("max_price", UNSET)

        k = d.pop("k", UNSET)

        min_score = d.pop("min_score", UNSET)

        search_files_body = cls(
            image=image,
            together=together,
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


        search_files_body.additional_properties = d
        return search_files_body

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
