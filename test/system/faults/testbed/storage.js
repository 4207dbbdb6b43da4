// The bucket and the queue of a Worker in the testbed. The bucket takes objects in the protocol of R2's binding and keeps
// nothing of them; the queue drops its messages. A document that is read needs the platform of `npm run dev`.

const sizeHeader = "cf-r2-metadata-size";

export default {
  async fetch(request) {
    const metadataBytes = Number(request.headers.get(sizeHeader) ?? 0);
    if (request.method !== "PUT" || metadataBytes === 0) return Response.json({});
    const { metadata, bytes } = await readPut(request.body, metadataBytes);
    if (metadata.method !== "put") return Response.json({});
    const object = {
      name: metadata.object,
      version: "1",
      size: String(bytes),
      etag: "1",
      uploaded: String(Date.now()),
      httpFields: {},
      customFields: [],
      checksums: {},
      storageClass: "Standard",
    };
    const text = JSON.stringify(object);
    return new Response(text, { headers: { [sizeHeader]: String(text.length) } });
  },
};

/** A put is its metadata as JSON, then the object. */
async function readPut(body, metadataBytes) {
  const head = new Uint8Array(metadataBytes);
  let read = 0;
  for await (const chunk of body) {
    if (read < metadataBytes) head.set(chunk.subarray(0, metadataBytes - read), read);
    read += chunk.length;
  }
  return { metadata: JSON.parse(new TextDecoder().decode(head)), bytes: read - metadataBytes };
}
