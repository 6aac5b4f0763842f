/** The fields of an object that are not undefined, for APIs that tell "absent" from "undefined". */
export const given = <Value extends object>(
  value: Value,
): { [Key in keyof Value]: Exclude<Value[Key], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as never;
