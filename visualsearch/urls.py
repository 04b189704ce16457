from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path, register_converter
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import catalog.views
import search.pages.views
from catalog.sku_urls import SkuConverter
from search.pages.sitemaps import SITEMAPS
from visualsearch.account import account

register_converter(SkuConverter, "sku")

# Where mail is configured: the login page offers it exactly if admin_password_reset is there.
password_reset = [
    path("admin/password_reset/", auth.PasswordResetView.as_view(), name="admin_password_reset"),
    path("admin/password_reset/done/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path("admin/reset/<uidb64>/<token>/", auth.PasswordResetConfirmView.as_view(), name="password_reset_confirm"),
    path("admin/reset/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
]
if not settings.EMAIL_HOST:
    password_reset = []

urlpatterns = [
    path("", search.pages.views.home, name="home"),
    path("search/", search.pages.views.search_by_photo, name="search"),
    path("search/<uuid:pk>/", search.pages.views.results, name="results"),
    path("search/<uuid:pk>/photo.jpg", search.pages.views.query_photo, name="query_photo"),
    path("search/<uuid:pk>/parts/", search.pages.views.boxes, name="boxes"),
    path("search/<uuid:pk>/why/<int:image_pk>/", search.pages.views.why, name="why"),
    path("search/<uuid:pk>/mark/<int:product_pk>/", search.pages.views.mark, name="mark"),
    path("embed.js", search.pages.views.embed, name="embed"),
    path("search/examples/<str:name>", search.pages.views.example_photo, name="example_photo"),
    path("products/", catalog.views.products, name="products"),
    path("favourites/", catalog.views.favourites, name="favourites"),
    path("suggestions/", catalog.views.suggestions, name="suggestions"),
    path("products/<sku:sku>/", search.pages.views.product, name="product"),
    path("categories/<slug:slug>/", catalog.views.category, name="category"),
    path("pictures/<int:pk>/<slug:size>/", catalog.views.thumbnail, name="thumbnail"),
    path("privacy/", search.pages.views.privacy, name="privacy"),
    path("language/", csrf_exempt(set_language), name="set_language"),  # sets a cookie of the shopper's own choice
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("api/v1/", include("visualsearch.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    *password_reset,
    path("admin/account/", admin.site.admin_view(account), name="admin_account"),
    path("admin/", admin.site.urls),
]

if not settings.MEDIA_BUCKET:
    urlpatterns += [path("media/<path:path>", catalog.views.original, name="original")]

handler400 = "visualsearch.error_pages.bad_request"
handler403 = "visualsearch.error_pages.permission_denied"
handler404 = "visualsearch.error_pages.page_not_found"
handler500 = "visualsearch.error_pages.server_error"
