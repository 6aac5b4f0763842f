/** How many bytes a sequence has that begins with this byte; 1 for anything that begins none. */
const sequenceLength = (lead: number): number => {
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xc2 && lead < 0xe0 ? 2 : 1;
};

const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;

/** How many bytes at the end belong to a code point that is not complete yet: 0 to 3. */
export const incompleteBytes = (bytes: Uint8Array): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (isContinuation(byte)) continue;
    return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
};

/** How many bytes at the start are the rest of a code point that was cut: 0 to 3. */
export const leadingContinuations = (bytes: Uint8Array): number => {
  let count = 0;
  while (count < Math.min(3, bytes.length) && isContinuation(bytes[count]!)) count += 1;
  return count;
};

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A piece of text and how many bytes of the log it stands for. */
export interface Utf8Piece {
  readonly text: string;
  readonly bytes: number;
}

/** Decodes a log piece by piece without ever splitting a code point; what is not UTF-8 becomes U+FFFD. */
export interface Utf8Pieces {
  push(bytes: Uint8Array): Utf8Piece;
  /** The bytes that were held back, when no more will come. */
  flush(): Utf8Piece;
}

export const createUtf8Pieces = (): Utf8Pieces => {
  let held: Uint8Array = new Uint8Array(0);
  return {
    push(bytes) {
      const all = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const whole = all.length - incompleteBytes(all);
      // A copy: the caller may use its buffer again.
      held = all.slice(whole);
      return { text: decoder.decode(all.subarray(0, whole)), bytes: whole };
    },
    flush() {
      const piece = { text: decoder.decode(held), bytes: held.length };
      held = new Uint8Array(0);
      return piece;
    },
  };
};
