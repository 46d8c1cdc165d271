"""veza.js where it runs: in JavaScript, under Node's test runner, and on a page from elsewhere."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support.chromium import browsing
from tests.support.server import Server, running_server

TIMEOUT_S = 120
ELSEWHERE = """<!doctype html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,">
<ul id="said"></ul><script type="module">
import {{ Veza }} from "{server}/veza.js";
const veza = new Veza({{ url: "{server}/ws".replace("http", "ws"), name: "visitor" }});
const show = ({{ author, body }}) => {{
  const line = document.createElement("li");
  line.textContent = `${{author.name}}: ${{body}}`;
  document.querySelector("#said").append(line);
}};
veza.on("joined", ({{ messages }}) => messages.forEach(show));
veza.on("message", show);
veza.join("lobby");
veza.connect();
veza.send("lobby", "hello from elsewhere");
</script></html>"""


def node(test: str, **environ: str) -> None:
    program = shutil.which("node")
    assert program, "node is missing: run scripts/setup serve"
    # Node 20 has a WebSocket behind this switch, and later ones ignore it.
    command = [program, "--experimental-websocket", "--test", str(Path(__file__).with_name(test))]
    done = subprocess.run(
        command, env=os.environ | environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_client_keeps_its_promises() -> None:
    node("client.test.mjs")


def test_the_words_of_a_room_are_read_as_they_were_meant() -> None:
    node("chat.test.mjs")


def test_the_client_keeps_its_promises_on_a_real_line(server: Server) -> None:
    node("client_server.test.mjs", VEZA_URL=server.url)


@contextmanager
def site(page: list[str]) -> Iterator[str]:
    """Another web server, with one page."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page[0].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
    finally:
        httpd.shutdown()
        httpd.server_close()


def test_a_page_from_elsewhere_can_use_it_where_it_is_allowed(chromium: Browser, tmp_path: Path) -> None:
    page = [""]
    with (
        site(page) as elsewhere,
        running_server(tmp_path, origins=elsewhere) as server,
        browsing(chromium, elsewhere) as (visitor, _),
    ):
        page[0] = ELSEWHERE.format(server=server.url)
        visitor.goto("/")
        expect(visitor.get_by_role("listitem")).to_have_text(["visitor: hello from elsewhere"])
