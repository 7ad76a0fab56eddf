// Log-in with the TypeScript SDK's own OAuth client, then a drawing, printed as JSON.
// Arguments: the SDK's line (1 or 2), the server's MCP address, a Python and the person's script, the key.
import { execFileSync } from "node:child_process";

const [line, target, python, person, key] = process.argv.slice(2);
const { Client, StreamableHTTPClientTransport } = await (line === "1" ? clientOne() : import("@modelcontextprotocol/client"));

async function clientOne() {
  return {
    ...(await import("@modelcontextprotocol/sdk/client/index.js")),
    ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
  };
}

const kept = {};
const provider = {
  redirectUrl: "http://127.0.0.1:40000/callback",
  clientMetadata: { client_name: "TypeScript", redirect_uris: ["http://127.0.0.1:40000/callback"] },
  state: () => "a-state",
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  redirectToAuthorization: (url) => { kept.url = url.href; },
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  codeVerifier: () => kept.verifier,
};
const transport = () => new StreamableHTTPClientTransport(new URL(target), { authProvider: provider });
const client = () => new Client({ name: "visitor", version: "1.0.0" });

const first = transport();
let refused = "";
try { await client().connect(first); } catch (error) { refused = error.constructor.name; }
const place = new URL(execFileSync(python, [person, kept.url, key], { encoding: "utf-8" }));
await first.finishAuth(line === "1" ? place.searchParams.get("code") : place.searchParams); // 2.x looks at `iss` too
const visitor = client();
await visitor.connect(transport());
const drawn = await visitor.callTool({ name: "generate_image", arguments: { prompt: "a lake", width: 256, height: 256 } });
await visitor.close();
console.log(JSON.stringify({ refused, drawn, client: kept.client, tokens: Object.keys(kept.tokens) }));
