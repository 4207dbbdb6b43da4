import { useEffect, useState } from "preact/hooks";
import { noFeatures } from "./api/features.ts";
import { type Account, AccountContext, api } from "./app-context.ts";
import { SignIn } from "./auth/sign-in.tsx";
import { SignedIn } from "./auth/signed-in.tsx";
import { token } from "./auth/token.ts";
import { useCell } from "./cell.ts";
import { Lazy } from "./parts/lazy.tsx";
import { Empty } from "./parts/states.tsx";
import { TopBar } from "./parts/top-bar.tsx";
import { RoomsScreen } from "./rooms/rooms-screen.tsx";
import { currentPath, Link, type Place, pathOf, readPlace } from "./router.tsx";

export function App() {
  const isSignedIn = useCell(token) !== undefined;
  const place = readPlace(useCell(currentPath));
  if (place.screen === "signed-in" && !isSignedIn) return <SignedIn />;
  return isSignedIn ? <Console place={place} /> : <SignIn />;
}

function Console({ place }: { place: Place }) {
  const [signed, setSigned] = useState<Account>({ user: undefined, features: noFeatures, isOperator: false });
  useEffect(() => {
    // Neither stops a screen: without the first a name is missing, without the second what the server can do more.
    const keep = (part: Partial<Account>) => setSigned((known) => ({ ...known, ...part }));
    api.me().then((user) => keep({ user }), ignore);
    whenIdle(() => {
      // The next screen is most likely a room.
      void screens.room().catch(ignore);
      api.features().then((features) => {
        keep({ features });
        // To others the routes of operators do not exist.
        if (features.operator) api.asOperator().then(() => keep({ isOperator: true }), ignore);
      }, ignore);
    });
  }, []);
  return (
    <AccountContext.Provider value={signed}>
      <TopBar place={place} />
      <main id="main" class={`screen screen-${place.screen}`} tabIndex={-1}>
        <Screen place={place} />
      </main>
    </AccountContext.Provider>
  );
}

const ignore = () => undefined;
const idleMs = 1_000;

/** Loads what the first screen does not need, after the first screen is shown. */
function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(work, { timeout: idleMs });
  else setTimeout(work, idleMs);
}

const screens = {
  room: () => import("./room/room-screen.tsx").then(({ RoomScreen }) => RoomScreen),
  turn: () => import("./turn/turn-screen.tsx").then(({ TurnScreen }) => TurnScreen),
  usage: () => import("./usage/usage-screen.tsx").then(({ UsageScreen }) => UsageScreen),
  operator: () => import("./usage/operator-screen.tsx").then(({ OperatorScreen }) => OperatorScreen),
};

function Screen({ place }: { place: Place }) {
  switch (place.screen) {
    case "rooms":
    case "signed-in":
      return <RoomsScreen />;
    case "room":
      return <Lazy key={place.roomId} load={screens.room} props={place} />;
    case "turn":
      return <Lazy key={place.turnId} load={screens.turn} props={place} />;
    case "usage":
      return <Lazy load={screens.usage} props={{}} />;
    case "operator":
      return <Lazy load={screens.operator} props={{}} />;
    case "unknown":
      return (
        <Empty title="There is no such page.">
          <Link to={pathOf.rooms} class="button">
            To your rooms
          </Link>
        </Empty>
      );
  }
}
