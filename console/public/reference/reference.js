// What would call home is off; the page's policy refuses it besides.
window.Scalar.createApiReference("#reference", {
  url: "/api/v1/openapi.json",
  agent: { disabled: true, hideAddApi: true },
  mcp: { disabled: true },
  telemetry: false,
  showDeveloperTools: "never",
  hideClientButton: true,
  withDefaultFonts: false,
  persistAuth: false,
  proxyUrl: "",
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  authentication: { preferredSecurityScheme: "bearer" },
});
