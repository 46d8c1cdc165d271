"""nginx from Debian as a peer: one worker, on a free port of loopback, in a folder of its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.peer import Peer, free_port, running_peer

_STATIC = """
    sendfile on;
    tcp_nopush on;
    open_file_cache max=1000 inactive=60s;
    types { application/vnd.apple.mpegurl m3u8; audio/mp4 mp4; }
    root {root};
"""
_NCHAN = """
    location = /sub { nchan_subscriber websocket; nchan_channel_id bench; nchan_message_buffer_length 0; }
    location = /pub { nchan_publisher http; nchan_channel_id bench; nchan_message_buffer_length 0; }
"""
_RTMP = """
rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{
  live on; hls on; hls_path {folder}/hls; hls_fragment 320ms; hls_playlist_length 20s;
}} }} }}
"""
_CONFIG = """
{modules}
daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 16000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; {locations} }}
}}
"""
_NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
_RTMP_MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")


@contextmanager
def static_nginx(folder: Path, root: Path) -> Iterator[Peer]:
    """Files of `root`, with sendfile and an open-file cache."""
    with _running(folder, _STATIC.replace("{root}", str(root)), "") as nginx:
        yield nginx


@contextmanager
def nchan(folder: Path) -> Iterator[Peer]:
    """One channel: WebSocket subscribers at /sub, POST at /pub publishes."""
    if not _NCHAN_MODULE.exists():
        raise SystemExit("nchan is missing: run scripts/setup bench")
    with _running(folder, _NCHAN, f"load_module {_NCHAN_MODULE};") as nginx:
        yield nginx


@contextmanager
def rtmp_nginx(folder: Path) -> Iterator[Peer]:
    """RTMP in, at /live; HLS in `folder/hls`, in fragments as long as our parts. Its port is that of RTMP."""
    if not _RTMP_MODULE.exists():
        raise SystemExit("nginx-rtmp is missing: run scripts/setup bench")
    hls = folder / "hls"
    hls.mkdir(parents=True)
    hls.chmod(0o777)  # its worker is nobody
    port = free_port()
    rtmp = _RTMP.format(port=port, folder=folder)
    with _running(folder, "", f"load_module {_RTMP_MODULE};\n{rtmp}") as nginx:
        yield Peer(nginx.pid, port)


@contextmanager
def _running(folder: Path, locations: str, modules: str) -> Iterator[Peer]:
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, port=port, locations=locations, modules=modules))
    with running_peer([program, "-p", folder, "-c", config], port) as peer:
        yield peer
