# One image for web, workers and beat; docker-compose.yml says which does what.

# --- Python's packages, the programs' Python environment, the static files ---
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
RUN python -m venv .venv && .venv/bin/pip install --quiet --no-cache-dir uv==0.13.9
COPY requirements.lock ./
RUN .venv/bin/uv pip install --python .venv/bin/python --no-cache --compile-bytecode --require-hashes -r requirements.lock
# true: spans can be sent to an OpenTelemetry collector
ARG WITH_TRACES=false
COPY requirements-otel.lock ./
RUN [ "$WITH_TRACES" != true ] || .venv/bin/uv pip install --python .venv/bin/python --no-cache --compile-bytecode --require-hashes -r requirements-otel.lock
COPY requirements-sandbox.txt ./
COPY scripts/sandbox-env scripts/
RUN scripts/sandbox-env
COPY . .
RUN DATA_DIR=/tmp/data .venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf .venv/bin/uv .venv/bin/uvx

# --- what runs ---
FROM python:3.12-slim-bookworm
# bubblewrap: the sandbox of programs; tesseract: text in pictures
RUN apt-get update -qq \
    && apt-get install -qq -y --no-install-recommends bubblewrap tesseract-ocr tesseract-ocr-eng \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 site \
    && useradd --uid 10001 --gid site --create-home site \
    && install -d -o site -g site /data
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH DATA_DIR=/data LOG_FORMAT=json MALLOC_ARENA_MAX=2 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# By number, so that an orchestrator sees that it is not root.
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Idle connections are kept for longer than nginx keeps them: it never sends a request into one that is being closed.
CMD ["uvicorn", "artifactsite.asgi:application", "--http", "artifactsite.protocol:Protocol", \
     "--host", "0.0.0.0", "--port", "8000", "--lifespan", "on", "--timeout-keep-alive", "75", \
     "--no-access-log", "--no-server-header", "--no-proxy-headers", "--timeout-graceful-shutdown", "10"]
