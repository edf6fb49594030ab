from django.apps import AppConfig


class ArtifactsiteConfig(AppConfig):
    """The roof: commands that compose several apps."""

    name = "artifactsite"
