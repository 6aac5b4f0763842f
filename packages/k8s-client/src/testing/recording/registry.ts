import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const digestOf = (body: string): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;

/** An index that offers one platform, and not that of the node. */
const foreignIndex = JSON.stringify({
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
});

const refuse = (response: ServerResponse, status: number, code: string, message: string): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
};

const answer = (path: string, response: ServerResponse): void => {
  if (path === '/v2/') return void response.writeHead(200).end('{}');
  if (path.includes('limited')) return refuse(response, 429, 'TOOMANYREQUESTS', 'pull rate limit reached');
  if (!path.includes('arm') && !path.includes(digestOf(foreignIndex)))
    return refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  response.writeHead(200, {
    'content-type': 'application/vnd.oci.image.index.v1+json',
    'content-length': Buffer.byteLength(foreignIndex),
    'docker-content-digest': digestOf(foreignIndex),
  });
  response.end(foreignIndex);
};

/** A registry on loopback that gives no image and says why, each way a real one would. */
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
