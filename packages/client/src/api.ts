import type {
  AnswerBody,
  AppliedDagDto,
  ApprovalPage,
  AttemptList,
  BackfillDto,
  BackfillPage,
  BackfillPlanDto,
  BackfillSubmission,
  CancelAnswerDto,
  CancelledBackfillDto,
  DagPage,
  DagRunDto,
  DagRunPage,
  DagRunState,
  DagVersionDto,
  DagVersionPage,
  DeadLetterPage,
  DeletedDagDto,
  DeletedScheduleDto,
  DiscardAnswer,
  DiscardRequest,
  EventDto,
  EventList,
  ExecutorList,
  FiringPage,
  GivenAnswerDto,
  ImageDto,
  ImagePage,
  ImageSubmission,
  InstallationDto,
  JobDetail,
  JobPage,
  JobSubmission,
  JsonObject,
  LogContainer,
  NodeRunPage,
  OutputList,
  ProfileDto,
  ProfileList,
  ProfileSubmission,
  PutScheduleDto,
  Readiness,
  RedriveAnswer,
  RedriveRequest,
  RepairedRunDto,
  RepairPlanDto,
  RetryAnswer,
  RunChangeDto,
  RunPlanDto,
  ScheduleDto,
  SchedulePage,
  ScheduleSubmission,
  SecretBindingDto,
  SecretBindingList,
  SecretBindingSubmission,
  StartedRunDto,
  SubmitAnswer,
  TopicDto,
  TopicList,
} from '@job-orchestrator/types';
import type { LogMessage, LogStream, LogText } from './log-messages.ts';
import type { DeadLetterQuery, JobQuery, PageQuery } from './queries.ts';
import type { RunMessage } from './run-messages.ts';
import type { CallOptions } from './transport.ts';

export interface SubmitOptions extends CallOptions {
  /** The same key with the same jobs stores them once, however often it is sent; at most 255 characters. */
  readonly idempotencyKey?: string;
}

export interface ReasonOptions extends CallOptions {
  /** Stored with the change, for whoever asks later. */
  readonly reason?: string;
}

export interface RetryOptions extends ReasonOptions {
  /** True: what the image refers to now; unless given, what it referred to when the old job was submitted. */
  readonly currentImage?: boolean;
  /** The same key makes one new job, however often it is sent; at most 255 characters. */
  readonly idempotencyKey?: string;
}

export interface ProjectOptions extends CallOptions {
  readonly project?: string;
}

export interface RemoveProfileOptions extends ProjectOptions {
  readonly force?: boolean;
}

export interface DagVersionOptions extends ProjectOptions {
  readonly version?: number;
}

export interface StartRunRequest {
  readonly project?: string;
  readonly inputs?: JsonObject;
  /** The newest unless given. */
  readonly version?: number;
  /** True: nodes with `cache` run, whatever results there are. */
  readonly noCache?: boolean;
  readonly reason?: string;
  /** The same key with the same request starts one run; at most 255 characters. */
  readonly idempotencyKey?: string;
}

export interface RerunRequest {
  /** A node; unless given, what failed is run again. */
  readonly from?: string;
  /** Unless given, the inputs of the old run. */
  readonly inputs?: JsonObject;
  /** True: nodes with `cache` run, whatever results there are. */
  readonly noCache?: boolean;
  readonly reason?: string;
  readonly idempotencyKey?: string;
}

export interface DagRunQuery extends PageQuery {
  readonly dag?: string;
  readonly states?: readonly DagRunState[];
  /** True: runs of sub-DAGs too; unless given, only runs that people started. */
  readonly nested?: boolean;
  /** Only the runs of sub-DAGs of this run. */
  readonly parent?: string;
}

export interface ApprovalQuery extends PageQuery {
  readonly dag?: string;
}

export interface ScheduleQuery extends PageQuery {
  readonly dag?: string;
}

export interface ScheduleChange extends ReasonOptions, ProjectOptions {}

export interface BackfillRequest extends BackfillSubmission {
  readonly project?: string;
  /** The same key with the same request starts one backfill; at most 255 characters. */
  readonly idempotencyKey?: string;
}

export interface FollowEventsOptions extends CallOptions {
  /** Only events with a number above this. */
  readonly after?: number;
}

/** Of a stream that is taken up again where its connection breaks. */
export interface FollowOptions extends CallOptions {
  /** Called when the server does not answer then, once each time it is gone; it is asked again. */
  readonly onGone?: () => void;
}

export interface LogOptions extends FollowOptions {
  /** The attempt's number; the newest one unless given. */
  readonly attempt?: number;
  /** Only so many bytes of its end. */
  readonly tail?: number;
  /** `main` unless given; `output-collector` is only there on Kubernetes, and only while its pod is. */
  readonly container?: LogContainer;
}

/**
 * The HTTP API, one method per route. A job is selected by its id, by a unique beginning or end of it
 * (4 characters or more), or by `@latest`. Every method throws OrchestratorError: the server's own, or
 * `server_unreachable`. Streams resume by themselves where a connection breaks.
 */
export interface Client {
  submitJobs(jobs: JobSubmission | readonly JobSubmission[], options?: SubmitOptions): Promise<SubmitAnswer>;
  listJobs(query?: JobQuery, options?: CallOptions): Promise<JobPage>;
  getJob(selector: string, options?: CallOptions): Promise<JobDetail>;
  listAttempts(selector: string, options?: CallOptions): Promise<AttemptList>;
  listEvents(selector: string, options?: FollowEventsOptions): Promise<EventList>;
  /** The job's story as it happens; ends after its last event. */
  followEvents(selector: string, options?: FollowEventsOptions): AsyncGenerator<EventDto>;
  readLog(selector: string, options?: LogOptions): Promise<LogText>;
  /** The same byte by byte and as it arrives, whatever its length. */
  streamLog(selector: string, options?: LogOptions): Promise<LogStream>;
  /**
   * The log as it is written, from the first byte (or the tail) on; waits for the job to start. Without `attempt`
   * it goes on with the next attempt after a retry. The last message is `end`.
   */
  followLog(selector: string, options?: LogOptions): AsyncGenerator<LogMessage>;
  /** The output files of a completed job by name, its result (`result.json`) among them; empty for any other job. */
  listOutputs(selector: string, options?: CallOptions): Promise<OutputList>;
  /** One output file, byte by byte, checked against its digest. */
  readOutput(selector: string, name: string, options?: CallOptions): Promise<Uint8Array>;
  cancelJob(selector: string, options?: ReasonOptions): Promise<CancelAnswerDto>;
  /** Runs an ended job again, as a new job. */
  retryJob(selector: string, options?: RetryOptions): Promise<RetryAnswer>;
  /** Jobs that failed for good and wait for a person, newest first. */
  listDeadLetters(query?: DeadLetterQuery, options?: CallOptions): Promise<DeadLetterPage>;
  /** Runs dead letters again, each as a new job; with `dryRun` only counts them. */
  redriveDeadLetters(request: RedriveRequest, options?: CallOptions): Promise<RedriveAnswer>;
  /** Takes dead letters off the list for good. */
  discardDeadLetters(request: DiscardRequest, options?: CallOptions): Promise<DiscardAnswer>;
  /** Stores a definition as a new version, unless the newest one says the same. */
  applyDag(document: JsonObject, options?: CallOptions): Promise<AppliedDagDto>;
  /** A version as it was applied, and what it compiles to; the newest unless given. Throws `dag_not_found`. */
  getDag(name: string, options?: DagVersionOptions): Promise<DagVersionDto>;
  listDags(query?: PageQuery, options?: CallOptions): Promise<DagPage>;
  /** Newest first, those of a deleted DAG too. */
  listDagVersions(name: string, query?: PageQuery, options?: CallOptions): Promise<DagVersionPage>;
  /** Its versions and runs stay, and runs go on. Throws `dag_in_use` while schedules or other DAGs run it. */
  deleteDag(name: string, options?: ProjectOptions): Promise<DeletedDagDto>;
  startDagRun(name: string, start?: StartRunRequest, options?: CallOptions): Promise<StartedRunDto>;
  /** What a run would do, and why it would be refused; writes nothing. Throws `dag_not_found`. */
  planDagRun(
    name: string,
    start?: Pick<StartRunRequest, 'project' | 'inputs' | 'version'>,
    options?: CallOptions,
  ): Promise<RunPlanDto>;
  listDagRuns(query?: DagRunQuery, options?: CallOptions): Promise<DagRunPage>;
  getDagRun(selector: string, options?: CallOptions): Promise<DagRunDto>;
  /** In the order of the graph; the items of a `forEach` follow their node. */
  listNodeRuns(selector: string, query?: PageQuery, options?: CallOptions): Promise<NodeRunPage>;
  /** The run as it stands, then each change, until it has ended. The last message is `end`. */
  followDagRun(selector: string, options?: FollowOptions): AsyncGenerator<RunMessage>;
  /** Asks for the end of a run; its `finally` nodes still run, unless asked twice. */
  cancelDagRun(selector: string, options?: ReasonOptions): Promise<RunChangeDto>;
  pauseDagRun(selector: string, options?: CallOptions): Promise<RunChangeDto>;
  resumeDagRun(selector: string, options?: CallOptions): Promise<RunChangeDto>;
  /** What waits for an answer, of the newest runs first. */
  listApprovals(query?: ApprovalQuery, options?: CallOptions): Promise<ApprovalPage>;
  /** Lets a node that waits for a person go on. The first answer counts; the same again is told so. */
  approveNode(
    selector: string,
    node: string,
    answer: AnswerBody,
    options?: CallOptions,
  ): Promise<GivenAnswerDto>;
  /** Fails a node that waits for a person. */
  rejectNode(
    selector: string,
    node: string,
    answer: AnswerBody,
    options?: CallOptions,
  ): Promise<GivenAnswerDto>;
  /** Runs what failed of an ended run again, or what follows from a node, as a new run. */
  rerunDagRun(selector: string, again?: RerunRequest, options?: CallOptions): Promise<RepairedRunDto>;
  /**
   * What `rerunDagRun` would run again, and why it would be refused; writes nothing. Throws `dag_run_not_found`,
   * `dag_run_ambiguous`, `dag_run_not_ended`, `dag_run_not_failed`, `invalid_input`.
   */
  planDagRerun(
    selector: string,
    again?: Pick<RerunRequest, 'from' | 'inputs'>,
    options?: CallOptions,
  ): Promise<RepairPlanDto>;
  /** Runs a DAG at the times of a cron expression. */
  createSchedule(schedule: ScheduleSubmission, options?: CallOptions): Promise<PutScheduleDto>;
  listSchedules(query?: ScheduleQuery, options?: CallOptions): Promise<SchedulePage>;
  /** `next`: how many of its next times to tell; 5 unless given. */
  getSchedule(
    name: string,
    query?: { readonly project?: string; readonly next?: number },
    options?: CallOptions,
  ): Promise<ScheduleDto>;
  /** What became of its times, newest first. */
  listFirings(name: string, query?: PageQuery, options?: CallOptions): Promise<FiringPage>;
  pauseSchedule(name: string, options?: ScheduleChange): Promise<ScheduleDto>;
  /** Goes on with the next time to come. */
  resumeSchedule(name: string, options?: ScheduleChange): Promise<ScheduleDto>;
  /** Its runs stay. */
  deleteSchedule(name: string, options?: ProjectOptions): Promise<DeletedScheduleDto>;
  /** Runs a DAG for past times of its schedule; with `dryRun` only tells which. */
  startBackfill(dag: string, backfill: BackfillRequest, options?: CallOptions): Promise<BackfillPlanDto>;
  listBackfills(query?: ScheduleQuery, options?: CallOptions): Promise<BackfillPage>;
  getBackfill(selector: string, options?: CallOptions): Promise<BackfillDto>;
  /** Starts no more of its runs, and cancels those that are open. */
  cancelBackfill(selector: string, options?: ReasonOptions): Promise<CancelledBackfillDto>;
  listImages(query?: PageQuery, options?: CallOptions): Promise<ImagePage>;
  getImage(name: string, options?: ProjectOptions): Promise<ImageDto>;
  /** Registers an image or replaces its definition; active afterwards. */
  putImage(image: ImageSubmission, options?: CallOptions): Promise<ImageDto>;
  disableImage(name: string, options?: ProjectOptions): Promise<ImageDto>;
  enableImage(name: string, options?: ProjectOptions): Promise<ImageDto>;
  listProfiles(options?: ProjectOptions): Promise<ProfileList>;
  getProfile(name: string, options?: ProjectOptions): Promise<ProfileDto>;
  /** Defines a profile or replaces it; later attempts of jobs that name it follow. */
  putProfile(profile: ProfileSubmission, options?: CallOptions): Promise<ProfileDto>;
  /** Removes a profile; without `force` not while live jobs name it. */
  removeProfile(name: string, options?: RemoveProfileOptions): Promise<ProfileDto>;
  listSecretBindings(options?: ProjectOptions): Promise<SecretBindingList>;
  /** Binds a name that jobs may use to a key of a Secret in their namespace. */
  bindSecret(binding: SecretBindingSubmission, options?: CallOptions): Promise<SecretBindingDto>;
  unbindSecret(name: string, options?: ProjectOptions): Promise<SecretBindingDto>;
  listTopics(options?: ProjectOptions): Promise<TopicList>;
  pauseTopic(name: string, options?: ProjectOptions): Promise<TopicDto>;
  resumeTopic(name: string, options?: ProjectOptions): Promise<TopicDto>;
  /** Sets how many jobs of the topic may run at once; null: as many as there is room for. */
  limitTopic(name: string, limit: number | null, options?: ProjectOptions): Promise<TopicDto>;
  listExecutors(options?: CallOptions): Promise<ExecutorList>;
  installation(options?: CallOptions): Promise<InstallationDto>;
  /** Whether the server can serve requests now, with its checks; throws only when nothing answers. */
  readyz(options?: CallOptions): Promise<Readiness>;
}
