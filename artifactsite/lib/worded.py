"""Statements that Django words once: later runs of the same kind only put other values in their places.

Building a queryset and its SQL costs a hot list more than the database takes for it. What is read stays the
queryset's to say: it is asked with stand-ins for the values, and where they turn up is where values go.
"""

import re
import uuid
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import AutoField, JSONField, Model, QuerySet, UUIDField
from django.db.models.base import ModelState
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery, UpdateQuery

Values = Mapping[str, Any]
Words = tuple[str, Sequence[Any]]
Row = tuple[Any, ...]
M = TypeVar("M", bound=Model)
MOST_KINDS = 1000  # of statements kept by a process

_UUID: "UUIDField[Any, Any]" = UUIDField()
_kept: dict[Hashable, "_Statement"] = {}
_keeping = Lock()
_insertions: dict[Hashable, str] = {}


def words_of(queryset: QuerySet[Any, Any]) -> Words:
    """A queryset's SQL and its parameters. Raises EmptyResultSet."""
    sql, params = queryset.query.sql_with_params()
    return sql, params


def rows(
    kind: Hashable,
    make: Callable[[Values], QuerySet[Any, Any]],
    values: Values,
    around: Callable[[Words, Values], Words] | None = None,
) -> list[Row]:
    """What the `values_list` queryset that `make` gives for `values` finds, as tuples.

    `kind` names all that changes the words: for one kind, querysets differ by the values only. None where they
    differ in more ways than are worth keeping. `around` makes another statement of the queryset's, with its columns.
    """

    def word(these: Values) -> tuple[Words, "_Converters"]:
        queryset = make(these)
        words = words_of(queryset)
        return around(words, these) if around else words, _converters(queryset)

    try:
        statement = _statement(kind, word, values)
    except EmptyResultSet:
        return []
    return statement.run(values)


def found(
    kind: Hashable, make: Callable[[Values], Words], values: Values, *, is_one_plan: bool = True
) -> list[Row]:
    """The same for a statement in SQL: its rows as the database gives them.

    Unless `is_one_plan`, only the words are kept: the database plans it anew for the values of each time.
    """

    def word(these: Values) -> tuple[Words, "_Converters"]:
        return make(these), ()

    try:
        return _statement(kind, word, values, is_one_plan=is_one_plan).run(values)
    except EmptyResultSet:
        return []


def instance(model: type[M], values: dict[str, Any], related: dict[str, Any] | None = None) -> M:
    """A model out of the database, by field, without what Django does for each; fields left out are deferred.

    `related`: what `select_related` would have put there, by name.
    """
    state = ModelState()
    state.adding, state.db, state.fields_cache = False, DEFAULT_DB_ALIAS, related or {}
    made = model.__new__(model)
    made.__dict__.update(values, _state=state)
    return made


def models(
    model: type[M], kind: Hashable, make: Callable[[Values], QuerySet[M]], values: Values, related: str = ""
) -> list[M]:
    """What the queryset of `model` that `make` gives for `values` finds; `kind` as for `rows`.

    `related` names a foreign key, whose model comes along.
    """
    own, columns, its_model, its = _columns(model, related)

    def make_rows(these: Values) -> QuerySet[Any, Any]:
        return make(these).values_list(*columns)

    found = []
    for row in rows((model, kind, related), make_rows, values):
        facts = dict(zip(own, row[: len(own)], strict=True))
        beside: dict[str, Any] = {}
        if its_model:
            its_facts = dict(zip(its, row[len(own) :], strict=True))
            is_empty = its_facts[its_model._meta.pk.attname] is None
            beside = {related: None if is_empty else instance(its_model, its_facts)}
        found.append(instance(model, facts, beside))
    return found


@cache
def _columns(model: type[Model], related: str) -> tuple[list[str], list[str], type[Model] | None, list[str]]:
    """The fields of a model, the columns of a statement, and the model and fields that a foreign key leads to."""
    own = [field.attname for field in model._meta.concrete_fields]
    if not related:
        return own, own, None, []
    its_model: Any = model._meta.get_field(related).related_model
    its = [field.attname for field in its_model._meta.concrete_fields]
    return own, [*own, *(f"{related}__{name}" for name in its)], its_model, its


def change(
    kind: Hashable, make: Callable[[Values], tuple[QuerySet[Any, Any], dict[str, Any]]], values: Values
) -> int:
    """Updates rows: `make` gives which, and what their fields become. How many there were; `kind` as for `rows`."""

    def word(these: Values) -> tuple[Words, "_Converters"]:
        return _words_of_change(*make(these)), ()

    statement = _statement(kind, word, values)
    with transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS):
        return statement.change(values)


def changed(
    model: type[M],
    kind: Hashable,
    make: Callable[[Values], tuple[QuerySet[M], dict[str, Any]]],
    values: Values,
) -> list[M]:
    """As `change`, for the rows as they are afterwards: in the one statement, which the ORM can't say."""
    own, *_ = _columns(model, "")

    def word(these: Values) -> tuple[Words, "_Converters"]:
        queryset, fields = make(these)
        sql, params = _words_of_change(queryset, fields)
        quoted = connection.ops.quote_name
        table = quoted(model._meta.db_table)
        names = ", ".join(f"{table}.{quoted(str(field.column))}" for field in model._meta.concrete_fields)
        return (f"{sql} RETURNING {names}", params), _converters(queryset.values_list(*own))

    statement = _statement((model, kind), word, values)
    with transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS):
        return [instance(model, dict(zip(own, row, strict=True))) for row in statement.run(values)]


def insert(row: Model, *, replaces: str = "", is_needless_twice: bool = False) -> None:
    """Writes a new row, past all signals.

    It `replaces` one that has the same in the field of this name; one that `is_needless_twice` is left out where a
    constraint doesn't let a second of its kind be.
    """
    model = type(row)
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]

    def word() -> str:
        unique = [model._meta.get_field(replaces)] if replaces else []
        conflict = OnConflict.UPDATE if replaces else OnConflict.IGNORE if is_needless_twice else None
        changed = [field for field in fields if field not in unique]
        query: Any = InsertQuery(model, on_conflict=conflict, unique_fields=unique, update_fields=changed)
        query.insert_values(fields, [row])
        [(sql, _)] = query.get_compiler(connection=connection).as_sql()
        return str(sql)

    key = connection.vendor, model, replaces, is_needless_twice
    sql = _insertions.get(key) or _insertions.setdefault(key, word())
    params = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    with transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS), connection.cursor() as cursor:
        cursor.execute(sql, params)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _words_of_change(queryset: QuerySet[Any, Any], fields: dict[str, Any]) -> Words:
    query: Any = queryset.order_by().query.chain(UpdateQuery)
    query.add_update_values(fields)
    sql, params = query.get_compiler(connection=connection).as_sql()
    return sql, params


@contextmanager
def walking() -> Iterator[None]:
    """What the block asks is read by an index that has it in the order wanted, and only as far as is wanted.

    For statements of which PostgreSQL's planner thinks that few rows match: it would read and sort them all.
    """
    if connection.vendor != "postgresql":
        yield
        return
    is_within = connection.in_atomic_block
    with nullcontext() if is_within else transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('enable_sort'), set_config('enable_sort', 'off', true)")
        (before, _) = cursor.fetchone()
        yield
        # To the end of the transaction: one around this goes on as it was. An error ends it, and this with it.
        if is_within:
            cursor.execute("SELECT set_config('enable_sort', %s, true)", [before])


# --- what is kept --------------------------------------------------------------------------------------

_Converters = tuple[tuple[int, tuple[Callable[..., Any], ...], Any], ...]


@dataclass(frozen=True)
class _Statement:
    sql: str
    # Constants as they are, the names of values where these go.
    params: tuple["str | _Constant", ...]
    converters: _Converters
    is_prepared: bool = False

    def filled(self, values: Values) -> list[Any]:
        stored = {name: _stored(value) for name, value in values.items()}
        return [param.value if isinstance(param, _Constant) else stored[param] for param in self.params]

    def with_constants(self) -> "_Statement":
        """With the constants in the text: of a parameter a kept plan can't know that an index is made for it."""
        from psycopg.sql import Literal

        rest = iter(self.params)
        kept: list[str | _Constant] = []

        def place(match: re.Match[str]) -> str:
            if match[0] != "%s":
                return match[0]
            param = next(rest)
            if isinstance(param, _Constant):
                return Literal(param.value).as_string(connection.connection).replace("%", "%%")
            kept.append(param)
            return "%s"

        sql = re.sub(r"%.", place, self.sql)
        # Its cursor parses JSON.
        others = tuple(one for one in self.converters if not isinstance(one[2].output_field, JSONField))
        return replace(self, sql=sql, params=tuple(kept), converters=others, is_prepared=True)

    def run(self, values: Values) -> list[Row]:
        with _prepared_cursor() if self.is_prepared else connection.cursor() as cursor:
            cursor.execute(self.sql, self.filled(values))
            found: list[Row] = cursor.fetchall()
        return [self._converted(row) for row in found] if self.converters else found

    def change(self, values: Values) -> int:
        with _prepared_cursor() if self.is_prepared else connection.cursor() as cursor:
            cursor.execute(self.sql, self.filled(values))
            return int(cursor.rowcount)

    def _converted(self, row: Row) -> Row:
        changed = list(row)
        for place, convert, expression in self.converters:
            value = changed[place]
            for one in convert:
                value = one(value, expression, connection)
            changed[place] = value
        return tuple(changed)


@dataclass(frozen=True)
class _Constant:
    value: Any


def _statement(
    kind: Hashable,
    word: Callable[[Values], tuple[Words, _Converters]],
    values: Values,
    *,
    is_one_plan: bool = True,
) -> _Statement:
    key = connection.vendor, is_one_plan, kind
    found = _kept.get(key) if kind is not None else None
    if found is not None:
        return found
    (sql, params), converters = word(values)
    as_asked = _Statement(sql, tuple(map(_Constant, params)), converters)
    if kind is None:
        return as_asked
    stand_ins = {name: _stand_in(value, place) for place, (name, value) in enumerate(values.items())}
    (sql, params), converters = word(stand_ins)
    names = {_stored(value): name for name, value in stand_ins.items()}
    places = tuple(names[p] if isinstance(p, Hashable) and p in names else _Constant(p) for p in params)
    statement = _Statement(sql, places, converters)
    # Of a kind that promises too much, nothing is kept.
    if (statement.sql, statement.filled(values)) != (as_asked.sql, as_asked.filled(values)):
        return as_asked
    if connection.vendor == "postgresql" and is_one_plan:
        statement = statement.with_constants()
    with _keeping:
        if len(_kept) >= MOST_KINDS:
            _kept.clear()
        _kept[key] = statement
    return statement


def _stand_in(value: Any, place: int) -> Any:
    """A value of the same type that no row has."""
    match value:
        case bool() | None:
            raise TypeError(f"{value!r} changes the words: it belongs to the kind")
        case int():
            return -7_300_500_000_000 - place
        case float():
            return -7305.0625 - place
        case uuid.UUID():
            return uuid.UUID(int=(0x73005 << 100) + place)
        case datetime():
            return datetime(7305, 1, 2, 3, 4, 5, 678901, UTC) + timedelta(days=place)
        case str():
            return f"\x01stand-in {place}"
    raise TypeError(f"{type(value).__name__} has no stand-in")


def _stored(value: Any) -> Any:
    """A value as a statement of this database carries it."""
    match value:
        case uuid.UUID():
            return _UUID.get_db_prep_value(value, connection)
        case datetime():
            return connection.ops.adapt_datetimefield_value(value)
    return value


def _converters(queryset: QuerySet[Any, Any]) -> _Converters:
    """What makes Python's values out of the database's, by the places of the columns."""
    compiler = queryset.query.get_compiler(connection=connection)
    compiler.setup_query()
    found = compiler.get_converters([column[0] for column in compiler.select])
    return tuple((place, tuple(convert), expression) for place, (convert, expression) in found.items())


def _prepared_cursor() -> Any:
    """A cursor of PostgreSQL's that prepares what it is asked again, and reads times, ids and JSON by psycopg's C."""
    make, binary = _of_psycopg()
    its: Any = connections[DEFAULT_DB_ALIAS]
    its.ensure_connection()
    cursor = make(its.connection)
    cursor.format = binary
    return its._prepare_cursor(cursor)


@cache
def _of_psycopg() -> tuple[Any, Any]:
    from django.db.backends.postgresql.base import ServerBindingCursor
    from psycopg.pq import Format

    return ServerBindingCursor, Format.BINARY
