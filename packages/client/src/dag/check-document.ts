import {
  checkJson,
  DagDocumentSchema,
  didYouMean,
  fieldPath,
  invalidInput,
  limits,
  nodeNamePattern,
  schemaProblems,
  sharedProblems,
  shellFaults,
  valueNamePattern,
  type DagDocument,
  type Problem,
} from '@job-orchestrator/types';
import { referenceProblems, type Entries, type Entry } from './check-references.ts';

const shapeOf = schemaProblems(DagDocumentSchema);

const entriesOf = ({ nodes, finally: final = {} }: DagDocument): Entries => {
  const entries = (section: Entry['section'], of: DagDocument['nodes']) =>
    Object.entries(of).map(([name, node]) => [name, { name, section, node }] as const);
  return new Map([...entries('nodes', nodes), ...entries('finally', final)]);
};

const nodeName = new RegExp(nodeNamePattern);
const valueName = new RegExp(valueNamePattern);

const nameProblems = (at: string, names: object | undefined, rule: RegExp, words: string): Problem[] =>
  Object.keys(names ?? {})
    .filter((name) => name.length > limits.nameChars || !rule.test(name))
    .map((name) => ({
      field: `${at}.${name}`,
      message: `has a name that must be ${words}, at most ${limits.nameChars} characters`,
      value: name.slice(0, 64),
    }));

const allNames = (document: DagDocument, entries: Entries): readonly Problem[] => {
  const nodeWords = "lower-case letters, digits and '-', beginning with a letter";
  const valueWords = "letters, digits and '_'";
  return [
    ...nameProblems('nodes', document.nodes, nodeName, nodeWords),
    ...nameProblems('finally', document.finally, nodeName, nodeWords),
    ...nameProblems('groups', document.groups, nodeName, nodeWords),
    ...nameProblems('inputs', document.inputs, valueName, valueWords),
    ...nameProblems('outputs', document.outputs, valueName, valueWords),
    ...[...entries.values()].flatMap(({ name, section, node }) =>
      nameProblems(`${section}.${name}.outputs`, node.outputs, valueName, valueWords),
    ),
  ];
};

const needMessage = (need: string, { name, section }: Entry, entries: Entries): string | null => {
  if (need === name) return 'is the node itself';
  const found = entries.get(need);
  if (found === undefined) {
    const near = didYouMean(
      need,
      [...entries.keys()].filter((known) => known !== name),
    );
    return `is not a node of this DAG${near === null ? '' : `; did you mean ${near}?`}`;
  }
  if (found.section === section) return null;
  return section === 'nodes'
    ? 'is a node of `finally`, which runs when all ordinary nodes have ended'
    : 'is an ordinary node; nodes of `finally` run after all of them and need only one another';
};

const groupProblems = (at: string, group: string | undefined, groups: object): readonly Problem[] => {
  if (group === undefined || Object.hasOwn(groups, group)) return [];
  return [{ field: `${at}.group`, message: 'is not a group of `groups`', value: group }];
};

const nodeProblems = (entry: Entry, { defaults, groups = {} }: DagDocument, entries: Entries): Problem[] => {
  const { name, section, node } = entry;
  const at = `${section}.${name}`;
  const needs = (node.needs ?? []).map((need, index) => ({
    field: `${at}.needs[${index}]`,
    message: needMessage(need, entry, entries),
    value: need,
  }));
  const runs = node.approval === undefined && node.dag === undefined;
  const noImage = runs && node.image === undefined && defaults?.image === undefined;
  return [
    ...needs.flatMap(({ message, ...problem }) => (message === null ? [] : [{ ...problem, message }])),
    ...(noImage ? [{ field: `${at}.image`, message: 'is required, here or in `defaults`' }] : []),
    ...groupProblems(at, node.group, groups),
    ...[...shellFaults(node)].map(({ path, message }) => ({
      field: fieldPath([section, name, ...path]),
      message,
    })),
    ...sharedProblems(node as Parameters<typeof sharedProblems>[0], [section, name]),
  ];
};

/** What is wrong with a document, as far as it can be told without parsing expressions. */
const problemsOf = (document: DagDocument): readonly Problem[] => {
  const shape = [...checkJson(document), ...shapeOf(document)];
  if (shape.length > 0) return shape;
  const entries = entriesOf(document);
  return [
    ...allNames(document, entries),
    ...[...entries.values()].flatMap((entry) => nodeProblems(entry, document, entries)),
    ...referenceProblems(document, entries),
  ];
};

/** Throws `invalid_input`; each problem names its node and field. The server checks all of it again, and types in expressions. */
export const checkDocument = (document: DagDocument): DagDocument => {
  const problems = problemsOf(document);
  if (problems.length > 0) throw invalidInput(problems);
  return document;
};
