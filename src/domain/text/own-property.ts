/**
 * The entry of a record under a key that a user has chosen. An agent may be called `constructor`, which is a property of
 * every object.
 */
export function ownProperty<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
