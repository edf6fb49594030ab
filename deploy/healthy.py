"""Exit code 0 if the web server of this container answers. For the health check in docker-compose.yml."""

import sys
import urllib.request

# With an https SITE_URL a plain request would be sent on to the proxy.
request = urllib.request.Request("http://127.0.0.1:8000/healthz", headers={"X-Forwarded-Proto": "https"})
with urllib.request.urlopen(request, timeout=4) as response:
    sys.exit(response.status != 200)
