/**
 * Untrusted text (logs, labels, messages) may carry sequences that move the cursor, rename the window, fake links or
 * turn the direction of writing. On a terminal they are taken out; only colours (SGR) may stay.
 *
 * One pass, one character at a time, as a terminal reads: what is left cannot form a sequence anew, and a text cleaned in
 * chunks is the text cleaned at once.
 */

/** What the characters so far have begun. `string`: OSC, DCS and their like; `stringEscape`: an ESC inside one. */
type Mode = 'text' | 'escape' | 'csi' | 'string' | 'stringEscape';

interface Scanner {
  mode: Mode;
  /** The sequence so far; only its length counts for strings. */
  sequence: string;
  afterReturn: boolean;
  out: string;
  readonly keepColour: boolean;
}

/** A sequence longer than this is none that a terminal waits for: what follows is text again. */
const longestSequence = 4_096;

const isColour = (sequence: string): boolean => /^\u001b\[[\d;]*m$/.test(sequence);
const beginsString = (character: string): boolean => /[\u0090\u0098\u009d-\u009f]/.test(character);
// Control characters other than tab and newline, C1, and the marks that turn the direction of writing.
const forbidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

const enter = (scanner: Scanner, mode: Mode, sequence = ''): void => {
  scanner.mode = mode;
  scanner.sequence = sequence;
};

const readText = (scanner: Scanner, character: string): void => {
  const endsReturn = character === '\n' && scanner.afterReturn;
  scanner.afterReturn = character === '\r';
  if (character === '\u001b') enter(scanner, 'escape', character);
  else if (character === '\u009b') enter(scanner, 'csi', character);
  else if (beginsString(character)) enter(scanner, 'string');
  // A return would let a line overwrite itself.
  else if (character === '\r') scanner.out += '\n';
  else if (!endsReturn && !forbidden.test(character)) scanner.out += character;
};

/** Whatever cannot go on the sequence ends it, and counts for itself. */
const again = (scanner: Scanner, character: string): void => {
  enter(scanner, 'text');
  readText(scanner, character);
};

const readEscape = (scanner: Scanner, character: string): void => {
  if (character === '[' && scanner.sequence === '\u001b') enter(scanner, 'csi', '\u001b[');
  else if (/[\]PX^_]/.test(character) && scanner.sequence === '\u001b') enter(scanner, 'string');
  else if (/[ -/]/.test(character)) scanner.sequence += character;
  else if (/[0-~]/.test(character)) enter(scanner, 'text');
  else again(scanner, character);
};

const readCsi = (scanner: Scanner, character: string): void => {
  const sequence = scanner.sequence + character;
  if (/[ -?]/.test(character) && sequence.length < longestSequence) scanner.sequence = sequence;
  else if (/[@-~]/.test(character)) {
    if (scanner.keepColour && isColour(sequence)) scanner.out += sequence;
    enter(scanner, 'text');
  } else again(scanner, character);
};

const readString = (scanner: Scanner, character: string): void => {
  if (character === '\u0007' || character === '\u009c') enter(scanner, 'text');
  else if (character === '\u001b') enter(scanner, 'stringEscape');
  else if (scanner.sequence.length >= longestSequence) again(scanner, character);
  else scanner.sequence += '.';
};

const readStringEscape = (scanner: Scanner, character: string): void => {
  if (character === '\\') return enter(scanner, 'text');
  enter(scanner, 'escape', '\u001b');
  readEscape(scanner, character);
};

const readers: Readonly<Record<Mode, (scanner: Scanner, character: string) => void>> = {
  text: readText,
  escape: readEscape,
  csi: readCsi,
  string: readString,
  stringEscape: readStringEscape,
};

export interface Sanitizer {
  /** The part of the text so far that may be written now. */
  push(chunk: string): string;
  /** What ends the text: colours that it left on are turned off. */
  end(): string;
}

/** Cleans a text that arrives in chunks: a sequence split between two of them is still seen. */
export const createSanitizer = (keepColour: boolean): Sanitizer => {
  const scanner: Scanner = { mode: 'text', sequence: '', afterReturn: false, out: '', keepColour };
  let coloured = false;
  return {
    push: (chunk) => {
      scanner.out = '';
      for (const character of chunk) readers[scanner.mode](scanner, character);
      coloured ||= scanner.out.includes('\u001b');
      return scanner.out;
    },
    end: () => (coloured ? '\u001b[0m' : ''),
  };
};

/** Text that may be shown on a terminal: lines and tabs stay, every control sequence goes. */
export const safeText = (text: string): string => createSanitizer(false).push(text);

/** The same on one line. */
export const safeLine = (text: string): string => safeText(text).replace(/[\n\t]+/g, ' ');

/** JSON in which what a terminal could misread is escaped; it parses to the same value. */
export const safeJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
