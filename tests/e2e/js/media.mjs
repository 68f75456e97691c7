// Files through the media clients that the Twilio SDKs carry: what each of them saw, as one line of JSON.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const [token, url, foreignToken] = process.argv.slice(2);

async function newer() {
  const { Client } = require("@twilio/mcs-client");
  const client = new Client(token, url, `${url}Set`);
  const bytes = Buffer.from("\u0000binary\u00ff", "latin1");
  const posted = await client.post("image/png", bytes, "media", "kůň.png");
  const cached = await posted.getCachedContentUrl();
  const fetched = await client.get(posted.sid);
  const [listed] = await client.mediaSetGet([posted.sid]);
  const response = await fetch(await fetched.getContentUrl());
  return {
    sid: posted.sid,
    same: [fetched.sid, listed.sid].every((sid) => sid === posted.sid),
    state: posted.state,
    cached: Buffer.from(await (await fetch(cached)).arrayBuffer()).toString("latin1"),
    content: Buffer.from(await response.arrayBuffer()).toString("latin1"),
    type: response.headers.get("content-type"),
    missing: await failure(client.get("ME" + "0".repeat(32))),
    foreign: await failure(new Client(foreignToken, url, null).get(posted.sid)),
    expired: await failure(new Client("nonsense", url, null).get(posted.sid)),
  };
}

// This one puts a host of its own before the path: requests are sent where they would end up by DNS.
async function older() {
  const { Client } = require("twilio-mcs-client");
  const { Transport } = require("twilio-mcs-client/lib/services/transport.js");
  const { origin, pathname } = new URL(url);
  const here = (address) => address.replace(/^https:\/\/mcs\.us1\.twilio\.com/, origin);
  const real = new Transport();
  const transport = {
    get: (address, headers) => real.get(here(address), headers),
    post: (address, headers, body) => real.post(here(address), headers, body),
  };
  const client = new Client(token, pathname, { transport });
  const posted = await client.post("text/plain", "hello");
  const fetched = await client.get(posted.sid);
  return { state: posted.state, content: await (await fetch(await fetched.getContentUrl())).text() };
}

async function failure(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return { status: error.status, code: error.body?.code };
  }
}

console.log(JSON.stringify({ newer: await newer(), older: await older() }));
