/** `12 | ` before a line of a file. */
const marginOf = (line: string): number => (/^ *\d* *\| /.exec(line)?.[0] ?? '').length;

/** The line of a file with a caret below, cut around the caret to fit: wrapped, it would point nowhere. */
export const fitExcerpt = (excerpt: string, columns: number): readonly string[] => {
  const [line = '', carets = ''] = excerpt.split('\n');
  const margin = marginOf(line);
  const space = Math.max(10, columns - margin);
  const [text, marks] = [line.slice(margin), carets.slice(margin)];
  if (text.length <= space && marks.length <= space) return [line, carets];
  const most = space - 2;
  const spot = marks.indexOf('^');
  const start = marks.length <= most ? 0 : Math.max(0, Math.min(spot, marks.length - most, spot - 4));
  const cut = text.slice(start, start + most);
  const [before, after] = [start > 0 ? '…' : '', text.length > start + most ? '…' : ''];
  const under = `${start > 0 ? ' ' : ''}${marks.slice(start, start + most)}`;
  return [`${line.slice(0, margin)}${before}${cut}${after}`, `${carets.slice(0, margin)}${under}`];
};
