# vRouter as an image: the bundles, one Node, nft, and nothing else on top of the base.
#
#   docker build -t vrouter .
#   docker build -t vrouter --build-arg BUILD_IMAGE=… --build-arg BASE_IMAGE=… .
#
# BUILD_IMAGE needs a Node of any version with npm, and cc or apt-get to get it with; BASE_IMAGE needs sh, and nft or
# apt-get likewise.
ARG BUILD_IMAGE=node:24-bookworm-slim
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
# The CNI plugin becomes a program of its own with a C compiler, and starts on Node without.
RUN command -v cc >/dev/null || { apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev; }
RUN sh deploy/setup.sh build && deploy/install.sh /opt/vrouter

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="vrouter" \
      org.opencontainers.image.description="A per-node virtual router for pods" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# Runtimes call a pod's network namespace /var/run/netns/…; the host's are mounted in /run/netns.
RUN if ! command -v nft >/dev/null; then \
      apt-get update && apt-get install -y --no-install-recommends nftables && rm -rf /var/lib/apt/lists/*; \
    fi; \
    [ -e /var/run ] || { mkdir -p /var && ln -s /run /var/run; }
COPY --from=build /opt/vrouter /opt/vrouter
ENV PATH=/opt/vrouter/dist/bin:$PATH
# It programs the host's network: run it with the host's network namespace, as root, with
# CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE and, to reach into pods, CAP_SYS_ADMIN.
ENTRYPOINT ["/opt/vrouter/dist/bin/vrouter"]
CMD ["daemon"]
