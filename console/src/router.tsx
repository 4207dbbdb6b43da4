import type { ComponentChildren } from "preact";
import { createCell } from "./cell.ts";

/** A screen, and what it shows. */
export type Place =
  | { screen: "rooms" }
  | { screen: "room"; roomId: string; sessionId: string | undefined }
  | { screen: "turn"; roomId: string; sessionId: string; turnId: string }
  | { screen: "usage" }
  | { screen: "operator" }
  | { screen: "signed-in" }
  | { screen: "unknown" };

const current = createCell(location.pathname);
addEventListener("popstate", () => current.set(location.pathname));

export const currentPath = current;

export function readPlace(path: string): Place {
  const [first, roomId, second, sessionId, third, turnId, ...rest] = path.split("/").slice(1);
  if (rest.length > 0) return { screen: "unknown" };
  if (first === "" && roomId === undefined) return { screen: "rooms" };
  if (first === "usage" || first === "operator" || first === "signed-in") {
    return roomId === undefined ? { screen: first } : { screen: "unknown" };
  }
  if (first !== "rooms" || roomId === undefined) return { screen: "unknown" };
  if (second === undefined) return { screen: "room", roomId, sessionId: undefined };
  if (second !== "sessions" || sessionId === undefined) return { screen: "unknown" };
  if (third === undefined) return { screen: "room", roomId, sessionId };
  if (third !== "turns" || turnId === undefined) return { screen: "unknown" };
  return { screen: "turn", roomId, sessionId, turnId };
}

export const pathOf = {
  rooms: "/",
  usage: "/usage",
  operator: "/operator",
  room: (roomId: string) => `/rooms/${roomId}`,
  session: (roomId: string, sessionId: string) => `/rooms/${roomId}/sessions/${sessionId}`,
  turn: (roomId: string, sessionId: string, turnId: string) =>
    `/rooms/${roomId}/sessions/${sessionId}/turns/${turnId}`,
};

/** Shows another screen. `replace`: the present one does not stay in the browser's history. */
export function navigate(path: string, { replace = false } = {}): void {
  if (path === location.pathname) return;
  if (replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  current.set(path);
  scrollTo(0, 0);
}

type LinkProps = {
  to: string;
  children: ComponentChildren;
  class?: string;
  title?: string;
  "aria-label"?: string;
  "aria-current"?: "page" | undefined;
};

/** A link within the console. With a modifier key it does what the browser does with links. */
export function Link({ to, children, ...rest }: LinkProps) {
  const onClick = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a {...rest} href={to} onClick={onClick}>
      {children}
    </a>
  );
}
