import type { Readable } from 'node:stream';

/** One watch event is at most a Kubernetes object, 1.5 MiB; a longer line is not one. */
const longestLineChars = 8_388_608;

/** Calls `onActivity` for every piece that arrives, and yields each line as JSON. Throws on what is no JSON. */
export async function* jsonLines(
  stream: Readable,
  onActivity: () => void,
): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    onActivity();
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLineChars)
      throw new Error(`a watch event of more than ${longestLineChars} characters`);
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as unknown;
  }
}
