from django.conf import settings
from django.contrib import admin
from django.urls import path, re_path
from django.views.static import serve

from visualsearch import health

urlpatterns = [
    path("admin/", admin.site.urls),
    path("healthz/live", health.live),
    path("healthz/ready", health.ready),
    path("metrics", health.metrics),
]

if not settings.MEDIA_BUCKET:  # photos lie on this machine; a shop with many visitors lets its web server do this
    urlpatterns += [re_path(r"^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT})]
