import type { AttemptState, JobState, LogPlace } from '@job-orchestrator/types';
import { createUtf8Pieces, leadingContinuations, type Utf8Piece } from './utf8.ts';

/** A place in a job's log: an attempt and how many bytes of its log were told. */
export interface LogPosition {
  readonly attempt: number;
  readonly offset: number;
}

/** What a followed log says. `position` is where a reader that heard so far may go on. */
export type LogItem =
  | { readonly kind: 'attempt'; readonly position: LogPosition }
  | { readonly kind: 'text'; readonly text: string; readonly position: LogPosition }
  | {
      readonly kind: 'gap';
      readonly bytes: number | null;
      /** So many or more. */
      readonly atLeast: boolean;
      readonly position: LogPosition;
    }
  | {
      readonly kind: 'end';
      readonly state: JobState;
      readonly attempt: number;
      readonly attemptState: AttemptState | null;
      readonly exitCode: number | null;
    };

/** Turns the bytes of one attempt's log into items, and knows how far it has come. */
export interface LogItems {
  /** Bytes taken so far, from the log's first; the next ones to give. */
  readonly taken: number;
  /** The last bytes taken, 256 at most. */
  readonly last: Uint8Array;
  /** Where its reader is in what the runtime shows. */
  readonly place: LogPlace;
  text(bytes: Uint8Array): Generator<LogItem, void, undefined>;
  /** Goes on at a later byte; says so unless `silent`. */
  skipTo(offset: number, telling: 'silent' | 'exact' | 'at_least'): Generator<LogItem, void, undefined>;
  /** The runtime has lost bytes of the log here; null: nobody knows how many. */
  lost(bytes: number | null): Generator<LogItem, void, undefined>;
  /** Tells what was held back for the rest of a code point. */
  flush(): Generator<LogItem, void, undefined>;
}

/** One event carries at most so many bytes of log, so that a reader's share of memory stays small. */
const pieceBytes = 32_768;
const lastBytesKept = 256;

export const createLogItems = (attempt: number, start: number): LogItems => {
  const pieces = createUtf8Pieces();
  const place: LogPlace = { position: start, file: null };
  let taken = start;
  let told = start;
  let cut = false;
  let last: Uint8Array = new Uint8Array(0);
  const item = (piece: Utf8Piece): LogItem | null => {
    told += piece.bytes;
    return piece.bytes === 0 ? null : { kind: 'text', text: piece.text, position: { attempt, offset: told } };
  };
  function* flush(): Generator<LogItem, void, undefined> {
    const held = item(pieces.flush());
    if (held !== null) yield held;
  }
  function* goOnAt(offset: number): Generator<LogItem, void, undefined> {
    yield* flush();
    cut = true;
    taken = offset;
    told = offset;
  }
  return {
    place,
    get taken() {
      return taken;
    },
    get last() {
      return last;
    },
    *text(bytes) {
      // After a cut the first bytes may be the end of a code point whose beginning nobody told.
      const skipped = cut ? leadingContinuations(bytes) : 0;
      cut = false;
      taken += bytes.length;
      last = Buffer.concat([last, bytes.subarray(-lastBytesKept)]).subarray(-lastBytesKept);
      told += skipped;
      for (let from = skipped; from < bytes.length; from += pieceBytes) {
        const next = item(pieces.push(bytes.subarray(from, from + pieceBytes)));
        if (next !== null) yield next;
      }
    },
    *skipTo(offset, telling) {
      const bytes = offset - taken;
      yield* goOnAt(offset);
      const atLeast = telling === 'at_least';
      if (telling !== 'silent') yield { kind: 'gap', bytes, atLeast, position: { attempt, offset } };
    },
    *lost(bytes) {
      yield* goOnAt(taken + (bytes ?? 0));
      yield { kind: 'gap', bytes, atLeast: false, position: { attempt, offset: taken } };
    },
    flush,
  };
};
