"""The Celery application. The rows of `jobs.Job` are the truth about work; Celery is the doorbell."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "artifactsite.settings")

app = Celery("artifactsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
