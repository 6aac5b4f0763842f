import type { Resources } from './job.ts';

/** What a pod puts up with, in Kubernetes' own words. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly tolerationSeconds?: number;
}

/** Where and as what an attempt runs: the platform's to say, read anew at each attempt. Names are Kubernetes' own. */
export interface Placement {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  readonly priorityClassName: string | null;
  /** Its token is never mounted beside the program. */
  readonly serviceAccountName: string | null;
  readonly runtimeClassName: string | null;
  /** Names of Secrets with credentials of registries. */
  readonly pullSecrets: readonly string[];
  /** The LocalQueue of Kueue for jobs that name none. */
  readonly localQueue: string | null;
}

/** What a profile means for a submission; frozen in the job once it was applied. */
export interface ProfileRules {
  readonly name: string;
  /** Jobs of these topics that name no profile get this one. */
  readonly defaultForTopics: readonly string[];
  /** What a job gets that neither it nor its image says otherwise. */
  readonly resources: Resources | null;
  /** The most that a job may ask for, as request or limit: quantities by resource name. */
  readonly maximum: Readonly<Record<string, string>>;
}

/** What an administrator defines and jobs name: where they may run, and how large they may be. */
export interface Profile extends Placement, ProfileRules {
  readonly project: string;
  readonly description: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type NewProfile = Omit<Profile, 'createdAt' | 'updatedAt'>;

/** Jobs that name no profile get the one of this name, unless another is the default of their topic. */
export const defaultProfile = 'default';

/** A key of a Secret in the namespace of the jobs; never its value. */
export interface SecretReference {
  readonly secret: string;
  readonly key: string;
}

/** A name that jobs may use for a key of a Secret, given by an administrator. */
export interface SecretBinding extends SecretReference {
  readonly project: string;
  readonly name: string;
  /** Only jobs of these topics may use it; empty: of all. */
  readonly topics: readonly string[];
  /** Only jobs of these images may use it; empty: of all. */
  readonly images: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type NewSecretBinding = Omit<SecretBinding, 'createdAt' | 'updatedAt'>;

/**
 * The profile of a submission: the one it names, else the one of its topic, else the one called `default`.
 * `undefined`: it names one that does not exist; null: none applies.
 */
export const chooseProfile = <Rules extends ProfileRules>(
  profiles: readonly Rules[],
  { profile, topic = 'default' }: { readonly profile?: string; readonly topic?: string },
): Rules | null | undefined => {
  const named = (name: string): Rules | undefined => profiles.find((each) => each.name === name);
  if (profile !== undefined) return named(profile);
  return (
    profiles.find(({ defaultForTopics }) => defaultForTopics.includes(topic)) ?? named(defaultProfile) ?? null
  );
};

/** Why a job may not use a secret; null when it may. The rule holds at the submission and again at each attempt. */
export const secretRefusal = (
  { topics, images }: Pick<SecretBinding, 'topics' | 'images'>,
  job: { readonly topic: string; readonly image: string },
): string | null => {
  if (topics.length > 0 && !topics.includes(job.topic))
    return `is bound for the topics ${topics.join(', ')}, and this job is of topic ${job.topic}`;
  if (images.length > 0 && !images.includes(job.image))
    return `is bound for the images ${images.join(', ')}, and this job runs ${job.image}`;
  return null;
};
