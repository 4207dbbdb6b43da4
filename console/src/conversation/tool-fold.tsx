type ToolFoldProps = {
  name: string;
  status: "running" | "success" | "error" | "denied";
  input: unknown;
  output: unknown;
};

const statusWords: Readonly<Record<ToolFoldProps["status"], string>> = {
  running: "running",
  success: "used",
  error: "failed",
  denied: "not permitted",
};

/** A tool call, folded: its arguments and its result as text, never as markup. */
export function ToolFold({ name, status, input, output }: ToolFoldProps) {
  return (
    <details class="fold tool" data-status={status}>
      <summary>
        <span class="mono">{name}</span> <small>{statusWords[status]}</small>
      </summary>
      <dl class="tool-parts">
        <dt>Asked</dt>
        <dd>
          <pre>{toText(input)}</pre>
        </dd>
        {output !== undefined && (
          <>
            <dt>Received</dt>
            <dd>
              <pre>{toText(output)}</pre>
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}

/** JSON in lines; what is no JSON as it is. */
function toText(value: unknown): string {
  const parsed = typeof value === "string" ? parse(value) : value;
  return typeof parsed === "string" ? parsed : JSON.stringify(parsed, null, 2);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
