// The unmodified `openai` package for Node. Give the page's address, a key and a file; `npm install openai` beside it.
import { writeFile } from "node:fs/promises";
import OpenAI from "openai";

const [address, apiKey, file] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${address}/v1`, apiKey });
const answer = await client.images.generate({ prompt: "un crabe à côté d’une barque", model: "gpt-image-1" });
await writeFile(file, Buffer.from(answer.data[0].b64_json, "base64"));
console.log("saved", file);
