import type { SecretBindingDto, SecretBindingList } from '@job-orchestrator/types';
import type { Client } from '../api.ts';
import { queryOf } from '../queries.ts';
import { callOptions, segment, type Transport } from '../transport.ts';

type SecretCalls = Pick<Client, 'listSecretBindings' | 'bindSecret' | 'unbindSecret'>;

const base = '/api/v1/secret-bindings';

export const secretCalls = (transport: Transport): SecretCalls => ({
  listSecretBindings: (options = {}) =>
    transport.json<SecretBindingList>({
      ...callOptions(options),
      method: 'GET',
      path: base,
      query: queryOf({ project: options.project }),
    }),
  bindSecret: async (binding, options = {}) =>
    transport.json<SecretBindingDto>({
      ...callOptions(options),
      method: 'PUT',
      path: `${base}/${segment(binding.name, 'name')}`,
      body: binding,
    }),
  unbindSecret: async (name, options = {}) =>
    transport.json<SecretBindingDto>({
      ...callOptions(options),
      method: 'DELETE',
      path: `${base}/${segment(name, 'name')}`,
      query: queryOf({ project: options.project }),
    }),
});
