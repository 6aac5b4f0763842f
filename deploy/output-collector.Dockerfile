# The image of the output collector. Build from the root of the repository, after `npm ci`:
#   docker build -f deploy/output-collector.Dockerfile -t REGISTRY/output-collector:VERSION .
FROM node:20-slim
COPY packages/output-collector/dist/bundle/output-collector.cjs /output-collector.cjs
USER 65532:65532
ENTRYPOINT ["node", "/output-collector.cjs"]
