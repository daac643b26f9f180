# Three stages: the web apps from the locked list of packages, an environment from hashed requirements, and the image,
# which carries nothing but these two.
FROM node:20-bookworm-slim AS web
WORKDIR /web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --ignore-scripts
COPY web ./
RUN node build.mjs

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv /opt/daogang \
 && /opt/daogang/bin/pip install --require-hashes --only-binary :all: --requirement requirements/runtime.txt \
 && python -m venv /opt/builder \
 && /opt/builder/bin/pip install --require-hashes --requirement requirements/build.txt
COPY pyproject.toml README.md ./
COPY backend backend
COPY mobile_api mobile_api
COPY geofences geofences
COPY migrations migrations
RUN /opt/builder/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /wheels . \
 && /opt/daogang/bin/pip install --no-deps --no-index /wheels/daogang-*.whl \
 && /opt/daogang/bin/pip uninstall --yes pip

FROM python:3.11-slim-bookworm
# pg_dump and pg_restore, for `daogang backup` and `daogang restore`.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client-15 \
 && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 daogang \
 && useradd --uid 10001 --gid daogang --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin daogang \
 && install --directory --owner daogang --group daogang --mode 0700 /keys /blobs /memory /run/daogang-faces
COPY --from=build /opt/daogang /opt/daogang
COPY --from=web /web/dist /opt/web
ENV PATH=/opt/daogang/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DAOGANG_HOST=0.0.0.0 \
    DAOGANG_KEYS_DIR=/keys \
    DAOGANG_BLOBS=/blobs \
    DAOGANG_WEB_DIR=/opt/web \
    PORT=8000
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health/ready', timeout=4)"]
ENTRYPOINT ["daogang"]
CMD ["serve"]
