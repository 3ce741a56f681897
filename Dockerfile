# keykind's service in a container: docker build --tag keykind . && docker compose up
# Versions are those of constraints.txt; the app is included if it was built before (docs/serve.md).
FROM python:3.11-slim-bookworm AS build
ENV PIP_CONSTRAINT=/source/constraints.txt \
    PIP_BUILD_CONSTRAINT=/source/constraints.txt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheel . \
    && python -m venv --without-pip /keykind \
    && pip --python /keykind/bin/python install --no-compile "$(echo /wheel/*.whl)[serve,heif]"

FROM python:3.11-slim-bookworm
COPY --from=build /keykind /keykind
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["/keykind/bin/python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/v1/health', timeout=4)"]
ENTRYPOINT ["/keykind/bin/keykind", "serve", "--host", "0.0.0.0"]
