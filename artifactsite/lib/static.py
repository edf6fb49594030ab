"""Static files under names with a hash."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

_module_imports = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Rewrites the imports of our own ES modules too: a module under two names would run twice.

    Django's own switch for it would read every script of every package, comments included.
    """

    # A file that is not gathered yet costs its hash, not the page.
    manifest_strict = False
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", _module_imports))
