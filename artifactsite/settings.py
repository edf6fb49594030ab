"""Settings, all from the environment. `docs/operations.md` lists every variable."""

from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from whitenoise.compress import Compressor

from artifactsite import env
from artifactsite.lib.logs import without_link_tokens

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / ".data"))).absolute()

PORT = env.integer("PORT", 8000, at_least=1, at_most=65535)
SITE_URL = env.url("SITE_URL", f"http://127.0.0.1:{PORT}")
DEBUG = env.boolean("DEBUG", False)

# The embedded default: SQLite and secrets that this machine makes for itself. A DATABASE_URL means
# that others share the work, and they have to share the secrets too.
EMBEDDED = not env.text("DATABASE_URL")
SECRET_KEY = env.generated_secret("SECRET_KEY", DATA_DIR / "secrets" / "secret_key", required=not EMBEDDED)
if len(SECRET_KEY) < 32 or SECRET_KEY.startswith("django-insecure"):
    raise ImproperlyConfigured("SECRET_KEY must be at least 32 random characters.")
# Newest first: links are signed with the first and accepted by all (docs/security.md 35).
LINK_SIGNING_KEYS = [
    key.strip()
    for key in env.generated_secret(
        "LINK_SIGNING_KEYS", DATA_DIR / "secrets" / "link_signing_keys", required=not EMBEDDED
    ).split(",")
]
if min(map(len, LINK_SIGNING_KEYS)) < 32:
    # A blank one, as after a comma too many, would accept links that anybody can make.
    raise ImproperlyConfigured(
        "LINK_SIGNING_KEYS must be keys of at least 32 random characters, separated by commas."
    )

_site = urlsplit(SITE_URL)
ALLOWED_HOSTS = [*{_site.hostname or "", "127.0.0.1", "localhost", "[::1]"}, *env.words("ALLOWED_HOSTS", [])]
CSRF_TRUSTED_ORIGINS = [SITE_URL, *env.words("CSRF_TRUSTED_ORIGINS", [])]

# --- applications -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "heroicons",
    "auditlog",
    "csp",
    "django_prometheus",
    "artifactsite",
    "artifactsite.lib",
    "jobs",
    "accounts",
    "projects",
    "conversations",
    "uploads",
    "artifacts",
    "mentions",
    "playground",
    *env.words("EXTRA_APPS", []),
]

MIDDLEWARE = [
    "artifactsite.operations.metrics.RequestFigures",
    "artifactsite.lib.middleware.RawContentMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "artifactsite.lib.middleware.BrowserSessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "artifactsite.lib.middleware.BrowserUsers",
    "allauth.account.middleware.AccountMiddleware",
    "artifactsite.lib.middleware.BrowserMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "artifactsite.lib.middleware.PolicyMiddleware",
    "artifactsite.lib.middleware.VaryMiddleware",
    "artifactsite.lib.callers.CallerMiddleware",
    "artifactsite.lib.tracing.TracingMiddleware",
    "artifactsite.lib.middleware.BrowserHtmx",
]

ROOT_URLCONF = "artifactsite.urls"
WSGI_APPLICATION = "artifactsite.wsgi.application"
APPEND_SLASH = False

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
                "playground.frame.frame",
            ],
        },
    }
]

# --- data -------------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'artifactsite.sqlite3'}")}
_database = DATABASES["default"]
if password := env.secret("DATABASE_PASSWORD"):
    _database["PASSWORD"] = password  # which no address has to carry, whatever signs are in it
if _database["ENGINE"] == "django.db.backends.sqlite3":
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    # A thread keeps its connection: opening one, which reads the whole schema, costs a request more than statements.
    _database["CONN_MAX_AGE"] = 600
    # Writers queue at BEGIN instead of failing half-way; readers never wait.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=30000;",
    }
else:
    _database["OPTIONS"] = {
        # Lists join their page's rows with what they show, in the order that Django writes: trying all others costs
        # the planner ten times what the statement takes. And one request does not take all cores.
        "options": "-c join_collapse_limit=4 -c from_collapse_limit=4 -c max_parallel_workers_per_gather=0"
        # Compiling a statement costs more than any of these takes.
        " -c plan_cache_mode=force_generic_plan -c jit=off",
        # What is prepared (artifactsite/lib/worded.py) is planned once: it goes by an index, whoever asks, which the
        # planner would think dearer than what it could plan anew.
        "prepare_threshold": 2,
        **cast(dict[str, Any], _database.get("OPTIONS", {})),
        "pool": {"min_size": 1, "max_size": env.integer("DATABASE_POOL", 16, at_least=1), "timeout": 15},
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

FILES_ROOT = DATA_DIR / "files"
S3_BUCKET = env.text("S3_BUCKET")
_places: dict[str, dict[str, Any]] = {
    "disk": {"BACKEND": "artifactsite.lib.storage.DiskStorage", "OPTIONS": {"location": str(FILES_ROOT)}}
}
if S3_BUCKET:
    _places["bucket"] = {
        "BACKEND": "artifactsite.lib.bucket.BucketStorage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.url("S3_ENDPOINT_URL") or None,
            "region_name": env.text("S3_REGION", "us-east-1"),
            "access_key": env.secret("S3_ACCESS_KEY") or None,
            "secret_key": env.secret("S3_SECRET_KEY") or None,
            "addressing_style": env.choice("S3_ADDRESSING_STYLE", "path", ("path", "virtual", "auto")),
            "timeout": env.integer("S3_TIMEOUT_SECONDS", 20, at_least=1),
        },
    }
STORAGES = {
    **_places,
    "default": _places["bucket" if S3_BUCKET else "disk"],
    "staticfiles": {"BACKEND": "artifactsite.lib.static.ModuleStaticFilesStorage"},
}
# How content leaves: by this process, or handed to nginx (X-Accel-Redirect), or to the bucket (presigned).
SERVE_CONTENT = env.choice("SERVE_CONTENT", "direct", ("direct", "nginx", "presigned"))
PRESIGNED_SECONDS = 60
# Whether browsers and programs may send files straight to the bucket (uploads/direct.py).
DIRECT_UPLOADS = env.boolean("DIRECT_UPLOADS", False)
DIRECT_SECONDS = 900  # in which sending has to begin
_endpoint = urlsplit(env.url("S3_ENDPOINT_URL"))
if DIRECT_UPLOADS and not (S3_BUCKET and _endpoint.netloc):
    raise ImproperlyConfigured(
        "DIRECT_UPLOADS needs S3_BUCKET, and S3_ENDPOINT_URL with an address that browsers reach."
    )
# Where pages may send them: the bucket is named in the path of the address or before its host.
_direct_origins = [f"{_endpoint.scheme}://{host}{_endpoint.netloc}" for host in ("", f"{S3_BUCKET}.")]

FILE_UPLOAD_TEMP_DIR = str(DATA_DIR / "incoming")
FILE_UPLOAD_HANDLERS = [
    "uploads.door.Door",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_MEMORY_SIZE = env.integer("MAX_JSON_BYTES", 64 * 1024 * 1024)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 500
for _folder in (FILES_ROOT, Path(FILE_UPLOAD_TEMP_DIR)):
    _folder.mkdir(parents=True, exist_ok=True)

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # no page names the others; compressing them was half the work
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (
    *Compressor.SKIP_COMPRESS_EXTENSIONS,
    "map",
)  # half of collectstatic's time

# --- ceilings: no project setting may exceed them (docs/rules.md 4) ---------------------------------

CEILING_FILES = env.integer("CEILING_FILES", 1000, at_least=1)
CEILING_FILE_SIZE_MB = env.integer("CEILING_FILE_SIZE_MB", 500, at_least=1)
CEILING_TOKENS = env.integer("CEILING_TOKENS", 10_000_000, at_least=1)
CEILING_PROGRAM_CPU_SECONDS = env.integer("CEILING_PROGRAM_CPU_SECONDS", 600, at_least=1)
CEILING_PROGRAM_WALL_SECONDS = env.integer("CEILING_PROGRAM_WALL_SECONDS", 600, at_least=1)
CEILING_PROGRAM_MEMORY_MB = env.integer("CEILING_PROGRAM_MEMORY_MB", 4000, at_least=64)
CEILING_PROGRAM_OUTPUT_MB = env.integer("CEILING_PROGRAM_OUTPUT_MB", 500, at_least=1)
MAX_ARTIFACT_BYTES = env.integer("MAX_ARTIFACT_BYTES", 2 * 1024**3, at_least=1)
MAX_ARTIFACTS_PER_RESULT = 200
MAX_UPLOAD_REQUEST_BYTES = env.integer("MAX_UPLOAD_REQUEST_BYTES", 2 * 1024**3, at_least=1)
LINK_LIFETIME = timedelta(days=30)
# How long a deletion of artifacts can be undone. Pages offer it for some seconds only.
UNDO_DELETION = timedelta(seconds=env.integer("UNDO_DELETION_SECONDS", 60, at_least=1))
# Never none: a file is written before its row (docs/rules.md 9), and is nobody's until that is committed.
GARBAGE_GRACE = timedelta(hours=env.integer("GARBAGE_GRACE_HOURS", 24, at_least=1))

# --- people -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
KNOX_TOKEN_MODEL = "accounts.Token"
# Its own token table is not wanted, and on PostgreSQL would stand in the way of emptying ours.
MIGRATION_MODULES = {"knox": None}
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/sign-in"
# Proxies in front whose X-Forwarded-For is believed; with none, nobody's is.
TRUSTED_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXIES", 0)
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
REST_KNOX = {
    "TOKEN_TTL": None,
    "AUTH_HEADER_PREFIX": "Bearer",
    "AUTO_REFRESH": False,
    "TOKEN_PREFIX": "ats_",
}

# --- the API ----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.SignedInWithScope"],
    "DEFAULT_PARSER_CLASSES": ["artifactsite.lib.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["artifactsite.lib.renderers.FastJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "artifactsite.lib.negotiation.OneRepresentation",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "artifactsite.lib.pagination.CursorOrPagePagination",
    "DEFAULT_SCHEMA_CLASS": "artifactsite.lib.schema.Schema",
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttles.PerUserThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "user": env.text("API_RATE", "6000/min"),
        "public": env.text("PUBLIC_RATE", "600/min"),
    },
    "EXCEPTION_HANDLER": "artifactsite.lib.errors.exception_handler",
    # `?format=` belongs to downloads.
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Artifactsite",
    "DESCRIPTION": "A self-hosted home for what AI agents make and what people hand to them.",
    "VERSION": "1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api",
    "ENUM_NAME_OVERRIDES": {
        "VisibilityEnum": "artifacts.models.Visibility",
        "RoleEnum": "projects.models.Role",
        "MessageRoleEnum": "conversations.models.MessageRole",
        "ContentTypeEnum": "conversations.models.ContentType",
        "UploadStatusEnum": "uploads.models.UploadStatus",
        "TurnStatusEnum": "playground.models.TurnStatus",
        "TurnKindEnum": "playground.models.TurnKind",
        "ArtifactKindEnum": "artifacts.models.Kind",
        "GalleryTypeEnum": "artifacts.models.GalleryType",
    },
}

# --- work -------------------------------------------------------------------------------------

REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600, "unacked_restore_throttle": 1}
# Doorbells go to the queue of their job; the schedule's to one of its own, which no pile of them holds up.
CELERY_TASK_DEFAULT_QUEUE = "upkeep"
# Celery beat keeps this; so does the embedded worker, which calls the same tasks (seconds).
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "jobs.sweep", "schedule": 5.0},
    "measure-storage": {"task": "artifactsite.measure_storage", "schedule": 300.0},
    "forget-finished": {"task": "jobs.forget_finished", "schedule": 6 * 3600.0},
    "compact-tally": {"task": "artifacts.compact_tally", "schedule": 60.0},
    "collect-garbage": {"task": "artifacts.collect_garbage", "schedule": 6 * 3600.0},
    "merge-indexes": {"task": "artifactsite.merge_indexes", "schedule": 6 * 3600.0},
    "collect-working-folders": {"task": "playground.collect_garbage", "schedule": 6 * 3600.0},
}
# A worker that misses three heartbeats has lost its job to the next one.
JOB_LEASE = timedelta(seconds=env.integer("JOB_LEASE_SECONDS", 15, at_least=3))
JOB_HEARTBEAT = JOB_LEASE / 3
JOB_ATTEMPTS = 3
# A worker that is asked to stop finishes what it does in this time; what is left goes back to the table at once.
# Less than the supervisor's patience (10 s), or than the grace period of the container.
DRAIN_SECONDS = env.integer("DRAIN_SECONDS", 8)
WORKER_THREADS = env.integer("WORKER_THREADS", 4, at_least=1)
# How far the embedded worker and its programs stand back, where both they and the pages want the processor.
WORKER_NICE = env.integer("WORKER_NICE", 10, at_least=0)
# Turns at once in the embedded worker; most of the time they wait for a model. Their programs are fewer.
TURN_THREADS = env.integer("TURN_THREADS", max(WORKER_THREADS, 5), at_least=1)
PROGRAMS_AT_ONCE = env.integer("PROGRAMS_AT_ONCE", max(1, WORKER_THREADS // 2), at_least=1)

CACHES = {
    "default": {"BACKEND": "artifactsite.lib.cache.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 20_000}}
}

# --- the agent and the sandbox ----------------------------------------------------------------

AGENT_BASE_URL = env.url("AGENT_BASE_URL")
AGENT_MODEL = env.text("AGENT_MODEL")
AGENT_API_KEY = env.secret("AGENT_API_KEY")
# Hosts (with port) that a project's administrators may choose for their own endpoint: the server calls them.
AGENT_PROJECT_HOSTS = env.words(
    "AGENT_PROJECT_HOSTS", [urlsplit(AGENT_BASE_URL).netloc] if AGENT_BASE_URL else []
)
AGENT_USE_TOOLS = env.boolean("AGENT_USE_TOOLS", True)  # off for models that know no tool calls
AGENT_CONTEXT_TOKENS = env.integer(
    "AGENT_CONTEXT_TOKENS", 0
)  # the model's window; 0: the project's limit alone
AGENT_TURN_TOKENS = env.integer("AGENT_TURN_TOKENS", 1_000_000, at_least=1)  # of all requests of a turn
AGENT_MAX_STEPS = env.integer("AGENT_MAX_STEPS", 25, at_least=1)  # requests to the model in a turn
AGENT_ATTEMPTS = env.integer("AGENT_ATTEMPTS", 5, at_least=1)  # at each request
AGENT_SILENCE_SECONDS = env.integer(
    "AGENT_SILENCE_SECONDS", 120, at_least=1
)  # without a byte from the endpoint
AGENT_TURN_SECONDS = env.integer("AGENT_TURN_SECONDS", 1800, at_least=1)
IMAGES_BASE_URL = env.url("IMAGES_BASE_URL")
IMAGES_MODEL = env.text("IMAGES_MODEL")
IMAGES_API_KEY = env.secret("IMAGES_API_KEY")
# Other apps add theirs: PLAYGROUND_TOOLS=myapp.tools.Weather with myapp in EXTRA_APPS.
PLAYGROUND_TOOLS = [
    "playground.tools.python_exec.PythonExec",
    "playground.tools.shell_exec.ShellExec",
    "playground.tools.template_render.TemplateRender",
    "playground.tools.read_artifact.ReadArtifact",
    "playground.tools.read_upload.ReadUpload",
    "playground.tools.search_artifacts.SearchArtifacts",
    "playground.tools.save_text.SaveText",
    "playground.tools.image_generate.ImageGenerate",
    *env.words("PLAYGROUND_TOOLS", []),
]
# Files of the working folder kept between the programs of a conversation; 0: none.
PROGRAM_STATE_MB = env.integer("PROGRAM_STATE_MB", 100)

# Uploads are scanned by the clamd there before anything reads them; empty: not scanned.
CLAMD_URL = env.url("CLAMD_URL", schemes=("tcp", "unix"))

# --- security ---------------------------------------------------------------------------------

_https = _site.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = False if not _https else env.boolean("SECURE_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.boolean("TRUST_PROXY_PROTO", False) else None
)
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
# Two sites on one host but different ports must not throw each other's sessions out.
SESSION_COOKIE_NAME = f"artifactsite_session_{_site.port or 'site'}"
CSRF_COOKIE_NAME = f"artifactsite_csrf_{_site.port or 'site'}"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF],
        "frame-src": [SELF],
        "connect-src": [SELF, *(_direct_origins if DIRECT_UPLOADS else [])],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- words, times, logs -----------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

AUDITLOG_INCLUDE_TRACKING_MODELS: tuple[object, ...] = ()
AUDITLOG_CID_GETTER = "artifactsite.lib.callers.request_id"
LOG_FORMAT = env.choice("LOG_FORMAT", "console", ("console", "json"))
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
# Statements that take longer are logged, without their values; 0: none.
SLOW_QUERY_MS = env.integer("SLOW_QUERY_MS", 500)
# The OpenTelemetry collector that spans go to; "": none. Its packages are those of requirements-otel.lock.
OTEL_EXPORTER_OTLP_ENDPOINT = env.url("OTEL_EXPORTER_OTLP_ENDPOINT")
OTEL_SERVICE_NAME = env.text("OTEL_SERVICE_NAME", "artifactsite")
_shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.format_exc_info,
]
_everything = {"level": "WARNING" if LOG_FORMAT == "console" and LOG_LEVEL != "ERROR" else LOG_LEVEL}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer()
                if LOG_FORMAT == "json"
                else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0),
                without_link_tokens,
            ],
            "foreign_pre_chain": _shared_processors,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # it logs every address that it calls
        # A person at a terminal wants to see what went wrong, a machine everything.
        "artifactsite.lib.callers": _everything,
        "jobs.services": _everything,
        # Each doorbell and each look of beat: what came of them our own lines say.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,  # what nobody wants to see costs nothing
        *_shared_processors,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
