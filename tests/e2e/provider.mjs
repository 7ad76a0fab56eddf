// An identity provider of somebody else (npm: oidc-provider): anybody who types a name is let in by it. Its access
// tokens are JWTs for the audience that it is given. Prints its address, and serves until its stdin ends.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [audience] = process.argv.slice(1);
const SCOPE = "imgforge:generate imgforge:read imgforge:admin";

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clientDefaults: { application_type: "native", token_endpoint_auth_method: "none" },
  cookies: { keys: ["a test's own"] },
  scopes: ["openid", "offline_access", ...SCOPE.split(" ")],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: true },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: SCOPE, audience, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } }),
    },
  },
});
server.on("request", provider.callback());
console.log(issuer);
process.stdin.resume().on("end", () => process.exit());
