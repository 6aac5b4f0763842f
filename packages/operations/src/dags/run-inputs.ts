import { invalidInput, type DagGraph, type JsonObject, type Problem } from '@job-orchestrator/types';

/**
 * The inputs of a run: those given, and the defaults of the others. Throws `invalid_input` for one that the DAG does not
 * know, and for one that it needs and nobody gave.
 */
export const runInputs = ({ inputs: known }: DagGraph, given: JsonObject): JsonObject => {
  const names = Object.keys(known);
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  const missing = names.filter((name) => given[name] === undefined && known[name]!.default === undefined);
  const problems: Problem[] = [
    ...unknown.map((name) => ({
      field: `inputs.${name}`,
      message: 'is not an input of this DAG',
      limit: names.join(', ') || 'it takes none',
    })),
    ...missing.map((name) => ({ field: `inputs.${name}`, message: 'must be given; it has no default' })),
  ];
  if (problems.length > 0) throw invalidInput(problems);
  return Object.fromEntries(names.map((name) => [name, given[name] ?? known[name]!.default!]));
};
