import type { Nodes, PhrasingContent, RootContent, Table } from "mdast";
import type { ComponentChildren } from "preact";

/**
 * A node of a Markdown tree as elements. Only what is named here comes out: no markup of the text, no image is loaded, no
 * address but of the web. There is no place where a text becomes markup.
 */
export function renderNode(node: Nodes): ComponentChildren {
  switch (node.type) {
    case "root":
      return renderAll(node.children);
    case "paragraph":
      return <p>{renderAll(node.children)}</p>;
    case "heading":
      return <p class={`heading heading-${node.depth}`}>{renderAll(node.children)}</p>;
    case "blockquote":
      return <blockquote>{renderAll(node.children)}</blockquote>;
    case "list":
      return renderList(node);
    case "listItem":
      return renderItem(node);
    case "code":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
        <pre tabIndex={0}>
          <code>{node.value}</code>
        </pre>
      );
    case "table":
      return renderTable(node);
    case "thematicBreak":
      return <hr />;
    case "html":
      return node.value;
    default:
      return renderPhrase(node);
  }
}

function renderPhrase(node: Nodes): ComponentChildren {
  switch (node.type) {
    case "text":
      return node.value;
    case "strong":
      return <strong>{renderAll(node.children)}</strong>;
    case "emphasis":
      return <em>{renderAll(node.children)}</em>;
    case "delete":
      return <del>{renderAll(node.children)}</del>;
    case "inlineCode":
      return <code>{node.value}</code>;
    case "break":
      return <br />;
    case "link":
      return <SafeLink url={node.url}>{renderAll(node.children)}</SafeLink>;
    case "image":
    case "imageReference":
      return `[image: ${node.alt || "without a name"}]`;
    case "linkReference":
      return renderAll(node.children);
    case "footnoteReference":
      return `[${node.label ?? node.identifier}]`;
    case "footnoteDefinition":
      return <div class="footnote">{renderAll(node.children)}</div>;
    default:
      return null;
  }
}

function renderAll(nodes: readonly (RootContent | PhrasingContent)[]): ComponentChildren {
  return nodes.map(renderNode);
}

function renderList(node: Extract<Nodes, { type: "list" }>) {
  const items = renderAll(node.children);
  return node.ordered ? <ol start={node.start ?? 1}>{items}</ol> : <ul>{items}</ul>;
}

function renderItem({ checked, spread, children }: Extract<Nodes, { type: "listItem" }>) {
  // In a tight list the text of an item is no paragraph of its own.
  const parts = children.map((child) =>
    child.type === "paragraph" && !spread ? renderAll(child.children) : renderNode(child),
  );
  const mark = checked === null || checked === undefined ? "" : checked ? "[x] " : "[ ] ";
  return (
    <li class={mark === "" ? undefined : "task"}>
      {mark}
      {parts}
    </li>
  );
}

function renderTable({ align, children }: Table) {
  const [head, ...rows] = children;
  const cells = (row: typeof head, Cell: "th" | "td") =>
    row?.children.map((cell, index) => (
      <Cell key={index} class={align?.[index] ? `align-${align[index]}` : undefined}>
        {renderAll(cell.children)}
      </Cell>
    ));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="table" tabIndex={0} aria-label="Table">
      <table>
        <thead>
          <tr>{cells(head, "th")}</tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>{cells(row, "td")}</tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A link that shows where it leads. One that leads elsewhere than to the web or a mailbox is text. */
function SafeLink({ url, children }: { url: string; children: ComponentChildren }) {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !["http:", "https:", "mailto:"].includes(target.protocol)) {
    return <span>{children}</span>;
  }
  const place = target.protocol === "mailto:" ? target.pathname : target.host;
  return (
    <a href={target.href} target="_blank" rel="noopener noreferrer">
      {children} <small class="host">({place})</small>
    </a>
  );
}
