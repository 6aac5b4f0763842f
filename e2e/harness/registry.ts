import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Where the registries of e2e/cluster are; null where a cluster was given that does not know them. */
export const registries = ((): {
  readonly open: string;
  readonly withLogin: string;
  readonly ofTests: string;
} | null => {
  const { E2E_REGISTRY, E2E_REGISTRY_WITH_LOGIN, E2E_REGISTRY_OF_TESTS } = process.env;
  if (!E2E_REGISTRY || !E2E_REGISTRY_WITH_LOGIN || !E2E_REGISTRY_OF_TESTS) return null;
  return { open: E2E_REGISTRY, withLogin: E2E_REGISTRY_WITH_LOGIN, ofTests: E2E_REGISTRY_OF_TESTS };
})();

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const ask = async (
  method: string,
  url: string,
  body?: Uint8Array,
  type = 'application/octet-stream',
): Promise<Response> => {
  const headers = { 'content-type': type };
  const answer = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: new Uint8Array(body), headers }),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
};

const putBlob = async (repository: string, bytes: Uint8Array): Promise<{ size: number; digest: string }> => {
  const started = await ask('POST', `${repository}/blobs/uploads/`);
  const place = new URL(started.headers.get('location') ?? '', repository);
  const digest = digestOf(bytes);
  place.searchParams.set('digest', digest);
  await ask('PUT', place.href, bytes);
  return { size: bytes.length, digest };
};

const partOf = async (archive: string, name: string): Promise<Buffer> =>
  (await exec('tar', ['-xOf', archive, name], { encoding: 'buffer', maxBuffer: 64 * 2 ** 20 })).stdout;

const mediaTypes = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar',
};

/**
 * Pushes the image of `E2E_IMAGE_ARCHIVE` as an image that no node has seen yet (a label of its own makes it new).
 * Returns the digest of its manifest.
 */
export const pushImage = async (registry: string, repository: string, tag: string): Promise<string> => {
  const archive = process.env['E2E_IMAGE_ARCHIVE'] ?? '';
  const [{ Config, Layers }] = JSON.parse((await partOf(archive, 'manifest.json')).toString()) as [
    { Config: string; Layers: [string] },
  ];
  const config = JSON.parse((await partOf(archive, Config)).toString()) as { config: object };
  const own = {
    ...config,
    config: { ...config.config, Labels: { 'made-for': randomBytes(8).toString('hex') } },
  };
  const base = `http://${registry}/v2/${repository}`;
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, ...(await putBlob(base, Buffer.from(JSON.stringify(own)))) },
      layers: [{ mediaType: mediaTypes.layer, ...(await putBlob(base, await partOf(archive, Layers[0]))) }],
    }),
  );
  await ask('PUT', `${base}/manifests/${tag}`, manifest, mediaTypes.manifest);
  return digestOf(manifest);
};

/** What Docker Hub says to whoever pulled too often. */
const tooMany = JSON.stringify({
  errors: [
    {
      code: 'TOOMANYREQUESTS',
      message: 'You have reached your pull rate limit. You may increase the limit by upgrading.',
    },
  ],
});

/** A proxy before a registry that refuses every pull with 429 until its limit is lifted. */
export const startLimitedRegistry = async (
  address: string,
  upstream: string,
): Promise<{ refused(): number; lift(): void; close(): Promise<void> }> => {
  const [host, port] = address.split(':');
  let limited = true;
  let refused = 0;
  const refuse = (response: ServerResponse): void => {
    refused += 1;
    response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '60' }).end(tooMany);
  };
  const server = createServer((incoming, response) => {
    if (limited) return refuse(response);
    const { method, url, headers } = incoming;
    const asked = request(
      `http://${upstream}${url ?? ''}`,
      { method, headers: { ...headers, host: upstream } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    asked.on('error', () => response.destroy());
    incoming.pipe(asked);
  });
  server.listen(Number(port), host);
  await once(server, 'listening');
  return {
    refused: () => refused,
    lift: () => void (limited = false),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
