# The page's third-party scripts, pinned by package-lock.json.
FROM node:22-bookworm-slim AS page
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
# Python and the server, pinned by constraints.txt.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/veza
COPY pyproject.toml constraints.txt LICENSE README.md ./
COPY scripts/vendor.py scripts/vendor.py
COPY hls hls
COPY chat chat
COPY streamer streamer
COPY --from=page /src/node_modules node_modules
COPY package.json package-lock.json ./
RUN python scripts/vendor.py --no-install && /opt/veza/bin/pip install --no-cache-dir -c constraints.txt .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/veza veza
COPY --from=build /opt/veza /opt/veza
ENV PATH=/opt/veza/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    VEZA_HOST=0.0.0.0 \
    VEZA_PORT=8080 \
    VEZA_DATA_DIR=/var/lib/veza/data
USER veza
WORKDIR /var/lib/veza
RUN mkdir data
VOLUME /var/lib/veza/data
EXPOSE 8080 1935
# `veza serve` becomes the server by exec, so SIGTERM reaches it; it needs up to its stop grace to finish.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os,urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"VEZA_PORT\"]}/healthz', timeout=2)"]
CMD ["veza", "serve"]
