// Begins every script of package.json. It must run in any Node, however old, to say in one line what is missing:
// so its syntax is of 2009. The scripts are TypeScript, and Node itself must strip the types.
// biome-ignore-all lint/complexity/useArrowFunction: see above
if (!process.features.typescript) {
  console.error(
    "Pantheon needs Node 22.18 or later, and this is Node " +
      process.versions.node +
      ". On Linux (x64, arm64) npm ci installs one; elsewhere install it yourself.",
  );
  process.exit(1);
}
