/** A request of the size that a row of docs/limits.md bounds. */
export type SizedRequest = {
  method: string;
  path: string;
  body?: string;
  headers?: Record<string, string>;
};

type Ids = Readonly<Record<string, string>>;
type Describe = (ids: Ids, amount: number) => SizedRequest;

const text = (characters: number) => "é".repeat(characters);

const post = (path: string, body: object, headers: Record<string, string> = {}): SizedRequest => ({
  method: "POST",
  path,
  body: JSON.stringify(body),
  headers,
});

const agent = { agent_key: "one", name: "One", model_alias: "llama", role_prompt: "You are one." };

const addAgent = (change: (amount: number) => object): Describe => {
  return ({ room_id }, amount) => post(`/rooms/${room_id}/agents`, { ...agent, ...change(amount) });
};

const agUi = ({ session_id }: Ids, messages: unknown, threadId = "t", state?: unknown) =>
  post(`/sessions/${session_id}/ag-ui`, { threadId, runId: "r", messages, state });

/** A list with which a body has `amount` entries in all, where it has `others` beside those of the list. */
const entriesBeside = (amount: number, others: number) => Array(amount - others).fill(1);

const userMessage = (content: unknown) => ({ id: "m", role: "user", content });

const blankBody = (path: string, bytes: number): SizedRequest => ({
  method: "POST",
  path,
  body: `{${" ".repeat(bytes - 2)}}`,
});

/** By the name of the row: a request of this amount, which may be refused for another reason. */
export const sizedRequests = {
  body: (_ids, bytes) => blankBody("/rooms", bytes),
  "body of `…/turns`": ({ session_id }, bytes) => blankBody(`/sessions/${session_id}/turns`, bytes),
  "body of `…/ag-ui`": ({ session_id }, bytes) => blankBody(`/sessions/${session_id}/ag-ui`, bytes),
  "body of `/v1/chat/completions`": (_ids, bytes) => blankBody("/v1/chat/completions", bytes),
  "body of `…/ui-messages`": ({ session_id }, bytes) =>
    blankBody(`/sessions/${session_id}/ui-messages`, bytes),
  "entries of a stock client's body": (ids, amount) =>
    agUi(ids, [userMessage("hello")], "t", entriesBeside(amount, 8)),
  "entries of any other body": ({ room_id }, amount) => ({
    method: "PATCH",
    path: `/rooms/${room_id}`,
    body: JSON.stringify({ goal: entriesBeside(amount, 1) }),
  }),
  message: ({ session_id }, amount) => post(`/sessions/${session_id}/turns`, { message: text(amount) }),
  "room name": (_ids, amount) => post("/rooms", { name: text(amount) }),
  "room goal": (_ids, amount) => post("/rooms", { name: "A room", goal: text(amount) }),
  "session title": ({ room_id }, amount) => post(`/rooms/${room_id}/sessions`, { title: text(amount) }),
  "role prompt": addAgent((amount) => ({ role_prompt: text(amount) })),
  "agent name": addAgent((amount) => ({ name: text(amount) })),
  "agent key": addAgent((amount) => ({ agent_key: "k".repeat(amount) })),
  "tool permissions": addAgent((amount) => ({ tool_permissions: Array(amount).fill("search") })),
  "agent order": ({ room_id }, amount) => ({
    method: "PUT",
    path: `/rooms/${room_id}/agents/order`,
    body: JSON.stringify({ agent_keys: Array(amount).fill("scout") }),
  }),
  "messages of `…/ag-ui`": (ids, amount) =>
    agUi(ids, [userMessage("hello"), ...Array(amount - 1).fill({ role: "assistant" })]),
  "parts of a content": (ids, amount) =>
    agUi(ids, [userMessage(Array(amount).fill({ type: "text", text: "x" }))]),
  "`threadId` of `…/ag-ui`": (ids, amount) => agUi(ids, [userMessage("hello")], text(amount)),
  "rounds of a room": (_ids, amount) =>
    post("/rooms", { name: "A room", orchestration: { max_rounds: amount } }),
  "idempotency key": ({ session_id }, amount) =>
    post(`/sessions/${session_id}/turns`, { message: "hello" }, { "Idempotency-Key": "k".repeat(amount) }),
  page: (_ids, amount) => ({ method: "GET", path: `/rooms?limit=${amount}` }),
} satisfies Record<string, Describe>;

/** A further agent of a room; `n` makes its key and name its own. */
export const furtherAgent = ({ room_id }: Ids, n: number): SizedRequest =>
  post(`/rooms/${room_id}/agents`, { ...agent, agent_key: `k${n}`, name: `Number ${n}` });

export type LimitRow = { what: string; amount: number; status: number; code: string };

const units: Record<string, number> = { KiB: 1_024, MiB: 1_024 * 1_024 };

/** The rows of docs/limits.md that bound a request. */
export function readLimitRows(limits: string): LimitRow[] {
  const table = limits.slice(limits.indexOf("## Requests"), limits.indexOf("Other tests hold these"));
  const rows = table.matchAll(/^\| (.+?) \| ([\d,]+)(?: (KiB|MiB))? \| .+ \| (\d{3}) `(\w+)` \|$/gm);
  return [...rows].map(([, what = "", figure = "", unit = "", status, code = ""]) => ({
    what,
    amount: Number(figure.replaceAll(",", "")) * (units[unit] ?? 1),
    status: Number(status),
    code,
  }));
}
