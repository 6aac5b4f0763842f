import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands between a program and its server, as a firewall does. */
export interface SilencingProxy {
  /** The server's url, through this. */
  readonly url: string;
  /** From now on nothing passes on the connections that stand, and nobody is told; new ones work. */
  silence(): void;
  close(): void;
}

/** Opens one on a port of its own. */
export const openSilencingProxy = async (server: string): Promise<SilencingProxy> => {
  const target = new URL(server);
  const sockets: Socket[] = [];
  const proxy = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect(Number(target.port), target.hostname);
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) {
      socket.on('error', () => undefined);
      sockets.push(socket);
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = new URL(server);
  url.hostname = '127.0.0.1';
  url.port = String((proxy.address() as AddressInfo).port);
  return {
    url: url.href,
    silence: () => sockets.forEach((socket) => socket.unpipe().pause()),
    close: () => {
      proxy.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
};
