import { putImage, setImageActive } from '@job-orchestrator/operations';
import {
  ImagePageSchema,
  ImageSchema,
  ImageSubmissionSchema,
  invalidInput,
  Name,
  OrchestratorError,
  validateImageSubmission,
  type ImageDto,
  type ImagePage,
  type JsonValue,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toImage } from '../dto/to-dto.ts';
import { requiredBody } from '../http/body.ts';
import { listKey, pageParameters, pageRequest, toPage } from '../input/pages.ts';
import {
  NameParams,
  parameterReader,
  parameters,
  ProjectQuery,
  readName,
  readProject,
} from '../input/parameters.ts';
import { writeContext } from '../input/reason.ts';
import { json, type Route } from './route.ts';

const ImageListQuery = parameters({ project: Type.Optional(Name), ...pageParameters });
const readImageList = parameterReader(ImageListQuery);

const list = async (context: ApiContext, request: FastifyRequest): Promise<ImagePage> => {
  const query = readImageList(request.query);
  const project = query.project ?? null;
  const key = listKey('images', { project });
  return toPage(key, await context.database.images.list(project, pageRequest(key, query)), toImage);
};

const named = (request: FastifyRequest): { readonly name: string; readonly project: string } => ({
  name: readName(request.params).name,
  project: readProject(request.query).project ?? 'default',
});

const get = async (context: ApiContext, request: FastifyRequest): Promise<ImageDto> => {
  const { name, project } = named(request);
  const image = await context.database.images.get(project, name);
  if (image !== null) return toImage(image);
  throw new OrchestratorError(
    'image_not_found',
    `The image ${name} is not registered in project ${project}.`,
  );
};

const isMap = (value: JsonValue): value is { readonly [key: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The address names the image; a body that names another one is a mistake that nobody would notice. */
const refuseOtherName = (body: JsonValue, field: 'name' | 'project', value: string | undefined): void => {
  if (value === undefined || !isMap(body) || body[field] === undefined || body[field] === value) return;
  throw invalidInput([
    {
      field,
      message: `must be ${value}, as in the address`,
      limit: value,
      value: JSON.stringify(body[field]).slice(0, 64),
    },
  ]);
};

const put = async (context: ApiContext, request: FastifyRequest): Promise<ImageDto> => {
  const { name } = readName(request.params);
  const { project } = readProject(request.query);
  const { value } = requiredBody(request);
  refuseOtherName(value, 'name', name);
  refuseOtherName(value, 'project', project);
  const complete = isMap(value) ? { ...value, name, ...(project === undefined ? {} : { project }) } : value;
  const image = validateImageSubmission(complete);
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
