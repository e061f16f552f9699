# Two images from one program:
#   docker build -t openrouter-anthropic-server .                       distroless: the program, glibc, nothing else
#   docker build -t openrouter-anthropic-server:tools --target tools .  with bash, git, ripgrep and bubblewrap, for tools
#                                                                       that the server runs (docs/deployment.md)
#   docker run --read-only -p 4000:4000 -v data:/data \
#     -e OPENROUTER_API_KEY -e SERVER_API_KEYS openrouter-anthropic-server
# The program reads /proc, as every container has it, and writes nowhere but in /data.

FROM oven/bun:1.4.5 AS build
WORKDIR /build
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production
COPY tsconfig.json ./
COPY src src
# There is no .git here: --build-arg BUILD_COMMIT="$(git rev-parse --short=12 HEAD)" BUILD_DATE="$(git show -s --format=%cs)"
ARG BUILD_COMMIT=""
ARG BUILD_DATE=""
RUN bun run build && mkdir /data /work

FROM debian:12-slim AS tools
RUN apt-get update \
  && apt-get install --yes --no-install-recommends bash git ripgrep bubblewrap ca-certificates \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /build/dist/openrouter-anthropic-server /openrouter-anthropic-server
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build --chown=65532:65532 /work /work
ENV HOST=0.0.0.0 PORT=4000 DATA_DIR=/data TOOL_EXECUTION_ENABLED=true TOOL_WORKING_DIRECTORY=/work
VOLUME ["/data", "/work"]
EXPOSE 4000
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s \
  CMD ["/openrouter-anthropic-server", "healthcheck"]
ENTRYPOINT ["/openrouter-anthropic-server"]

# The last stage is what is built when none is named.
FROM gcr.io/distroless/base-debian12:nonroot
COPY --from=build /build/dist/openrouter-anthropic-server /openrouter-anthropic-server
COPY --from=build --chown=65532:65532 /data /data
# Outside the container nobody reaches the loopback. A server that others can reach asks for SERVER_API_KEYS.
ENV HOST=0.0.0.0 PORT=4000 DATA_DIR=/data
VOLUME /data
EXPOSE 4000
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s \
  CMD ["/openrouter-anthropic-server", "healthcheck"]
ENTRYPOINT ["/openrouter-anthropic-server"]
