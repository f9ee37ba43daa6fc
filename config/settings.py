"""Django's settings: one file, no inheritance; what differs between places comes from `config.env`."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from config import env, logs

ENV = env.load()
ROOT = env.ROOT

SECRET_KEY = ENV.secret_key or "unset: only commands that sign nothing work with this"
DEBUG = ENV.debug
ALLOWED_HOSTS = list(ENV.allowed_hosts)
CSRF_TRUSTED_ORIGINS = [ENV.public_url]

INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.humanize", "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles", "django.contrib.postgres",
    "rest_framework", "drf_spectacular", "django_cotton", "django_htmx", "django_vite", "csp",
    "allauth", "allauth.account", "allauth.mfa", "allauth.usersessions", "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "marketplace.accounts", "marketplace.listings", "marketplace.portal", "billing", "model_registry",
    "inference_backend.jobs", "config",
]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "config.middleware.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "marketplace.portal.middleware.StatusPage",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.OrganizationOfSession",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.middleware.FreshLogin",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "marketplace.portal.middleware.PortalPages",
    "config.idempotency.KeepAnswers",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [ROOT / "frontend" / "templates"],
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages", "django.template.context_processors.i18n",
        "marketplace.portal.context.portal",
    ]},
}]


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url or "postgresql://postgres@127.0.0.1:5433/tessera")
    socket = parse_qs(parts.query).get("host", [""])[0]  # libpq's form for a Unix socket: ?host=/folder
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": parts.path.lstrip("/"), "USER": parts.username or "",
        "PASSWORD": parts.password or "", "HOST": parts.hostname or socket, "PORT": parts.port or "",
        "CONN_HEALTH_CHECKS": True, "CONN_MAX_AGE": 60, "ATOMIC_REQUESTS": False,
    }


DATABASES = {"default": _database(ENV.database_url)}
CACHES = {"default": {  # a Redis that takes connections and says nothing holds nobody up
    "BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV.redis_url,
    "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 2}}}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

PASSWORD_HASHERS = ["marketplace.accounts.hashers.BoundedArgon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/console/"

# django-allauth does second factors, passkeys, sessions, letters for lost passwords and OpenID Connect; sign-up and
# login are our own pages in front of it (marketplace.accounts.entrance).
ACCOUNT_ADAPTER = "marketplace.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_USER_DISPLAY = "marketplace.accounts.selectors.display_name"
MFA_ADAPTER = "marketplace.accounts.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # a sign-up is good at once; its address is proved by the first letter that is needed
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tessera"
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ENV.public_url.startswith("https://")
SOCIALACCOUNT_ADAPTER = "marketplace.accounts.adapters.SocialAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = "sso"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [ROOT / "frontend" / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = ENV.var / "static"
STATICFILES_DIRS = [path for path in [ROOT / "frontend" / "dist"] if path.exists()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": ENV.var / "files"}},
    "staticfiles": {"BACKEND": "config.pages.PageFiles"},
}
DJANGO_VITE = {"default": {"dev_mode": False, "manifest_path": ROOT / "frontend" / "dist" / "manifest.json"}}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["marketplace.accounts.api_auth.ApiKeyAuthentication",
                                       "rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["marketplace.accounts.api_auth.MayOperate"],
    "DEFAULT_THROTTLE_CLASSES": ["config.idempotency.OneRun"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.negotiation.Negotiation",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is 405: the OpenAPI document describes the API
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.problems.exception_handler",
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tessera API", "VERSION": "1.0.0", "OAS_VERSION": "3.1.0", "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False, "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "config.openapi.add_common_errors"],
}

CELERY_BROKER_URL = ENV.redis_url
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 900
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # its logs are ours, too: JSON where asked for, without secrets
# A broker that takes connections and says nothing must not hold a worker up that is told to stop.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 1800, "socket_connect_timeout": 5, "socket_timeout": 5}

# Forms of ours end on the payment provider's pages: its own, or the sandbox's.
PAYMENT_PAGES = (["https://checkout.stripe.com", "https://billing.stripe.com", "https://connect.stripe.com"]
                 if ENV.stripe_api_base.startswith("https://api.stripe.com")
                 else [ENV.stripe_sandbox_url or ENV.stripe_api_base])

# Mail goes out by TESSERA_SMTP_URL (smtp://user:password@host:587); without one, letters are files under var/mail.
_SMTP = urlsplit(ENV.smtp_url)
DEFAULT_FROM_EMAIL = "Tessera <billing@" + (urlsplit(ENV.public_url).hostname or "localhost") + ">"
EMAIL_BACKEND = "django.core.mail.backends." + ("smtp" if ENV.smtp_url else "filebased") + ".EmailBackend"
EMAIL_FILE_PATH = ENV.var / "mail"
EMAIL_HOST, EMAIL_PORT = _SMTP.hostname or "localhost", _SMTP.port or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _SMTP.username or "", _SMTP.password or ""
EMAIL_USE_TLS = _SMTP.port == 587
EMAIL_TIMEOUT = 20

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
CONTENT_SECURITY_POLICY = {"DIRECTIVES": {
    "default-src": ["'self'"], "img-src": ["'self'", "data:", "blob:"], "media-src": ["'self'", "data:", "blob:"],
    "script-src": ["'self'"], "style-src": ["'self'"], "connect-src": ["'self'"], "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"], "form-action": ["'self'", *PAYMENT_PAGES], "object-src": ["'none'"],
}}
HTTPS = ENV.public_url.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# Only a trusted proxy says whether a page was asked for over plain HTTP (X-Forwarded-Proto, TESSERA_TRUSTED_PROXIES):
# without its word every request looks plain, and a redirect would never end.
SECURE_SSL_REDIRECT = HTTPS and bool(ENV.trusted_proxies)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^api/", r"^\.well-known/"]

LOGGING = logs.settings(as_json=ENV.json_logs)
