import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";

/** Where a page is to talk, as the test writes it behind the `#`. */
export type Place = {
  /** The server. */
  url: string;
  key: string;
  roomId: string;
  sessionId: string;
  /** Of the address that runs turns, such as `?labels=on`. */
  query: string;
};

export function readPlace(): Place {
  const given = new URLSearchParams(location.hash.slice(1));
  const read = (name: string) => given.get(name) ?? "";
  return {
    url: read("url"),
    key: read("key"),
    roomId: read("room"),
    sessionId: read("session"),
    query: read("query"),
  };
}

export function show(page: ReactNode): void {
  createRoot(document.body.appendChild(document.createElement("main"))).render(page);
}
