"""Lists: bounded, newest first, the same cost at any depth (docs/api.md, Conventions).

`next` and `previous` carry a cursor: the sort value and id of the row to go on from. `?page=N` jumps.
"""

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import FloatField, Model, Q, QuerySet
from django.http import Http404
from django.utils.dateparse import parse_datetime
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from artifactsite.lib import worded
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


def _merged(
    queryset: QuerySet[Any], cut: Callable[[Any], QuerySet[Any, Any]], most: int, *, ordered: bool = True
) -> tuple[str, Sequence[Any]]:
    """The statement for `cut`, at most `most` rows, of the queryset or of its parts that an index has in order."""
    merged = getattr(queryset, "merged", None)
    sql, params = merged(cut, most=most, ordered=ordered) if merged else cut(queryset).query.sql_with_params()
    return sql, params


def _is_merged(queryset: QuerySet[Any]) -> bool:
    """Whether it has parts, so that no index has the whole in order."""
    return bool(getattr(queryset, "is_merged", False))


def _stored_pk(queryset: QuerySet[Any], pk: Any) -> Any:
    """An id as a statement carries it."""
    return queryset.model._meta.pk.get_db_prep_value(pk, connection)


def counted(queryset: QuerySet[Any], most: int) -> tuple[str, Sequence[Any]]:
    """The statement that counts a queryset's rows, to `most`. Raises EmptyResultSet."""
    rows, params = _merged(
        queryset, lambda part: part.order_by().values_list("pk")[:most], most, ordered=False
    )
    return f"SELECT COUNT(*) FROM (SELECT 1 FROM ({rows}) AS r LIMIT {most}) AS s", params  # noqa: S608 - Django's SQL


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
        if raw:
            rows = self._from_cursor(queryset, Cursor.decode(raw, queryset, self.field))
        else:
            rows = self._from_page(queryset)
        self.count = self._count(queryset, by_number=not raw)
        return rows

    def _count(self, queryset: QuerySet[Any], *, by_number: bool) -> int | None:
        """How many there are, to EXACT_COUNT; a last or a very deep page by its number knows without counting."""
        seen = (self.number - 1) * self.size + len(self.rows)
        if by_number and seen > EXACT_COUNT:
            return None
        return seen if by_number and not self.has_next else self._bounded_count(queryset)

    def beside(
        self, queryset: QuerySet[Any], request: Request, view: "APIView | None", pk: Any
    ) -> tuple[Any | None, Any | None]:
        """The ids before and after a row in the list as the request orders it; None at an end."""
        self.request, self.size = request, 1
        self.field, self.descending = self._ordering(request, view)
        if getattr(queryset, "best", None) is not None and not request.query_params.get("ordering"):
            places = f"(ORDER BY {RANK} DESC, pk DESC)"
            found = self._ranked(
                queryset,
                "SELECT before, after"  # noqa: S608
                f" FROM (SELECT pk, LAG(pk) OVER {places} AS before, LEAD(pk) OVER {places} AS after"
                " FROM found) AS f WHERE pk = %s",
                [_stored_pk(queryset, pk)],
            )
            to_python = queryset.model._meta.pk.to_python
            around = found[0] if found else (None, None)
            return to_python(around[0]), to_python(around[1])
        here = queryset.filter(pk=pk).values_list(self.field, flat=True).first()
        if here is None:
            return None, None
        pages = (self._from_cursor(queryset, Cursor(here, str(pk), backwards)) for backwards in (True, False))
        before, after = (rows[0].pk if rows else None for rows in pages)
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

    def _bounded_count(self, queryset: QuerySet[Any]) -> int | None:
        found = worded.found(None, lambda _: counted(queryset, EXACT_COUNT + 1), {})
        count = found[0][0] if found else 0
        return count if count <= EXACT_COUNT else None

    def _sorted(self, queryset: QuerySet[Any], *, reverse: bool = False) -> QuerySet[Any]:
        sign = "-" if self.descending != reverse else ""
        return queryset.order_by(f"{sign}{self.field}", f"{sign}pk")

    def _first(self, queryset: QuerySet[Any], start: int, count: int, *, reverse: bool = False) -> list[Any]:
        """Rows of the sorted queryset from `start`. Their ids are found first, which an index can do alone."""
        if not start and not _is_merged(queryset):
            return list(self._sorted(queryset, reverse=reverse)[:count])
        return self._chosen(
            queryset, worded.found(None, lambda _: self._keys(queryset, start, count, reverse=reverse), {})
        )

    def _order(self, of: str = "", *, reverse: bool = False) -> str:
        """The list's order in SQL, by the columns `field` and `pk` of the table `of`."""
        sign, table = "DESC" if self.descending != reverse else "ASC", of and f"{of}."
        return f"{table}{self.field} {sign}, {table}pk {sign}"

    def _chosen(self, queryset: QuerySet[Any], keys: Iterable[tuple[Any, Any]]) -> list[Any]:
        to_python = queryset.model._meta.pk.to_python
        return self._rows(queryset, [to_python(pk) for _, pk in keys])

    def _rows(self, queryset: QuerySet[Any], keys: Sequence[Any]) -> list[Any]:
        """The rows with these ids, in their order; one that went meanwhile is missing."""
        by_key = {row.pk: row for row in queryset.order_by().filter(pk__in=keys)}
        return [by_key[key] for key in keys if key in by_key]

    def _keys(
        self, queryset: QuerySet[Any], start: int, count: int, *, reverse: bool = False
    ) -> tuple[str, Sequence[Any]]:
        """The statement for the sort values and ids of the sorted queryset from `start`. Raises EmptyResultSet."""
        end = start + count

        def cut(part: QuerySet[Any]) -> QuerySet[Any, Any]:
            return self._sorted(part, reverse=reverse).values_list(self.field, "pk")[:end]

        keys, params = _merged(queryset, cut, end)
        chosen = (
            f"SELECT {self.field}, pk FROM ({keys}) AS k ORDER BY {self._order(reverse=reverse)}"  # noqa: S608 - Django's SQL
            f" LIMIT {count} OFFSET {start}"
        )
        return chosen, params

    def _walked_keys(
        self,
        queryset: QuerySet[Any],
        start: int,
        count: int,
        *,
        end: int | None = None,
        reverse: bool = False,
    ) -> tuple[str, Sequence[Any]]:
        """The same with `start` and `count` as parameters, for a queryset that an index has in order; or each of whose
        parts one has, with `end`, where all of these end.

        A kept plan that knows neither walks the index for a part of the rows. One that knows that it wants 51, and
        thinks that whoever asks has no more, reads all there are and sorts them: forty thousand, of some.
        """

        def cut(part: QuerySet[Any]) -> QuerySet[Any, Any]:
            return self._sorted(part, reverse=reverse).values_list(self.field, "pk")

        order, page = f"ORDER BY {self._order(reverse=reverse)}", [count, start]
        if end is not None:
            rows, params = queryset.merged(cut, most=end, limit=end)  # type: ignore[attr-defined]
            chosen = f"SELECT {self.field}, pk FROM ({rows}) AS k {order} LIMIT %s OFFSET %s"  # noqa: S608 - Django's SQL
        else:
            rows, params = cut(queryset).query.sql_with_params()
            chosen = f"SELECT {self.field}, pk FROM ({rows} LIMIT %s OFFSET %s) AS k {order}"  # noqa: S608 - Django's SQL
        return chosen, [*params, *page]

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
        rows = self._behind(queryset, cursor, self.size + 1)
        return self._beyond(rows, backwards=cursor.backwards)

    def _behind(self, queryset: QuerySet[Any], cursor: Cursor, count: int) -> list[Any]:
        """The rows on from the cursor's place, the nearest first."""
        return self._first(queryset.filter(self._is_behind(cursor)), 0, count, reverse=cursor.backwards)

    def _is_behind(self, cursor: Cursor) -> Q:
        beyond = "lt" if self.descending != cursor.backwards else "gt"
        # The first condition lets an index on the sort field alone start at the right place.
        return Q(**{f"{self.field}__{beyond}e": cursor.value}) & (
            Q(**{f"{self.field}__{beyond}": cursor.value}) | Q(**{f"pk__{beyond}": cursor.pk})
        )

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

    def _ranked(self, queryset: QuerySet[Any], select: str, more: Sequence[Any] = ()) -> list[Any]:
        """What `select` makes of `found`: `rank` and `pk` of what was found, of more than EXACT_COUNT of the newest.

        `field` is the one that says which are the newest. Nothing found: nothing, whatever `select` is.
        """
        most = EXACT_COUNT + 1
        ranked = self._sorted(queryset).annotate(**{RANK: queryset.best})  # type: ignore[attr-defined]
        try:
            keys, params = _merged(ranked, lambda part: part.values_list(self.field, RANK, "pk")[:most], most)
        except EmptyResultSet:
            return []
        sign = "DESC" if self.descending else "ASC"
        newest = f"SELECT {RANK}, pk FROM ({keys}) AS k ORDER BY {self.field} {sign} LIMIT {most}"  # noqa: S608
        is_walked = getattr(queryset, "is_walked", False)
        with worded.walking() if is_walked else nullcontext(), connection.cursor() as cursor:
            cursor.execute(f"WITH found AS MATERIALIZED ({newest}) {select}", [*params, *more])
            return cursor.fetchall()

    def _from_best(self, queryset: QuerySet[Any], cursor: Cursor | None) -> list[Any]:
        """The best matches. Of more than EXACT_COUNT only the newest are ranked, so that it stays quick."""
        backwards = cursor is not None and cursor.backwards
        sign, beyond, params = "ASC" if backwards else "DESC", "TRUE", list[Any]()
        if cursor is not None:
            beyond = f"({RANK}, pk) {'>' if backwards else '<'} (%s, %s)"
            params = [cursor.value, _stored_pk(queryset, cursor.pk)]
        start = (self.number - 1) * self.size if cursor is None else 0
        found = self._ranked(
            queryset,
            f"SELECT n, {RANK}, pk FROM (SELECT COUNT(*) AS n FROM found) AS c LEFT JOIN ("  # noqa: S608
            f"SELECT * FROM found WHERE {beyond} ORDER BY {RANK} {sign}, pk {sign}"
            f" LIMIT {self.size + 1} OFFSET {start}) AS page ON TRUE",
            params,
        )
        self.field, self.descending = RANK, True
        count = found[0][0] if found else 0
        self.count = count if count <= EXACT_COUNT else None
        to_python = queryset.model._meta.pk.to_python
        self.ranks = {to_python(pk): rank for _, rank, pk in found if pk is not None}
        rows = self._rows(
            queryset, sorted(self.ranks, key=lambda pk: (self.ranks[pk], pk.hex), reverse=not backwards)
        )
        return self._page(rows) if cursor is None else self._beyond(rows, backwards=backwards)

    def _link(self, row: Model, *, backwards: bool) -> str:
        value = self.ranks[row.pk] if self.field == RANK else getattr(row, self.field)
        cursor = Cursor(value, str(row.pk), backwards).encode()
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
