import type { JsonObject } from '@job-orchestrator/types';
import type { PlannedNode } from './dag.ts';
import { ledgerPrologue } from './ledger.ts';

/** A DAG of the crash tests, and how each of its node runs has to end whatever is killed meanwhile. */
export interface PlannedDag {
  readonly document: JsonObject;
  readonly plan: ReadonlyMap<string, PlannedNode>;
}

export interface DagWorkload {
  readonly image: string;
  /** How long an ordinary node runs, in seconds. */
  readonly seconds: number;
  readonly env: Readonly<Record<string, string>>;
  readonly layers: number;
  readonly width: number;
}

const once: PlannedNode = { endsAs: 'completed', attempts: 1 };
const items = 20;

const writes = (json: string): string =>
  `printf '%s' '${json}' > "$JOB_ORCHESTRATOR_OUTPUT.tmp"; mv "$JOB_ORCHESTRATOR_OUTPUT.tmp" "$JOB_ORCHESTRATOR_OUTPUT"`;

/**
 * Layers of nodes that each need two of the layer before, a `forEach` over what the first node wrote, a branch in which
 * one node fails and two are skipped, and a join of it all. One node in ten fails at its first attempt.
 */
export const planDag = ({ image, seconds, env, layers, width }: DagWorkload): PlannedDag => {
  const nodes: Record<string, JsonObject> = {};
  const plan = new Map<string, PlannedNode>();
  const add = (name: string, script: string, more: JsonObject, planned: PlannedNode): void => {
    nodes[name] = { run: `${ledgerPrologue}\n${script}`, ...more };
    plan.set(name, planned);
  };
  const work = `sleep ${seconds}`;
  const recovers = `[ "$JOB_ORCHESTRATOR_ATTEMPT" = 1 ] && exit 3; ${work}`;
  const list = JSON.stringify(Array.from({ length: items }, (_, n) => n));
  add('seed', writes(`{"items":${list}}`), { outputs: { items: { type: 'array' } } }, once);
  for (let layer = 0; layer < layers; layer += 1)
    for (let at = 0; at < width; at += 1) {
      const before = (step: number): string => `l${layer - 1}-${(at + step) % width}`;
      const needs = layer === 0 ? ['seed'] : [before(0), before(7)];
      const again = (layer + at) % 10 === 0;
      const retry = again ? { retry: { maxRetries: 1 } } : {};
      add(
        `l${layer}-${at}`,
        again ? recovers : work,
        { needs, ...retry },
        again ? { ...once, attempts: 2 } : once,
      );
    }
  add(
    'each',
    `${work}; ${writes('{"n":1}')}`,
    {
      needs: ['seed'],
      forEach: '${{ nodes.seed.outputs.items }}',
      maxParallel: 7,
      outputs: { n: { type: 'integer' } },
    },
    { endsAs: 'completed', attempts: 0 },
  );
  for (let item = 0; item < items; item += 1) plan.set(`each[${item}]`, once);
  add('bad', `${work}; exit 4`, { needs: ['seed'] }, { endsAs: 'failed', attempts: 1 });
  const skipped: PlannedNode = { endsAs: 'skipped', attempts: 0 };
  add('after-bad', work, { needs: ['bad'] }, skipped);
  add('after-that', work, { needs: ['after-bad'] }, skipped);
  const last = Array.from({ length: width }, (_, at) => `l${layers - 1}-${at}`);
  const sum = { inputs: { sizes: '${{ nodes.each.outputs }}' } };
  add('join', `grep -q '"n":1' "$JOB_ORCHESTRATOR_INPUT"`, { needs: [...last, 'each'], ...sum }, once);
  const document = {
    name: 'crash',
    defaults: { image, env: { ...env } },
    nodes,
    finally: {
      'clean-up': { run: `${ledgerPrologue}\n[ "$STATE" = failed ]`, env: { STATE: '${{ run.state }}' } },
    },
  };
  plan.set('clean-up', once);
  return { document, plan };
};
