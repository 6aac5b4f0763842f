/**
 * Every limit on what people may submit, in one place. Sizes are bytes of UTF-8 unless named otherwise.
 * Sources: `*Bytes` of objects follow etcd's 1.5 MiB request and Kubernetes' 256 KiB of annotations;
 * `envEntryBytes`, of a name and its value, is Linux' MAX_ARG_STRLEN of 128 KiB without `=` and NUL; `jsonDepth` lies far below the 6,000 levels at which the embedded
 * database acknowledged an insert that never happened.
 */
export const limits = {
  nameChars: 63,
  labelCount: 32,
  labelKeyChars: 63,
  labelValueChars: 63,
  imageReferenceChars: 512,
  commandItems: 256,
  commandItemBytes: 65_536,
  envCount: 256,
  envNameChars: 255,
  envEntryBytes: 131_070,
  envTotalBytes: 196_608,
  inputsBytes: 131_072,
  /** Of a job's output: bytes of all its files, and how many files; both are settings, within the most. */
  outputBytes: 262_144,
  outputBytesMost: 4_194_304,
  outputFiles: 100,
  outputFilesMost: 1_000,
  outputNameChars: 128,
  specBytes: 262_144,
  bodyBytes: 8_388_608,
  fileBytes: 1_048_576,
  jobsPerRequest: 1_000,
  deadLettersPerRequest: 1_000,
  jsonDepth: 64,
  idempotencyKeyChars: 255,
  actorChars: 255,
  reasonChars: 1_000,
  priority: { least: -1_000, most: 1_000 },
  maxRetries: 100,
  infrastructureRetries: 100,
  backoffSeconds: 86_400,
  memoryFactor: 10,
  deadlineSeconds: 31_536_000,
  topicLimit: 100_000,
  pullSecrets: 16,
  tolerations: 64,
  profilesPerProject: 200,
  secretBindingsPerProject: 2_000,
  bindingLimitations: 100,
  kubernetesNameChars: 253,
  pageItems: 500,
  logTailBytes: 65_536,
  queueDepthPerTopic: 1_000_000,
  /**
   * A DAG. Nodes and edges are planned in linear time, so they are bounded by memory: about 1 KiB a node run.
   * An expression's `cost` counts the steps of its evaluation; its `depth` guards the stack of the parser.
   */
  dag: {
    nodes: 100_000,
    edges: 1_000_000,
    nodeRuns: 200_000,
    forEachItems: 10_000,
    groups: 1_000,
    values: 256,
    valueSchemaDepth: 16,
    patternChars: 256,
    descriptionChars: 1_000,
    expressionBytes: 4_096,
    expressionDepth: 32,
    expressionCost: 100_000,
    /** Of what all expressions in one `forEach`, `inputs` or `outputs` give. */
    valueBytes: 1_048_576,
    /** Of what all items of a node gave, where expressions read it: they are in memory at once, several times. */
    readBytes: 67_108_864,
    subDagDepth: 8,
    subDags: 1_000,
  },
  /** Schedules. One time of a cron expression takes up to 0.2 ms to find, so what is counted or listed is bounded. */
  schedule: {
    cronChars: 255,
    timeZoneChars: 64,
    /** A time that nobody fired for so long counts as missed, in seconds. */
    missedAfterSeconds: 60,
    catchUpRuns: 100,
    timesCounted: 1_000,
    timesShown: 100,
    backfillRuns: 2_000,
    backfillParallel: 1_000,
  },
} as const;

/** Deadlines of a job that names none, in seconds (design §5). */
export const defaultDeadlines = {
  queueSeconds: 604_800,
  startSeconds: 3_600,
  runSeconds: 86_400,
  finalizeSeconds: 600,
} as const;

/** Budgets of a job that names none. */
export const defaultRetry = { maxRetries: 0, infrastructureRetries: 5 } as const;

/** How long a DAG run and an approval may take that name no time, in seconds. */
export const defaultDagSeconds = { run: 604_800, approval: 604_800 } as const;

/** How long a stopped program has between SIGTERM and SIGKILL, in seconds. */
export const stopGraceSeconds = 10;

/** How long a finished object stays as a tombstone of its name where a late create might still arrive, in seconds. */
export const tombstoneSeconds = 600;

/** Lease of an executor and the beat that renews it, in milliseconds: a dead one's attempts are adopted within 15 s. */
export const leaseMs = 9_000;
export const beatMs = 3_000;
