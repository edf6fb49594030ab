"""Lists: bounded, newest first, the same cost at any depth (api.md, Conventions).

`next` and `previous` carry a cursor: the sort value and id of the row to go on from. `?page=N` jumps.
"""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from django.http import Http404
from django.utils.dateparse import parse_datetime
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from artifactsite.lib.errors import Invalid

if TYPE_CHECKING:
    from rest_framework.views import APIView

EXACT_COUNT = 10_000
SIZE, LARGEST = 20, 100


def positive(raw: str | None, name: str, default: int, largest: int) -> int:
    """A whole number from 1 to `largest` out of a query parameter."""
    if raw is None or raw == "":
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10 and 1 <= int(raw) <= largest):
        raise Invalid(name, f"{name} must be a whole number from 1 to {largest}.")
    return int(raw)


class Cursor:
    """A place in an ordered list: the sort value and id of a row, and which way to go from it."""

    def __init__(self, value: Any, pk: str, backwards: bool) -> None:
        self.value, self.pk, self.backwards = value, pk, backwards

    def encode(self) -> str:
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        raw = json.dumps([value, self.pk, int(self.backwards)], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, queryset: QuerySet[Any], field: str) -> "Cursor":
        model = queryset.model._meta
        try:
            value, pk, backwards = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            column = model.get_field(field)
            if column.get_internal_type() == "DateTimeField":
                value = parse_datetime(value)
                if value is None or value.tzinfo is None:
                    raise ValueError(text)
                value = value.astimezone(UTC)  # an offset may lead out of the calendar
            value, pk = column.to_python(value), model.pk.to_python(pk)
            if isinstance(value, str) and ("\0" in value or not value.encode()):
                raise ValueError(text)
        except Exception as error:
            raise Invalid("cursor", "This cursor is not one that the list gave out.") from error
        return cls(value, str(pk), bool(backwards))


class CursorOrPagePagination(BasePagination):
    """`?page=` from 1, `?size=` 1 to 100 (20), `?cursor=`; `ordering` on the view names the sortable fields."""

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: "APIView | None" = None
    ) -> list[Any] | None:
        self.request = request
        self.size = positive(request.query_params.get("size"), "size", SIZE, LARGEST)
        self.field, self.descending = self._ordering(request, view)
        self.number = positive(request.query_params.get("page"), "page", 1, 10**9 - 1)
        self.count = self._bounded_count(queryset)
        cursor = request.query_params.get("cursor")
        if cursor:
            rows = self._from_cursor(queryset, Cursor.decode(cursor, queryset, self.field))
        else:
            rows = self._from_page(queryset)
        return rows

    def _ordering(self, request: Request, view: "APIView | None") -> tuple[str, bool]:
        allowed: Sequence[str] = getattr(view, "sortable", ("created_at",))
        wanted = request.query_params.get("ordering") or f"-{allowed[0]}"
        field = wanted.removeprefix("-")
        if field not in allowed:
            raise Invalid(
                "ordering", f"ordering must be one of {', '.join(allowed)}, with - before it for descending."
            )
        return field, wanted.startswith("-")

    @staticmethod
    def _bounded_count(queryset: QuerySet[Any]) -> int | None:
        count = queryset.order_by()[: EXACT_COUNT + 1].count()
        return count if count <= EXACT_COUNT else None

    def _sorted(self, queryset: QuerySet[Any], *, reverse: bool = False) -> QuerySet[Any]:
        sign = "-" if self.descending != reverse else ""
        return queryset.order_by(f"{sign}{self.field}", f"{sign}pk")

    def _from_page(self, queryset: QuerySet[Any]) -> list[Any]:
        start = (self.number - 1) * self.size
        rows = list(self._sorted(queryset)[start : start + self.size + 1])
        if not rows and self.number > 1:
            raise Http404
        self.has_next, self.has_previous = len(rows) > self.size, self.number > 1
        self.rows = rows[: self.size]
        return self.rows

    def _from_cursor(self, queryset: QuerySet[Any], cursor: Cursor) -> list[Any]:
        beyond = "lt" if self.descending != cursor.backwards else "gt"
        # The first condition lets an index on the sort field alone start at the right place.
        after = Q(**{f"{self.field}__{beyond}e": cursor.value}) & (
            Q(**{f"{self.field}__{beyond}": cursor.value}) | Q(**{f"pk__{beyond}": cursor.pk})
        )
        rows = list(self._sorted(queryset.filter(after), reverse=cursor.backwards)[: self.size + 1])
        more, rows = len(rows) > self.size, rows[: self.size]
        if cursor.backwards:
            rows.reverse()
            self.has_next, self.has_previous = True, more
        else:
            self.has_next, self.has_previous = more, True
        self.rows = rows
        return rows

    def _link(self, row: Model, *, backwards: bool) -> str:
        cursor = Cursor(getattr(row, self.field), str(row.pk), backwards).encode()
        params = [
            (key, value)
            for key, values in self.request.query_params.lists()
            for value in values
            if key not in ("page", "cursor")
        ]
        return self.request.build_absolute_uri(f"?{urlencode([*params, ('cursor', cursor)])}")

    def get_next_link(self) -> str | None:
        return self._link(self.rows[-1], backwards=False) if self.has_next and self.rows else None

    def get_previous_link(self) -> str | None:
        return self._link(self.rows[0], backwards=True) if self.has_previous and self.rows else None

    def get_paginated_response(self, data: Any) -> Response:
        body = {
            "count": self.count,
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
            "results": data,
        }
        if self.count is None:
            body["more"] = True
        return Response(body)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "nullable": True},
                "more": {"type": "boolean"},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        def parameter(name: str, kind: str, description: str) -> dict[str, Any]:
            return {
                "name": name,
                "in": "query",
                "required": False,
                "description": description,
                "schema": {"type": kind},
            }

        return [
            parameter("page", "integer", "From 1."),
            parameter("size", "integer", f"1 to {LARGEST}; {SIZE} by default."),
            parameter("cursor", "string", "From next or previous."),
            parameter("ordering", "string", "A field of the rows, with - before it for descending."),
        ]
