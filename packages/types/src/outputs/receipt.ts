/**
 * What an output collector leaves as its termination message, once the program has ended.
 * `none`: there was no file. `refused`: there was one that cannot be taken, whoever asks again.
 * `left`: the whole output lies in the collector's log, framed; `result` is all of it where it is small.
 * `delivered`: the API accepted it. `note`: why it did not, for people.
 */
export type OutputReceipt =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly message: string }
  | {
      readonly kind: 'left';
      readonly bytes: number;
      /** sha-256, hex. */
      readonly digest: string;
      readonly delivered: boolean;
      readonly result: Uint8Array | null;
      readonly note: string | null;
    };

/** Kubernetes keeps 4,096 bytes of a termination message; 2 KiB in base64 leave room for the rest. */
export const receiptResultBytes = 2_048;
const noteChars = 500;

interface WrittenReceipt {
  readonly receipt?: unknown;
  readonly kind?: unknown;
  readonly message?: unknown;
  readonly bytes?: unknown;
  readonly digest?: unknown;
  readonly delivered?: unknown;
  readonly result?: unknown;
  readonly note?: unknown;
}

const version = 1;

/** The receipt as one line of at most 4,096 bytes. */
export const writeReceipt = (receipt: OutputReceipt): string => {
  if (receipt.kind === 'none') return JSON.stringify({ receipt: version, kind: 'none' });
  if (receipt.kind === 'refused')
    return JSON.stringify({
      receipt: version,
      kind: 'refused',
      message: receipt.message.slice(0, noteChars),
    });
  const { kind, bytes, digest, delivered, result, note } = receipt;
  const small = result === null || result.byteLength > receiptResultBytes ? null : result;
  return JSON.stringify({
    receipt: version,
    kind,
    bytes,
    digest,
    delivered,
    ...(small === null ? {} : { result: Buffer.from(small).toString('base64') }),
    ...(note === null ? {} : { note: note.slice(0, noteChars) }),
  });
};

const readLeft = (written: WrittenReceipt): OutputReceipt | null => {
  const { bytes, digest, delivered, result, note } = written;
  if (!Number.isSafeInteger(bytes) || typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest))
    return null;
  return {
    kind: 'left',
    bytes: bytes as number,
    digest,
    delivered: delivered === true,
    result: typeof result === 'string' ? Buffer.from(result, 'base64') : null,
    note: typeof note === 'string' ? note : null,
  };
};

const parse = (text: string): WrittenReceipt | null => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
};

/** Reads a termination message back; null for one that is no receipt (the collector was killed before it wrote it). */
export const readReceipt = (text: string): OutputReceipt | null => {
  const written = parse(text);
  if (written?.receipt !== version) return null;
  if (written.kind === 'none') return { kind: 'none' };
  if (written.kind === 'refused')
    return { kind: 'refused', message: typeof written.message === 'string' ? written.message : '' };
  return written.kind === 'left' ? readLeft(written) : null;
};
