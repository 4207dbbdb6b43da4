import { expect, test } from "vitest";
import { createTurnScene, says } from "../../support/turn-scene.ts";
import { createToolScene, searchesFor } from "../../tools/in-turns/tool-scene.ts";
import { expectLedgerMatchesCalls } from "./support/books.ts";
import { asked, flushed, lapse } from "./support/dead-holder.ts";

/** Names that every object of JavaScript answers to. */
const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];

test("agents called like what every object has keep their stored answers when their run is resumed", async () => {
  const scene = await createTurnScene({ agents: [...names, "bob"], mode: "roundtable" });
  await scene.models.script(
    says("bob", { text: "lost", hold: "gate" }, 1),
    ...names.map((name) => says(name, `I am ${name}`)),
    says("bob", "last"),
  );
  const post = scene.post("hello", { key: "k" });
  await scene.models.wait({ calls: 5 });
  await flushed(scene, { steps: 4 });
  await lapse(scene);

  const again = await scene.post("hello", { key: "k" });

  await scene.models.release("gate");
  expect((await post).status).toBe(409);
  expect(again.body.replies).toMatchObject([
    ...names.map((name) => ({ agent_key: name, content: `I am ${name}` })),
    { agent_key: "bob", content: "last" },
  ]);
  expect(await asked(scene)).toEqual([...names, "bob", "bob"]);
  expect((await scene.ledger()).map(({ agent_key }) => agent_key).toSorted()).toEqual(
    [...names, "bob", "bob"].toSorted(),
  );
  await expectLedgerMatchesCalls(scene);
});

test("in a fan-out, in the middle of a tool loop, they go on with what their tools had found", async () => {
  const scene = await createToolScene({ agents: ["__proto__", "constructor"] });
  await scene.models.script(
    says("__proto__", "I am first"),
    says("constructor", searchesFor("boats"), 1),
    says("constructor", { text: "lost", hold: "gate" }, 2),
    says("constructor", "about boats"),
  );
  const message = "@__proto__ @constructor hello";
  const post = scene.post(message, { key: "k" });
  await scene.models.wait({ calls: 3 });
  await flushed(scene, { steps: 2 });
  await lapse(scene);

  const again = await scene.post(message, { key: "k" });

  await scene.models.release("gate");
  expect((await post).status).toBe(409);
  expect(again.body.replies).toMatchObject([
    { agent_key: "__proto__", content: "I am first" },
    { agent_key: "constructor", content: "about boats" },
  ]);
  expect(await asked(scene)).toEqual(["__proto__", "constructor", "constructor", "constructor"]);
  expect(await scene.searched()).toEqual(["boats"]);
  await expectLedgerMatchesCalls(scene);
});
