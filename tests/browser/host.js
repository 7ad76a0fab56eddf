// A host for the App, put together from the reference bridge and the official client; the test reads what it notes.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { AppBridge, PostMessageTransport } from "@modelcontextprotocol/ext-apps/app-bridge";

const UI = "io.modelcontextprotocol/ui";
const noted = (window.noted = { calls: [], downloads: [], contexts: [], sizes: [], uri: null });

async function begin() {
  const options = JSON.parse(document.getElementById("options").textContent);
  const extensions = options.declares ? { [UI]: { mimeTypes: ["text/html;profile=mcp-app"] } } : undefined;
  const client = new Client({ name: "a-host", version: "1" }, { capabilities: { extensions } });
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", location.href)));
  const { tools } = await client.listTools();
  const tool = tools.find(({ name }) => name === "generate_image");
  noted.uri = tool._meta?.ui?.resourceUri ?? null;
  document.body.dataset.asked = "yes";
  if (!noted.uri) return;
  const { contents: [page] } = await client.readResource({ uri: noted.uri });
  noted.mimeType = page.mimeType;
  const bridge = new AppBridge(null, { name: "a-host", version: "1" }, options.capabilities, {
    hostContext: { theme: options.theme, displayMode: "inline", availableDisplayModes: ["inline"] },
  });
  bridge.oncalltool = (params) => { noted.calls.push(params); return client.callTool(params); };
  bridge.onreadresource = (params) => client.readResource(params);
  if (options.capabilities.downloadFile) bridge.ondownloadfile = async (params) => { noted.downloads.push(params.contents); return {}; };
  if (options.capabilities.updateModelContext) bridge.onupdatemodelcontext = async (params) => { noted.contexts.push(params); return {}; };
  const frame = document.getElementById("app");
  bridge.onsizechange = ({ height }) => { noted.sizes.push(height); frame.style.height = `${height}px`; };
  bridge.oninitialized = async () => {
    await bridge.sendToolInput({ arguments: options.arguments });
    document.body.dataset.waiting = "yes";
    bridge.sendToolResult(await client.callTool({ name: "generate_image", arguments: options.arguments }));
  };
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  const policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";
  frame.srcdoc = page.text.replace("<head>", `<head><meta http-equiv="Content-Security-Policy" content="${policy}">`);
}

begin().catch((error) => { document.getElementById("failed").textContent = error.message; });
