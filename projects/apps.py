from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        # Its models can't be read before all apps are there.
        from auditlog.registry import auditlog

        auditlog.register(self.get_model("Project"), mask_fields=["agent_api_key_sealed"])
        auditlog.register(self.get_model("Membership"))
