// OpenAI's own client for JavaScript against our gateway, printed as JSON. Arguments: base URL, key, a picture's path.
import fs from "node:fs";
import OpenAI, { toFile } from "openai";

const [baseURL, apiKey, path] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const made = await client.images.generate({ model: "auto", prompt: "a red fox", size: "1024x1024", n: 2 });
const inline = await client.images.generate({ model: "auto", prompt: "a red fox", response_format: "b64_json" });
const image = await toFile(fs.createReadStream(path), "fox.png", { type: "image/png" });
const edited = await client.images.edit({ model: "auto", image, prompt: "make it night" });
const events = [];
for await (const event of await client.images.generate({ model: "auto", prompt: "a red fox", stream: true })) {
  events.push(event.type);
}
const models = [];
for await (const model of client.models.list()) models.push(model.id);
const errors = [];
for (const [other, body] of [
  [client, { model: "auto", prompt: "a fox", size: "huge" }],
  [new OpenAI({ baseURL, apiKey: "imgf_live_wrong", maxRetries: 0 }), { model: "auto", prompt: "a fox" }],
]) {
  try { await other.images.generate(body); } catch (error) {
    errors.push({ kind: error.constructor.name, message: error.message, code: error.code });
  }
}
console.log(JSON.stringify({
  urls: made.data.map((each) => each.url),
  inline: Buffer.from(inline.data[0].b64_json, "base64").length,
  edited: edited.data[0].url,
  events, models, errors,
}));
