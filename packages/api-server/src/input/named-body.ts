import { invalidInput, type JsonValue } from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { requiredBody } from '../http/body.ts';
import { readName, readProject } from './parameters.ts';

/** What a request names: by its path, and by `?project=`, which is `default` unless given. */
export const named = (request: FastifyRequest): { readonly name: string; readonly project: string } => ({
  name: readName(request.params).name,
  project: readProject(request.query).project ?? 'default',
});

const isMap = (value: JsonValue): value is { readonly [key: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The address names the thing; a body that names another one is a mistake that nobody would notice. */
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

/** The body of a PUT to a named thing, with the name and the project of its address. */
export const namedBody = (request: FastifyRequest): JsonValue => {
  const { name } = readName(request.params);
  const { project } = readProject(request.query);
  const { value } = requiredBody(request);
  refuseOtherName(value, 'name', name);
  refuseOtherName(value, 'project', project);
  return isMap(value) ? { ...value, name, ...(project === undefined ? {} : { project }) } : value;
};
