import type { ImageDto, ImagePage } from '@job-orchestrator/types';
import type { Client, ProjectOptions } from '../api.ts';
import { queryOf } from '../queries.ts';
import { callOptions, segment, type Transport } from '../transport.ts';

type ImageCalls = Pick<Client, 'listImages' | 'getImage' | 'putImage' | 'disableImage' | 'enableImage'>;

const imagePath = (name: string, rest = ''): string => `/api/v1/images/${segment(name, 'name')}${rest}`;

const ask = (transport: Transport, path: string, options: ProjectOptions): Promise<ImageDto> =>
  transport.json<ImageDto>({
    ...callOptions(options),
    method: 'POST',
    path,
    query: queryOf({ project: options.project }),
  });

export const imageCalls = (transport: Transport): ImageCalls => ({
  listImages: (query = {}, options = {}) =>
    transport.json<ImagePage>({
      ...options,
      method: 'GET',
      path: '/api/v1/images',
      query: queryOf({ ...query }),
    }),
  getImage: async (name, options = {}) =>
    transport.json<ImageDto>({
      ...callOptions(options),
      method: 'GET',
      path: imagePath(name),
      query: queryOf({ project: options.project }),
    }),
  putImage: async (image, options = {}) =>
    transport.json<ImageDto>({
      ...callOptions(options),
      method: 'PUT',
      path: imagePath(image.name),
      body: image,
    }),
  disableImage: async (name, options = {}) => ask(transport, imagePath(name, '/disable'), options),
  enableImage: async (name, options = {}) => ask(transport, imagePath(name, '/enable'), options),
});
