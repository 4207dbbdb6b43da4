export type BodyReading = {
  /** Receives bytes as they arrive. They are gone at the next read, which uses their buffer. True: no more are wanted. */
  onBytes: (bytes: Uint8Array) => boolean;
  /** Stops reading at once. */
  signal: AbortSignal;
  /** Lets timers and other requests run. */
  pause: () => Promise<void>;
};

/** Without a buffer of the reader's own, the platform gives at most 4 KiB at a time. Each read costs more than its bytes. */
const readBytes = 16 * 1024;

/** Buffered bytes are read without waiting. After this many bytes or reads the reader lets other work run. */
const bytesBetweenPauses = 128 * 1024;
const readsBetweenPauses = 256;

/**
 * Reads a body until it ends, its connection breaks, or reading is stopped. Releases the connection in any case. Throws
 * what `onBytes` throws.
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  { onBytes, signal, pause }: BodyReading,
): Promise<void> {
  if (body === null) return;
  const reader = body.getReader({ mode: "byob" });
  // Cancelling ends a pending read.
  const stop = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  let [bytes, reads] = [0, 0];
  let buffer = new ArrayBuffer(readBytes);
  try {
    for (;;) {
      const read = signal.aborted ? null : await reader.read(new Uint8Array(buffer)).catch(() => null);
      const isOver = signal.aborted || read === null || read.done;
      if (isOver || onBytes(read.value)) return;
      buffer = read.value.buffer;
      bytes += read.value.byteLength;
      reads += 1;
      if (bytes < bytesBetweenPauses && reads < readsBetweenPauses) continue;
      [bytes, reads] = [0, 0];
      await pause();
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** Limits of reading the body of a refusal. */
const maxErrorBytes = 64 * 1024;
const maxErrorMs = 2_000;

/** The text of a refusal, as far as it arrives within the limits. */
export async function readErrorText(response: Response, { signal, pause }: Omit<BodyReading, "onBytes">) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), maxErrorMs);
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  const onBytes = (piece: Uint8Array) => {
    const kept = piece.subarray(0, maxErrorBytes - bytes);
    bytes += kept.byteLength;
    text += decoder.decode(kept, { stream: true });
    return bytes >= maxErrorBytes;
  };
  await readBody(response.body, { onBytes, signal: AbortSignal.any([signal, late.signal]), pause });
  clearTimeout(timer);
  return text;
}
