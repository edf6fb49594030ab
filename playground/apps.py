from django.apps import AppConfig


class PlaygroundConfig(AppConfig):
    name = "playground"

    def ready(self) -> None:
        # Whoever enqueues has to know where a task queues, in the web process too.
        from playground import tasks  # noqa: F401
