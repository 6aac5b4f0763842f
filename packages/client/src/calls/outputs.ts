import type { OutputList } from '@job-orchestrator/types';
import type { Client } from '../api.ts';
import { notOurs } from '../errors.ts';
import { callOptions, segment, type Transport } from '../transport.ts';
import { jobPath } from './jobs.ts';

/** The sha-256 as the header `Repr-Digest` writes it. */
const digestOf = async (content: Uint8Array<ArrayBuffer>): Promise<string> => {
  const hash = await crypto.subtle.digest('SHA-256', content);
  return `sha-256=:${Buffer.from(hash).toString('base64')}:`;
};

export const outputCalls = (transport: Transport): Pick<Client, 'listOutputs' | 'readOutput'> => ({
  listOutputs: async (selector, options = {}) =>
    transport.json<OutputList>({
      ...callOptions(options),
      method: 'GET',
      path: jobPath(selector, '/outputs'),
    }),
  async readOutput(selector, name, options = {}) {
    const path = jobPath(selector, `/outputs/${segment(name, 'name')}`);
    const { content, headers } = await transport.bytes({
      ...callOptions(options),
      method: 'GET',
      path,
      headers: { accept: '*/*' },
    });
    const digest = headers.get('repr-digest');
    if (digest !== (await digestOf(content)))
      throw notOurs(transport.server, 'other bytes than those of its Repr-Digest', digest ?? 'none');
    return content;
  },
});
