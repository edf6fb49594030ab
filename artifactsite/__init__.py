"""Artifactsite: the self-hosted home of what AI agents make and what people hand to them."""

from artifactsite.celery import app as celery_app

__all__ = ["celery_app"]
