// rate-limiter-flexible from npm on the store of a URL, measured as peers.py measures the others.
//
//     node bench/quota/peer.mjs REDIS_URL CALLS        (where npm has installed rate-limiter-flexible and ioredis)

import { RateLimiterRedis } from "rate-limiter-flexible";
import Redis from "ioredis";

const ACCOUNTS = 1000;
const IN_FLIGHT = 64;
const ROUNDS = 3;
const [url, calls] = [process.argv[2], Number(process.argv[3])];
const storeClient = new Redis(url);
const limiters = new Map();

async function check(account, limit, cost = 1) {
  if (!limiters.has(limit)) {
    limiters.set(limit, new RateLimiterRedis({ storeClient, points: limit, duration: 60, keyPrefix: `rlf${limit}` }));
  }
  try {
    await limiters.get(limit).consume(account, cost);
    return true;
  } catch (refusal) {
    if (refusal instanceof Error) throw refusal;
    return false;
  }
}

async function round(what, limit, calls) {
  let next = 0;
  const work = async () => {
    while (next < calls) await check(`${what}-${next++ % ACCOUNTS}`, limit);
  };
  const before = process.cpuUsage();
  const began = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  const spent = process.cpuUsage(before);
  return { rate: calls / ((performance.now() - began) / 1000), micros: (spent.user + spent.system) / calls };
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const spent = await check("charge", 10, 8);
const asked = await check("charge", 10, 5);
const then = await check("charge", 10, 2);
if (!spent || asked) throw new Error("the limit does not limit");
const found = { peer: "rate-limiter-flexible", charges_refused: !then };
for (const [what, limit] of [["allowed", 1000000], ["refused", 1]]) {
  await round(what, limit, ACCOUNTS);
  const rounds = [];
  for (let n = 0; n < ROUNDS; n++) rounds.push(await round(what, limit, calls));
  found[what] = { rate: median(rounds.map((one) => one.rate)), micros: median(rounds.map((one) => one.micros)) };
}
console.log(JSON.stringify(found));
await storeClient.quit();
