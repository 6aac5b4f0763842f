import { approvalOutputs, didYouMean, type RunFacts } from '@job-orchestrator/types';
import { functionNames, macroNames } from '../expressions/environment.ts';
import type { Call, Reference } from '../expressions/references.ts';
import type { DagModel, ModelNode } from './model.ts';

/** From where an expression reads: what it may see follows from it. */
export interface Reader {
  readonly model: DagModel;
  /** The node it belongs to; null for `defaults` and for the DAG's outputs. */
  readonly node: ModelNode | null;
  /** How many of the nodes it may read by position: none, the ordinary ones, or all. */
  readonly seesNodes: boolean;
  /** True where the ordinary nodes have ended. */
  readonly seesRunState: boolean;
  readonly seesItem: boolean;
  /** Why it does not. */
  readonly noItem: string;
}

export interface ReferenceFault {
  readonly message: string;
  readonly offset: number;
}

const roots = ['inputs', 'nodes', 'item', 'run'] as const;
const typeNames = new Set('int uint double bool string bytes list map null_type type'.split(' '));
const runFields: Readonly<Record<keyof RunFacts, true>> = {
  id: true,
  dag: true,
  version: true,
  createdAt: true,
  createdBy: true,
  scheduledAt: true,
  state: true,
};

const near = (word: string, candidates: readonly string[], prefix = ''): string => {
  const found = didYouMean(word, candidates);
  return found === null ? '' : `; did you mean ${prefix}${found}?`;
};

type Part = Reference['path'][number];

/** `nodes.load-all` reads as a subtraction: say how it is written. */
const written = (name: string): string => (name.includes('-') ? `nodes["${name}"]` : `nodes.${name}`);

const unknownNode = ({ name, offset }: Part, { model, node }: Reader): ReferenceFault => {
  const others = [...model.positions.keys()].filter((known) => known !== node?.name);
  const dashed = others.find((known) => known.startsWith(`${name}-`));
  if (dashed !== undefined)
    return {
      message: `reads node ${name}, which does not exist; a name with '-' is written ${written(dashed)}`,
      offset,
    };
  const found = didYouMean(name, others);
  const hint = found === null ? '' : `; did you mean ${written(found)}?`;
  return { message: `reads node ${name}, which does not exist${hint}`, offset };
};

const declaredOutputs = ({ node, kind }: ModelNode): readonly string[] | null => {
  if (kind === 'approval') return approvalOutputs;
  return node.outputs === undefined ? null : Object.keys(node.outputs);
};

const outputFault = (target: ModelNode, part: Part | undefined): ReferenceFault | null => {
  if (part === undefined) return null;
  const { name, offset } = part;
  const declared = declaredOutputs(target);
  if (declared === null)
    return {
      message: `reads an output of ${target.name}, which declares none; add \`outputs\` to that node`,
      offset,
    };
  if (target.node.forEach !== undefined)
    return {
      message: `reads an output of ${target.name}, whose outputs are a list with one entry per item; use ${written(target.name)}.outputs.map(o, o.${name})`,
      offset,
    };
  if (declared.includes(name)) return null;
  const what = target.kind === 'approval' ? 'an approval does not have' : `${target.name} does not declare`;
  return {
    message: `reads output ${name}, which ${what}${near(name, declared)}`,
    offset,
  };
};

const nodeFault = ({ path, offset }: Reference, reader: Reader): ReferenceFault | null => {
  const { model, node, seesNodes } = reader;
  const [name, field, output] = path;
  if (!seesNodes)
    return {
      message: 'reads a node, but `defaults` belong to every node: read `inputs`, `item` or `run` here',
      offset,
    };
  if (name === undefined)
    return { message: 'reads `nodes` as a whole; name the node: nodes.NAME or nodes["NAME"]', offset };
  const position = model.positions.get(name.name);
  if (position === undefined) return unknownNode(name, reader);
  const target = model.nodes[position]!;
  if (target === node)
    return { message: 'reads the node itself, which has not run yet', offset: name.offset };
  if (field === undefined)
    return {
      message: `reads a node as a whole; say ${written(target.name)}.outputs or ${written(target.name)}.state`,
      offset: name.offset,
    };
  if (field.name === 'state') return null;
  if (field.name === 'outputs') return outputFault(target, output);
  return {
    message: `reads ${field.name} of a node, which has \`outputs\` and \`state\`${near(field.name, ['outputs', 'state'])}`,
    offset: field.offset,
  };
};

const inputFault = ([part]: Reference['path'], { model }: Reader): ReferenceFault | null => {
  const names = Object.keys(model.document.inputs ?? {});
  if (part === undefined || names.includes(part.name)) return null;
  const { name, offset } = part;
  const hint = names.length === 0 ? '; this DAG declares no `inputs`' : near(name, names, 'inputs.');
  return { message: `reads input ${name}, which does not exist${hint}`, offset };
};

const runFault = ([part]: Reference['path'], { seesRunState }: Reader): ReferenceFault | null => {
  if (part === undefined) return null;
  const { name, offset } = part;
  const names = Object.keys(runFields);
  if (!names.includes(name))
    return {
      message: `reads run.${name}, which does not exist; there are ${names.join(', ')}${near(name, names)}`,
      offset,
    };
  return name === 'state' && !seesRunState
    ? {
        message: 'reads run.state, which is known only to nodes of `finally` and to `outputs` of the DAG',
        offset,
      }
    : null;
};

const unknownRoot = ({ root, offset }: Reference, { model }: Reader): ReferenceFault => {
  if (model.positions.has(root))
    return { message: `reads ${root}; a node is read as ${written(root)}.outputs`, offset };
  if (Object.hasOwn(model.document.inputs ?? {}, root))
    return { message: `reads ${root}; an input is read as inputs.${root}`, offset };
  return {
    message: `reads ${root}, which does not exist; there are ${roots.join(', ')}${near(root, roots)}`,
    offset,
  };
};

/** What is wrong with one thing that an expression reads; null: nothing. Whether the node is an ancestor is checked for all at once. */
export const referenceFault = (reference: Reference, reader: Reader): ReferenceFault | null => {
  const { root, path, offset } = reference;
  if (root === 'inputs') return inputFault(path, reader);
  if (root === 'nodes') return nodeFault(reference, reader);
  if (root === 'run') return runFault(path, reader);
  if (root === 'item')
    return reader.seesItem ? null : { message: `reads item, but ${reader.noItem}`, offset };
  return typeNames.has(root) ? null : unknownRoot(reference, reader);
};

/** What is wrong with a call: a function that does not exist. Operators and macros are known to the parser. */
export const callFault = ({ name, offset }: Call): ReferenceFault | null => {
  if (!/^[A-Za-z]\w*$/.test(name) || functionNames.includes(name)) return null;
  if ((macroNames as readonly string[]).includes(name))
    return {
      message: `calls ${name} in a way that it does not know; such as xs.${name}(x, …), or has(a.b)`,
      offset,
    };
  return {
    message: `calls ${name}(), which does not exist${near(name, [...functionNames, ...macroNames])}`,
    offset,
  };
};
