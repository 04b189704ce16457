""" Contains all the data models used in inputs/outputs """

from .action_enum import ActionEnum
from .api_error import ApiError
from .api_error_fields import ApiErrorFields
from .availability_enum import AvailabilityEnum
from .blank_enum import BlankEnum
from .bulk_answer import BulkAnswer
from .bulk_request_request import BulkRequestRequest
from .bulk_result import BulkResult
from .bulk_result_fields import BulkResultFields
from .category import Category
from .category_request import CategoryRequest
from .found_image import FoundImage
from .found_product import FoundProduct
from .image import Image
from .image_request import ImageRequest
from .import_ import Import
from .import_request_request import ImportRequestRequest
from .import_row import ImportRow
from .import_state_enum import ImportStateEnum
from .item_request import ItemRequest
from .item_request_attributes import ItemRequestAttributes
from .model import Model
from .model_state_enum import ModelStateEnum
from .paginated_category_list import PaginatedCategoryList
from .paginated_import_list import PaginatedImportList
from .paginated_import_row_list import PaginatedImportRowList
from .paginated_model_list import PaginatedModelList
from .paginated_product_list import PaginatedProductList
from .patched_photo_request import PatchedPhotoRequest
from .patched_product_request import PatchedProductRequest
from .patched_product_request_attributes import PatchedProductRequestAttributes
from .photo_request import PhotoRequest
from .product import Product
from .product_attributes import ProductAttributes
from .product_request import ProductRequest
from .product_request_attributes import ProductRequestAttributes
from .progress import Progress
from .search_answer import SearchAnswer
from .search_answer_took_ms import SearchAnswerTookMs
from .search_files_body import SearchFilesBody
from .search_json_body import SearchJsonBody
from .search_result import SearchResult
from .searched_photo import SearchedPhoto
from .similar_answer import SimilarAnswer
from .status_enum import StatusEnum

__all__ = (
    "ActionEnum",
    "ApiError",
    "ApiErrorFields",
    "AvailabilityEnum",
    "BlankEnum",
    "BulkAnswer",
    "BulkRequestRequest",
    "BulkResult",
    "BulkResultFields",
    "Category",
    "CategoryRequest",
    "FoundImage",
    "FoundProduct",
    "Image",
    "ImageRequest",
    "Import",
    "ImportRequestRequest",
    "ImportRow",
    "ImportStateEnum",
    "ItemRequest",
    "ItemRequestAttributes",
    "Model",
    "ModelStateEnum",
    "PaginatedCategoryList",
    "PaginatedImportList",
    "PaginatedImportRowList",
    "PaginatedModelList",
    "PaginatedProductList",
    "PatchedPhotoRequest",
    "PatchedProductRequest",
    "PatchedProductRequestAttributes",
    "PhotoRequest",
    "Product",
    "ProductAttributes",
    "ProductRequest",
    "ProductRequestAttributes",
    "Progress",
    "SearchAnswer",
    "SearchAnswerTookMs",
    "SearchedPhoto",
    "SearchFilesBody",
    "SearchJsonBody",
    "SearchResult",
    "SimilarAnswer",
    "StatusEnum",
)
