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

from tests.support.account import ask, token_of
from tests.support.api import send_json, upload, wait_for_track
from tests.support.audio import make_tone
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


# What a page says on its socket waits until it may speak.
MUTE = """
const write = WebSocket.prototype.send;
const held = [];
WebSocket.prototype.send = function (frame) { held.push(() => write.call(this, frame)); };
window.speak = () => {
  WebSocket.prototype.send = write;
  held.forEach((each) => each());
};
"""


def test_what_changed_before_the_line_was_up_is_shown(
    chromium: Browser, server: Server, track_id: str, folder: Path
) -> None:
    """What a page shows was asked for before it was told of changes: nobody tells what changed in between."""
    note = make_tone(folder / "note.mp3", seconds=1, options=("-metadata", "title=Short"))
    doomed = wait_for_track(server.url, upload(server.url, note)["id"])
    with browsing(chromium, server.url) as (track, _):
        track.context.add_init_script(MUTE)
        home, library, room = (track.context.new_page() for _ in range(3))
        for page, place in ((home, "/"), (library, "/library"), (room, "/r/hall"), (track, f"/t/{track_id}")):
            page.goto(place)
        expect(track.get_by_text("Nobody has said anything yet")).to_be_visible()
        listed = (
            home.locator(".card h2"),
            library.locator(".grid-body .grid-title a"),
            room.locator(".beside .row-words a"),
        )
        for titles in listed:
            expect(titles).to_have_text(["Short", "Long Wave"])
        url = f"{server.url}/api/v1/tracks/{track_id}"
        send_json(f"{url}/comments", {"at_ms": 900, "name": "Jo", "body": "goosebumps"})
        send_json(url, {"title": "Longer"}, "PATCH")
        assert ask(server, "DELETE", f"/api/v1/tracks/{doomed['id']}", token_of(server, "op")).status == 204
        upload(server.url, make_tone(folder / "new.mp3", seconds=1, options=("-metadata", "title=New")))
        for page in (track, home, library, room):
            page.evaluate("speak()")
        expect(track.locator(".comment-body")).to_have_text(["goosebumps"])
        expect(track.get_by_role("heading", level=1)).to_have_text("Longer")
        for titles in listed:
            expect(titles).to_have_text(["New", "Longer"])
        send_json(url, {"title": ""}, "PATCH")  # the file's own again, for whoever comes after
