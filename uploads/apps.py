from django.apps import AppConfig


class UploadsConfig(AppConfig):
    name = "uploads"

    def ready(self) -> None:
        # Whoever enqueues has to know where a task queues, in the web process too.
        from uploads import tasks  # noqa: F401
