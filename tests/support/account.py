"""People with tokens of a server, and requests that carry them."""

import json
import time
from typing import Any

from streamer.auth import Tokens, load_secret
from tests.support.server import Server
from tests.support.wire import Reply, Wire

_TTL_S = 3600


def token_of(server: Server, name: str, *, operator: bool = False) -> str:
    """What `veza token NAME` prints where the server runs."""
    tokens = Tokens(load_secret("", server.data_dir))
    return tokens.issue(name, now_s=int(time.time()), ttl_s=_TTL_S, operator=operator)


def ask(server: Server, method: str, target: str, token: str = "", body: Any = b"", **headers: str) -> Reply:
    """One request; a body that is not bytes goes as JSON, a header's name has _ for -."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        fields.setdefault("Content-Type", "application/json")
    if token:
        fields["Authorization"] = f"Bearer {token}"
    with Wire(server.url) as wire:
        return wire.request(method, target, fields, body)
