import { startLoopbackServer } from "./loopback-server.ts";

/** `port` when it can be had, a free one for 0. Throws an Error with one line when it is in use. */
export async function reservePort(port: number, host: string): Promise<number> {
  const probe = await startLoopbackServer(async () => undefined, { port, host });
  await probe.stop();
  return probe.port;
}
