/** What a ratio or figure has to reach. */
const goals = {
  drain_batched_vs_graphile: ['>=', 1.0],
  drain_batched_vs_pgboss: ['>=', 1.5],
  drain_unbatched_vs_graphile: ['>=', 0.8],
  enqueue_bulk_vs_graphile: ['>=', 0.8],
  claim_at_1m_vs_1k: ['<=', 2],
  held_snapshot_loss: ['<=', 0.3],
  start_latency_ms_p50: ['<=', 5],
  create_latency_ms_p50: ['<=', 20],
  dev_resident_mb: ['<=', 250],
  idle_1000_jobs_api_requests_per_min: ['<=', 100],
  idle_1000_jobs_rows_written_per_min: ['<=', 100],
  kubelet_rate_vs_bare: ['>=', 0.95],
  kwok_rate_vs_bare: ['>=', 0.9],
  fan_makespan_vs_bare: ['<=', 1.15],
  fan_makespan_vs_argo: ['<=', 1],
  held_api_requests_per_min: ['<=', 100],
  held_rows_written_per_min: ['<=', 100],
  restart_jobs_created: ['<=', 0],
  restart_jobs_deleted: ['<=', 0],
  restart_jobs_changed: ['<=', 0],
  restart_second_attempts: ['<=', 0],
  adopt_s: ['<=', 15],
  adopt_api_requests_not_lists: ['<=', 5],
  adopt_second_attempts: ['<=', 0],
  api_calls_per_job: ['<=', 3],
  finish_latency_ms_p50: ['<=', 100],
  collector_start_ms: ['<=', 150],
  collector_rss_mb: ['<=', 60],
  nodes_per_second: ['>=', 2000],
  plan_slope: ['<=', 2],
  advance_ms_wide: ['<=', 50],
  child_latency_ms_p50: ['<=', 10],
};

const shown = (value) =>
  Number.isInteger(value) || value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);

const verdict = (name, value) => {
  const [sign, goal] = goals[name] ?? [];
  if (sign === undefined) return ['', ''];
  return [`${sign} ${goal}`, (sign === '>=' ? value >= goal : value <= goal) ? 'reached' : 'MISSED'];
};

const table = (title, entries) => {
  console.log(`\n${title.padEnd(48)}${'value'.padStart(12)}  goal`);
  for (const [name, value] of Object.entries(entries)) {
    console.log(
      `${name.padEnd(48)}${shown(value).padStart(12)}  ${verdict(name, value).join('  ')}`.trimEnd(),
    );
  }
};

export const printReport = ({ machine, versions, figures, ratios }) => {
  console.log(`${machine.cpu}, ${machine.cores} cores, load ${machine.loadAtStart.join(' ')}`);
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  );
  table('ratio', ratios);
  table('figure', figures);
};
