/** What is known of an output stream. */
export interface StreamFacts {
  readonly isTTY: boolean;
  readonly columns: number | null;
}

/** How to write to it. */
export interface StreamStyle {
  /** A person reads it directly: control sequences of others are taken out. */
  readonly terminal: boolean;
  readonly colour: boolean;
  /** The cursor can be moved: what was drawn can be drawn over. */
  readonly live: boolean;
  /** Width to fit into; Infinity where nobody asked for one. */
  readonly columns: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const leastColumns = 20;

/** FORCE_COLOR wins over NO_COLOR, as in Node itself; a dumb terminal has no colours. */
const wantsColour = (facts: StreamFacts, environment: Environment): boolean => {
  const force = environment['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (environment['NO_COLOR'] || environment['TERM'] === 'dumb') return false;
  return facts.isTTY;
};

/** A pipe has no width, unless COLUMNS asks for one. */
const columnsOf = (facts: StreamFacts, environment: Environment): number => {
  const asked = /^\d{1,5}$/.test(environment['COLUMNS'] ?? '') ? Number(environment['COLUMNS']) : 0;
  if (asked > 0) return Math.max(asked, leastColumns);
  return facts.isTTY && facts.columns !== null ? Math.max(facts.columns, leastColumns) : Infinity;
};

/** Decides once, from the stream and the environment, how to write to it. */
export const styleOf = (facts: StreamFacts, environment: Environment): StreamStyle => ({
  terminal: facts.isTTY,
  colour: wantsColour(facts, environment),
  live: facts.isTTY && environment['TERM'] !== 'dumb',
  columns: columnsOf(facts, environment),
});
