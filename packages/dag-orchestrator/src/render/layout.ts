import type { Picture } from './picture.ts';

/** Where a box stands: its layer (column) and its place within it, from 0. */
export interface Place {
  readonly layer: number;
  readonly row: number;
}

const parentsOf = ({ boxes, arrows }: Picture): readonly number[][] => {
  const parents = boxes.map((): number[] => []);
  for (const { from, to } of arrows) parents[to]!.push(from);
  return parents;
};

/** The longest way from a beginning. Rounds, for folding may have put a box before its parents; at most one a layer. */
const layersOf = (parents: readonly number[][]): readonly number[] => {
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

const mean = (values: readonly number[], otherwise: number): number =>
  values.length === 0 ? otherwise : values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * A small layered layout: each box one column behind its last parent, each column ordered by where the parents stand
 * (the barycentre rule, once from left to right). Enough for the 300 boxes that a picture has; without a dependency.
 */
export const layoutOf = (picture: Picture): readonly Place[] => {
  const parents = parentsOf(picture);
  const layers = layersOf(parents);
  const rows = layers.map(() => 0);
  const columns: number[][] = Array.from({ length: Math.max(...layers, 0) + 1 }, () => []);
  layers.forEach((layer, box) => columns[layer]!.push(box));
  for (const column of columns) {
    const weights = new Map(
      column.map((box, index) => [
        box,
        mean(
          parents[box]!.map((parent) => rows[parent]!),
          index,
        ),
      ]),
    );
    column.sort((a, b) => weights.get(a)! - weights.get(b)!);
    column.forEach((box, row) => (rows[box] = row));
  }
  return layers.map((layer, box) => ({ layer, row: rows[box]! }));
};
