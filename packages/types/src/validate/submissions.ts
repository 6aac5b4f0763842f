import type { Problem } from '../errors/problems.ts';
import { checkJson, fieldPath } from '../json/check-json.ts';
import { assertStorable, invalidInput } from '../json/strict-json.ts';
import {
  ImageSubmissionSchema,
  JobBatchSchema,
  JobSubmissionSchema,
  type ImageSubmission,
  type JobBatch,
  type JobSubmission,
} from '../schemas/submission.ts';
import type { JobSpec } from '../vocabulary/job.ts';
import { limits } from '../vocabulary/limits.ts';
import type { ProfileRules } from '../vocabulary/profile.ts';
import { maximumProblems, resourcesProblems } from './resources.ts';
import { retryProblems } from './retry.ts';
import { schemaProblems } from './schema-problems.ts';
import { envProblems, labelProblems, localQueueProblems, secretEnvProblems } from './text-maps.ts';

type Path = readonly (string | number)[];

const jobShape = schemaProblems(JobSubmissionSchema);
const batchShape = schemaProblems(JobBatchSchema);
const imageShape = schemaProblems(ImageSubmissionSchema);

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

const sizeProblem = (value: unknown, limit: number, path: Path): Problem[] => {
  const bytes = value === undefined ? 0 : bytesOf(JSON.stringify(value));
  const message = `must be at most ${limit} bytes as JSON`;
  return bytes > limit ? [{ field: fieldPath(path), message, limit, value: `${bytes} bytes` }] : [];
};

const commandProblems = (command: readonly string[] | undefined, path: Path): Problem[] =>
  (command ?? []).flatMap((item, index) =>
    bytesOf(item) > limits.commandItemBytes
      ? [
          {
            field: fieldPath([...path, index]),
            message: `must be at most ${limits.commandItemBytes} bytes`,
            limit: limits.commandItemBytes,
          },
        ]
      : [],
  );

/** An empty command would mean "the image's" to Kubernetes and "nothing" to a shell: say which. */
const emptyCommand = (command: readonly string[] | undefined, path: Path): Problem[] =>
  command?.length === 0 || command?.[0] === ''
    ? [
        {
          field: fieldPath(path),
          message: 'must name a program first; leave it out to use that of the image',
        },
      ]
    : [];

type CommandAndEnv = Pick<
  JobSubmission,
  'command' | 'args' | 'env' | 'secretEnv' | 'labels' | 'resources' | 'localQueue'
>;

/** What is wrong with the fields that jobs, images and nodes of DAGs share, beyond their shape. Empty: nothing. */
export const sharedProblems = (thing: CommandAndEnv, path: Path): readonly Problem[] => [
  ...emptyCommand(thing.command, [...path, 'command']),
  ...commandProblems(thing.command, [...path, 'command']),
  ...commandProblems(thing.args, [...path, 'args']),
  ...envProblems(thing.env, [...path, 'env']),
  ...secretEnvProblems(thing.secretEnv, thing.env, [...path, 'secretEnv']),
  ...labelProblems(thing.labels, [...path, 'labels']),
  ...localQueueProblems(thing, path),
  ...resourcesProblems(thing.resources, [...path, 'resources']),
];

const jobProblems = (job: JobSubmission, path: Path): readonly Problem[] => [
  ...sharedProblems(job, path),
  ...sizeProblem(job.inputs, limits.inputsBytes, [...path, 'inputs']),
  ...sizeProblem(job, limits.specBytes, path.length === 0 ? ['job'] : path),
];

/**
 * What is wrong with a spec once the image's defaults are merged into it: a job's limit below its image's request, or
 * more variables and labels together than either has alone. Empty: nothing.
 */
export const specProblems = (spec: JobSpec, path: Path): readonly Problem[] => [
  ...envProblems(spec.env, [...path, 'env']),
  ...secretEnvProblems(spec.secretEnv, spec.env, [...path, 'secretEnv']),
  ...labelProblems(spec.labels, [...path, 'labels']),
  ...localQueueProblems(spec, path),
  ...resourcesProblems(spec.resources ?? undefined, [...path, 'resources']),
  ...retryProblems(spec.retry, spec.resources, [...path, 'retry']),
  ...sizeProblem(spec, limits.specBytes, path.length === 0 ? ['job'] : path),
];

/** Where a spec asks for more than its profile lets it, now or after its memory grew. */
export const profileProblems = (
  { resources, retry }: Pick<JobSpec, 'resources' | 'retry'>,
  profile: ProfileRules | null,
  path: Path,
): readonly Problem[] => {
  if (profile === null) return [];
  const grown = retry.memory === undefined ? {} : { limits: { memory: retry.memory.cap } };
  return [
    ...maximumProblems(resources ?? {}, profile, [...path, 'resources']),
    ...maximumProblems(grown, profile, []).map((problem) => ({
      ...problem,
      field: fieldPath([...path, 'retry', 'memory', 'cap']),
    })),
  ];
};

/** `registry.example:5000/team/image:tag@sha256:…` */
const referencePattern =
  /^(?:[a-zA-Z0-9](?:[-a-zA-Z0-9.]*[a-zA-Z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(?:@sha256:[a-f0-9]{64})?$/;

const imageProblems = (image: ImageSubmission): readonly Problem[] => [
  ...(referencePattern.test(image.reference)
    ? []
    : [
        {
          field: 'reference',
          message: 'must be an image reference such as registry.example/team/image:1.2',
          value: image.reference,
        },
      ]),
  ...sharedProblems(image, []),
  ...sizeProblem(image, limits.specBytes, ['image']),
];

const refuseAny = (problems: readonly Problem[]): void => {
  if (problems.length > 0) throw invalidInput(problems);
};

/** Checks one job from outside; throws `invalid_input` naming every field, limit and value. */
export const validateJobSubmission = (value: unknown): JobSubmission => {
  assertStorable(value);
  refuseAny(jobShape(value));
  const job = value as JobSubmission;
  refuseAny(jobProblems(job, []));
  return job;
};

const isBatch = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && 'jobs' in value;

/**
 * Checks what a request or a file holds: one job, a list of jobs, or `{ jobs: [...] }`.
 * Throws `invalid_input` naming every field, limit and value; all jobs are accepted or none.
 */
export const validateJobBatch = (value: unknown): JobBatch => {
  if (!isBatch(value) && !Array.isArray(value)) return { jobs: [validateJobSubmission(value)] };
  assertStorable(value);
  const batch = Array.isArray(value) ? { jobs: value as unknown[] } : value;
  refuseAny(batchShape(batch));
  const jobs = (batch as JobBatch).jobs;
  refuseAny(jobs.flatMap((job, index) => jobProblems(job, ['jobs', index])));
  return { jobs };
};

/** Checks an image from outside; throws `invalid_input` naming every field, limit and value. */
export const validateImageSubmission = (value: unknown): ImageSubmission => {
  refuseAny(checkJson(value));
  refuseAny(imageShape(value));
  const image = value as ImageSubmission;
  refuseAny(imageProblems(image));
  return image;
};
