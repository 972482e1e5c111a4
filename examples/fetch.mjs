// Any browser, or Node 18 and later: draw, watch the line move, save. Give the page's address, a key and a file.
import { writeFile } from "node:fs/promises";

const [address, key, file] = process.argv.slice(2);
const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };

const body = JSON.stringify({ prompt: "a crab next to a boat on a beach" });
const made = await fetch(`${address}/v1/jobs`, { method: "POST", headers, body });
const job = await made.json();
if (!made.ok) throw new Error(`${job.reason}: ${job.detail}`);

const events = await fetch(`${address}/v1/jobs/${job.id}/events`, { headers });
let text = "";
for await (const piece of events.body.pipeThrough(new TextDecoderStream())) {
  const blocks = (text + piece).split("\n\n");
  text = blocks.pop();
  for (const block of blocks) {
    const { event, data } = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
    if (event === "queued") console.log("place", JSON.parse(data).place + 1);
    if (event === "failed") throw new Error(JSON.parse(data).message);
    if (event === "image") {
      const picture = await fetch(address + JSON.parse(data).url);
      await writeFile(file, Buffer.from(await picture.arrayBuffer()));
    }
  }
}
console.log("saved", file);
