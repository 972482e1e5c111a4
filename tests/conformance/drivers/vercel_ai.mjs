// Vercel's AI SDK: plays the scenes it is told on standard input, tells what it saw as JSON lines.
import { readFileSync } from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import * as ai from "ai";

const told = JSON.parse(readFileSync(0, "utf8"));
const generateImage = ai.generateImage ?? ai.experimental_generateImage;

// It asks again after a 429 whatever the answer says. This model heeds the answer, and keeps its other retries.
const heeding = (model) =>
  ai.wrapImageModel({
    model,
    middleware: {
      specificationVersion: "v3",
      wrapGenerate: async ({ doGenerate }) => {
        try {
          return await doGenerate();
        } catch (error) {
          if (error.responseHeaders?.["x-should-retry"] === "false") error.isRetryable = false;
          throw error;
        }
      },
    },
  });

async function play(scene, where) {
  const provider = createOpenAI({ baseURL: where.url, apiKey: where.key });
  // It knows no `steps`, asks for b64_json by itself, and splits n into calls of as many as it believes a model gives.
  const ask = (more = {}) =>
    generateImage({ model: provider.image("gpt-image-1"), prompt: "a red apple", ...more }).then((answer) => ({
      pictures: answer.images.map((one) => one.base64),
    }));
  switch (scene) {
    case "b64":
      return ask({ n: 2 });
    case "alias":
    case "rejoin":
      return ask();
    case "refusal":
      return ask({ prompt: told.refused });
    case "quota":
      return ask({ n: 4 });
    case "quota_once":
      return ask({ n: 4, maxRetries: 0 });
    case "quota_heeded":
      return ask({ n: 4, model: heeding(provider.image("gpt-image-1")) });
    case "overload":
      return { pictures: [...(await ask()).pictures, ...(await ask()).pictures] };
    case "overload_heeded": {
      const model = heeding(provider.image("gpt-image-1"));
      // Side by side, so that one is refused however long a picture takes.
      const both = await Promise.all([ask({ model }), ask({ model })]);
      return { pictures: both.flatMap((one) => one.pictures) };
    }
    case "edit":
      return ask({ prompt: { images: [Buffer.from(told.picture, "hex")], text: "a red apple" } });
    case "mask": {
      const [image, mask] = [told.picture, told.mask].map((hex) => Buffer.from(hex, "hex"));
      return ask({ prompt: { images: [image], mask, text: "a red apple" } });
    }
    default:
      return { lacks: scene };
  }
}

for (const [scene, where] of Object.entries(told.scenes)) {
  const began = Date.now();
  let seen;
  try {
    seen = await play(scene, where);
  } catch (raised) {
    // After its retries it wraps the last error.
    const last = raised.lastError ?? raised;
    const code = last.data?.error?.code ?? null;
    const about = { class: raised.constructor.name, status: last.statusCode ?? null, code };
    seen = { error: { ...about, message: String(raised.message).slice(0, 300) } };
  }
  console.log(JSON.stringify({ scene, seconds: (Date.now() - began) / 1000, ...seen }));
}
