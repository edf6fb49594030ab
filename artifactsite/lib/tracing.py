"""Spans for an OpenTelemetry collector, where OTEL_EXPORTER_OTLP_ENDPOINT names one: what requests and work did.

Off by default, and then nothing of OpenTelemetry is imported here. The spans are our own and not those of its
instrumentation packages, which would tell addresses with their query strings: a span has the route's pattern, the
kind of work, statements with placeholders; never a name, a value, an address of a file or the words of an error.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse

from artifactsite.lib import callers
from artifactsite.lib.logs import without_link_tokens

log = structlog.get_logger(__name__)

LONGEST = 2000  # characters of an attribute
PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")

_tracer: Any = None


def start() -> None:
    """Once in a process, where the settings ask for it; without the packages it says so and traces nothing."""
    global _tracer
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT or _tracer is not None:
        return
    if not all(map(_is_installed, PACKAGES)):
        log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but its packages are not installed (requirements-otel.lock): "
            "nothing is traced"
        )
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # The address and the other variables of OpenTelemetry (headers, sampling) are read by its own packages.
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: settings.OTEL_SERVICE_NAME}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer("artifactsite")
    connection_created.connect(_connected, dispatch_uid="tracing")


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False  # not even the package that it would lie in


class _Nothing:
    """A span where nothing is traced."""

    def tell(self, attributes: dict[str, str | int]) -> None:
        """Nobody listens."""

    def failed(self, kind: str) -> None:
        """Nobody listens."""


class Span:
    """An OpenTelemetry span that takes only what a log may say too."""

    def __init__(self, span: Any) -> None:
        self._span = span

    def tell(self, attributes: dict[str, str | int]) -> None:
        """Attributes by their names, OpenTelemetry's where it has one."""
        for name, value in attributes.items():
            self._span.set_attribute(name, _clean(value))

    def failed(self, kind: str) -> None:
        """`kind`: the class of an error or a status, not its words, which may quote somebody's document."""
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("error.type", _clean(kind))
        self._span.set_status(StatusCode.ERROR)

    def rename(self, name: str) -> None:
        self._span.update_name(_clean(name))


def _clean(value: str | int) -> str | int:
    return without_link_tokens(None, "", value)[:LONGEST] if isinstance(value, str) else value


@contextmanager
def span(name: str, attributes: dict[str, str | int], *, kind: str, carrier: Any = None) -> Iterator[Any]:
    """What happens within, as a span. `kind`: server, client or consumer.

    `carrier`: headers in which a caller may say what this is part of. Free of cost where nothing is traced.
    """
    if _tracer is None:
        yield _Nothing()
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = None if carrier is None else TraceContextTextMapPropagator().extract(carrier)
    begun = _tracer.start_as_current_span(
        _clean(name), context=context, kind=SpanKind[kind.upper()],
        record_exception=False, set_status_on_exception=False,
    )  # fmt: skip
    with begun as recorded:
        made = Span(recorded)
        made.tell(attributes)
        try:
            yield made
        except Exception as error:
            made.failed(type(error).__name__)
            raise


def _statement(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    from opentelemetry.trace import get_current_span

    # Only within a request or work: the looks for work, twice a second, are nobody's trace.
    if not get_current_span().is_recording():
        return execute(sql, params, many, context)
    engine = context["connection"].vendor
    verb = sql.lstrip("( \n").partition(" ")[0].upper()
    with span(verb, {"db.system.name": engine, "db.query.text": sql}, kind="client"):
        return execute(sql, params, many, context)


def _connected(connection: BaseDatabaseWrapper, **_: object) -> None:
    if _statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_statement)


class TracingMiddleware:
    """A span for each request that Django answers. Not in the way at all where nothing is traced."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if _tracer is None:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        method = request.method or ""
        carrier = {"traceparent": request.headers.get("traceparent", "")}
        facts: dict[str, str | int] = {
            "http.request.method": method,
            "request_id": callers.request_id() or "",
        }
        with span(method, facts, kind="server", carrier=carrier) as told:
            response = self.get_response(request)
            if request.resolver_match:
                told.rename(f"{method} {request.resolver_match.route}")
                told.tell({"http.route": request.resolver_match.route})
            told.tell({"http.response.status_code": response.status_code})
            if response.status_code >= 500:
                told.failed(str(response.status_code))
        return response
