/**
 * Untrusted text (logs, labels, messages) may carry sequences that move the cursor, rename the window, fake links or
 * turn the direction of writing. On a terminal they are taken out; only colours (SGR) may stay.
 */

// ESC [ … final; ESC ] … (BEL | ESC \); ESC P|X|^|_ … ESC \; ESC + one character. C1 forms likewise.
const csi = '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]';
const stringSequence =
  '(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0007\\u001b\\u009c]*(?:\\u0007|\\u001b\\\\|\\u009c)';
const shortSequence = '\\u001b[ -/]*[0-~]';
const sequences = new RegExp(`${csi}|${stringSequence}|${shortSequence}`, 'g');
const colour = /^\u001b\[[\d;]*m$/;
// Control characters other than tab and newline, C1, and the marks that turn the direction of writing.
const leftovers =
  /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const escapes = /\u001b(?!\[[\d;]*m)/g;

const clean = (text: string, keepColour: boolean): string =>
  text
    .replace(sequences, (sequence) => (keepColour && colour.test(sequence) ? sequence : ''))
    .replace(/\r\n?/g, '\n')
    .replace(leftovers, '')
    .replace(escapes, '');

/** Text that may be shown on a terminal: lines and tabs stay, every control sequence goes. */
export const safeText = (text: string): string => clean(text, false);

/** The same on one line. */
export const safeLine = (text: string): string => safeText(text).replace(/[\n\t]+/g, ' ');

/** A sequence that no terminator has ended yet is held back this long, then let through cleaned: nobody waits for it. */
const heldCharacters = 4_096;
const unfinished =
  /(?:\u001b(?:\[[0-?]*[ -/]*)?|\u009b[0-?]*[ -/]*|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*\u001b?|\r)$/;

export interface Sanitizer {
  /** The part of the text so far that may be written now. */
  push(chunk: string): string;
  /** What was held back. */
  end(): string;
}

/** Cleans a text that arrives in chunks: a sequence split between two of them is still seen. */
export const createSanitizer = (keepColour: boolean): Sanitizer => {
  let held = '';
  let coloured = false;
  return {
    push: (chunk) => {
      const text = held + chunk;
      const cut = text.match(unfinished)?.index ?? text.length;
      held = text.length - cut > heldCharacters ? '' : text.slice(cut);
      const cleaned = clean(text.slice(0, text.length - held.length), keepColour);
      coloured ||= cleaned.includes('\u001b');
      return cleaned;
    },
    end: () => clean(held, keepColour) + (coloured ? '\u001b[0m' : ''),
  };
};

/** JSON in which what a terminal could misread is escaped; it parses to the same value. */
export const safeJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
