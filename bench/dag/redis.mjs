import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
};

/** What `ask` is answered once the server does; it may take a moment to open its port. */
const asked = async (url, ask) => {
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: 200 });
  client.on('error', () => undefined);
  const answer = await ask(client);
  await client.quit();
  return answer;
};

/** Redis as BullMQ wants it (append-only file, synced each second), or null where there is none. */
export const startRedis = async () => {
  for (const program of ['redis-server', 'valkey-server']) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-redis-'));
    const port = await freePort();
    const settings = [
      '--port',
      port,
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--appendonly',
      'yes',
      '--save',
      '',
    ];
    const server = spawn(program, settings.map(String), { stdio: 'ignore' });
    const failed = await Promise.race([once(server, 'error'), once(server, 'spawn').then(() => null)]);
    if (failed === null) {
      const url = `redis://127.0.0.1:${port}`;
      const info = await asked(url, (client) => client.info('server'));
      const version = /redis_version:(\S+)/.exec(info)[1];
      const empty = () => asked(url, (client) => client.flushall());
      const stop = async () => {
        server.kill();
        await once(server, 'exit');
        rmSync(folder, { recursive: true, force: true });
      };
      return { url, version, program, empty, stop };
    }
    rmSync(folder, { recursive: true, force: true });
  }
  return null;
};
