import { invalidInput, limits, type IdempotencyKey } from '@job-orchestrator/types';

/** The key of a request that may be repeated, with the fingerprint of its body. Throws `invalid_input`. */
export const idempotencyKey = (
  header: string | string[] | undefined,
  fingerprint: string,
): IdempotencyKey | undefined => {
  if (header === undefined) return undefined;
  const key = Array.isArray(header) ? header.join(', ') : header;
  // The length is checked apart: the message should say which of the two it is.
  if (key.length > limits.idempotencyKeyChars)
    throw refused(key, `must be at most ${limits.idempotencyKeyChars} characters`);
  if (!/^[\x20-\x7e]+$/.test(key)) throw refused(key, 'must be printable ASCII, and not empty');
  return { key, fingerprint };
};

const refused = (key: string, message: string) =>
  invalidInput([
    {
      field: 'Idempotency-Key',
      message,
      limit: limits.idempotencyKeyChars,
      value: JSON.stringify(key.slice(0, 64)),
    },
  ]);
