from django.apps import AppConfig


class UploadsConfig(AppConfig):
    name = "uploads"

    def ready(self) -> None:
        # Neither can be imported before all apps are there.
        from auditlog.registry import auditlog

        # Whoever enqueues has to know where a task queues, in the web process too.
        from uploads import tasks  # noqa: F401

        # Raised when a link is revoked.
        auditlog.register(self.get_model("Upload"), include_fields=["link_generation"])
