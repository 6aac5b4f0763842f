/** Breaks text into lines of at most `columns` characters, at blanks where there are any; lines of the text stay apart. */
export const wrapText = (text: string, columns: number): string[] =>
  text.split('\n').flatMap((line) => wrapLine(line, columns));

const wrapLine = (line: string, columns: number): string[] => {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const blank = rest.lastIndexOf(' ', columns);
    const cut = blank > 0 ? blank : columns;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
};

/** `label` in a column of its own, the text beside it, wrapped and indented. */
export const labelled = (label: string, text: string, labelColumns: number, columns: number): string[] => {
  const space = Math.max(16, columns - labelColumns);
  return wrapText(text, space).map((line, index) =>
    `${(index === 0 ? label : '').padEnd(labelColumns)}${line}`.trimEnd(),
  );
};
