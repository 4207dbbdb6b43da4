import "./style/base.css";
import "./style/parts.css";
import "./style/rooms.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { takeTokenFromAddress } from "./auth/token.ts";

takeTokenFromAddress();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
