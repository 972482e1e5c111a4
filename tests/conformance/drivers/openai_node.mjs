// openai-node 6 and 7: plays the scenes it is told on standard input, tells what it saw as JSON lines.
import { readFileSync } from "node:fs";
import OpenAI, { toFile } from "openai";

const told = JSON.parse(readFileSync(0, "utf8"));
const own = { model: "fournil-mini", prompt: "a red apple", steps: 4 };

async function play(scene, client) {
  const images = client.images;
  const shown = (answer) => ({ pictures: answer.data.map((one) => one.b64_json ?? one.url) });
  switch (scene) {
    case "b64":
      return shown(await images.generate({ ...own, n: 2, response_format: "b64_json" }));
    case "url":
      return shown(await images.generate({ ...own, n: 2, response_format: "url" }));
    case "alias":
      return shown(await images.generate({ ...own, model: "gpt-image-1" }));
    case "stream":
    case "stream_refused": {
      const prompt = scene === "stream" ? own.prompt : told.refused;
      const events = [];
      for await (const event of await images.generate({ ...own, prompt, stream: true, partial_images: 2 })) {
        events.push(event);
      }
      return { events: events.map((one) => one.type), pictures: [events.at(-1)?.b64_json] };
    }
    case "refusal":
      return shown(await images.generate({ ...own, prompt: told.refused }));
    case "quota":
      return shown(await images.generate({ ...own, n: 4 }));
    case "overload":
      return { pictures: [(await images.generate(own)).data[0].url, (await images.generate(own)).data[0].url] };
    case "rejoin":
      return shown(await images.generate({ ...own, steps: 60 }));
    case "edit": {
      const image = await toFile(Buffer.from(told.picture, "hex"), "boat.png", { type: "image/png" });
      return shown(await images.edit({ image, prompt: own.prompt, steps: 4, strength: 0.5 }));
    }
    case "mask": {
      const [image, mask] = await Promise.all(
        [told.picture, told.mask].map((hex, at) =>
          toFile(Buffer.from(hex, "hex"), ["boat.png", "mask.png"][at], { type: "image/png" })),
      );
      return shown(await images.edit({ image, mask, prompt: own.prompt, steps: 4 }));
    }
    case "models": {
      const models = [];
      for await (const one of client.models.list()) models.push(one.id);
      return { models, retrieved: (await client.models.retrieve("fournil-mini")).id };
    }
    case "moderations":
      return { moderations: await moderations(client.moderations) };
    default:
      return { lacks: scene };
  }
}

// The answers, by the form in which was asked.
async function moderations(moderator) {
  const ask = async (wish) => {
    const answer = await moderator.create(wish);
    return { ...answer, request_id: answer._request_id };
  };
  const [url, text] = [`data:image/png;base64,${Buffer.from(told.picture, "hex").toString("base64")}`, told.texts[1]];
  const part = { type: "image_url", image_url: { url } };
  const texts = [];
  for (const input of told.texts) texts.push(await ask({ input }));
  return {
    text: texts,
    list: [await ask({ input: told.texts, model: "omni-moderation-latest" })],
    parts: [await ask({ input: [part] }), await ask({ input: [part, { type: "text", text }] })],
  };
}

for (const [scene, where] of Object.entries(told.scenes)) {
  const began = Date.now();
  const client = new OpenAI({ baseURL: where.url, apiKey: where.key, timeout: 60_000 });
  let seen;
  try {
    seen = await play(scene, client);
  } catch (raised) {
    const { status = null, code = null, message } = raised;
    seen = { error: { class: raised.constructor.name, status, code, message: String(message).slice(0, 300) } };
  }
  console.log(JSON.stringify({ scene, seconds: (Date.now() - began) / 1000, ...seen }));
}
