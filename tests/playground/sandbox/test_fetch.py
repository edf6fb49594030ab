"""Downloads from inside: what the Fetcher allows works by any library, all else is refused."""

import threading
from collections.abc import Callable, Iterator

import pytest

from playground.sandbox import FetchResponse, Limits, RunResult

Run = Callable[..., RunResult]
CSV = b"a,b\n1,2\n3,4\n"


class Files:
    """Serves some addresses and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.closed = threading.Event()

    def open(self, url: str) -> FetchResponse | None:
        self.asked.append(url)
        path = url.split("/", 3)[3]
        if path.startswith("api/files/public?h="):
            headers = {
                "Content-Type": "text/csv",
                "Content-Length": str(len(CSV)),
                "X-Bad": "a\r\nInjected: 1",
            }
            return FetchResponse(200, headers, iter([CSV[:5], CSV[5:]]))
        if path == "gone":
            return FetchResponse(410, {"Content-Type": "text/plain"}, iter([b"expired"]))
        if path == "endless":
            return FetchResponse(200, {}, self._endless())
        if path == "moved":
            return FetchResponse(302, {"Location": "/api/files/public?h=moved"}, iter([]))
        if path == "broken":
            raise RuntimeError("/secret/path")
        return None

    def _endless(self) -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
        finally:
            self.closed.set()


HOSTS = [
    "http://127.0.0.1:8000",
    "https://files.example.org",
    pytest.param("https://127.0.0.1:8443", marks=pytest.mark.slow),
    pytest.param("http://[::1]:8000", marks=pytest.mark.slow),
]
CLIENTS = {
    "requests": "import requests\nprint(requests.get(url).text)",
    "requests, session": "import requests\ns = requests.Session()\ns.get(url)\nprint(s.get(url).text)",
    "urllib": "import urllib.request\nprint(urllib.request.urlopen(url).read().decode())",
    "urlretrieve": "import urllib.request\nurllib.request.urlretrieve(url, 'f')\nprint(open('f').read())",
    "pandas": "import pandas\nprint(pandas.read_csv(url).to_csv(index=False))",
}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS.keys())
def test_download(run: Run, host: str, client: str) -> None:
    files = Files()
    url = f"{host}/api/files/public?h=TOKEN%2B1"
    result = run(f"url = {url!r}\n{client}", fetcher=files)
    assert result.exit == "done", result.error
    assert result.stdout.strip() == CSV.decode().strip()
    assert set(files.asked) == {url}


def test_head_and_statuses(run: Run) -> None:
    files = Files()
    result = run(
        """
        import requests
        for host in ("http://127.0.0.1:8000", "https://files.example.org"):
            head = requests.head(host + "/api/files/public?h=1")
            print(head.status_code, head.headers["Content-Length"], head.headers.get("Injected"), len(head.content))
            print([requests.get(host + path).status_code for path in ("/gone", "/refused", "/broken", "/moved")])
            print([requests.request(m, host + "/gone").status_code for m in ("POST", "PUT", "DELETE", "OPTIONS")])
            print(requests.get(host + "/broken").text.strip())
        """,
        fetcher=files,
    )
    assert result.exit == "done", result.error
    assert (
        result.stdout.splitlines()
        == [
            "200 12 None 0",
            "[410, 403, 502, 200]",
            "[405, 405, 405, 405]",
            "The file could not be fetched.",
        ]
        * 2
    )


def test_without_a_fetcher_nothing_answers(run: Run) -> None:
    result = run("import requests\nrequests.get('http://127.0.0.1:8000/')")
    assert result.exit == "failed"
    assert result.error is not None
    assert "ConnectionError" in result.error.detail


def test_the_proxy_knows_no_other_address(run: Run) -> None:
    """What does not go through the proxy has nowhere to go, and the Fetcher hears of what does."""
    files = Files()
    result = run(
        """
        import os, socket
        proxy = os.environ["http_proxy"].removeprefix("http://").split(":")
        def talk(text):
            with socket.create_connection((proxy[0], int(proxy[1])), timeout=5) as s:
                s.sendall(text)
                return s.recv(100).split(b"\\r\\n")[0].decode()
        for text in (
            b"GET / HTTP/1.1\\r\\n\\r\\n",
            b"GET file:///etc/passwd HTTP/1.1\\r\\n\\r\\n",
            b"GET ftp://x/ HTTP/1.1\\r\\n\\r\\n",
            b"GET http://x/ y HTTP/1.1\\r\\n\\r\\n",
            b"CONNECT host HTTP/1.1 extra\\r\\n\\r\\n",
            b"CONNECT ho/st:1 HTTP/1.1\\r\\n\\r\\n",
            b"\\xff\\x00\\r\\n\\r\\n",
            b"GET /" + b"x" * 100_000,
        ):
            print(talk(text))
        """,
        fetcher=files,
    )
    assert result.exit == "done", result.error
    assert [line.split()[1] for line in result.stdout.splitlines()] == ["400"] * 7 + ["431"]
    assert files.asked == []


def test_downloads_are_bounded(run: Run) -> None:
    files = Files()
    result = run(
        "import requests\nprint(len(requests.get('http://127.0.0.1:8000/endless').content))",
        fetcher=files,
        limits=Limits(fetch_bytes=5_000_000, wall_seconds=20),
    )
    assert int(result.stdout or 0) <= 5_000_000
    assert files.closed.wait(5)


def test_an_open_download_ends_with_the_run(run: Run) -> None:
    files = Files()
    threads = threading.active_count()
    result = run(
        """
        import requests, time
        kept = [requests.get("http://127.0.0.1:8000/endless", stream=True) for _ in range(8)]
        time.sleep(60)
        """,
        fetcher=files,
        limits=Limits(wall_seconds=2),
    )
    assert result.exit == "timed_out"
    assert files.closed.wait(5)
    assert threading.active_count() == threads


def test_two_downloads_at_once(run: Run) -> None:
    result = run(
        """
        import requests
        url = "http://127.0.0.1:8000/api/files/public?h="
        one = requests.get(url + "1", stream=True)
        two = requests.get(url + "2", stream=True)
        print(two.text == one.text)
        """,
        fetcher=Files(),
    )
    assert result.stdout == "True\n"


def test_strict_certificate_checks(run: Run) -> None:
    """As Python 3.13 does by default."""
    result = run(
        """
        import ssl, urllib.request
        context = ssl.create_default_context()
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        url = "https://files.example.org/api/files/public?h=1"
        print(urllib.request.urlopen(url, context=context).status)
        """,
        fetcher=Files(),
    )
    assert result.stdout == "200\n", result.error
