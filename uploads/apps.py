from django.apps import AppConfig


class UploadsConfig(AppConfig):
    name = "uploads"

    def ready(self) -> None:
        # Neither can be imported before all apps are there. Whoever enqueues has to know where a task queues, in the
        # web process too.
        from uploads import tasks  # noqa: F401
        from uploads.audit import watch_uploads

        watch_uploads()
