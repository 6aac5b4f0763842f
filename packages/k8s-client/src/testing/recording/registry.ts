import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { arch } from 'node:os';

const digestOf = (body: string): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;

interface Document {
  readonly body: string;
  readonly type: string;
}

/** An image without any file or command, for this machine. */
const emptyConfig: Document = {
  type: 'application/vnd.oci.image.config.v1+json',
  body: JSON.stringify({
    os: 'linux',
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    config: {},
    rootfs: { type: 'layers', diff_ids: [] },
  }),
};

const emptyImage: Document = {
  type: 'application/vnd.oci.image.manifest.v1+json',
  body: JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: emptyConfig.type,
      size: Buffer.byteLength(emptyConfig.body),
      digest: digestOf(emptyConfig.body),
    },
    layers: [],
  }),
};

/** An index that offers one platform, and not that of the node. */
const foreignIndex: Document = {
  type: 'application/vnd.oci.image.index.v1+json',
  body: JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        size: 2,
        digest: digestOf('{}'),
        platform: { os: 'linux', architecture: 's390x' },
      },
    ],
  }),
};

/** By the tag or digest that ends a path. */
const documents: ReadonlyMap<string, Document> = new Map([
  ['arm', foreignIndex],
  ['empty', emptyImage],
  ...[foreignIndex, emptyImage, emptyConfig].map((each) => [digestOf(each.body), each] as const),
]);

const refuse = (response: ServerResponse, status: number, code: string, message: string): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
};

const answer = (path: string, response: ServerResponse): void => {
  if (path === '/v2/') return void response.writeHead(200).end('{}');
  if (path.includes('limited')) return refuse(response, 429, 'TOOMANYREQUESTS', 'pull rate limit reached');
  const found = documents.get(path.split('/').at(-1) ?? '');
  if (found === undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  response.writeHead(200, {
    'content-type': found.type,
    'content-length': Buffer.byteLength(found.body),
    'docker-content-digest': digestOf(found.body),
  });
  response.end(found.body);
};

/** A registry on loopback that gives no image that could run, and says why, each way a real one would. */
export const startRefusingRegistry = async (): Promise<{ address: string; close: () => void }> => {
  const server = createServer((request, response) => answer(request.url ?? '', response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
