import { expect, test } from "vitest";
import { html, renderText } from "../../src/http/reference/markup.ts";

const hostile = `<script>alert("1")</script>&'`;
const escaped = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;";

test("what is put into markup is escaped, markup itself is not, and not twice", () => {
  expect(html`<p title="${hostile}">${[html`<b>${hostile}</b>`, 7]}</p>`.text).toBe(
    `<p title="${escaped}"><b>${escaped}</b>7</p>`,
  );
});

test("words between backticks are code, and links where there is something to link to", () => {
  const parts = renderText(`a \`${hostile}\` \`b\``, (word) => (word === "b" ? "#b" : undefined));
  expect(parts.map(({ text }) => text).join("")).toBe(
    `a <code>${escaped}</code> <a href="#b"><code>b</code></a>`,
  );
});
