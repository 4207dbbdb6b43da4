export function TurnScreen(_: { roomId: string; sessionId: string; turnId: string }) {
  return <p>soon</p>;
}
