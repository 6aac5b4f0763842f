import { uuidv7 } from 'uuidv7';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A job's UUIDv7. Its first 48 bits are the time of submission; history is partitioned by them. */
export type JobId = Branded<'JobId'>;
/** One attempt's UUID. Every write of an executor names it. */
export type AttemptId = Branded<'AttemptId'>;
/** One life of an executor: new at every start and after every lease lost. */
export type IncarnationId = Branded<'IncarnationId'>;
/** The uuid of one database, written on every object we create. */
export type InstallationId = Branded<'InstallationId'>;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a lower-case canonical UUID of any version. */
export const isUuid = (text: string): boolean => uuidPattern.test(text);

const checked = <Id extends string>(kind: string, text: string): Id => {
  if (!isUuid(text)) throw new TypeError(`${kind} must be a lower-case UUID, got ${JSON.stringify(text)}`);
  return text as Id;
};

/** Brands a canonical UUID; throws TypeError for anything else. */
export const jobId = (text: string): JobId => checked<JobId>('job id', text);
/** Brands a canonical UUID; throws TypeError for anything else. */
export const attemptId = (text: string): AttemptId => checked<AttemptId>('attempt id', text);
/** Brands a canonical UUID; throws TypeError for anything else. */
export const incarnationId = (text: string): IncarnationId => checked<IncarnationId>('incarnation', text);
/** Brands a canonical UUID; throws TypeError for anything else. */
export const installationId = (text: string): InstallationId => checked<InstallationId>('installation', text);

/** A new time-ordered id; reads the clock and the random source, so pure code takes ids as arguments. */
export const newJobId = (): JobId => uuidv7() as JobId;
/** A new incarnation, for each start of an executor and after each lease lost. */
export const newIncarnationId = (): IncarnationId => uuidv7() as IncarnationId;

/** What people see and type: the last 8 characters of an id. */
export const shortId = (id: string): string => id.slice(-8);

/**
 * The deterministic name of an attempt's object, in a cluster or on disk: at most 63 characters,
 * a DNS-1123 label. The installation is mixed in, so that two databases never meet in one namespace.
 */
export const objectName = (installation: InstallationId, job: JobId, attemptNumber: number): string =>
  `jo-${installation.replaceAll('-', '').slice(-8)}-${job.replaceAll('-', '')}-${attemptNumber}`;

/** A DAG run's UUIDv7. */
export type DagRunId = Branded<'DagRunId'>;
/** Brands a canonical UUID; throws TypeError for anything else. */
export const dagRunId = (text: string): DagRunId => checked<DagRunId>('DAG run id', text);
/** A new time-ordered id of a DAG run. */
export const newDagRunId = (): DagRunId => uuidv7() as DagRunId;
