#!/usr/bin/env python
"""Django's command line for Artifactsite."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "artifactsite.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # The sentence says which setting is wrong; a traceback would only hide it.
        sys.exit(f"Artifactsite can't start: {error}")
