type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What of a pod's or a Job's spec the judgement may read; the rest would only make fixtures long. */
const keptSpecFields = ['nodeName', 'initContainers', 'containers', 'suspend', 'schedulingGates'];
const keptContainerFields = ['name', 'image', 'restartPolicy', 'resources'];
const droppedMetaFields = ['managedFields', 'generation', 'selfLink'];

type Fields = Record<string, unknown>;

const pick = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));

const trimSpec = (spec: Fields): Fields =>
  Object.fromEntries(
    Object.entries(pick(spec, keptSpecFields)).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((item) => pick(item as Fields, keptContainerFields)) : value,
    ]),
  );

/** An object without what no rule reads. */
export const trim = (object: Fields): Fields => {
  const { metadata, spec, ...rest } = object as { metadata: Fields; spec?: Fields };
  const kept = Object.entries(metadata).filter(([name]) => !droppedMetaFields.includes(name));
  return {
    ...rest,
    metadata: Object.fromEntries(kept),
    ...(spec === undefined ? {} : { spec: trimSpec(spec) }),
  };
};

/** The same text for the same thing in one fixture, in the order of first sight. */
const renamer = (make: (index: number) => string) => {
  const names = new Map<string, string>();
  return (found: string): string => {
    const name = names.get(found) ?? make(names.size + 1);
    names.set(found, name);
    return name;
  };
};

const epoch = Date.parse('2026-01-01T00:00:00Z');

interface Surroundings {
  readonly namespace: string;
  /** Host names and addresses to hide, each with what stands for it. */
  readonly hidden: Readonly<Record<string, string>>;
  /** Ids of ours, which are fixed already. */
  readonly ours: readonly string[];
  /** When the attempt began: becomes the first moment of 2026. */
  readonly beganAt: Date;
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const moment = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Ids, times, names of hosts, addresses and random suffixes become the same at every recording. */
export const normalise = <Value>(value: Value, { namespace, hidden, ours, beganAt }: Surroundings): Value => {
  const newUid = renamer((index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`);
  const newVersion = renamer(String);
  const newSuffix = renamer((index) => `pod${index}`.padEnd(5, '0'));
  const atSecond = Math.floor(beganAt.getTime() / 1_000) * 1_000;
  const shift = (found: string): string => {
    const at = new Date(Date.parse(found) - atSecond + epoch).toISOString();
    return found.includes('.') ? at : at.replace('.000Z', 'Z');
  };
  const hide = (words: string): string =>
    Object.entries(hidden).reduce((all, [from, to]) => all.replaceAll(from, to), words);
  const clean = (words: string): string =>
    hide(words)
      .replaceAll(moment, shift)
      .replaceAll(uuid, (found) => (ours.includes(found) ? found : newUid(found)))
      .replaceAll(namespace, 'jobs')
      .replaceAll(/(jo-[0-9a-f]{8}-[0-9a-f]{32}-\d+)-([a-z0-9]{5})\b/g, (_, name: string, suffix: string) =>
        [name, newSuffix(suffix)].join('-'),
      )
      .replaceAll(/\b[0-9a-f]{64}\b/g, '0'.repeat(64))
      .replaceAll(/\b(10|172|192)(\.\d{1,3}){3}\b/g, '10.0.0.1');
  const walk = (part: Json, key = ''): Json => {
    if (typeof part === 'string') return key === 'resourceVersion' ? newVersion(part) : clean(part);
    if (Array.isArray(part)) return part.map((item: Json) => walk(item));
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, item]) => [clean(name), walk(item, name)]));
  };
  return walk(value as Json) as Value;
};
