import { useAccount } from "../app-context.ts";
import { signOut } from "../auth/token.ts";
import { Link, type Place, pathOf } from "../router.tsx";

export function TopBar({ place }: { place: Place }) {
  const { user, features, isOperator } = useAccount();
  const links = [
    { to: pathOf.rooms, label: "Rooms", isShown: true, isHere: ["rooms", "room", "turn"] },
    { to: pathOf.usage, label: "Usage", isShown: features.usage, isHere: ["usage"] },
    { to: pathOf.operator, label: "Operator", isShown: isOperator, isHere: ["operator"] },
  ];
  return (
    <header class="top">
      <a class="skip" href="#main">
        To the content
      </a>
      <Link to={pathOf.rooms} class="brand" aria-label="Pantheon, to your rooms">
        <img src="/icon.svg" alt="" width="24" height="24" />
        <span>Pantheon</span>
      </Link>
      <nav class="top-links" aria-label="Main">
        {links
          .filter(({ isShown }) => isShown)
          .map(({ to, label, isHere }) => (
            <Link key={to} to={to} aria-current={isHere.includes(place.screen) ? "page" : undefined}>
              {label}
            </Link>
          ))}
        <a href="/reference/">API</a>
      </nav>
      <div class="top-user">
        <span class="top-name" title={user?.user_id}>
          {user?.email ?? user?.user_id}
        </span>
        <button type="button" class="button button-quiet" onClick={() => signOut("left")}>
          Sign out
        </button>
      </div>
    </header>
  );
}
