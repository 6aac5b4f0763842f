// Jobs through the orchestrator beside the same Jobs from a bare loop and beside Argo Workflows, on one cluster in one run;
// and many pretend jobs on a control plane of their own. bench/run k8s [--json FILE] [--quick] [--only PART,…] [--rounds N] [--jobs N]
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../queue/machine.mjs';
import { printReport } from '../queue/report.mjs';
import { startServer } from '../queue/server.mjs';
import { measureCollector } from './collector.mjs';
import { measureHeld } from './held.mjs';
import { measureOnKubelet } from './on-kubelet.mjs';
import { measureOnKwok } from './on-kwok.mjs';

const { values: given } = parseArgs({
  options: {
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    jobs: { type: 'string' },
  },
});
const parts = {
  kubelet: (server, options) => measureOnKubelet(server, { ...options, withArgo: false }),
  argo: (server, options) => measureOnKubelet(server, { ...options, withArgo: true }),
  kwok: measureOnKwok,
  held: measureHeld,
  collector: measureCollector,
};
const wanted = given.only?.split(',') ?? Object.keys(parts);
const unknown = wanted.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`bench k8s has no part ${unknown.join(', ')}; it has ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
const options = {
  quick: given.quick,
  ...(given.rounds === undefined ? {} : { rounds: Number(given.rounds) }),
  ...(given.jobs === undefined ? {} : { jobs: Number(given.jobs) }),
};

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
const server = await startServer();
const result = {
  machine: describeMachine(),
  versions: { node: process.versions.node },
  size: {},
  figures: {},
  ratios: {},
  notMeasured: {},
};
/** After each part, so that a run that is cut off keeps what it has. */
const store = () => {
  if (given.json !== undefined) writeFileSync(resolve(given.json), `${JSON.stringify(result, null, 2)}\n`);
};
for (const name of wanted) {
  try {
    const { versions, size, figures, ratios } = await parts[name](server, options);
    for (const [kind, found] of Object.entries({ versions, size, figures, ratios }))
      Object.assign(result[kind], found);
  } catch (error) {
    // What cannot be built or run here is said by name, and the others go on.
    console.error(`\n${name} was not measured: ${error.stack}`);
    result.notMeasured[name] = String(error.message ?? error);
  }
  store();
}
await server.stop();
printReport(result);
process.exit(Object.keys(result.notMeasured).length === wanted.length ? 1 : 0);
