import { Type, type Static } from 'typebox';
import { limits } from '../vocabulary/limits.ts';
import { listOf, nullable, oneOf, StringMap, Strings, Timestamp, type Dto } from './response-parts.ts';
import { KubernetesName, Name, PullSecrets, Quantities, ResourcesSchema, TextMap } from './submission.ts';

const strict = { additionalProperties: false } as const;

const Names = Type.Array(Name, { maxItems: limits.bindingLimitations });

const TolerationSchema = Type.Object(
  {
    key: Type.Optional(Type.String({ minLength: 1, maxLength: 317 })),
    operator: Type.Optional(oneOf(['Exists', 'Equal'] as const)),
    value: Type.Optional(Type.String({ maxLength: limits.labelValueChars })),
    effect: Type.Optional(oneOf(['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const)),
    tolerationSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { ...strict, title: 'A toleration, as a pod has it' },
);

/** A profile as an administrator defines it. Names that are Kubernetes' mean what they mean in a pod. */
export const ProfileSubmissionSchema = Type.Object(
  {
    name: Name,
    project: Type.Optional(Name),
    description: Type.Optional(Type.String({ maxLength: limits.dag.descriptionChars })),
    defaultForTopics: Type.Optional(Names),
    nodeSelector: Type.Optional(TextMap),
    tolerations: Type.Optional(Type.Array(TolerationSchema, { maxItems: limits.tolerations })),
    priorityClassName: Type.Optional(KubernetesName),
    serviceAccountName: Type.Optional(KubernetesName),
    runtimeClassName: Type.Optional(KubernetesName),
    pullSecrets: Type.Optional(PullSecrets),
    localQueue: Type.Optional(KubernetesName),
    resources: Type.Optional(ResourcesSchema),
    maximum: Type.Optional(Quantities),
  },
  { ...strict, $id: 'ProfileSubmission', title: 'A profile as it is defined' },
);
export type ProfileSubmission = Static<typeof ProfileSubmissionSchema>;

export const ProfileSchema = Type.Object(
  {
    project: Type.String(),
    name: Type.String(),
    description: nullable(Type.String()),
    defaultForTopics: Strings,
    nodeSelector: StringMap,
    tolerations: Type.Array(TolerationSchema),
    priorityClassName: nullable(Type.String()),
    serviceAccountName: nullable(Type.String()),
    runtimeClassName: nullable(Type.String()),
    pullSecrets: Strings,
    localQueue: nullable(Type.String()),
    resources: nullable(ResourcesSchema),
    maximum: StringMap,
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  { $id: 'Profile', title: 'Where jobs may run, and how large they may be' },
);
export type ProfileDto = Dto<typeof ProfileSchema>;

export const ProfileListSchema = listOf('ProfileList', ProfileSchema);
export type ProfileList = Dto<typeof ProfileListSchema>;

/** A name for a key of a Secret, as an administrator binds it. */
export const SecretBindingSubmissionSchema = Type.Object(
  {
    name: Name,
    project: Type.Optional(Name),
    secret: KubernetesName,
    key: Type.String({
      pattern: '^[-._a-zA-Z0-9]+$',
      minLength: 1,
      maxLength: limits.kubernetesNameChars,
    }),
    topics: Type.Optional(Names),
    images: Type.Optional(Names),
  },
  { ...strict, $id: 'SecretBindingSubmission', title: 'A name for a key of a Secret, as it is bound' },
);
export type SecretBindingSubmission = Static<typeof SecretBindingSubmissionSchema>;

export const SecretBindingSchema = Type.Object(
  {
    project: Type.String(),
    name: Type.String(),
    secret: Type.String(),
    key: Type.String(),
    topics: Strings,
    images: Strings,
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  {
    $id: 'SecretBinding',
    title: 'A name that jobs may use for a key of a Secret; its value is not known here',
  },
);
export type SecretBindingDto = Dto<typeof SecretBindingSchema>;

export const SecretBindingListSchema = listOf('SecretBindingList', SecretBindingSchema);
export type SecretBindingList = Dto<typeof SecretBindingListSchema>;
