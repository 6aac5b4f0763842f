import { createColors } from 'picocolors';
import { exitCodes } from './exit-codes.ts';
import { createSanitizer, safeText, type Sanitizer } from './sanitize.ts';
import { styleOf, type StreamStyle } from './terminal.ts';

export type Colours = ReturnType<typeof createColors>;

/** Where a live picture stands. */
export type LiveStream = 'stdout' | 'stderr';

/** Where a command writes: data to stdout, everything said about it to stderr. */
export interface Screen {
  readonly outStyle: StreamStyle;
  readonly errStyle: StreamStyle;
  readonly outColours: Colours;
  readonly errColours: Colours;
  /** Data, as it is. */
  out(text: string): void;
  /** Data that may not be text, byte by byte. */
  outBytes(bytes: Uint8Array): void;
  /** A line for people, made safe for a terminal. */
  note(line: string): void;
  /** Where there is a picture to draw over (`live`): how much room there is now. */
  room(stream: LiveStream): { readonly columns: number; readonly rows: number };
  /** Writes text with its own control sequences, as they are. */
  draw(stream: LiveStream, text: string): void;
  /** A writer for an untrusted stream of text: exact into a file or pipe, cleaned on a terminal. */
  outStream(): Sanitizer;
}

const exact: Sanitizer = { push: (chunk) => chunk, end: () => '' };
/** A writer that changes nothing. */
export const exactStream = (): Sanitizer => exact;

const factsOf = (stream: NodeJS.WriteStream): { isTTY: boolean; columns: number | null } => ({
  isTTY: stream.isTTY,
  columns: stream.columns ?? null,
});

/**
 * A reader that went away (`| head`) is no error: there is nobody left to write for. All else is (a full disk): what was
 * written is not whole. In `run` that is a failure of ours, and says nothing of the job.
 */
const leave =
  (isRun: boolean) =>
  (error: NodeJS.ErrnoException): never => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok);
    const goesOn = isRun ? '; the job is not touched by that: job-orchestrator get jobs' : '';
    process.stderr.write(`error: the output cannot be written: ${error.message}${goesOn}\n`);
    process.exit(isRun ? exitCodes.ours : exitCodes.error);
  };

/** The screen over this process' own streams; `isRun`: the command is `run`, whose exit code is a program's. */
export const processScreen = (environment: NodeJS.ProcessEnv, isRun: boolean): Screen => {
  const outStyle = styleOf(factsOf(process.stdout), environment);
  const errStyle = styleOf(factsOf(process.stderr), environment);
  const colourable = createSanitizerFor(outStyle);
  process.stdout.on('error', leave(isRun));
  return {
    outStyle,
    errStyle,
    outColours: createColors(outStyle.colour),
    errColours: createColors(errStyle.colour),
    out: (text) => void process.stdout.write(text),
    outBytes: (bytes) => void process.stdout.write(bytes),
    note: (line) => void process.stderr.write(`${errStyle.terminal ? keepOurColours(line) : line}\n`),
    room: (name) => {
      const { columns } = styleOf(factsOf(process[name]), environment);
      return { columns: columns === Infinity ? 80 : columns, rows: process[name].rows ?? 24 };
    },
    draw: (name, text) => void process[name].write(text),
    outStream: colourable,
  };
};

const createSanitizerFor = (style: StreamStyle) => (): Sanitizer =>
  style.terminal ? createSanitizer(style.colour) : exact;

/** Our own lines may carry colours that we painted; whatever else is in them goes. */
const keepOurColours = (line: string): string => {
  const sanitizer = createSanitizer(true);
  const text = sanitizer.push(line) + sanitizer.end();
  return text.replace(/\u001b\[0m$/, '');
};

/** Data made safe where a person reads it directly. */
export const dataText = (screen: Screen, text: string): string =>
  screen.outStyle.terminal ? safeText(text) : text;
