// A bucket and a queue behind a workerd's bindings. They read whatever they are sent and keep none of it: no scenario reads a
// file back, and the memory that is measured is the Worker's alone.
const metadataSize = "cf-r2-metadata-size";

/** The request of a put: so many bytes of JSON, then the object. */
async function readPut(request) {
  const headBytes = Number(request.headers.get(metadataSize));
  let head = new Uint8Array();
  let size = 0;
  for await (const chunk of request.body) {
    const missing = Math.max(0, headBytes - head.length);
    if (missing > 0) head = new Uint8Array([...head, ...chunk.subarray(0, missing)]);
    size += Math.max(0, chunk.length - missing);
  }
  return { ...JSON.parse(new TextDecoder().decode(head)), size };
}

function describe({ object: name, size }) {
  const etag = "0".repeat(32);
  const uploaded = String(Date.now());
  return { name, version: "1", size, etag, uploaded, httpFields: {}, customFields: [], checksums: {} };
}

function answer(result) {
  const body = JSON.stringify(result);
  return new Response(body, {
    headers: { [metadataSize]: String(body.length), "Content-Type": "application/json" },
  });
}

/** A request without a body has its JSON in this header. */
const requestHeader = "cf-r2-request";

export default {
  async fetch(request) {
    const { method } = JSON.parse(request.headers.get(requestHeader) ?? "{}");
    if (method === "list") return answer({ objects: [], truncated: false, delimitedPrefixes: [] });
    if (!request.headers.has(metadataSize)) {
      // A message of the queue. workerd waits until it is read.
      await request.arrayBuffer();
      const metrics = { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 };
      return Response.json({ metadata: { metrics } });
    }
    const put = await readPut(request);
    return answer(put.method === "put" ? describe(put) : {});
  },
};
