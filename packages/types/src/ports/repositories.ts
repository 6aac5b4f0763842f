import type { DeadLetter, DeadLetterDecision, DeadLetterFilter, Redrive } from '../vocabulary/dead-letter.ts';
import type { AttemptWrite, LogTail } from '../vocabulary/attempt-write.ts';
import type { AttemptId, IncarnationId, InstallationId, JobId } from '../vocabulary/ids.ts';
import type {
  AttemptRecord,
  JobEvent,
  JobRecord,
  JobSummary,
  LiveAttempt,
  NewJob,
} from '../vocabulary/job.ts';
import type { OutputFile, OutputResult } from '../vocabulary/observation.ts';
import type { NewProfile, NewSecretBinding, Profile, SecretBinding } from '../vocabulary/profile.ts';
import type {
  Deaths,
  ExecutorRecord,
  Image,
  NewExecutor,
  NewImage,
  SetAside,
  Topic,
} from '../vocabulary/registry.ts';
import type { JobState } from '../vocabulary/states.ts';
import type { DagRepository } from './dags.ts';
import type { ScheduleRepository } from './schedules.ts';

/** Who changes something, and why; stored with the change. */
export interface WriteContext {
  readonly actor: string;
  readonly reason: string;
}

/** One page of a list in a fixed order. `next` null: the last page. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** Where a page begins (an opaque cursor from the page before) and how many items it may have. */
export interface PageRequest {
  readonly after: string | null;
  readonly limit: number;
}

/** The same key with the same fingerprint answers with the same jobs; with another fingerprint it is refused. */
export interface IdempotencyKey {
  readonly key: string;
  /** sha-256 (hex) of the request body. */
  readonly fingerprint: string;
}

export interface InsertedJobs {
  readonly ids: readonly JobId[];
  /** True when an earlier request with the same key stored these jobs. */
  readonly replayed: boolean;
}

export interface ClaimRequest {
  readonly owner: IncarnationId;
  readonly runtimeKey: string;
  /** null: every topic. */
  readonly topics: readonly string[] | null;
  readonly limit: number;
}

/** Which writes took effect. A stale id's attempt is no longer the caller's: drop its work, go on with the others. */
export interface AppliedWrites {
  readonly applied: readonly AttemptId[];
  readonly stale: readonly AttemptId[];
}

export type CancelAnswer =
  | { readonly kind: 'accepted'; readonly state: JobState }
  | { readonly kind: 'too_late'; readonly state: JobState };

export interface AdoptRequest {
  readonly owner: IncarnationId;
  readonly runtimeKey: string;
  readonly limit: number;
}

/** What the janitor may do with an object of an attempt: nothing while it is open. */
export interface AttemptFate {
  readonly attemptId: AttemptId;
  readonly kind: 'open' | 'closed' | 'unknown';
  /** Seconds since it was closed, by the database's clock; null unless closed. */
  readonly closedForSeconds: number | null;
}

/**
 * The queue. Each method is one whole transaction, and sends the wake-ups that follow from it once it is committed. Every write is fenced by attempt and owner, checks the owner's
 * lease with the database's `clock_timestamp()`, and accounts for the rows it changed.
 */
export interface JobQueueRepository {
  /** The uuid of this database. */
  installation(): Promise<InstallationId>;
  /** Stores jobs and their `submitted` events, all or none; a key belongs to the first job's project. Throws `idempotency_key_reused`, `queue_full`. */
  insertJobs(jobs: readonly NewJob[], context: WriteContext, key?: IdempotencyKey): Promise<InsertedJobs>;
  /**
   * The jobs that an earlier request with this key stored in this project, or null. Asked before images are looked up,
   * so that a repeated request gets its answer even if the image was disabled since. Throws `idempotency_key_reused`.
   */
  findReplay(project: string, key: IdempotencyKey): Promise<readonly JobId[] | null>;
  /** Claims due jobs by topic, pause, limit and priority; each comes with its new attempt in state `launching`. */
  claimJobs(request: ClaimRequest): Promise<readonly LiveAttempt[]>;
  /** Applies writes of one owner in one transaction; stale ones change nothing and do not stop the others. */
  applyWrites(owner: IncarnationId, writes: readonly AttemptWrite[]): Promise<AppliedWrites>;
  /** Ends a waiting job at once, or asks its executor to. Throws `job_not_found`. */
  requestCancel(job: JobId, context: WriteContext): Promise<CancelAnswer>;
  /** Moves due `scheduled` jobs to `pending`; returns how many. */
  promoteDue(limit: number): Promise<number>;
  /** When the next scheduled job is due, and in how many milliseconds by the database's clock. */
  nextDue(topics: readonly string[] | null): Promise<{ readonly inMs: number } | null>;
  /** Fails jobs that waited in the queue past their deadline; returns their ids. */
  expireQueued(limit: number): Promise<readonly JobId[]>;
  /** Takes over live attempts of this runtime whose owner has no live lease. */
  adoptAttempts(request: AdoptRequest): Promise<readonly LiveAttempt[]>;
  /** The owner's open attempts in order of id, in pages: what the executor should be holding. */
  ownAttempts(owner: IncarnationId, page: PageRequest): Promise<Page<LiveAttempt>>;
  /** The owner's attempts whose job is to be cancelled and that record no stop yet. */
  cancelRequests(owner: IncarnationId): Promise<readonly AttemptId[]>;
  /** For the janitor: which of these attempts are open, closed, or unknown to this database. */
  attemptFates(ids: readonly AttemptId[]): Promise<readonly AttemptFate[]>;
  /** Compares each topic's counter with its claimed jobs and mends it; returns the topics that were wrong. */
  auditCounters(): Promise<readonly string[]>;
}

export interface JobFilter {
  readonly project: string | null;
  readonly topic: string | null;
  readonly states: readonly JobState[] | null;
  readonly image: string | null;
  /** Label key → value; a job must carry all. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface FoundJobIds {
  readonly ids: readonly JobId[];
  /** How many ids were looked at by their end. */
  readonly looked: number;
  /** True when every job was looked at. */
  readonly complete: boolean;
}

export interface JobWithAttempts {
  readonly job: JobRecord;
  readonly attempts: readonly AttemptRecord[];
}

/** An output file of a job without its content. `digest`: sha-256, hex. */
export interface OutputEntry {
  readonly name: string;
  readonly bytes: number;
  readonly digest: string;
}

/** What was, and what is: jobs, attempts, events, logs, outputs. Never changes anything. */
export interface JobExecutionHistoryRepository {
  getJob(id: JobId): Promise<JobRecord | null>;
  /** A job and all its attempts in order of number, as they stood at one moment. */
  getJobWithAttempts(id: JobId): Promise<JobWithAttempts | null>;
  /**
   * Ids of jobs that begin or end with `part` (lower-case hex and dashes), newest first, at most `limit`. By their end, the
   * newest jobs that fit are enough; where none does, all are looked at, for about 5 s.
   */
  findJobIds(part: string, limit: number): Promise<FoundJobIds>;
  /** The id of the newest job. */
  latestJobId(project: string | null): Promise<JobId | null>;
  /** Newest first. */
  listJobs(filter: JobFilter, page: PageRequest): Promise<Page<JobSummary>>;
  /** All attempts of a job in order of number; empty for a job that is not known. */
  listAttempts(id: JobId): Promise<readonly AttemptRecord[]>;
  /** Events with a number above `afterSeq`, in order. */
  listEvents(id: JobId, afterSeq: number, limit: number): Promise<readonly JobEvent[]>;
  /** The stored tail of a closed attempt's log; null where none was stored. */
  getLogTail(job: JobId, attempt: AttemptId): Promise<LogTail | null>;
  /** The output files of a completed job by name, the result among them; none of any other job. */
  listOutputs(job: JobId): Promise<readonly OutputEntry[]>;
  /** One output file of a completed job; null when there is none of that name. */
  getOutput(job: JobId, name: string): Promise<OutputFile | null>;
}

/**
 * An output that an attempt's collector delivers. By number: after a restore of the database a running attempt has another
 * id. `instance`: what runs the attempt, such as its pod's uid. `digest`: of all of it as it was sent, sha-256, hex.
 */
export interface DeliveredOutput {
  readonly jobId: JobId;
  readonly attemptNumber: number;
  readonly instance: string;
  readonly digest: string;
  readonly result: OutputResult | null;
  readonly files: readonly OutputFile[];
}

/**
 * What became of a delivered output. `repeated`: the same was accepted before. `differs`: another one was.
 * `too_early`: the executor has not seen yet what runs the attempt. `foreign`: it comes from somewhere else.
 */
export type AcceptedOutput = 'accepted' | 'repeated' | 'differs' | 'closed' | 'too_early' | 'foreign';

/** Outputs between their delivery and the end of their attempt; from then on they are the history's. */
export interface OutputRepository {
  /** Says from where an open attempt's output may come. Only its owner can; of anybody else it changes nothing. */
  expect(owner: IncarnationId, attempt: AttemptId, instance: string): Promise<void>;
  /** Accepts an output once per attempt, only from the expected instance, only while the attempt is open. */
  accept(delivered: DeliveredOutput): Promise<AcceptedOutput>;
  /** What was accepted of an open attempt; null when nothing was. Its files are kept already. */
  accepted(attempt: AttemptId): Promise<{ readonly result: OutputResult | null } | null>;
  /**
   * Keeps files of an open attempt that its executor took from the runtime, before it records the end. Safe to repeat; of
   * anybody but the owner it changes nothing.
   */
  keepFiles(owner: IncarnationId, attempt: AttemptId, files: readonly OutputFile[]): Promise<void>;
}

/** Jobs that failed for good and wait for a person, and what people decided about them. */
export interface DeadLetterRepository {
  /** Newest first. */
  list(filter: DeadLetterFilter, page: PageRequest): Promise<Page<DeadLetter>>;
  count(filter: DeadLetterFilter): Promise<number>;
  /**
   * Stores the new jobs with the decisions, in one transaction. A job that is no dead letter (any more) is left out;
   * returns those that are redriven now, by the id of the failed one.
   */
  redrive(redrives: readonly Redrive[], context: WriteContext): Promise<ReadonlySet<JobId>>;
  /** Takes dead letters off the list for good; returns those that were on it. */
  discard(jobs: readonly JobId[], context: WriteContext): Promise<ReadonlySet<JobId>>;
  /** A dead letter was run again by a retry of its own: `newJob` stands for it. Nothing happens to any other job. */
  noteRetried(job: JobId, newJob: JobId, context: WriteContext): Promise<void>;
  /** null: nobody has decided, or it is no dead letter. */
  decision(job: JobId): Promise<DeadLetterDecision | null>;
}

export interface ImageRegistryRepository {
  get(project: string, name: string): Promise<Image | null>;
  getMany(project: string, names: readonly string[]): Promise<readonly Image[]>;
  list(project: string | null, page: PageRequest): Promise<Page<Image>>;
  /** Registers an image or replaces its definition; active afterwards. */
  put(image: NewImage, context: WriteContext): Promise<Image>;
  /** Throws `image_not_found`. */
  setActive(project: string, name: string, active: boolean, context: WriteContext): Promise<Image>;
}

/** Profiles of a project, at most `limits.profilesPerProject`. */
export interface ProfileRepository {
  /** In order of name; `project` null: of all. */
  list(project: string | null): Promise<readonly Profile[]>;
  get(project: string, name: string): Promise<Profile | null>;
  /** Defines a profile or replaces it. Throws `invalid_input` for a topic that another is the default of, or one too many. */
  put(profile: NewProfile, context: WriteContext): Promise<Profile>;
  /** How many live jobs name it; counts no further than `most`. */
  countLiveJobs(project: string, name: string, most: number): Promise<number>;
  /** Throws `profile_not_found`. */
  remove(project: string, name: string, context: WriteContext): Promise<void>;
}

/** Names for keys of Secrets, at most `limits.secretBindingsPerProject` of a project. No value ever passes here. */
export interface SecretBindingRepository {
  /** In order of name; `project` null: of all. */
  list(project: string | null): Promise<readonly SecretBinding[]>;
  getMany(project: string, names: readonly string[]): Promise<readonly SecretBinding[]>;
  /** Binds a name, or binds it anew. Throws `invalid_input` for one too many. */
  bind(binding: NewSecretBinding, context: WriteContext): Promise<SecretBinding>;
  /** Throws `secret_not_bound`. */
  unbind(project: string, name: string, context: WriteContext): Promise<void>;
}

export interface TopicRepository {
  get(project: string, name: string): Promise<Topic | null>;
  list(project: string | null): Promise<readonly Topic[]>;
  /** Makes the topic when it is new. */
  setPaused(project: string, name: string, paused: boolean, context: WriteContext): Promise<Topic>;
  /** Makes the topic when it is new. `limit` null removes the limit. */
  setLimit(project: string, name: string, limit: number | null, context: WriteContext): Promise<Topic>;
}

/**
 * What a beat found. `at`: the database's clock, by which executors judge deadlines.
 * `lost`: the lease is gone; stop writing and start a new incarnation.
 */
export type BeatAnswer =
  | { readonly kind: 'renewed'; readonly at: Date }
  | { readonly kind: 'lost' }
  /** Our nonce is not the one we wrote: the database went back in time. Stop claiming, reconcile first. */
  | { readonly kind: 'database_went_back' };

export interface ExecutorRepository {
  /** Makes the lease. `sole`: every other executor's lease ends now (embedded: the folder lock is the lease). */
  register(executor: NewExecutor, nonce: string, sole: boolean): Promise<void>;
  /** Renews the lease by compare-and-set of the nonce. */
  beat(incarnation: IncarnationId, nonce: string, nextNonce: string): Promise<BeatAnswer>;
  /** Says that it claims no more; its lease goes on. */
  markDraining(incarnation: IncarnationId): Promise<void>;
  /** Ends the lease at once, so that others may adopt without waiting for its expiry. */
  release(incarnation: IncarnationId): Promise<void>;
  /** Says what it sets aside now, instead of what it said before. */
  noteSetAside(incarnation: IncarnationId, setAside: readonly SetAside[]): Promise<void>;
  /** Says which attempt it is about to look at; null: none any more. Stays when it dies. */
  noteInHand(incarnation: IncarnationId, attempt: AttemptId | null): Promise<void>;
  /** The deaths of others that did what this one does: same runtime, same version. */
  deaths(incarnation: IncarnationId): Promise<Deaths>;
  list(): Promise<readonly ExecutorRecord[]>;
}

/**
 * What a wake-up is about: jobs may be claimed or cancelled, jobs have ended, runs of DAGs have something to do (ends of
 * their own jobs among it), schedules changed. It is only a hint: polling guarantees.
 */
export type WakeUp = 'jobs' | 'cancel' | 'finished' | 'dags' | 'schedules';

/** Wake-ups between processes of one installation (NOTIFY), debounced to one per 50 ms and kind (`dags`: 5 ms). */
export interface WakeUps {
  /** Never throws and never waits; lost when the connection is down. */
  send(kind: WakeUp): void;
  /** Calls back for each wake-up of any process, this one too; returns how to stop. A reconnect wakes for every kind. */
  subscribe(onWake: (kind: WakeUp) => void): () => void;
}

/** Everything of one database, opened together and closed together. */
export interface Database {
  readonly queue: JobQueueRepository;
  readonly history: JobExecutionHistoryRepository;
  readonly outputs: OutputRepository;
  readonly deadLetters: DeadLetterRepository;
  readonly images: ImageRegistryRepository;
  readonly profiles: ProfileRepository;
  readonly secretBindings: SecretBindingRepository;
  readonly topics: TopicRepository;
  readonly executors: ExecutorRepository;
  readonly dags: DagRepository;
  readonly schedules: ScheduleRepository;
  readonly wakeUps: WakeUps;
  /** Throws when the database cannot answer now. */
  ping(): Promise<void>;
  /** Partitions ahead, history past its time, expired idempotency keys, dead leases; on the embedded database also VACUUM and CHECKPOINT. */
  maintain(): Promise<void>;
  close(): Promise<void>;
}
