from django.apps import AppConfig


class LibConfig(AppConfig):
    name = "artifactsite.lib"
    label = "lib"
