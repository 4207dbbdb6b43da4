import { expect, test } from "vitest";
import { html, renderText } from "../../src/http/reference/markup.ts";

const hostile = `<script>alert("1")</script>&'`;
const escaped = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;";

test("values in markup are escaped once; markup itself is not escaped", () => {
  expect(html`<p title="${hostile}">${[html`<b>${hostile}</b>`, 7]}</p>`.text).toBe(
    `<p title="${escaped}"><b>${escaped}</b>7</p>`,
  );
});

test("text between backticks is code, and a link where there is a target", () => {
  const parts = renderText(`a \`${hostile}\` \`b\``, (word) => (word === "b" ? "#b" : undefined));
  expect(parts.map(({ text }) => text).join("")).toBe(
    `a <code>${escaped}</code> <a href="#b"><code>b</code></a>`,
  );
});
