/** A statement's parameters are one text each; V8 makes none beyond 512 MiB, and the embedded database has less memory. */
const portionBytes = 16_777_216;

/** Items in order, for statements of at most so many items and about so much JSON. */
export function* portionsOf<Item>(
  items: readonly Item[],
  most: number,
  jsonOf: (item: Item) => object,
): Generator<readonly Item[]> {
  let portion: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = JSON.stringify(jsonOf(item)).length;
    if (portion.length > 0 && (portion.length === most || bytes + size > portionBytes)) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(item);
    bytes += size;
  }
  if (portion.length > 0) yield portion;
}
