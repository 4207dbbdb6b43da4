export function OperatorScreen(_: Record<never, never>) {
  return <p>soon</p>;
}
