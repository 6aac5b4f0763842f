/** Wider lines are cut around the spot: JSON often stands in one line. */
const mostColumns = 100;

const lineAround = (text: string, at: number): { readonly start: number; readonly line: string } => {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  return { start, line: text.slice(start, end < 0 ? text.length : end).replace(/\r$/, '') };
};

/** Tabs and control characters take one column each, so that the caret stands right. */
const plain = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ');

const lineNumberOf = (text: string, at: number): number => {
  let number = 1;
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', next + 1))
    number += 1;
  return number;
};

/** The line at `start` with its number, and below it carets under `start` up to `end` (within the line). */
export const excerptAt = (text: string, start: number, end: number): string => {
  const { start: lineStart, line } = lineAround(text, start);
  const column = Math.min(start - lineStart, line.length);
  const from = column > mostColumns - 20 ? column - 40 : 0;
  const shown = plain(line.slice(from, from + mostColumns));
  const rest = line.length > from + mostColumns ? '…' : '';
  const carets = Math.max(1, Math.min(end - start, line.length - column, mostColumns - (column - from)));
  const number = String(lineNumberOf(text, start));
  const margin = ' '.repeat(number.length);
  return `${number} | ${from > 0 ? '…' : ''}${shown}${rest}\n${margin} | ${' '.repeat(column - from + (from > 0 ? 1 : 0))}${'^'.repeat(carets)}`;
};
