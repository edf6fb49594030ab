"""Lists: bounded, newest first, the same cost at any depth (docs/api.md, Conventions).

`next` and `previous` carry a cursor: the sort value and id of the row to go on from. `?page=N` jumps.
"""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import CharField, FloatField, Model, Q, QuerySet, TextField
from django.http import Http404
from django.utils.dateparse import parse_datetime
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from artifactsite.lib.errors import Invalid

if TYPE_CHECKING:
    from rest_framework.views import APIView

EXACT_COUNT = 10_000
SIZE, LARGEST, MOST_PAGES = 20, 100, 10**9 - 1
RANK = "rank"  # how well a row matches a search


def whole(least: int, most: int) -> dict[str, Any]:
    """How the schema describes a whole number within bounds."""
    return {"type": "integer", "minimum": least, "maximum": most}


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
            column: Any = FloatField() if field == RANK else model.get_field(field)
            if column.get_internal_type() == "DateTimeField":
                value = parse_datetime(value)
                if value is None or value.tzinfo is None:
                    raise ValueError(text)
                value = value.astimezone(UTC)  # an offset may lead out of the calendar
            value, pk = column.to_python(value), model.pk.to_python(pk)
            if value is None or pk is None or "\0" in str(value).encode().decode():
                raise ValueError(text)  # nothing that a row could have held
        except Exception as error:
            raise Invalid("cursor", "This cursor is not one that the list gave out.") from error
        return cls(value, str(pk), bool(backwards))


def _pieces(queryset: QuerySet[Any]) -> list[QuerySet[Any]]:
    """The queryset's parts that an index has in order each; by default itself."""
    pieces: Callable[[], list[QuerySet[Any]]] | None = getattr(queryset, "pieces", None)
    return pieces() if pieces else [queryset]


def _rows(queryset: QuerySet[Any], keys: Sequence[Any]) -> list[Any]:
    """The rows with these ids, in their order; one that went meanwhile is missing."""
    by_key = {row.pk: row for row in queryset.order_by().filter(pk__in=keys)}
    return [by_key[key] for key in keys if key in by_key]


def _ranked_rows(queryset: QuerySet[Any], keys: Sequence[tuple[float, str]]) -> list[Any]:
    """The rows with these ranks and ids, in their order, each with its rank."""
    ranks = {pk: rank for rank, pk in keys}
    rows = _rows(queryset, [queryset.model._meta.pk.to_python(pk) for _, pk in keys])
    for row in rows:
        setattr(row, RANK, ranks[str(row.pk)])
    return rows


class CursorOrPagePagination(BasePagination):
    """`?page=` from 1, `?size=` 1 to 100 (20), `?cursor=`; `sortable` on the view names the sortable fields.

    A queryset may help: `pieces()` gives its parts that an index has in order each, and `best`, an expression,
    makes it the answer to a search, which is sorted by that as long as no other order is asked for.
    """

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Any], request: Request, view: "APIView | None" = None
    ) -> list[Any] | None:
        self.request = request
        self.size = positive(request.query_params.get("size"), "size", SIZE, LARGEST)
        self.field, self.descending = self._ordering(request, view)
        self.number = positive(request.query_params.get("page"), "page", 1, MOST_PAGES)
        raw = request.query_params.get("cursor")
        if getattr(queryset, "best", None) is not None and not request.query_params.get("ordering"):
            cursor = Cursor.decode(raw, queryset, RANK) if raw else None
            return self._from_best(queryset, cursor)
        self.count = self._bounded_count(queryset)
        if raw:
            return self._from_cursor(queryset, Cursor.decode(raw, queryset, self.field))
        return self._from_page(queryset)

    def beside(
        self, queryset: QuerySet[Any], request: Request, view: "APIView | None", pk: Any
    ) -> tuple[Any | None, Any | None]:
        """The ids before and after a row in the list as the request orders it; None at an end."""
        self.request, self.size = request, 1
        self.field, self.descending = self._ordering(request, view)
        if getattr(queryset, "best", None) is not None and not request.query_params.get("ordering"):
            order = [key for _, key in self._ranked_keys(queryset)]
            at = order.index(str(pk)) if str(pk) in order else -1
            before, after = (
                (order[at - 1] if at > 0 else None),
                (order[at + 1] if 0 <= at < len(order) - 1 else None),
            )
            return before, after
        here = queryset.filter(pk=pk).values_list(self.field, flat=True).first()
        if here is None:
            return None, None
        found = (self._from_cursor(queryset, Cursor(here, str(pk), backwards)) for backwards in (True, False))
        before, after = (rows[0].pk if rows else None for rows in found)
        return before, after

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
        bounded = [piece.order_by()[: EXACT_COUNT + 1] for piece in _pieces(queryset)]
        count = sum(piece.count() for piece in bounded)
        return count if count <= EXACT_COUNT else None

    def _sorted(self, queryset: QuerySet[Any], *, reverse: bool = False) -> QuerySet[Any]:
        sign = "-" if self.descending != reverse else ""
        return queryset.order_by(f"{sign}{self.field}", f"{sign}pk")

    def _first(self, queryset: QuerySet[Any], start: int, count: int, *, reverse: bool = False) -> list[Any]:
        """Rows of the sorted queryset from `start`. Deep or out of several pieces, their ids are found first."""
        # Texts are in the database's alphabet, by which nobody here can merge.
        is_text = isinstance(queryset.model._meta.get_field(self.field), CharField | TextField)
        pieces = [queryset] if is_text else _pieces(queryset)
        if len(pieces) == 1 and not start:
            return list(self._sorted(pieces[0], reverse=reverse)[:count])
        end = start + count
        keys = [
            key
            for piece in pieces
            for key in self._sorted(piece, reverse=reverse).values_list(self.field, "pk")[
                (start if len(pieces) == 1 else 0) : end
            ]
        ]
        if len(pieces) > 1:
            keys.sort(reverse=self.descending != reverse)
            keys = keys[start:end]
        return _rows(queryset, [pk for _, pk in keys])

    def _from_page(self, queryset: QuerySet[Any]) -> list[Any]:
        start = (self.number - 1) * self.size
        return self._page(self._first(queryset, start, self.size + 1))

    def _page(self, rows: list[Any]) -> list[Any]:
        """A page by its number, out of its rows and one more where there is one."""
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
        rows = self._first(queryset.filter(after), 0, self.size + 1, reverse=cursor.backwards)
        return self._beyond(rows, backwards=cursor.backwards)

    def _beyond(self, rows: list[Any], *, backwards: bool) -> list[Any]:
        """The rows beyond a cursor, and one more where there is one, the nearest first."""
        more, rows = len(rows) > self.size, rows[: self.size]
        if backwards:
            rows.reverse()
            self.has_next, self.has_previous = True, more
        else:
            self.has_next, self.has_previous = more, True
        self.rows = rows
        return rows

    def _ranked_keys(self, queryset: QuerySet[Any]) -> list[tuple[float, str]]:
        """Rank and id of what was found, the best first; of more than EXACT_COUNT of the newest of them.

        `field` is the one that says which are the newest.
        """
        ranked = self._sorted(queryset).annotate(**{RANK: queryset.best})  # type: ignore[attr-defined]
        found = [
            key
            for piece in _pieces(ranked)
            for key in piece.values_list(self.field, RANK, "pk")[: EXACT_COUNT + 1]
        ]
        found.sort(key=lambda key: key[0], reverse=True)
        return sorted(((rank, str(pk)) for _, rank, pk in found[: EXACT_COUNT + 1]), reverse=True)

    def _from_best(self, queryset: QuerySet[Any], cursor: Cursor | None) -> list[Any]:
        """The best matches. Of more than EXACT_COUNT only the newest are ranked, so that it stays quick."""
        keys = self._ranked_keys(queryset)
        self.field, self.descending = RANK, True
        self.count = len(keys) if len(keys) <= EXACT_COUNT else None
        if cursor is None:
            start = (self.number - 1) * self.size
            return self._page(_ranked_rows(queryset, keys[start : start + self.size + 1]))
        here = (cursor.value, cursor.pk)
        if cursor.backwards:
            keys = [key for key in reversed(keys) if key > here]
        else:
            keys = [key for key in keys if key < here]
        return self._beyond(_ranked_rows(queryset, keys[: self.size + 1]), backwards=cursor.backwards)

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
        def parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
            return {
                "name": name,
                "in": "query",
                "required": False,
                "description": description,
                "schema": schema,
            }

        sortable: Sequence[str] = getattr(view, "sortable", ("created_at",))
        orders = [sign + field for field in sortable for sign in ("-", "")]
        return [
            parameter("page", whole(1, MOST_PAGES), "From 1."),
            parameter("size", whole(1, LARGEST), f"{SIZE} by default."),
            parameter("cursor", {"type": "string"}, "From next or previous."),
            parameter("ordering", {"type": "string", "enum": orders}, "With - before it for descending."),
        ]
