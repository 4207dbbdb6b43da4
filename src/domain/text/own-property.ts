/**
 * The entry that a record has under a key of somebody's choosing. An agent may be called `constructor`, which
 * every object answers to.
 */
export function ownProperty<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
