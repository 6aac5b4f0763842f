import { nodeRunStates, type DagGraph } from '@job-orchestrator/types';
import { layoutOf, type Place } from './layout.ts';
import { nodeSigns } from '@job-orchestrator/types/node-signs';
import { stateColours, type NodeMarks } from './marks.ts';
import { pictureOf, type Box, type Picture } from './picture.ts';

const size = { gapX: 60, gapY: 14, margin: 20, title: 34, character: 7.4, padding: 24 };
/** Longer labels are cut in their middle: names that begin alike often end apart. The whole stands in a tooltip. */
const labelMost = 30;
const labelLeast = 10;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const shortened = (text: string, most: number): string => {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) * 0.4);
  return `${text.slice(0, most - 1 - tail)}…${text.slice(text.length - tail)}`;
};

/** Sizes of this picture: as wide as its labels, within reason. */
interface Frame {
  readonly label: number;
  readonly width: number;
  readonly height: number;
}

const labelOf = ({ label, mark }: Box): string =>
  mark === undefined ? label : `${nodeSigns[mark.state]} ${label}`;

const frameOf = ({ boxes }: Picture): Frame => {
  const longest = boxes.reduce((most, box) => Math.max(most, labelOf(box).length), labelLeast);
  const label = Math.min(longest, labelMost);
  const height = boxes.some(({ mark }) => mark !== undefined) ? 44 : 34;
  return { label, width: Math.ceil(label * size.character) + size.padding, height };
};

const round = (value: number): number => Math.round(value * 10) / 10;
const leftOf = ({ layer }: Place, { width }: Frame): number => size.margin + layer * (width + size.gapX);
const topOf = ({ row }: Place, { height }: Frame): number =>
  round(size.margin + size.title + row * (height + size.gapY));

/** Kind and role show by the shape of the border, state by a sign: none by colour alone. */
const classOf = ({ kind, final, count, mark }: Box): string =>
  [
    'box',
    ...(kind === 'job' ? [] : [kind]),
    ...(final ? ['final'] : []),
    ...(count > 1 ? ['folded'] : []),
    ...(mark === undefined ? [] : [mark.state]),
  ].join(' ');

const boxText = (box: Box, place: Place, frame: Frame): string => {
  const [x, y] = [leftOf(place, frame), topOf(place, frame)];
  const { kind, final, mark } = box;
  const facts = [kind, ...(final ? ['finally'] : []), ...(mark === undefined ? [] : [mark.state, mark.note])];
  const middle = x + frame.width / 2;
  const name = escaped(shortened(labelOf(box), frame.label));
  const note = mark === undefined || mark.note === '' ? null : escaped(shortened(mark.note, frame.label + 4));
  const line = y + frame.height / 2 + (note === null ? 4.5 : -3);
  return [
    `<g><title>${escaped(`${box.label} (${facts.filter((fact) => fact !== '').join(', ')})`)}</title>`,
    `<rect x="${x}" y="${y}" width="${frame.width}" height="${frame.height}" rx="6" class="${classOf(box)}"/>`,
    `<text x="${middle}" y="${line}" text-anchor="middle">${name}</text>`,
    note === null
      ? ''
      : `<text x="${middle}" y="${line + 15}" text-anchor="middle" class="note">${note}</text>`,
    '</g>',
  ].join('');
};

const arrowText = (
  { from, to }: Picture['arrows'][number],
  places: readonly Place[],
  frame: Frame,
): string => {
  const [start, end] = [places[from]!, places[to]!];
  const [x1, y1] = [leftOf(start, frame) + frame.width, topOf(start, frame) + frame.height / 2];
  const [x2, y2] = [leftOf(end, frame) - 4, topOf(end, frame) + frame.height / 2];
  const bend = size.gapX / 2;
  return `<path d="M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}" class="arrow" marker-end="url(#arrow)"/>`;
};

const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);

/** What follows all others stands behind a line: an arrow from each end would hide the rest. */
const finalLine = ({ boxes }: Picture, places: readonly Place[], frame: Frame, height: number): string => {
  const finals = places.filter((_, index) => boxes[index]!.final);
  if (finals.length === 0 || finals.length === boxes.length) return '';
  const x = Math.min(...finals.map((place) => leftOf(place, frame))) - size.gapX / 2;
  return [
    `<path d="M${x},${size.margin + size.title - 10} V${height - size.margin + 6}" class="finally"/>`,
    `<text x="${x + 8}" y="${size.margin + size.title - 12}" class="note">finally</text>`,
  ].join('');
};

const colourRules = (theme: 'light' | 'dark'): string =>
  nodeRunStates
    .map((state) => [state, stateColours[state][theme]] as const)
    .map(([state, [fill, stroke]]) => `.${state}{fill:${fill};stroke:${stroke}}`)
    .join('');

/** As the reader's surroundings are, light or dark; where styles are taken out, boxes stay readable. */
const styles = [
  '<style>',
  '.paper{fill:#f8fafc}text{fill:#0f172a}.note{font-size:11px;fill:#475569}',
  '.box{fill:#fff;stroke:#334155;stroke-width:1.5}.final{fill:#eee}.dag,.folded{stroke-width:3}.approval{stroke-dasharray:6 3}',
  '.arrow,.finally{fill:none;stroke:#64748b}.finally{stroke-dasharray:4 4}.head{fill:#64748b}',
  colourRules('light'),
  '@media(prefers-color-scheme:dark){.paper{fill:#0f172a}text{fill:#f1f5f9}.note{fill:#cbd5e1}',
  '.box{fill:#1e293b;stroke:#94a3b8}.final{fill:#334155}',
  colourRules('dark'),
  '}</style>',
].join('');

/**
 * The graph as a picture that stands alone: at most 300 boxes, columns from left to right, no script, no fonts.
 * `marks`: how the nodes of a run stand.
 */
export const renderSvg = (graph: DagGraph, marks?: NodeMarks): string => {
  const picture = pictureOf(graph, marks);
  const places = layoutOf(picture);
  const frame = frameOf(picture);
  const lefts = places.map((place) => leftOf(place, frame));
  const title = picture.title.length * size.character + 2 * size.margin;
  const width = Math.ceil(Math.max(most(lefts) + frame.width + size.margin, title));
  const height = Math.ceil(most(places.map((place) => topOf(place, frame))) + frame.height + size.margin);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escaped(picture.title)}</title>`,
    styles,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" class="head"/></marker></defs>',
    `<rect width="100%" height="100%" class="paper"/>`,
    `<text x="${size.margin}" y="${size.margin + 4}" font-weight="bold">${escaped(picture.title)}</text>`,
    finalLine(picture, places, frame, height),
    ...picture.arrows.filter(({ dashed }) => !dashed).map((arrow) => arrowText(arrow, places, frame)),
    ...picture.boxes.map((box, index) => boxText(box, places[index]!, frame)),
    '</svg>',
    '',
  ].join('\n');
};
