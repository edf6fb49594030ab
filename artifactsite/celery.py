"""The Celery application. The rows of `jobs.Job` are the truth about work; Celery is the doorbell."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "artifactsite.settings")

app = Celery("artifactsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def leave_logging_alone(**_: object) -> None:
    """Workers and beat log as settings.LOGGING says, like the web: Celery sets up its own only where nobody listens."""
