FROM python:3.13-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
COPY requirements/base.txt requirements/build.txt requirements/
RUN python -m venv /opt/build && /opt/build/bin/pip install --require-hashes --requirement requirements/build.txt
RUN python -m venv /opt/gateway && /opt/gateway/bin/pip install --require-hashes --requirement requirements/base.txt
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /opt/wheels . \
    && /opt/gateway/bin/pip install --no-deps --no-index --find-links /opt/wheels meshagent-gateway \
    && /opt/gateway/bin/pip uninstall --yes pip
RUN mkdir -m 0700 /opt/data /opt/data/tmp

FROM python:3.13-slim
LABEL org.opencontainers.image.title="meshagent-gateway" \
      org.opencontainers.image.description="HTTP and webhooks for MeshAgent rooms" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/gateway /opt/gateway
COPY --from=build --chown=10001:10001 /opt/data /data
ENV PATH=/opt/gateway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    TMPDIR=/data/tmp \
    GATEWAY_HOST=0.0.0.0 \
    GATEWAY_DATA_DIR=/data
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os; e = os.environ; c = http.client.HTTPConnection('127.0.0.1', int(e.get('MESHAGENT_PORT') or e.get('GATEWAY_PORT') or 8080), timeout=2); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["gateway"]
CMD ["serve"]
