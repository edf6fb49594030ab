"""Which files there are in storage, and which columns of which tables name them."""

from collections.abc import Iterator

from django.apps import apps
from django.core.files.storage import Storage, default_storage
from django.db.models import Model

# Every file that a row names lies below one of these.
ROOTS = ("uploads/conversations", "working-folders")


def keys_in(folder: str, storage: Storage = default_storage) -> Iterator[str]:
    """Every key below `folder`, folder by folder."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in files)
    for name in folders:
        yield from keys_in(f"{folder}/{name}", storage)


def all_keys(storage: Storage = default_storage) -> Iterator[str]:
    """Every key that a row may name."""
    for root in ROOTS:
        yield from keys_in(root, storage)


def names_files(model: type[Model]) -> bool:
    """Whether rows of `model` name a file: the column that does is always called `file`."""
    return any(field.name == "file" for field in model._meta.concrete_fields)


def models_with_files() -> list[type[Model]]:
    return [model for model in apps.get_models() if names_files(model)]


def named(keys: list[str]) -> set[str]:
    """Those of `keys` that a row names."""
    return {
        key
        for model in models_with_files()
        for key in model._base_manager.filter(file__in=keys).values_list("file", flat=True)
    }
