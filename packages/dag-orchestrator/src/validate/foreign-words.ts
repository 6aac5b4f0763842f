/** What other workflow languages call it → what it is called here, wherever it stands. */
export const words: Readonly<Record<string, string>> = {
  after: '`needs`',
  bash_command: '`run`',
  cmd: '`run` (a shell line) or `command` (a list)',
  condition: '`when`',
  depends_on: '`needs`',
  dependencies: '`needs`',
  depends: '`needs`',
  dependsOn: '`needs`',
  env_vars: '`env`',
  environment: '`env`',
  execution_timeout: '`deadlines: { runSeconds: 1800 }`',
  if: '`when`',
  input: '`inputs`',
  jobs: '`nodes`',
  loop: '`forEach`',
  matrix: '`forEach`',
  memoize: '`cache: true`',
  output: '`outputs`',
  parallelism: '`maxParallel`',
  params: '`inputs`',
  pool: '`group`',
  retries: '`retry: { maxRetries: 3 }`',
  script: '`run`',
  steps: '`nodes`',
  tasks: '`nodes`',
  timeout: '`deadlines: { runSeconds: 1800 }`',
  timeoutSeconds: '`deadlines: { runSeconds: 1800 }`',
  trigger: '`triggerRule`',
  with: '`inputs`',
  withItems: '`forEach`',
  with_items: '`forEach`',
};

/** What means something else, or stands elsewhere, in the DAG itself. */
export const wordsOfDag: Readonly<Record<string, string>> = {
  concurrency: '`maxParallel`',
  dag: '`name`',
  dag_id: '`name`',
  dagrun_timeout: '`deadlineSeconds`',
  deadline: '`deadlineSeconds`',
  default_args: '`defaults`',
  max_active_tasks: '`maxParallel`',
  onExit: '`finally`',
  onFailure: '`finally`, with `when: run.state == "failed"`',
  on_failure: '`finally`, with `when: run.state == "failed"`',
  retries: '`defaults: { retry: { maxRetries: 3 } }`',
  timeout: '`deadlineSeconds`',
  timeoutSeconds: '`deadlineSeconds`',
};

/** What Airflow, Argo and others write into the DAG to have it run by the clock. */
export const wordsOfSchedules: ReadonlySet<string> = new Set([
  'catchup',
  'cron',
  'end_date',
  'schedule',
  'schedule_interval',
  'schedules',
  'start_date',
]);

/** The name of a node is its key, so it has no field for it. */
export const wordsOfNames: ReadonlySet<string> = new Set(['id', 'name', 'task', 'task_id']);
