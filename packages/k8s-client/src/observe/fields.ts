import { storableText } from '@job-orchestrator/types';

/** An object of the server that is not as it must be: it is set aside, and the others go on. */
export class PoisonedObjectError extends Error {
  override readonly name = 'PoisonedObjectError';
}

type Fields = Readonly<Record<string, unknown>>;

const poisoned = (path: string, what: string): never => {
  throw new PoisonedObjectError(`${path} ${what}`);
};

/** A mapping; an absent one is empty. */
export const mapping = (value: unknown, path: string): Fields => {
  if (value === undefined || value === null) return {};
  return typeof value === 'object' && !Array.isArray(value)
    ? (value as Fields)
    : poisoned(path, 'is not a mapping');
};

/** A list; an absent one is empty. */
export const list = (value: unknown, path: string): readonly unknown[] => {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as unknown[]) : poisoned(path, 'is not a list');
};

/** Longer than any text that Kubernetes itself writes (an end of a log has 4 KiB, an event 1 KiB). */
const longestChars = 16_384;

const shortened = (text: string): string =>
  text.length > longestChars ? `${text.slice(0, longestChars)}…` : text;

/** A text, bounded and as a database can store it; an absent one is empty. */
export const text = (value: unknown, path: string): string => {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? storableText(shortened(value)) : poisoned(path, 'is not a text');
};

/** A text that must be there. */
export const requiredText = (value: unknown, path: string): string =>
  text(value, path) || poisoned(path, 'is missing');

/** A text, or null when it is absent or empty. */
export const textOrNull = (value: unknown, path: string): string | null => text(value, path) || null;

/** A moment, or null; also for the epoch, which the kubelet writes where nothing ever began (`StartError`). */
export const moment = (value: unknown, path: string): Date | null => {
  const written = text(value, path);
  if (written === '') return null;
  const at = new Date(written);
  if (Number.isNaN(at.getTime())) return poisoned(path, 'is not a time');
  return at.getTime() > 0 ? at : null;
};

/** A whole number that must be there. */
export const requiredInteger = (value: unknown, path: string): number =>
  Number.isSafeInteger(value) ? (value as number) : poisoned(path, 'is not a whole number');
