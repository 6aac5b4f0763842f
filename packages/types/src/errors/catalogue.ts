import { scheduleErrors } from './schedule-errors.ts';

interface ErrorRule {
  readonly status: number;
  readonly title: string;
  readonly hint: string;
}

/** Every error that the API, the CLI and the SDK can give; `docs/errors.md` lists the same codes. */
export const errorCatalogue = {
  invalid_input: {
    status: 422,
    title: 'The input breaks a rule.',
    hint: 'Each problem names its field, the rule and the value it found.',
  },
  malformed_json: {
    status: 400,
    title: 'The body is not valid JSON.',
    hint: 'Mend it at the place that is named.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is larger than the limit.',
    hint: 'Send less in one request.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body has a content type that is not understood here.',
    hint: 'Send `Content-Type: application/json`.',
  },
  unauthorized: {
    status: 401,
    title: 'The request carries no valid token.',
    hint: 'Send `Authorization: Bearer TOKEN`: the server’s API_TOKEN, or the file `token` in its data folder.',
  },
  forbidden_origin: {
    status: 403,
    title: 'The request comes from a place that is not trusted.',
    hint: 'Use the address that the server printed at its start; browsers of other origins are refused.',
  },
  malformed_request: {
    status: 400,
    title: 'The request cannot be understood.',
    hint: 'Check its address: percent signs are written %25, and each header is one line.',
  },
  route_not_found: { status: 404, title: 'There is no such route.', hint: 'See /openapi.json.' },
  method_not_allowed: {
    status: 405,
    title: 'The route exists, but not with this method.',
    hint: 'The header `Allow` lists its methods; see /openapi.json.',
  },
  job_not_found: { status: 404, title: 'There is no such job.', hint: 'List the jobs with `get jobs`.' },
  job_ambiguous: {
    status: 409,
    title: 'More than one job fits.',
    hint: 'Give more characters of the id.',
  },
  dag_not_found: {
    status: 404,
    title: 'There is no such DAG.',
    hint: 'List them with `get dags`, and the versions of one with `dag versions NAME`.',
  },
  dag_in_use: {
    status: 409,
    title: 'Something still runs the DAG.',
    hint: 'Delete its schedules with `schedule delete NAME`, and take it out of the DAGs that run it.',
  },
  dag_run_not_found: {
    status: 404,
    title: 'There is no such DAG run.',
    hint: 'List them with `get runs`.',
  },
  dag_run_ambiguous: {
    status: 409,
    title: 'More than one DAG run fits.',
    hint: 'Give more characters of the id.',
  },
  dag_run_not_ended: {
    status: 409,
    title: 'The DAG run has not ended.',
    hint: 'Cancel it first, or wait for its end.',
  },
  dag_run_not_failed: {
    status: 409,
    title: 'Nothing of the DAG run failed, and no changed input is read.',
    hint: 'Run a part of it again with `dag rerun RUN --from NODE`, or start a new one.',
  },
  dag_run_ended: {
    status: 409,
    title: 'The DAG run has ended already.',
    hint: 'Start a new one, or run parts of it again with `dag retry`.',
  },
  approval_not_found: {
    status: 404,
    title: 'The DAG run has no such node.',
    hint: 'List what waits for an answer with `get approvals`.',
  },
  approval_not_open: {
    status: 409,
    title: 'The node waits for no answer.',
    hint: 'It has not asked yet, its time is over, or it asks nobody: `describe run RUN` says which.',
  },
  approval_answered: {
    status: 409,
    title: 'The approval was answered otherwise before.',
    hint: 'The first answer counts. To ask again, run the DAG again: `dag rerun RUN --from NODE`.',
  },
  dag_not_supported: {
    status: 422,
    title: 'The DAG uses something that this installation cannot run.',
    hint: 'Each problem names the node and what it uses.',
  },
  ...scheduleErrors,
  attempt_not_found: {
    status: 404,
    title: 'The job has no such attempt.',
    hint: '`describe job ID` lists its attempts.',
  },
  log_not_found: {
    status: 404,
    title: 'There is no log.',
    hint: 'The attempt never started, or its log was not stored.',
  },
  image_not_found: {
    status: 404,
    title: 'The image is not registered.',
    hint: 'Register it with `job-orchestrator image add NAME REFERENCE`.',
  },
  image_disabled: {
    status: 409,
    title: 'The image is disabled.',
    hint: 'Enable it again with `job-orchestrator image enable NAME`.',
  },
  profile_not_found: {
    status: 404,
    title: 'There is no such profile.',
    hint: 'List them with `profile list`; an administrator defines one with `profile add`.',
  },
  profile_in_use: {
    status: 409,
    title: 'Live jobs name the profile.',
    hint: 'Let them end, or remove it all the same with `--force`: what they still have to run then fails.',
  },
  secret_not_bound: {
    status: 404,
    title: 'No secret is bound to this name.',
    hint: 'List the names with `secret list`; an administrator binds one with `secret bind NAME --secret S --key K`.',
  },
  secret_not_allowed: {
    status: 403,
    title: 'The secret is bound for other topics or images.',
    hint: 'Use a topic and an image that it is bound for, or ask an administrator to bind it for more.',
  },
  topic_not_found: {
    status: 404,
    title: 'There is no such topic.',
    hint: 'List the topics with `get topics`.',
  },
  output_not_found: {
    status: 404,
    title: 'There is no such output.',
    hint: 'List what the job left with `outputs JOB`.',
  },
  output_not_supported: {
    status: 422,
    title: 'This installation collects no outputs on Kubernetes.',
    hint: 'Set OUTPUT_COLLECTOR_IMAGE for the executor and the API, or leave `output` out.',
  },
  output_already_accepted: {
    status: 409,
    title: 'Another output was accepted before.',
    hint: 'An attempt has one output; only the same may be delivered again.',
  },
  output_foreign: {
    status: 403,
    title: 'The output comes from another pod than the one that runs the attempt.',
    hint: 'Only the attempt’s own collector may deliver its output.',
  },
  output_too_early: {
    status: 425,
    title: 'The executor has not seen yet which pod runs the attempt.',
    hint: 'Try again within a second; the collector does so by itself.',
  },
  attempt_closed: {
    status: 410,
    title: 'The attempt is closed.',
    hint: 'Its end is recorded; nothing can be added to it.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used before with another body.',
    hint: 'Use a new key for a new request, and the same body for a repeated one.',
  },
  cancel_too_late: {
    status: 409,
    title: 'The job has ended already.',
    hint: 'Nothing is left to cancel.',
  },
  retry_not_ended: {
    status: 409,
    title: 'The job has not ended.',
    hint: 'Cancel it first, or wait for its end.',
  },
  queue_full: {
    status: 429,
    title: 'The topic holds as many jobs as it may.',
    hint: 'Wait until some have run, or use another topic.',
  },
  bad_cursor: { status: 400, title: 'The cursor is not one of ours.', hint: 'Begin again without a cursor.' },
  schema_too_new: {
    status: 500,
    title: 'The database demands a newer version of this program.',
    hint: 'Install at least the version that is named.',
  },
  schema_outdated: {
    status: 500,
    title: 'The database lacks migrations that this program needs.',
    hint: 'Run `job-orchestrator migrate` against it.',
  },
  database_unavailable: {
    status: 503,
    title: 'The database cannot be used.',
    hint: 'Check DATABASE_URL (address, account, password, database) and that PostgreSQL runs; then try again.',
  },
  database_right_missing: {
    status: 503,
    title: 'The database denies our account a right.',
    hint: 'Let the account own its database or schema, or grant what the detail names; `migrate` needs to own the tables.',
  },
  data_folder_in_use: {
    status: 500,
    title: 'Another process uses the data folder.',
    hint: 'Stop it, or give another folder with --data or DATA_DIR.',
  },
  invalid_configuration: {
    status: 500,
    title: 'A setting has a value that is not allowed.',
    hint: 'Each problem names the variable, its value and what is allowed.',
  },
  runtime_unavailable: {
    status: 503,
    title: 'The runtime cannot be used.',
    hint: 'Kubernetes: does `kubectl get --raw /readyz` answer with this kubeconfig? Is K8S_NAMESPACE there, with rights?',
  },
  server_unreachable: {
    status: 503,
    title: 'No server answers.',
    hint: 'Start one with `job-orchestrator dev`, or name one with --server.',
  },
  internal: { status: 500, title: 'A fault of ours.', hint: 'Please report it with the request id.' },
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof errorCatalogue;
