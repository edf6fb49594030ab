from django.apps import AppConfig


class ArtifactsConfig(AppConfig):
    name = "artifacts"

    def ready(self) -> None:
        # Its models can't be read before all apps are there.
        from auditlog.registry import auditlog

        # Whoever enqueues has to know where a task queues, in the web process too.
        from artifacts import tasks  # noqa: F401

        # Who sees it and whose it is; never what it is called or what is in it.
        auditlog.register(self.get_model("Artifact"), include_fields=["visibility", "saved_at", "owner"])
