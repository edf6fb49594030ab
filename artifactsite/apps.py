from django.apps import AppConfig


class ArtifactsiteConfig(AppConfig):
    """The roof: commands that compose several apps, and the view of the whole."""

    name = "artifactsite"

    def ready(self) -> None:
        # Not before all apps are there.
        from artifactsite.lib import statements, tracing
        from artifactsite.operations import metrics

        metrics.register()
        statements.watch()
        tracing.start()
