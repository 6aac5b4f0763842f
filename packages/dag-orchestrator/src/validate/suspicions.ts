import type { DagGraph, JobNode, JsonValue } from '@job-orchestrator/types';

/** `nodes.a.outputs.n` with nothing around it. */
const bare = /^\s*(nodes|inputs)\.([A-Za-z][\w-]*)(?:\.[\w.-]+)?\s*$/;
/** `{{ item }}` and `{{ ds }}`, as templates of other systems are written, or `${ item }`. */
const braces =
  /(?:^|[^$])\{\{\s*(?:nodes|inputs|item|run|params|ds|ts|data_interval_\w+|tasks|steps|workflow)\b|\$\{\s*(?:(?:nodes|inputs|run)\.|item\s*\})/;

const textsOf = ({ name, final, job, inputs }: JobNode): readonly (readonly [string, JsonValue])[] => {
  const place = `${final ? 'finally' : 'nodes'}.${name}`;
  return [
    ...(job.args ?? []).map((text, at) => [`${place}.args[${at}]`, text] as const),
    ...Object.entries(job.env ?? {}).map(([key, text]) => [`${place}.env.${key}`, text] as const),
    ...Object.entries(inputs ?? {}).map(([key, value]) => [`${place}.inputs.${key}`, value] as const),
  ];
};

/** Texts that are valid as they stand, and yet were hardly meant so: a line each, for people. */
export const suspicions = ({ nodes, inputs }: DagGraph): readonly string[] => {
  const names = { nodes: new Set(nodes.map(({ name }) => name)), inputs: new Set(Object.keys(inputs)) };
  const isSuspect = (text: string): boolean => {
    const [, kind, name] = bare.exec(text) ?? [];
    const isKnown = name !== undefined && names[kind as 'nodes' | 'inputs'].has(name);
    return isKnown || braces.test(text);
  };
  return nodes.flatMap((node) =>
    (node.kind === 'job' ? textsOf(node) : []).flatMap(([field, value]) =>
      typeof value === 'string' && isSuspect(value)
        ? [`${field} is the text ${JSON.stringify(value)} as it stands; an expression is written \${{ … }}`]
        : [],
    ),
  );
};
