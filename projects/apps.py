from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        # Its models can't be read before all apps are there.
        from projects.audit import watch_own_models

        watch_own_models()
