import { defineDag, expr, text } from '@job-orchestrator/client/dag';

/** Loads one day. */
export const loadDay = defineDag(
  'load-day',
  { inputs: { day: { type: 'string', format: 'date' } }, defaults: { image: 'etl' } },
  (dag) => {
    const read = dag.node('read', {
      run: 'printf \'{"rows":%d}\' "${DAY##*-}" > "$JOB_ORCHESTRATOR_OUTPUT"',
      env: { DAY: dag.inputs.day },
      outputs: { rows: { type: 'integer', minimum: 0 } },
    });
    return { rows: read.outputs.rows };
  },
);

/** Runs `load-day` once for each day, asks a person, and publishes. */
export const publishWeek = defineDag(
  'publish-week',
  {
    inputs: { days: { type: 'array', items: { type: 'string', format: 'date' } } },
    defaults: { image: 'etl', retry: { maxRetries: 2 } },
    groups: { loads: { mode: 'limited', maxParallel: 2 } },
  },
  (dag) => {
    // A sub-DAG, fanned out: one run of it for each day.
    const load = dag.node('load', {
      dag: { name: loadDay.name },
      forEach: dag.inputs.days,
      group: 'loads',
      inputs: { day: dag.item },
      outputs: { rows: { type: 'integer' } },
    });
    // Of a node with forEach all outputs are one list.
    const sum = dag.node('sum', {
      needs: [load],
      run: 'echo "{\\"rows\\": $(($(echo "$ROWS" | tr -d "[]" | tr , +)))}" > "$JOB_ORCHESTRATOR_OUTPUT"',
      env: { ROWS: expr`${load.allOutputs}.map(day, day.rows)` },
      outputs: { rows: { type: 'integer' } },
    });
    // A node that may be skipped: `when` is evaluated once all that it needs has ended.
    const warn = dag.node('warn', {
      needs: [sum],
      when: expr`${sum.outputs.rows} < 10`,
      run: 'echo "only $1 rows"',
      args: [sum.outputs.rows],
    });
    // A question to a person, asked whether there was a warning or not.
    const agree = dag.node('agree', {
      needs: [warn],
      triggerRule: 'none_failed',
      approval: {
        message: text`Publish ${sum.outputs.rows} rows of ${dag.inputs.days}?`,
        timeoutSeconds: 86_400,
      },
    });
    dag.node('publish', { needs: [agree], run: 'echo "as $BY agreed"', env: { BY: agree.outputs.by } });
    // Runs however the others ended.
    dag.finalNode('tell', {
      when: expr`${dag.run.at('state')} != ${'completed'}`,
      run: 'echo "the week is not published"',
    });
    return { rows: sum.outputs.rows, by: agree.outputs.by };
  },
);
