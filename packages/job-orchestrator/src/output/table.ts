import Table from 'cli-table3';
import { safeLine } from './sanitize.ts';
import { wrapText } from './wrap.ts';

/** A column of a table. `drop`: left out first (highest number first) where the terminal is narrow; unset: never. */
export interface Column<Row> {
  readonly header: string;
  readonly value: (row: Row) => string;
  readonly drop?: number;
  /** Colours the finished cell; must not change its width. */
  readonly paint?: (cell: string, row: Row) => string;
}

const gap = 2;
const narrowest = 6;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const totalWidth = (widths: readonly number[]): number => sum(widths) + gap * Math.max(0, widths.length - 1);

/** Takes a column off the widest until all fit or none may shrink. */
const shrink = (natural: readonly number[], columns: number): number[] => {
  const widths = [...natural];
  while (totalWidth(widths) > columns) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= narrowest) break;
    widths[widest]! -= 1;
  }
  return widths;
};

interface Layout<Row> {
  readonly columns: readonly Column<Row>[];
  readonly widths: readonly number[];
}

/** How wide each column would be if nobody limited it, up to `most`. */
const naturalWidths = <Row>(columns: readonly Column<Row>[], rows: readonly Row[], most: number): number[] =>
  columns.map(({ header, value }) =>
    Math.max(header.length, ...rows.map((row) => Math.min(most, [...safeLine(value(row))].length))),
  );

/** A column that could be wider than this is cut before others are dropped for its sake. */
const worthDroppingFor = { cut: 40, wrap: 12 } as const;

/** What becomes of a cell that is wider than its column. */
type Long = keyof typeof worthDroppingFor;

/** Which columns to show and how wide: drops whole columns before it would cut the others to shreds. */
const layOut = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  space: number,
  long: Long,
): Layout<Row> => {
  const droppable = columns.filter(({ drop }) => drop !== undefined);
  const fits = totalWidth(naturalWidths(columns, rows, worthDroppingFor[long])) <= space;
  if (droppable.length === 0 || fits)
    return { columns, widths: shrink(naturalWidths(columns, rows, space), space) };
  const first = droppable.reduce((most, column) => (column.drop! > most.drop! ? column : most));
  return layOut(
    columns.filter((column) => column !== first),
    rows,
    space,
    long,
  );
};

const noBorders = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) => [
    [side, ''],
    [`${side}-mid`, ''],
    [`${side}-left`, ''],
    [`${side}-right`, ''],
  ]),
);

/** Rows under a line of headers, without borders, that fit into `space` columns. Ends with a newline. */
export const renderTable = <Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  space: number,
  long: Long = 'cut',
): string => {
  const { columns, widths } = layOut(all, rows, space, long);
  const table = new Table({
    chars: { ...noBorders, middle: ' '.repeat(gap), 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colWidths: [...widths],
  });
  table.push(columns.map(({ header }) => header));
  for (const row of rows)
    table.push(
      columns.map(({ value, paint }, index) => {
        const line = safeLine(value(row)) || '–';
        const cell = long === 'wrap' ? wrapText(line, widths[index]!).join('\n') : line;
        return paint === undefined ? cell : paint(cell, row);
      }),
    );
  const lines = table.toString().split('\n');
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
};
