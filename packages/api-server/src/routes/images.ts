import { putImage, setImageActive } from '@job-orchestrator/operations';
import {
  ImagePageSchema,
  ImageSchema,
  ImageSubmissionSchema,
  Name,
  OrchestratorError,
  validateImageSubmission,
  type ImageDto,
  type ImagePage,
  type PageRequest,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toImage } from '../dto/to-dto.ts';
import { named, namedBody } from '../input/named-body.ts';
import { listKey, pageParameters, readPage } from '../input/pages.ts';
import { NameParams, parameterReader, parameters, ProjectQuery } from '../input/parameters.ts';
import { writeContext } from '../input/reason.ts';
import { json, type Route } from './route.ts';

const ImageListQuery = parameters({ project: Type.Optional(Name), ...pageParameters });
const readImageList = parameterReader(ImageListQuery);

const list = async (context: ApiContext, request: FastifyRequest): Promise<ImagePage> => {
  const query = readImageList(request.query);
  const project = query.project ?? null;
  const read = (page: PageRequest) => context.database.images.list(project, page);
  return readPage(listKey('images', { project }), query, read, toImage);
};

const get = async (context: ApiContext, request: FastifyRequest): Promise<ImageDto> => {
  const { name, project } = named(request);
  const image = await context.database.images.get(project, name);
  if (image !== null) return toImage(image);
  throw new OrchestratorError(
    'image_not_found',
    `The image ${name} is not registered in project ${project}.`,
  );
};

const put = async (context: ApiContext, request: FastifyRequest): Promise<ImageDto> => {
  const image = validateImageSubmission(namedBody(request));
  return toImage(await putImage(context.operations, image, writeContext('registered by a user')));
};

const setActive =
  (active: boolean) =>
  async (context: ApiContext, request: FastifyRequest): Promise<ImageDto> => {
    const { name, project } = named(request);
    const why = writeContext(active ? 'enabled by a user' : 'disabled by a user');
    return toImage(await setImageActive(context.operations, project, name, active, why));
  };

const oneImage = { tag: 'images', access: 'token', params: NameParams, query: ProjectQuery } as const;

export const imageRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/images',
    operationId: 'listImages',
    summary: 'List the image registry',
    tag: 'images',
    access: 'token',
    query: ImageListQuery,
    answer: json(ImagePageSchema, 'One page.'),
    handle: list,
  },
  {
    method: 'GET',
    url: '/api/v1/images/:name',
    operationId: 'getImage',
    summary: 'Read an image',
    ...oneImage,
    answer: json(ImageSchema, 'The image.'),
    handle: get,
  },
  {
    method: 'PUT',
    url: '/api/v1/images/:name',
    operationId: 'putImage',
    summary: 'Register an image or replace its definition; active afterwards',
    ...oneImage,
    body: ImageSubmissionSchema,
    answer: json(ImageSchema, 'The image as it is now.'),
    handle: put,
  },
  {
    method: 'POST',
    url: '/api/v1/images/:name/disable',
    operationId: 'disableImage',
    summary: 'Refuse new jobs with this image',
    ...oneImage,
    answer: json(ImageSchema, 'The image as it is now.'),
    handle: setActive(false),
  },
  {
    method: 'POST',
    url: '/api/v1/images/:name/enable',
    operationId: 'enableImage',
    summary: 'Accept new jobs with this image again',
    ...oneImage,
    answer: json(ImageSchema, 'The image as it is now.'),
    handle: setActive(true),
  },
];
