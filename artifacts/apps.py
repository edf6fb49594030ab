from django.apps import AppConfig


class ArtifactsConfig(AppConfig):
    name = "artifacts"

    def ready(self) -> None:
        # Neither can be imported before all apps are there. Whoever enqueues has to know where a task queues, in the
        # web process too.
        from artifacts import tasks  # noqa: F401
        from artifacts.audit import watch_artifacts

        watch_artifacts()
