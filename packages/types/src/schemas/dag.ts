import { Type, type Static } from 'typebox';
import type { JsonValue } from '../json/json-value.ts';
import { approvalTimeouts, triggerRules } from '../vocabulary/dag.ts';
import { limits } from '../vocabulary/limits.ts';
import { oneOf, type ReadonlyDeep } from './response-parts.ts';
import { JobSubmissionSchema, Name } from './submission.ts';
import { ValueSchemaReference, valueSchemaDefinition } from './value-schema.ts';

/** A node's name: a DNS-1123 label that begins with a letter, so that expressions and jobs can carry it. */
export const nodeNamePattern = '^[a-z]([-a-z0-9]*[a-z0-9])?$';
/** Names that expressions reach with a dot: inputs and outputs. */
export const valueNamePattern = '^[A-Za-z_][A-Za-z0-9_]*$';

const strict = { additionalProperties: false } as const;
const {
  image,
  command,
  args,
  env,
  secretEnv,
  inputs,
  topic,
  priority,
  labels,
  resources,
  profile,
  localQueue,
  retry,
  deadlines,
} = JobSubmissionSchema.properties;

const described = <Schema extends object>(schema: Schema, description: string): Schema => ({
  ...schema,
  description,
});

const Text = Type.String({ maxLength: limits.dag.descriptionChars });
const MaxParallel = Type.Integer({ minimum: 1, maximum: limits.dag.nodes });
const Seconds = Type.Integer({ minimum: 1, maximum: limits.deadlineSeconds });
const Source = Type.String({ minLength: 1, maxLength: limits.commandItemBytes });

/** Named values, each described by a JSON Schema: what a run takes, or what a node's result holds. */
const ValueSchemas = Type.Record(Type.String(), ValueSchemaReference, {
  ...strict,
  maxProperties: limits.dag.values,
});

/** A list, or an expression that gives one. */
const Items = Type.Unsafe<string | readonly JsonValue[]>({ type: ['array', 'string'] });

const ApprovalSchema = Type.Object(
  {
    message: described(Source, 'What the person is asked; may hold expressions.'),
    timeoutSeconds: Type.Optional(
      described(Seconds, 'How long it waits for an answer; 7 days unless given.'),
    ),
    onTimeout: Type.Optional(
      described(oneOf(approvalTimeouts), 'What happens when nobody answered in time; fail unless given.'),
    ),
  },
  strict,
);

const SubDagSchema = Type.Object(
  {
    name: described(Name, 'A DAG of the same project.'),
    version: Type.Optional(
      described(
        Type.Integer({ minimum: 1 }),
        'Unless given, the newest version when a run is started; it keeps that one to its end.',
      ),
    ),
  },
  strict,
);

const CacheSchema = Type.Unsafe<boolean | { readonly maxAgeSeconds?: number }>({
  type: ['boolean', 'object'],
  properties: {
    maxAgeSeconds: described(Seconds, 'No result that is older; unless given, any that is still kept.'),
  },
  ...strict,
});

/** What a job takes wherever it is defined: in a node, or in `defaults` for every node. */
const jobDefaults = {
  image: Type.Optional(image),
  env,
  secretEnv,
  topic,
  priority,
  labels,
  resources,
  profile,
  localQueue,
  retry,
  deadlines,
};

export const DagNodeSchema = Type.Object(
  {
    ...jobDefaults,
    description: Type.Optional(Text),
    command,
    args: Type.Optional(described(args, 'Each item may hold expressions, but for the text of a shell.')),
    run: Type.Optional(
      described(
        Source,
        'A shell line, run by /bin/sh -ec. Holds no expressions: pass values by env or args.',
      ),
    ),
    inputs: Type.Optional(described(inputs, 'Values, expressions or both, handed to the job as JSON.')),
    needs: Type.Optional(
      described(
        Type.Array(Type.String(), { maxItems: limits.dag.edges }),
        'The nodes that must have ended before this one.',
      ),
    ),
    when: Type.Optional(described(Source, 'An expression that gives true or false; false skips the node.')),
    triggerRule: Type.Optional(
      described(oneOf(triggerRules), 'How the needed nodes must have ended; all_success unless given.'),
    ),
    forEach: Type.Optional(described(Items, 'One job per item, which expressions read as `item`.')),
    maxParallel: Type.Optional(described(MaxParallel, 'How many items of `forEach` run at once.')),
    failFast: Type.Optional(
      described(Type.Boolean(), 'With `forEach`: the first failed item cancels the others.'),
    ),
    group: Type.Optional(described(Type.String({ minLength: 1 }), 'A group of `groups`.')),
    outputs: Type.Optional(
      described(ValueSchemas, 'What the result of the job must hold; each is required.'),
    ),
    cache: Type.Optional(
      described(
        CacheSchema,
        'True, or how old a result may be: where a node of the project did the same before, its result is used again. Needs an image that is pinned by its digest.',
      ),
    ),
    approval: Type.Optional(described(ApprovalSchema, 'Makes this a node that waits for a person.')),
    dag: Type.Optional(described(SubDagSchema, 'Makes this a node that runs another DAG.')),
  },
  { ...strict, title: 'A node of a DAG: a job, an approval, or another DAG' },
);

const Nodes = Type.Record(Type.String(), DagNodeSchema, strict);

const GroupSchema = Type.Object(
  {
    mode: described(
      oneOf(['parallel', 'sequential', 'limited'] as const),
      'All at once, one after the other in the order they stand, or at most `maxParallel` at once.',
    ),
    maxParallel: Type.Optional(MaxParallel),
  },
  strict,
);

/** A DAG as people write it, in YAML, in JSON or through the builder. */
export const DagDocumentSchema = Type.Object(
  {
    name: Name,
    project: Type.Optional(Name),
    description: Type.Optional(Text),
    inputs: Type.Optional(
      described(ValueSchemas, 'What a run takes. One with a `default` may be left out at the start.'),
    ),
    outputs: Type.Optional(
      described(
        Type.Record(Type.String(), Type.Unsafe<JsonValue>({}), {
          ...strict,
          maxProperties: limits.dag.values,
        }),
        'What a run gives: values or expressions, evaluated once the nodes have ended.',
      ),
    ),
    defaults: Type.Optional(
      described(Type.Object(jobDefaults, strict), 'What every job has that does not say otherwise.'),
    ),
    maxParallel: Type.Optional(described(MaxParallel, 'How many jobs of a run are out at once.')),
    deadlineSeconds: Type.Optional(described(Seconds, 'How long a run may take; 7 days unless given.')),
    failFast: Type.Optional(
      described(Type.Boolean(), 'The first failed node cancels what still runs; only `finally` follows.'),
    ),
    groups: Type.Optional(
      Type.Record(Type.String(), GroupSchema, { ...strict, maxProperties: limits.dag.groups }),
    ),
    nodes: described(Nodes, 'The nodes by their names.'),
    finally: Type.Optional(described(Nodes, 'Nodes that run when all others have ended, however that was.')),
  },
  {
    ...strict,
    $id: 'DagDocument',
    title: 'A DAG of Job Orchestrator',
    $defs: { ValueSchema: valueSchemaDefinition },
  },
);

export type DagDocument = ReadonlyDeep<Static<typeof DagDocumentSchema>>;
export type DagNode = ReadonlyDeep<Static<typeof DagNodeSchema>>;
export type DagDefaults = NonNullable<DagDocument['defaults']>;
