export function UsageScreen(_: Record<never, never>) {
  return <p>soon</p>;
}
