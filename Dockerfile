# Builds the program and puts it, alone, on a distroless base: glibc and nothing else, no shell, no root.
#   docker build -t openrouter-anthropic-server .
#   docker run --read-only -p 4000:4000 -v data:/data \
#     -e OPENROUTER_API_KEY -e SERVER_API_KEYS openrouter-anthropic-server
# The program reads /proc, as every container has it, and writes nowhere but in /data.

FROM oven/bun:1.4.5 AS build
WORKDIR /build
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production
COPY tsconfig.json ./
COPY src src
RUN bun run build && mkdir /data

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
