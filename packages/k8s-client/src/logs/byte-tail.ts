/** The last bytes of a stream, in bounded memory: at most `maxBytes` and one chunk. */
export interface ByteTail {
  add(chunk: Uint8Array): void;
  /** How many bytes went through, and how many line breaks. */
  total(): number;
  lines(): number;
  bytes(): Uint8Array;
}

const lineBreak = 0x0a;

const countLines = (chunk: Uint8Array): number => {
  let count = 0;
  for (let at = chunk.indexOf(lineBreak); at >= 0; at = chunk.indexOf(lineBreak, at + 1)) count += 1;
  return count;
};

/** Keeps the last `maxBytes` of what is added. */
export const createByteTail = (maxBytes: number): ByteTail => {
  let chunks: Uint8Array[] = [];
  let [kept, total, lines] = [0, 0, 0];
  const add = (chunk: Uint8Array): void => {
    chunks.push(chunk);
    kept += chunk.length;
    total += chunk.length;
    lines += countLines(chunk);
    while (kept - (chunks[0]?.length ?? 0) >= maxBytes && chunks.length > 1)
      kept -= chunks.shift()?.length ?? 0;
  };
  const bytes = (): Uint8Array => {
    const whole = Buffer.concat(chunks);
    chunks = [whole];
    return new Uint8Array(
      maxBytes === 0 ? Buffer.alloc(0) : whole.subarray(Math.max(0, whole.length - maxBytes)),
    );
  };
  return { add, total: () => total, lines: () => lines, bytes };
};
