import type { OutputFormat } from './format-names.ts';
import { safeJson } from './sanitize.ts';
import { dataText, type Screen } from './screen.ts';
import { renderTable, type Column } from './table.ts';

/** How a kind of thing is listed. */
export interface ListView<Row> {
  /** What it is called in the singular: the prefix of `-o name`. */
  readonly kind: string;
  readonly name: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  /** What to say on stderr where the list is empty; holds a command to type. */
  readonly whenEmpty: string;
  /** What becomes of a cell that is wider than its column; `cut` unless given. */
  readonly long?: 'cut' | 'wrap';
}

const namesOf = (filters: Readonly<Record<string, unknown>>): string =>
  Object.entries(filters)
    .filter(([, filter]) => filter !== undefined)
    .map(([name, filter]) => `--${name} ${String(filter)}`)
    .join(' ');

/** The same view of a list that was narrowed: that it is empty says nothing of what there is. */
export const narrowed = <Row>(
  view: ListView<Row>,
  filters: Readonly<Record<string, unknown>>,
): ListView<Row> =>
  Object.values(filters).every((filter) => filter === undefined)
    ? view
    : { ...view, whenEmpty: `nothing fits the filter: ${namesOf(filters)}` };

const yamlText = async (value: unknown): Promise<string> => {
  const { stringify } = await import('yaml');
  return stringify(JSON.parse(JSON.stringify(value)), { lineWidth: 0, aliasDuplicateObjects: false });
};

/** One value in a format for machines. */
export const writeValue = async (screen: Screen, format: 'json' | 'yaml', value: unknown): Promise<void> =>
  screen.out(format === 'json' ? `${safeJson(value)}\n` : dataText(screen, await yamlText(value)));

/** A list in the asked format: data on stdout, and on stderr what there is to say when it is empty. */
export const writeList = async <Row>(
  screen: Screen,
  format: OutputFormat,
  view: ListView<Row>,
  rows: readonly Row[],
): Promise<void> => {
  if (format === 'json' || format === 'yaml') return writeValue(screen, format, rows);
  if (rows.length === 0) return screen.note(view.whenEmpty);
  if (format === 'name') return screen.out(rows.map((row) => `${view.kind}/${view.name(row)}\n`).join(''));
  screen.out(renderTable(view.columns, rows, screen.outStyle.columns, view.long));
};
