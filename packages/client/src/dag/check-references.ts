import {
  approvalOutputs,
  didYouMean,
  type DagDocument,
  type DagNode,
  type Problem,
} from '@job-orchestrator/types';
import { expressionsIn, referencesOf, soleExpression, type Found, type Reference } from './references.ts';

/** A node with its name and the section that it stands in. */
export interface Entry {
  readonly name: string;
  readonly section: 'nodes' | 'finally';
  readonly node: DagNode;
}

/** All nodes of a document by name. */
export type Entries = ReadonlyMap<string, Entry>;

const near = (word: string, known: readonly string[]): string => {
  const found = didYouMean(word, known);
  return found === null ? '' : `; did you mean ${found}?`;
};

/** The expressions of one node, by their fields. */
const expressionsOf = ({ name, section, node }: Entry): readonly Found[] => {
  const at = `${section}.${name}`;
  const { when, forEach } = node;
  return [
    ...(when === undefined ? [] : [soleExpression(`${at}.when`, when)]),
    ...(typeof forEach === 'string'
      ? [soleExpression(`${at}.forEach`, forEach)]
      : expressionsIn(`${at}.forEach`, forEach)),
    ...(['args', 'env', 'inputs'] as const).flatMap((field) => expressionsIn(`${at}.${field}`, node[field])),
    ...expressionsIn(`${at}.approval.message`, node.approval?.message),
  ];
};

const outputMessage = ({ name, node }: Entry, output: string): string | null => {
  const declared: readonly string[] =
    node.approval === undefined ? Object.keys(node.outputs ?? {}) : approvalOutputs;
  if (node.forEach !== undefined)
    return `reads output ${output} of ${name}, whose outputs are a list with one entry per item: read \`allOutputs\``;
  if (declared.includes(output)) return null;
  return `reads output ${output}, which ${name} does not declare${near(output, declared)}`;
};

/** Everything that a node waits for, directly or through others. */
const ancestorsOf = (reader: Entry, entries: Entries): ReadonlySet<string> => {
  const found = new Set<string>();
  const pending = [...(reader.node.needs ?? [])];
  for (let need = pending.pop(); need !== undefined; need = pending.pop()) {
    if (found.has(need)) continue;
    found.add(need);
    pending.push(...(entries.get(need)?.node.needs ?? []));
  }
  return found;
};

const orderMessage = (reader: Entry, target: Entry, entries: Entries): string | null => {
  if (target.name === reader.name) return 'reads the node itself, which has not run yet';
  if (reader.section === 'finally' && target.section === 'nodes') return null;
  if (ancestorsOf(reader, entries).has(target.name)) return null;
  return `reads ${target.name}, which ${reader.name} does not need, so it may not have ended: add ${target.name} to \`needs\``;
};

/** `reader` null: the DAG's outputs, which are read when the ordinary nodes have ended. */
const nodeMessage = (
  [, name, field, output]: Reference,
  reader: Entry | null,
  entries: Entries,
): string | null => {
  const target = entries.get(name!);
  if (target === undefined) {
    const others = [...entries.keys()].filter((known) => known !== reader?.name);
    return `reads node ${name}, which does not exist${near(name!, others)}`;
  }
  if (reader === null && target.section === 'finally')
    return `reads ${name}, which runs in \`finally\`, after the outputs are known`;
  const order = reader === null ? null : orderMessage(reader, target, entries);
  return order ?? (field === 'outputs' && output !== undefined ? outputMessage(target, output) : null);
};

const messageOf = (
  reference: Reference,
  reader: Entry | null,
  document: DagDocument,
  entries: Entries,
): string | null => {
  const [root, name] = reference;
  if (root === 'nodes') return nodeMessage(reference, reader, entries);
  const known = Object.keys(document.inputs ?? {});
  return known.includes(name!) ? null : `reads input ${name}, which does not exist${near(name!, known)}`;
};

/** Every node inherits what `defaults` say: no node is read there. */
const defaultMessage = (reference: Reference, document: DagDocument): string | null =>
  reference[0] === 'nodes'
    ? 'reads a node, but `defaults` belong to every node: read `inputs`, `item` or `run` here'
    : messageOf(reference, null, document, new Map());

/** Texts whose expressions cannot be read, names that mean nothing, and nodes that are read before they have ended. */
export const referenceProblems = (document: DagDocument, entries: Entries): readonly Problem[] => {
  const problemsOf =
    (messageFor: (reference: Reference) => string | null) =>
    (found: Found): readonly Problem[] =>
      'message' in found
        ? [found]
        : referencesOf(found.source)
            .map(messageFor)
            .filter((message) => message !== null)
            .map((message) => ({ field: found.field, message, value: found.source.slice(0, 200) }));
  const readBy = (reader: Entry | null) => (reference: Reference) =>
    messageOf(reference, reader, document, entries);
  return [
    ...[...entries.values()].flatMap((entry) => expressionsOf(entry).flatMap(problemsOf(readBy(entry)))),
    ...expressionsIn('outputs', document.outputs).flatMap(problemsOf(readBy(null))),
    ...expressionsIn('defaults.env', document.defaults?.env).flatMap(
      problemsOf((reference) => defaultMessage(reference, document)),
    ),
  ];
};
