import {
  checkJson,
  cutProblems,
  DagDocumentSchema,
  firstProblems,
  invalidInput,
  mapProblems,
  schemaProblems,
  type DagDocument,
  type DagGraph,
  type Problem,
} from '@job-orchestrator/types';
import { parseYaml } from '../define/parse-yaml.ts';
import { placeFault } from '../define/place-faults.ts';
import { faultOfProblem, problemOfFault, type Fault } from '../fault.ts';
import { checkAncestors, checkOutputReads } from '../validate/ancestors.ts';
import { cycleFault, orderOfModel } from '../validate/cycles.ts';
import { checkExpressions, type NodeRead } from '../validate/expressions.ts';
import { checkFields } from '../validate/fields.ts';
import { withHabit } from '../validate/habits.ts';
import { createModel, type DagModel } from '../validate/model.ts';
import { checkNames } from '../validate/names.ts';
import { checkNeeds } from '../validate/needs.ts';
import { checkRetries } from '../validate/retries.ts';
import { checkValueSchemas } from '../validate/value-schemas.ts';
import { compileModel } from './compile.ts';

/** A DAG as it was written, and as it is planned. */
export interface Dag {
  readonly document: DagDocument;
  readonly graph: DagGraph;
}

const documentShape = schemaProblems(DagDocumentSchema);

function* ownFaults(model: DagModel, reads: NodeRead[]): Generator<Fault> {
  yield* checkNames(model);
  yield* checkNeeds(model);
  yield* checkFields(model);
  yield* checkRetries(model);
  yield* checkValueSchemas(model);
  yield* checkExpressions(model, reads);
}

type Compiled = { readonly graph: DagGraph } | { readonly faults: readonly Fault[] };

const compileDocument = (document: DagDocument): Compiled => {
  const model = createModel(document);
  const reads: NodeRead[] = [];
  const faults = [...ownFaults(model, reads)];
  const order = orderOfModel(model);
  if (order.kind === 'cycle') return { faults: [cycleFault(order.positions, model), ...faults] };
  if (faults.length > 0) return { faults };
  const late = [...checkAncestors(model, reads, order.positions), ...checkOutputReads(model, reads)];
  return late.length > 0 ? { faults: late } : { graph: compileModel(model, order.positions, reads) };
};

/** What is wrong with the shape of a document, before anything can be said of its sense. */
const shapeProblems = (value: unknown): readonly Problem[] => {
  const unstorable = checkJson(value);
  return unstorable.length > 0 ? unstorable : documentShape(value);
};

const load = (value: unknown, told: (fault: Fault) => Problem): Dag => {
  const shape = shapeProblems(value);
  if (shape.length > 0)
    throw invalidInput(
      mapProblems(cutProblems(shape), (problem) => told(withHabit(faultOfProblem(value, problem)))),
    );
  const document = value as DagDocument;
  const compiled = compileDocument(document);
  if ('faults' in compiled) throw invalidInput(firstProblems(compiled.faults, told));
  return { document, graph: compiled.graph };
};

/**
 * Checks and compiles a DAG that came as JSON or from the builder. Throws `invalid_input` with the first 20 problems, each
 * with its field, the limit or what was meant.
 */
export const loadDag = (value: unknown): Dag => load(value, problemOfFault);

/**
 * Checks and compiles a DAG that stands in a file of YAML or JSON. Throws `invalid_input`; each problem names file, line
 * and column and shows the line with a caret under the spot.
 */
export const loadDagFile = (file: string, bytes: Uint8Array): Dag => {
  const parsed = parseYaml(file, bytes);
  return load(parsed.value, (fault) => placeFault(parsed, fault));
};
