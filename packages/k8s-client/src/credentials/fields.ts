import { OrchestratorError } from '@job-orchestrator/types';

/** An untrusted mapping with the file and the path it was found at, so that errors can name both. */
export interface Section {
  readonly file: string;
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Throws `invalid_configuration` naming file and field. */
export const refuse = (file: string, field: string, message: string, value?: unknown): never => {
  throw new OrchestratorError('invalid_configuration', `${file}: ${field}: ${message}`, [
    { field: `${file}: ${field}`, message, ...(value === undefined ? {} : { value: shorten(value) }) },
  ]);
};

const shorten = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 80);

const at = (section: Section, key: string): string => (section.path === '' ? key : `${section.path}.${key}`);

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An optional text; refuses anything else. The value is never shown, for it may be a secret. */
export const text = (section: Section, key: string): string | undefined => {
  const value = section.values[key];
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'string'
    ? value
    : refuse(section.file, at(section, key), `must be text, not ${typeof value}`);
};

/** A text that must be there. */
export const requiredText = (section: Section, key: string): string =>
  text(section, key) ?? refuse(section.file, at(section, key), 'is missing');

/** An optional true or false; refuses anything else. */
export const flag = (section: Section, key: string): boolean => {
  const value = section.values[key];
  if (value === undefined || value === null) return false;
  return typeof value === 'boolean'
    ? value
    : refuse(section.file, at(section, key), 'must be true or false', value);
};

/** An optional mapping below a section. */
export const child = (section: Section, key: string): Section | undefined => {
  const value = section.values[key];
  if (value === undefined || value === null) return undefined;
  if (!isMapping(value)) return refuse(section.file, at(section, key), 'must be a mapping');
  return { file: section.file, path: at(section, key), values: value };
};

/** The items of an optional list, each of which must be a mapping. */
export const children = (section: Section, key: string): readonly Section[] => {
  const value = section.values[key] ?? [];
  if (!Array.isArray(value)) return refuse(section.file, at(section, key), 'must be a list');
  return value.map((item: unknown, index) => {
    const path = `${at(section, key)}[${index}]`;
    return isMapping(item)
      ? { file: section.file, path, values: item }
      : refuse(section.file, path, 'must be a mapping');
  });
};

/** The texts of an optional list. */
export const texts = (section: Section, key: string): readonly string[] => {
  const value = section.values[key] ?? [];
  const good = Array.isArray(value) && value.every((item) => typeof item === 'string');
  return good ? value : refuse(section.file, at(section, key), 'must be a list of texts');
};
