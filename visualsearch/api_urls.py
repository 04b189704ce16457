"""API v1."""

from django.urls import path

from catalog.api import bulk, categories, imports, photos, products
from search.api import models, search

urlpatterns = [
    path("search/", search.Search.as_view()),
    path("search/<uuid:pk>/", search.SearchAgain.as_view()),
    path("bulk/products/", bulk.BulkProducts.as_view()),
    path("products/", products.ProductList.as_view()),
    path("products/<sku:sku>/similar/", search.Similar.as_view()),
    path("products/<sku:sku>/images/", photos.PhotoList.as_view()),
    path("products/<sku:sku>/images/<int:pk>/", photos.PhotoDetail.as_view()),
    path("products/<sku:sku>/", products.ProductDetail.as_view()),  # last: a SKU may hold a slash
    path("categories/", categories.CategoryList.as_view()),
    path("imports/", imports.ImportList.as_view()),
    path("imports/<int:pk>/", imports.ImportDetail.as_view()),
    path("imports/<int:pk>/rows/", imports.ImportRows.as_view()),
    path("imports/<int:pk>/run/", imports.RunImport.as_view()),
    path("imports/<int:pk>/cancel/", imports.CancelImport.as_view()),
    path("imports/<int:pk>/resume/", imports.ResumeImport.as_view()),
    path("models/", models.ModelList.as_view()),
    path("models/<str:version>/", models.ModelDetail.as_view()),
    path("models/<str:version>/prepare/", models.PrepareModel.as_view()),
    path("models/<str:version>/activate/", models.ActivateModel.as_view()),
    path("models/<str:version>/cancel/", models.CancelModel.as_view()),
]
