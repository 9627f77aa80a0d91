# The image of Berth: three files of JavaScript and their source maps on a Node.js base that has no shell. Node.js 24 is the newest release line with
# long-term support.
#
#   docker build -t berth:dev .
#
# Both bases can be replaced, for example by mirrors or by pinned digests:
#   docker build --build-arg RUNTIME_BASE=node:24-bookworm-slim -t berth:dev .
#
# In /app: berth.js, lease-worker.js, plugin-module-hooks.js, package.json, LICENSE, NOTICE, and sbom.json (CycloneDX).
ARG BUILD_BASE=node:24-bookworm-slim
ARG RUNTIME_BASE=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${BUILD_BASE} AS build
WORKDIR /src
# The lockfile comes first, so that a change in the sources does not install everything again.
COPY package.json package-lock.json .npmrc ./
# Nothing that Berth depends on needs an install script; refusing them all keeps a hijacked package from running here.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN node scripts/build.mjs && node scripts/sbom.mjs

FROM ${RUNTIME_BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=""
LABEL org.opencontainers.image.title="berth" \
      org.opencontainers.image.description="A Kubernetes scheduler in TypeScript that runs beside kube-scheduler" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
WORKDIR /app
# package.json makes Node.js read the files as ES modules; LICENSE and NOTICE travel with every copy of the program.
COPY package.json LICENSE NOTICE ./
COPY --from=build /src/dist/berth.js /src/dist/berth.js.map /src/dist/berth.js.LEGAL.txt \
     /src/dist/lease-worker.js /src/dist/lease-worker.js.map \
     /src/dist/plugin-module-hooks.js /src/dist/plugin-module-hooks.js.map /src/dist/sbom.json ./
# Distroless keeps node in /nodejs/bin, the official image in /usr/local/bin; with both on the path either base works.
# MALLOC_…: glibc keeps what was freed, for each thread apart, unless it is told to share one arena and to give large blocks back at once.
ENV PATH=/nodejs/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    NODE_ENV=production \
    NODE_OPTIONS="--max-semi-space-size=8" \
    MALLOC_ARENA_MAX="1" \
    MALLOC_TRIM_THRESHOLD_="131072"
# A number, not a name: the kubelet can then verify runAsNonRoot without reading the image's passwd file.
USER 65532:65532
EXPOSE 10259
ENTRYPOINT ["node", "/app/berth.js"]
CMD ["run"]
