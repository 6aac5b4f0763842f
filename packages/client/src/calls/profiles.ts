import type { ProfileDto, ProfileList } from '@job-orchestrator/types';
import type { Client } from '../api.ts';
import { queryOf } from '../queries.ts';
import { callOptions, segment, type Transport } from '../transport.ts';

type ProfileCalls = Pick<Client, 'listProfiles' | 'getProfile' | 'putProfile' | 'removeProfile'>;

const profilePath = (name: string): string => `/api/v1/profiles/${segment(name, 'name')}`;

export const profileCalls = (transport: Transport): ProfileCalls => ({
  listProfiles: (options = {}) =>
    transport.json<ProfileList>({
      ...callOptions(options),
      method: 'GET',
      path: '/api/v1/profiles',
      query: queryOf({ project: options.project }),
    }),
  getProfile: async (name, options = {}) =>
    transport.json<ProfileDto>({
      ...callOptions(options),
      method: 'GET',
      path: profilePath(name),
      query: queryOf({ project: options.project }),
    }),
  putProfile: async (profile, options = {}) =>
    transport.json<ProfileDto>({
      ...callOptions(options),
      method: 'PUT',
      path: profilePath(profile.name),
      body: profile,
    }),
  removeProfile: async (name, options = {}) =>
    transport.json<ProfileDto>({
      ...callOptions(options),
      method: 'DELETE',
      path: profilePath(name),
      query: queryOf({ project: options.project, force: options.force }),
    }),
});
