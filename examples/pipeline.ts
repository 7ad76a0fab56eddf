// A pipeline: starts imgforge-mcp as a child, has a picture drawn, and saves it whole.
// Needs: npm install @modelcontextprotocol/client
//
//   node pipeline.ts "a red fox in fresh snow" fox.png

import { writeFile } from "node:fs/promises";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

type Job = {
  state: string; job_id: string; error?: string; provider: string; model: string; cost_usd: number;
  assets: { asset_id: string; width: number; height: number }[];
};

const [prompt, path] = process.argv.slice(2);
const client = new Client({ name: "pipeline", version: "1.0.0" });
await client.connect(new StdioClientTransport({ command: "imgforge-mcp", args: [], env: process.env as Record<string, string> }));

const told = ({ content }: any): Job => JSON.parse(content[0].text);
let job = told(await client.callTool({ name: "generate_image", arguments: { prompt } }));
while (job.state === "queued" || job.state === "processing") {
  job = told(await client.callTool({ name: "check_job", arguments: { job_id: job.job_id, wait_seconds: 30 } }));
}
if (job.state !== "completed") throw new Error(job.error ?? "No picture came.");

const [asset] = job.assets;
const { contents } = await client.readResource({ uri: `imgforge://assets/${asset.asset_id}` });
await writeFile(path, Buffer.from((contents[0] as { blob: string }).blob, "base64"));
console.log(`${path}: ${asset.width}x${asset.height}, ${job.provider}/${job.model}, $${job.cost_usd}`);
await client.close();
