import * as z from "zod";

/** The query of routes for clients that call one address, and can do nothing but close the connection. */
export function stockQuery(onDisconnect: "continue" | "cancel") {
  return z.strictObject({
    on_disconnect: z
      .enum(["continue", "cancel"])
      .optional()
      .transform((value) => value ?? onDisconnect)
      .describe(
        `What happens to the turn when its client closes the connection before the end; default \`${onDisconnect}\``,
      ),
    when_busy: z
      .enum(["refuse", "queue", "interrupt"])
      .optional()
      .describe(
        "What happens while the session is busy: 409 (`refuse`, the default), this turn waits until it can start, or the running turn is cancelled and this one runs before all that wait",
      ),
  });
}
