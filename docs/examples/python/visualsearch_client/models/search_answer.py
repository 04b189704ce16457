from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast
from uuid import UUID

if TYPE_CHECKING:
  from ..models.search_answer_took_ms import SearchAnswerTookMs
  from ..models.search_result import SearchResult
  from ..models.searched_photo import SearchedPhoto





T = TypeVar("T", bound="SearchAnswer")



@_attrs_define
class SearchAnswer:
    """ 
        Attributes:
            query (None | UUID): Answers again at /search/{query}/. None after a search by embedding or words.
            model (None | str):
            took_ms (SearchAnswerTookMs):
            count (int): Of results in this answer.
            results (list[SearchResult]):
            photos (list[SearchedPhoto]): In their order. Of several items, the results are of one.
     """

    query: None | UUID
    model: None | str
    took_ms: SearchAnswerTookMs
    count: int
    results: list[SearchResult]
    photos: list[SearchedPhoto]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)





    def to_dict(self) -> dict[str, Any]:
        from ..models.search_answer_took_ms import SearchAnswerTookMs # noqa: PLC0415
        from ..models.search_result import SearchResult # noqa: PLC0415
        from ..models.searched_photo import SearchedPhoto # noqa: PLC0415
        query: None | str
        if isinstance(self.query, UUID):
            query = str(self.query)
        else:
            query = self.query

        model: None | str
        model = self.model

        took_ms = self.took_ms.to_dict()

        count = self.count

        results = []
        for results_item_data in self.results:
            results_item = results_item_data.to_dict()
            results.append(results_item)



        photos = []
        for photos_item_data in self.photos:
            photos_item = photos_item_data.to_dict()
            photos.append(photos_item)




        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({
            "query": query,
            "model": model,
            "took_ms": took_ms,
            "count": count,
            "results": results,
            "photos": photos,
        })

        return field_dict



    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.search_answer_took_ms import SearchAnswerTookMs # noqa: PLC0415
        from ..models.search_result import SearchResult # noqa: PLC0415
        from ..models.searched_photo import SearchedPhoto # noqa: PLC0415
        d = dict(src_dict)
        def _parse_query(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                query_type_0 = UUID(data)



                return query_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        query = _parse_query(d.pop("query"))


        def _parse_model(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        model = _parse_model(d.pop("model"))


        took_ms = SearchAnswerTookMs.from_dict(d.pop("took_ms"))




        count = d.pop("count")

        results = []
        _results = d.pop("results")
        for results_item_data in (_results):
            results_item = SearchResult.from_dict(results_item_data)



            results.append(results_item)


        photos = []
        _photos = d.pop("photos")
        for photos_item_data in (_photos):
            photos_item = SearchedPhoto.from_dict(photos_item_data)



            photos.append(photos_item)


        search_answer = cls(
            query=query,
            model=model,
            took_ms=took_ms,
            count=count,
            results=results,
            photos=photos,
        )


        search_answer.additional_properties = d
        return search_answer

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
