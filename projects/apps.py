from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        # Its models can't be read before all apps are there.
        from accounts.services import leaving
        from projects.audit import watch_own_models
        from projects.services import keep_administrators

        watch_own_models()
        leaving.connect(keep_administrators, dispatch_uid="keep_administrators")
