import type { DagDocument, DagNode, ValueSchema } from '@job-orchestrator/types';
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
  readonly approval?: { readonly message: string | Ref; readonly timeoutSeconds?: number };
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

const refsTo = <Names extends Schemas>(base: string, names: Names | undefined): RefsTo<Names> =>
  Object.fromEntries(
    Object.keys(names ?? {}).map((name) => [name, new Ref(selected(base, name))]),
  ) as RefsTo<Names>;

const nodeRef = <Outputs extends Schemas>(name: string, outputs: Outputs | undefined): NodeRef<Outputs> => {
  const base = selected('nodes', name);
  return {
    name,
    state: new Ref(`${base}.state`),
    outputs: refsTo(`${base}.outputs`, outputs),
    allOutputs: new Ref(`${base}.outputs`),
  };
};

const nodeOf = ({ needs, ...options }: NodeOptions): DagNode =>
  withoutRefs({ ...options, needs: needs?.map(({ name }) => name) }) as DagNode;

type Section = Map<string, DagNode>;

const adder =
  (section: Section, names: Set<string>) =>
  <Outputs extends Schemas>(name: string, options: NodeOptions<Outputs> = {}): NodeRef<Outputs> => {
    if (names.has(name)) throw new TypeError(`node ${JSON.stringify(name)} is defined twice`);
    names.add(name);
    section.set(name, nodeOf(options));
    return nodeRef(name, options.outputs);
  };

/**
 * Builds the document of a DAG in TypeScript: the same that YAML would hold, for `dag apply` and the checks of the
 * server. The code runs once, before any run: a `Ref` stands for what is known later. What `build` returns becomes the
 * DAG's `outputs`. Names of inputs and outputs are checked by the compiler.
 */
export const defineDag = <const Inputs extends Schemas = NoSchemas>(
  name: string,
  options: DagOptions<Inputs>,
  build: (dag: DagBuilder<Inputs>) => Readonly<Record<string, WithRefs>> | void,
): DagDocument => {
  const [nodes, final]: [Section, Section] = [new Map(), new Map()];
  const names = new Set<string>();
  const outputs = build({
    inputs: refsTo('inputs', options.inputs),
    item: new Ref('item'),
    run: new Ref('run'),
    node: adder(nodes, names),
    finalNode: adder(final, names),
  });
  return {
    name,
    ...options,
    ...(outputs === undefined
      ? {}
      : { outputs: withoutRefs(outputs) as NonNullable<DagDocument['outputs']> }),
    nodes: Object.fromEntries(nodes),
    ...(final.size === 0 ? {} : { finally: Object.fromEntries(final) }),
  };
};
