import type { Picture } from './picture.ts';

/** Where a box stands: its layer (column), and how far down, in rows from 0; two boxes of a layer are a row apart or more. */
export interface Place {
  readonly layer: number;
  readonly row: number;
}

type Neighbours = readonly (readonly number[])[];

const neighboursOf = ({ boxes, arrows }: Picture): { parents: Neighbours; children: Neighbours } => {
  const parents = boxes.map((): number[] => []);
  const children = boxes.map((): number[] => []);
  for (const { from, to } of arrows) {
    parents[to]!.push(from);
    children[from]!.push(to);
  }
  return { parents, children };
};

/** The longest way from a beginning. Rounds, for folding may have put a box before its parents; at most one a layer. */
const layersOf = (parents: Neighbours): readonly number[] => {
  const layers = parents.map(() => 0);
  for (let round = 0, moved = true; moved && round <= parents.length; round += 1) {
    moved = false;
    parents.forEach((list, box) => {
      const layer = list.reduce((most, parent) => Math.max(most, layers[parent]! + 1), 0);
      if (layer !== layers[box]) {
        layers[box] = layer;
        moved = true;
      }
    });
  }
  return layers;
};

const meanRow = (boxes: readonly number[], rows: readonly number[], otherwise: number): number =>
  boxes.length === 0 ? otherwise : boxes.reduce((sum, box) => sum + rows[box]!, 0) / boxes.length;

/** Orders each column by where the neighbours on one side stand (the barycentre rule). */
const orderBy = (columns: readonly number[][], neighbours: Neighbours, rows: number[]): void => {
  for (const column of columns) {
    const weights = new Map(column.map((box) => [box, meanRow(neighbours[box]!, rows, rows[box]!)]));
    column.sort((a, b) => weights.get(a)! - weights.get(b)! || rows[a]! - rows[b]!);
    column.forEach((box, row) => (rows[box] = row));
  }
};

/**
 * Rows as near as can be to the wished ones, a row apart, in the same order: boxes that would meet are put together
 * around the mean of their wishes (least squares; pool adjacent violators).
 */
const spread = (wishes: readonly number[]): readonly number[] => {
  const blocks: { sum: number; count: number }[] = [];
  wishes.forEach((wish, at) => {
    let block = { sum: wish - at, count: 1 };
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      if (last.sum / last.count <= block.sum / block.count) break;
      block = { sum: last.sum + block.sum, count: last.count + block.count };
      blocks.pop();
    }
    blocks.push(block);
  });
  return blocks
    .flatMap(({ sum, count }) => Array<number>(count).fill(sum / count))
    .map((row, at) => row + at);
};

/** Pulls each box towards its neighbours, without changing the order of a column. */
const straighten = (
  columns: readonly (readonly number[])[],
  neighbours: Neighbours,
  rows: number[],
): void => {
  for (const column of columns) {
    const placed = spread(column.map((box) => meanRow(neighbours[box]!, rows, rows[box]!)));
    column.forEach((box, at) => (rows[box] = placed[at]!));
  }
};

const rounds = 4;

/**
 * A layered layout: each box one column behind its last parent, columns ordered so that arrows cross little, and boxes
 * opposite to what they lead to. Each round goes once over the arrows there and back: 300 boxes take milliseconds,
 * whatever the arrows (a library took 3 minutes for 150 boxes that all lead to 150 others).
 */
export const layoutOf = (picture: Picture): readonly Place[] => {
  const { parents, children } = neighboursOf(picture);
  const layers = layersOf(parents);
  const columns: number[][] = Array.from({ length: Math.max(...layers, 0) + 1 }, () => []);
  layers.forEach((layer, box) => columns[layer]!.push(box));
  const back = columns.toReversed();
  const rows = layers.map(() => 0);
  for (const column of columns) column.forEach((box, row) => (rows[box] = row));
  for (let round = 0; round < rounds; round += 1) {
    orderBy(columns, parents, rows);
    orderBy(back, children, rows);
  }
  orderBy(columns, parents, rows);
  for (let round = 0; round < rounds; round += 1) {
    straighten(columns, parents, rows);
    straighten(back, children, rows);
  }
  const top = rows.reduce((least, row) => Math.min(least, row), Infinity);
  return layers.map((layer, box) => ({ layer, row: rows[box]! - top }));
};
