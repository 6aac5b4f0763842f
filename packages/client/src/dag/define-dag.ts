import {
  approvalOutputs,
  didYouMean,
  type DagDocument,
  type DagNode,
  type ValueSchema,
} from '@job-orchestrator/types';
import { checkDocument } from './check-document.ts';
import { Ref, selected, withoutRefs, type WithRefs } from './ref.ts';

type Schemas = Readonly<Record<string, ValueSchema>>;
/** What a node has that declares no outputs: no names at all. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- meant
type NoSchemas = Record<never, never>;
type RefsTo<Names extends Schemas> = { readonly [Name in keyof Names]: Ref };

/** A node that was defined: what others need it and read it by. */
export interface NodeRef<Outputs extends Schemas = Schemas> {
  readonly name: string;
  /** How it ended: `completed`, `failed`, `skipped` or `cancelled`. */
  readonly state: Ref;
  /** What it declares as `outputs`. Of a node with `forEach`, read `allOutputs`. */
  readonly outputs: RefsTo<Outputs>;
  /** All outputs as one value; of a node with `forEach` the list of its items' outputs. */
  readonly allOutputs: Ref;
}

type ApprovalSchemas = Readonly<Record<(typeof approvalOutputs)[number], ValueSchema>>;

/** A node that asks a person: its outputs are the decision, and by whom, when and why. */
export type ApprovalRef = NodeRef<ApprovalSchemas>;

interface ApprovalOptions {
  readonly message: string | Ref;
  readonly timeoutSeconds?: number;
  readonly onTimeout?: 'fail' | 'approve';
}

type Replaced = 'needs' | 'when' | 'forEach' | 'args' | 'env' | 'inputs' | 'outputs' | 'approval' | 'dag';

/** A node as the document has it (docs/dags.md), with refs where it takes expressions. */
export interface NodeOptions<Outputs extends Schemas = Schemas> extends Omit<DagNode, Replaced> {
  readonly needs?: readonly NodeRef[];
  readonly when?: Ref | string;
  readonly forEach?: Ref | readonly WithRefs[];
  readonly args?: readonly (string | Ref)[];
  readonly env?: Readonly<Record<string, string | Ref>>;
  readonly inputs?: Readonly<Record<string, WithRefs>>;
  readonly outputs?: Outputs;
  readonly approval?: ApprovalOptions;
  readonly dag?: { readonly name: string; readonly version?: number };
}

/** What a DAG is built with. */
export interface DagBuilder<Inputs extends Schemas> {
  readonly inputs: RefsTo<Inputs>;
  /** The item of the node's `forEach`. */
  readonly item: Ref;
  /** The run: `run.at('id')`. */
  readonly run: Ref;
  /** Defines a node. Throws TypeError for a name that was taken. */
  node(name: string, options: NodeOptions & { readonly approval: ApprovalOptions }): ApprovalRef;
  node<const Outputs extends Schemas = NoSchemas>(
    name: string,
    options?: NodeOptions<Outputs>,
  ): NodeRef<Outputs>;
  /** Defines a node of `finally`. Throws TypeError for a name that was taken. */
  finalNode<const Outputs extends Schemas = NoSchemas>(
    name: string,
    options?: NodeOptions<Outputs>,
  ): NodeRef<Outputs>;
}

/** The DAG but for its nodes, which the builder collects. */
export interface DagOptions<Inputs extends Schemas = Schemas> extends Omit<
  DagDocument,
  'name' | 'inputs' | 'outputs' | 'nodes' | 'finally'
> {
  readonly inputs?: Inputs;
}

/** What JavaScript itself looks for in any object. */
const looks: readonly string[] = ['then', 'toJSON'];

const hintFor = (word: string, known: readonly string[]): string => {
  const near = didYouMean(word, known);
  if (near !== null) return `did you mean ${near}?`;
  return known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`;
};

/** Reading a name that is not there throws, where plain JavaScript would write `undefined` into the DAG. */
const strict = <Refs extends object>(refs: Refs, what: string): Refs =>
  new Proxy(refs, {
    get: (target, key) => {
      if (typeof key === 'symbol' || key in target || looks.includes(key))
        return Reflect.get(target, key) as unknown;
      throw new TypeError(`${what} ${key}; ${hintFor(key, Object.keys(target))}`);
    },
  });

const refsTo = <Names extends Schemas>(base: string, names: readonly string[], what: string): RefsTo<Names> =>
  strict(
    Object.fromEntries(names.map((name) => [name, new Ref(selected(base, name))])) as RefsTo<Names>,
    what,
  );

const outputsOf = ({ approval, outputs }: NodeOptions): readonly string[] =>
  approval === undefined ? Object.keys(outputs ?? {}) : approvalOutputs;

const nodeRef = <Outputs extends Schemas>(name: string, options: NodeOptions): NodeRef<Outputs> => {
  const base = selected('nodes', name);
  return {
    name,
    state: new Ref(`${base}.state`),
    outputs: refsTo(`${base}.outputs`, outputsOf(options), `node ${name} declares no output`),
    allOutputs: new Ref(`${base}.outputs`),
  };
};

const nodeOf = ({ needs, ...options }: NodeOptions): DagNode =>
  withoutRefs({ ...options, needs: needs?.map((need) => need?.name) }) as DagNode;

type Section = Map<string, DagNode>;

const adder =
  (section: Section, names: Set<string>) =>
  <Outputs extends Schemas>(name: string, options: NodeOptions<Outputs> = {}): NodeRef<Outputs> => {
    if (names.has(name)) throw new TypeError(`node ${JSON.stringify(name)} is defined twice`);
    names.add(name);
    section.set(name, nodeOf(options));
    return nodeRef<Outputs>(name, options);
  };

/**
 * Builds the document of a DAG in TypeScript: the same that YAML would hold, for `dag apply` and the checks of the
 * server. The code runs once, before any run: a `Ref` stands for what is known later. What `build` returns becomes the
 * DAG's `outputs`. Throws `invalid_input` for what is wrong with it, each problem with its node and field.
 */
export const defineDag = <const Inputs extends Schemas = NoSchemas>(
  name: string,
  options: DagOptions<Inputs>,
  build: (dag: DagBuilder<Inputs>) => Readonly<Record<string, WithRefs>> | void,
): DagDocument => {
  const [nodes, final]: [Section, Section] = [new Map(), new Map()];
  const names = new Set<string>();
  const outputs = build({
    inputs: refsTo('inputs', Object.keys(options.inputs ?? {}), 'the DAG declares no input'),
    item: new Ref('item'),
    run: new Ref('run'),
    node: adder(nodes, names),
    finalNode: adder(final, names),
  });
  return checkDocument({
    name,
    ...options,
    ...(outputs === undefined
      ? {}
      : { outputs: withoutRefs(outputs) as NonNullable<DagDocument['outputs']> }),
    nodes: Object.fromEntries(nodes),
    ...(final.size === 0 ? {} : { finally: Object.fromEntries(final) }),
  });
};
