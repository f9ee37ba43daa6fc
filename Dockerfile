# One image for web, gateway, worker, beat and prepare. Python 3.12 because the Python backend of NVIDIA's Triton
# image runs 3.12, and the host models there import the libraries that `prepare` copies out of this image.
FROM node:22-slim AS pages
WORKDIR /app/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend ./
RUN npm run build

FROM python:3.12-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1 DJANGO_SETTINGS_MODULE=config.settings
WORKDIR /app
COPY deploy/install.sh requirements-uv.lock requirements.lock ./
RUN sh install.sh /opt/tessera
ENV PATH=/opt/tessera/bin:$PATH
COPY . .
COPY --from=pages /app/frontend/dist frontend/dist
RUN useradd --uid 10001 --no-create-home tessera && mkdir -p /state /models /libraries && chown 10001:10001 /state /models /libraries
USER 10001:10001
EXPOSE 8000 8001
CMD ["python", "-m", "config.asgi"]
