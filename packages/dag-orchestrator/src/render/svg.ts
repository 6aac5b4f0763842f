import type { DagGraph } from '@job-orchestrator/types';
import { layoutOf, type Place } from './layout.ts';
import { pictureOf, type Box, type Picture } from './picture.ts';

const size = { width: 190, height: 36, gapX: 60, gapY: 18, margin: 20, title: 30 };

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const leftOf = ({ layer }: Place): number => size.margin + layer * (size.width + size.gapX);
const topOf = ({ row }: Place): number => size.margin + size.title + row * (size.height + size.gapY);

const longestLabel = 26;
const shortened = (label: string): string =>
  label.length > longestLabel ? `${label.slice(0, longestLabel - 1)}…` : label;

/** Kind and role show by the shape of the border, not by colour alone. */
const borderOf = ({ kind, final, count }: Box): string => {
  const dash = kind === 'approval' ? ' stroke-dasharray="6 3"' : '';
  const width = kind === 'dag' || count > 1 ? 3 : 1.5;
  return `fill="${final ? '#eeeeee' : '#ffffff'}" stroke="#334155" stroke-width="${width}"${dash}`;
};

const boxText = (box: Box, place: Place): string => {
  const [x, y] = [leftOf(place), topOf(place)];
  return [
    `<g><title>${escaped(`${box.label} (${box.kind}${box.final ? ', finally' : ''})`)}</title>`,
    `<rect x="${x}" y="${y}" width="${size.width}" height="${size.height}" rx="6" ${borderOf(box)}/>`,
    `<text x="${x + size.width / 2}" y="${y + size.height / 2 + 4}" text-anchor="middle">${escaped(shortened(box.label))}</text></g>`,
  ].join('');
};

const arrowText = ({ from, to, dashed }: Picture['arrows'][number], places: readonly Place[]): string => {
  const [start, end] = [places[from]!, places[to]!];
  const [x1, y1] = [leftOf(start) + size.width, topOf(start) + size.height / 2];
  const [x2, y2] = [leftOf(end) - 4, topOf(end) + size.height / 2];
  const bend = size.gapX / 2;
  const dash = dashed ? ' stroke-dasharray="4 4"' : '';
  return `<path d="M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}" fill="none" stroke="#64748b"${dash} marker-end="url(#arrow)"/>`;
};

const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);

/** The graph as a picture that stands alone: at most 300 boxes, columns from left to right, no script, no fonts. */
export const renderSvg = (graph: DagGraph): string => {
  const picture = pictureOf(graph);
  const places = layoutOf(picture);
  const width = most(places.map(leftOf)) + size.width + size.margin;
  const height = most(places.map(topOf)) + size.height + size.margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escaped(picture.title)}</title>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#64748b"/></marker></defs>',
    `<rect width="100%" height="100%" fill="#f8fafc"/>`,
    `<text x="${size.margin}" y="${size.margin + 4}" font-weight="bold">${escaped(picture.title)}</text>`,
    ...picture.arrows.map((arrow) => arrowText(arrow, places)),
    ...picture.boxes.map((box, index) => boxText(box, places[index]!)),
    '</svg>',
    '',
  ].join('\n');
};
