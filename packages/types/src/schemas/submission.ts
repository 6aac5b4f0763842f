import { Type, type Static } from 'typebox';
import { limits } from '../vocabulary/limits.ts';
import { RetrySchema } from './retry.ts';

/** DNS-1123 label. */
export const namePattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
/** Kubernetes label value, also used for label keys without a prefix. */
export const labelValuePattern = '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$';
/** `key` or `prefix.example/key`. */
export const labelKeyPattern =
  '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$';
/** What a POSIX shell can name. */
export const envNamePattern = '^[A-Za-z_][A-Za-z0-9_]*$';

/** What Kubernetes calls its objects: DNS-1123 labels joined by dots. */
export const kubernetesNamePattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';

const strict = { additionalProperties: false } as const;

export const Name = Type.String({ pattern: namePattern, maxLength: limits.nameChars, minLength: 1 });
const Command = Type.Array(Type.String(), { maxItems: limits.commandItems });
/** Closed, because the pattern that typebox gives a record's keys does not match a key with a line break. */
export const TextMap = Type.Record(Type.String(), Type.String(), strict);
const Env = TextMap;
const Labels = TextMap;
/** Text such as `500m`, or a plain number: YAML's `cpu: 2` is one. */
const Quantity = Type.Unsafe<string>({ type: ['string', 'number'] });
export const Quantities = Type.Record(Type.String(), Quantity, strict);

export const KubernetesName = Type.String({
  pattern: kubernetesNamePattern,
  minLength: 1,
  maxLength: limits.kubernetesNameChars,
});
export const PullSecrets = Type.Array(KubernetesName, { maxItems: limits.pullSecrets });

export const ResourcesSchema = Type.Object(
  {
    requests: Type.Optional(Quantities),
    limits: Type.Optional(Quantities),
    sharedMemory: Type.Optional(Quantity),
  },
  strict,
);

/** Variable → a name that an administrator bound to a Secret. */
const SecretEnv = Type.Record(Type.String(), Name, strict);

const Seconds = Type.Integer({ minimum: 1, maximum: limits.deadlineSeconds });

/** A job as people submit it, through the API, a file or the SDK. */
export const JobSubmissionSchema = Type.Object(
  {
    image: Name,
    name: Type.Optional(Name),
    project: Type.Optional(Name),
    topic: Type.Optional(Name),
    command: Type.Optional(Command),
    args: Type.Optional(Command),
    env: Type.Optional(Env),
    secretEnv: Type.Optional(SecretEnv),
    inputs: Type.Optional(Type.Record(Type.String(), Type.Any())),
    output: Type.Optional(Type.Boolean()),
    resources: Type.Optional(ResourcesSchema),
    profile: Type.Optional(Name),
    localQueue: Type.Optional(KubernetesName),
    priority: Type.Optional(Type.Integer({ minimum: limits.priority.least, maximum: limits.priority.most })),
    runAt: Type.Optional(Type.String({ format: 'date-time' })),
    retry: Type.Optional(RetrySchema),
    deadlines: Type.Optional(
      Type.Object(
        {
          queueSeconds: Type.Optional(Seconds),
          startSeconds: Type.Optional(Seconds),
          runSeconds: Type.Optional(Seconds),
          finalizeSeconds: Type.Optional(Seconds),
        },
        strict,
      ),
    ),
    labels: Type.Optional(Labels),
  },
  { ...strict, $id: 'JobSubmission', title: 'A job as it is submitted' },
);
export type JobSubmission = Static<typeof JobSubmissionSchema>;

/** An image as an administrator registers it. */
export const ImageSubmissionSchema = Type.Object(
  {
    name: Name,
    project: Type.Optional(Name),
    reference: Type.String({ minLength: 1, maxLength: limits.imageReferenceChars }),
    command: Type.Optional(Command),
    args: Type.Optional(Command),
    env: Type.Optional(Env),
    resources: Type.Optional(ResourcesSchema),
    labels: Type.Optional(Labels),
    runAsUser: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
    pullSecrets: Type.Optional(PullSecrets),
  },
  { ...strict, $id: 'ImageSubmission', title: 'An image as it is registered' },
);
export type ImageSubmission = Static<typeof ImageSubmissionSchema>;

/** A file or a body with one job or many. */
export const JobBatchSchema = Type.Object(
  { jobs: Type.Array(JobSubmissionSchema, { minItems: 1, maxItems: limits.jobsPerRequest }) },
  { ...strict, $id: 'JobBatch', title: 'Many jobs, stored all or none' },
);
export type JobBatch = Static<typeof JobBatchSchema>;
