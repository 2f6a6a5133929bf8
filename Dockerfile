# syntax=docker/dockerfile:1
# The connector service without connectors. Flyte's own charts can run this image unchanged: it has the commands that
# they start. To add connectors, build an image of your own on top of it: see docs/how-to/deploy.md.

FROM python:3.13-slim AS build
WORKDIR /src
COPY .ci/image-requirements.txt .ci/
# The build backend is among these, so that the build of connector-core itself downloads nothing.
RUN python -m venv /opt/connectors \
    && /opt/connectors/bin/pip install --no-cache-dir --require-hashes -r .ci/image-requirements.txt
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY connector_core connector_core
RUN /opt/connectors/bin/pip install --no-cache-dir --no-deps --no-build-isolation .
# Flyte's charts start `pyflyte serve agent`, `pyflyte serve connector` or `c0`.
COPY <<EOF /opt/connectors/bin/pyflyte
#!/opt/connectors/bin/python
import sys
from connector_core.cli.flyte import pyflyte
sys.exit(pyflyte())
EOF
COPY <<EOF /opt/connectors/bin/c0
#!/opt/connectors/bin/python
import sys
from connector_core.cli.flyte import c0
sys.exit(c0())
EOF
RUN chmod 755 /opt/connectors/bin/pyflyte /opt/connectors/bin/c0

FROM python:3.13-slim
# Root owns the files, so the account that runs the service cannot change its own code.
COPY --from=build /opt/connectors /opt/connectors
ENV PATH=/opt/connectors/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --uid 1000 --create-home connectors
USER 1000
WORKDIR /home/connectors
EXPOSE 8000 9090
CMD ["connectors", "serve", "--host", "0.0.0.0"]
