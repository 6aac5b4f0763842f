/**
 * An output inside a log: a first line with size and digest, base64, a last line with the digest again. Lines of 4,096
 * characters stay below the 16 KiB at which container runtimes cut a line in two.
 */
const mark = 'job-orchestrator-output';
const lineChars = 4_096;

/** An output found in a log; not checked yet: the caller compares the digest of `content`. */
export interface FramedOutput {
  readonly content: Uint8Array;
  /** sha-256, hex, as the frame says. */
  readonly digest: string;
}

/** The frame of an output, as text with a line break at its end. */
export const frameOutput = (content: Uint8Array, digest: string): string => {
  const base64 = Buffer.from(content).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${lineChars}}`, 'g')) ?? [];
  return [`${mark} begin ${content.byteLength} ${digest}`, ...lines, `${mark} end ${digest}`, ''].join('\n');
};

/** Takes a log line by line and keeps the last whole frame of it. */
export interface FrameReader {
  line(text: string): void;
  found(): FramedOutput | null;
}

const begin = new RegExp(`^${mark} begin (\\d{1,9}) ([0-9a-f]{64})$`);

/** Reads frames of at most `limitBytes`; what is larger is passed over, so that memory stays bounded. */
export const createFrameReader = (limitBytes: number): FrameReader => {
  let open: { readonly bytes: number; readonly digest: string; chars: number; parts: string[] } | null = null;
  let found: FramedOutput | null = null;

  const close = (): void => {
    if (open === null) return;
    const content = Buffer.from(open.parts.join(''), 'base64');
    if (content.byteLength === open.bytes) found = { content, digest: open.digest };
    open = null;
  };
  const line = (text: string): void => {
    const header = begin.exec(text);
    if (header !== null) {
      const bytes = Number(header[1]);
      open = bytes > limitBytes ? null : { bytes, digest: header[2] ?? '', chars: 0, parts: [] };
    } else if (text === `${mark} end ${open?.digest}`) close();
    else if (open !== null && /^[A-Za-z0-9+/=]+$/.test(text)) {
      open.chars += text.length;
      open.parts.push(text);
      if (open.chars > Math.ceil(open.bytes / 3) * 4) open = null;
    }
  };
  return { line, found: () => found };
};
