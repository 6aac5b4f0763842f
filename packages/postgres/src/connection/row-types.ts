/** Text of a `timestamptz` → Date. Sessions run in UTC, so the offset is nearly always `+00`. */
const parseTimestamp = (text: string): Date =>
  text.endsWith('+00')
    ? new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`)
    : new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));

const parseBigint = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} is beyond 2^53`);
  return value;
};

const parseBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
const parseJson = (text: string): unknown => JSON.parse(text);

/** How results are read, by type id, on both databases alike. Whatever is not listed here is text, number or boolean. */
export const rowTypes: Readonly<Record<number, (text: string) => unknown>> = {
  17: parseBytes,
  20: parseBigint,
  114: parseJson,
  1184: parseTimestamp,
  3802: parseJson,
};
