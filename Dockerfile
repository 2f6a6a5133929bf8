# The connector service as an image, which Flyte's own charts run as it is: it answers to their commands too.
# Connector packages are added in an image of one's own: see docs/how-to/deploy.md.

FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE CHANGELOG.md constraints.txt ./
COPY connector_core connector_core
RUN python -m venv /opt/connectors \
    && /opt/connectors/bin/pip install --no-cache-dir -c constraints.txt ".[service,tables]"
# What `pyflyte serve agent`, `pyflyte serve connector` and `c0` start.
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
COPY --from=build /opt/connectors /opt/connectors
ENV PATH=/opt/connectors/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --uid 1000 --create-home connectors && chown -R connectors /opt/connectors
USER 1000
WORKDIR /home/connectors
EXPOSE 8000 9090
CMD ["connectors", "serve", "--host", "0.0.0.0"]
