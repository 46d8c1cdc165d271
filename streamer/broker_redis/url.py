"""What a `redis_url` says."""

from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

_OPTIONS = ("ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile")


class Address(Struct, frozen=True):
    """Where a Redis is, from its URL.

    Attributes:
        url: as the client library takes it.
        shown: without the password.
    """

    url: str
    shown: str
    database: int

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    def at(self, host: str, port: int) -> "Address":
        """Another node of the same cluster, for which the same credentials and options hold."""
        parts = urlsplit(self.url)
        credentials, at, _ = parts.netloc.rpartition("@")
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        url = parts._replace(netloc=f"{credentials}{at}{place}").geturl()
        return Address(url, f"{parts.scheme}://{place}/{self.database}", self.database)


def read_url(url: str) -> Address:
    """Take a `redis_url` apart.

    Raises:
        ValueError: it can't be used; says why.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("it names no host")
    for option, _ in parse_qsl(parts.query, keep_blank_values=True):
        if option not in _OPTIONS:
            raise ValueError(f"{option} is not an option; there are {', '.join(_OPTIONS)}")
    _ = parts.port  # which has an error of its own
    database = parts.path.strip("/") or "0"
    if not database.isdigit():
        raise ValueError(f"the path is the number of the database, not {database!r}")
    shown = f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}/{database}"
    return Address(url, shown, int(database))
