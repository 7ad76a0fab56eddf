// A visit to the server with the TypeScript SDK, printed as JSON.
// Arguments: the SDK's line (1 or 2), the transport, and the target: a URL, or the server's entry in the example file.
const [line, transport, target] = process.argv.slice(2);

async function clientOne() {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
  const { SSEClientTransport } = await import("@modelcontextprotocol/sdk/client/sse.js");
  const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  return { Client, StdioClientTransport, SSEClientTransport, StreamableHTTPClientTransport };
}

async function clientTwo() {
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  return { ...(await import("@modelcontextprotocol/client")), StdioClientTransport };
}

const sdk = await (line === "1" ? clientOne() : clientTwo());
const open = {
  stdio: () => new sdk.StdioClientTransport(JSON.parse(target)),
  sse: () => new sdk.SSEClientTransport(new URL(target)),
  http: () => new sdk.StreamableHTTPClientTransport(new URL(target)),
};
const options = line === "2" ? { versionNegotiation: { mode: "auto" } } : {};
const client = new sdk.Client({ name: "visitor", version: "1.0.0" }, options);
await client.connect(open[transport]());

const call = (name, values) => client.callTool({ name, arguments: values });
const { tools } = await client.listTools();
const drawn = await call("generate_image", { prompt: "a lake at dawn", width: 256, height: 256 });
const { job_id, assets } = JSON.parse(drawn.content[0].text);
const models = await call("list_models", {});
const job = await call("check_job", { job_id });
const picture = await client.readResource({ uri: `imgforge://assets/${assets[0].asset_id}` });
const protocol = client.getNegotiatedProtocolVersion?.();
await client.close();
console.log(JSON.stringify({ tools, drawn, models, job, picture, protocol }));
