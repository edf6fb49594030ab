"""Pages and the API, as threaded WSGI."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "artifactsite.settings")

application = get_wsgi_application()
