/** Roles of the length that people write. */
export const roles: readonly string[] = Array.from({ length: 12 }, (_, place) =>
  [
    `You are agent ${place + 1}, one of a room of engineers. Weigh the options and name the trade-offs.`,
    "Say what will break at night, and how to notice it before a customer does.",
    "Explain the plan so that a newcomer can follow it, in plain words, and keep to what was asked.",
  ].join(" "),
);

export const agentKeyOf = (place: number) => `agent-${place + 1}`;
