// DAGs as documents, and as `{ nodes: [{ name, needs: [index, …] }] }` for the peers.

const named = (index) => `n${index}`;

/** One after the other. */
export const chain = (count) =>
  Array.from({ length: count }, (_, index) => ({
    name: named(index),
    needs: index === 0 ? [] : [index - 1],
  }));

/** One, then `width` at once, then one that needs them all. */
export const wide = (width) => [
  { name: named(0), needs: [] },
  ...Array.from({ length: width }, (_, at) => ({ name: named(at + 1), needs: [0] })),
  { name: named(width + 1), needs: Array.from({ length: width }, (_, at) => at + 1) },
];

/** The same numbers in every run (mulberry32). */
const seeded = (seed) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const layerWidth = 100;
const parentsEach = 3;

/** Layers of 100; each node needs three random ones of the layer before. */
export const layered = (count) => {
  const random = seeded(1);
  return Array.from({ length: count }, (_, index) => {
    const layer = Math.floor(index / layerWidth);
    const needs = new Set();
    const wanted = layer === 0 ? 0 : parentsEach;
    while (needs.size < wanted) needs.add((layer - 1) * layerWidth + Math.floor(random() * layerWidth));
    return { name: named(index), needs: [...needs].toSorted((a, b) => a - b) };
  });
};

export const shapes = { chain, wide, layered };

export const edgesOf = (nodes) => nodes.reduce((sum, { needs }) => sum + needs.length, 0);

/** The document that people would write. */
export const documentOf = (name, nodes) => ({
  name,
  defaults: { image: 'noop' },
  nodes: Object.fromEntries(
    nodes.map(({ name: node, needs }) => [node, needs.length === 0 ? {} : { needs: needs.map(named) }]),
  ),
});
