"""Exit code 0 if the process of this container is well. For the health checks in docker-compose.yml.

python deploy/healthy.py [HOST:PORT]       the web server answers
python deploy/healthy.py worker            the worker of this machine gave a sign of life within a minute

Without Django, since a worker's check would cost as much as the worker's start.
"""

import os
import socket
import sys
import urllib.request
from pathlib import Path


def web(address: str) -> bool:
    # With an https SITE_URL a plain request would be sent on to the proxy.
    request = urllib.request.Request(f"http://{address}/healthz", headers={"X-Forwarded-Proto": "https"})
    with urllib.request.urlopen(request, timeout=4) as response:
        return bool(response.status == 200)


def worker() -> bool:
    import psycopg

    password = (
        os.environ.get("DATABASE_PASSWORD") or Path(os.environ["DATABASE_PASSWORD_FILE"]).read_text().strip()
    )
    with psycopg.connect(os.environ["DATABASE_URL"], password=password, connect_timeout=4) as connection:
        seen = connection.execute(
            "SELECT 1 FROM jobs_worker WHERE name LIKE %s AND seen_at > now() - interval '1 minute'",
            [f"{socket.gethostname()}:%"],
        )
        return seen.fetchone() is not None


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8000"
    sys.exit(not (worker() if asked == "worker" else web(asked)))
