/** Builds a query; absent values are left out. */
export const query = (values: Readonly<Record<string, string | number | boolean | undefined>>): string => {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(values))
    if (value !== undefined) parameters.set(key, String(value));
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
};

/** Where the objects of one namespace live. */
export const pathsOf = (
  namespace: string,
): {
  readonly jobs: string;
  readonly pods: string;
  readonly events: string;
  job(name: string): string;
  pod(name: string): string;
  podLog(name: string): string;
} => {
  const ns = encodeURIComponent(namespace);
  const jobs = `/apis/batch/v1/namespaces/${ns}/jobs`;
  const pods = `/api/v1/namespaces/${ns}/pods`;
  return {
    jobs,
    pods,
    events: `/api/v1/namespaces/${ns}/events`,
    job: (name) => `${jobs}/${encodeURIComponent(name)}`,
    pod: (name) => `${pods}/${encodeURIComponent(name)}`,
    podLog: (name) => `${pods}/${encodeURIComponent(name)}/log`,
  };
};

export type Paths = ReturnType<typeof pathsOf>;
