import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * What a proxy does. `pass`: nothing. `hang`: it takes connections and bytes, and passes none on, either way.
 * `refuse`: it ends what is open with a reset, and every new connection at once.
 */
export type ProxyMode = 'pass' | 'hang' | 'refuse';

/** A TCP proxy before one server, on loopback, that goes wrong as a test asks. */
export interface TcpProxy {
  readonly port: number;
  set(mode: ProxyMode): void;
  /** Holds the next bytes of any client that contain `words`, and what follows on that connection. */
  holdNext(words: string): HeldBytes;
  close(): Promise<void>;
}

/** Bytes that were sent and have not arrived. */
export interface HeldBytes {
  /** Resolves once something is held. */
  readonly caught: Promise<void>;
  /** Lets it arrive, even if its sender is gone; resolves with what the server answered within `answerMs`. */
  release(answerMs: number): Promise<string>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** What a hang has kept of each side, in order. */
  readonly kept: { readonly to: Socket; readonly bytes: Buffer }[];
  held: boolean;
}

const answerOf = (server: Socket, ms: number): Promise<string> =>
  new Promise((resolve) => {
    const parts: Buffer[] = [];
    const done = (): void => {
      clearTimeout(limit);
      resolve(Buffer.concat(parts).toString('utf8'));
    };
    const limit = setTimeout(done, ms);
    server.on('data', (part: Buffer) => {
      parts.push(part);
      if (Buffer.concat(parts).includes('\r\n\r\n')) done();
    });
    server.on('close', done);
  });

/** Starts a proxy before `target`. It ends no connection of the server's when only its client has gone. */
export const startTcpProxy = async (target: { host: string; port: number }): Promise<TcpProxy> => {
  const links = new Set<Link>();
  const traps = new Set<{ readonly words: string; take(link: Link, bytes: Buffer): void }>();
  let mode: ProxyMode = 'pass';

  const forward = (link: Link, to: Socket, bytes: Buffer): void => {
    if (mode === 'hang' || link.held) link.kept.push({ to, bytes });
    else to.write(bytes);
  };
  const fromClient = (link: Link, bytes: Buffer): void => {
    const trap = [...traps].find(({ words }) => bytes.includes(words));
    if (trap && !link.held) trap.take(link, bytes);
    else forward(link, link.server, bytes);
  };
  const end = (link: Link): void => {
    links.delete(link);
    link.client.destroy();
    if (!link.held) link.server.end();
  };
  const listener = createServer((client) => {
    if (mode === 'refuse') return void client.resetAndDestroy();
    const link: Link = { client, server: connect(target), kept: [], held: false };
    links.add(link);
    client.on('data', (bytes: Buffer) => fromClient(link, bytes));
    link.server.on('data', (bytes: Buffer) => forward(link, client, bytes));
    for (const socket of [client, link.server])
      socket.on('error', () => undefined).on('close', () => (mode === 'hang' ? undefined : end(link)));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const set = (next: ProxyMode): void => {
    mode = next;
    for (const link of links) {
      if (next === 'refuse') link.client.resetAndDestroy();
      if (next === 'pass') link.kept.splice(0).forEach(({ to, bytes }) => to.write(bytes));
      if (next === 'pass' && (link.client.destroyed || link.server.destroyed)) end(link);
    }
  };
  const holdNext = (words: string): HeldBytes => {
    let release: HeldBytes['release'] = () => Promise.reject(new Error('nothing was caught'));
    const caught = new Promise<void>((resolve) => {
      const trap = {
        words,
        take: (link: Link, bytes: Buffer): void => {
          traps.delete(trap);
          link.held = true;
          link.kept.push({ to: link.server, bytes });
          release = (answerMs) => {
            const answer = answerOf(link.server, answerMs);
            link.kept.splice(0).forEach((kept) => kept.to.write(kept.bytes));
            return answer.finally(() => link.server.destroy());
          };
          resolve();
        },
      };
      traps.add(trap);
    });
    return { caught, release: (answerMs) => release(answerMs) };
  };
  return {
    port: (listener.address() as AddressInfo).port,
    set,
    holdNext,
    close: async () => {
      links.forEach(({ client, server }) => [client, server].forEach((socket) => socket.destroy()));
      listener.close();
      await once(listener, 'close');
    },
  };
};
