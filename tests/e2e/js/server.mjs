// The official Node server library. `twilio` is slow to load, so only for those who ask.

const made = new Map()

async function client({ base_url, account_sid, auth_token, product }) {
  if (!made.has(base_url)) {
    const { default: twilio } = await import('twilio')
    const client = twilio(account_sid, auth_token)
    client[product].baseUrl = base_url
    made.set(base_url, client)
  }
  return made.get(base_url)
}

async function start({ product = 'chat', service_sid, ...account }) {
  const { chat, conversations } = await client({ product, ...account })
  if (product === 'conversations') return service_sid === null ? conversations.v1 : conversations.v1.services(service_sid)
  return service_sid === null ? chat.v2.services : chat.v2.services(service_sid)
}

// What the tests compare, in plain values.
const shown = (each) => ({
  sid: each.sid,
  uniqueName: each.uniqueName,
  identity: each.identity,
  friendlyName: each.friendlyName,
  body: each.body,
  from: each.from,
  index: each.index,
  type: each.type,
  attributes: each.attributes,
  dateCreated: each.dateCreated instanceof Date ? each.dateCreated.toISOString() : undefined,
  author: each.author,
  conversationSid: each.conversationSid,
  delivery: each.delivery,
  media: each.media,
  messagingBinding: each.messagingBinding,
  participantSid: each.participantSid,
  state: each.state,
  timers: each.timers,
})

/** A path of calls from the service, or from all of the product: [["channels", "general"], ["messages"], ["create", {…}]]. */
export async function server({ path, ...account }) {
  let at = await start(account)
  for (const [name, ...rest] of path) {
    // Collections are properties, most of them also functions: without arguments they stand for themselves.
    const collection = typeof at[name]?.create === 'function' || typeof at[name]?.list === 'function'
    at = rest.length === 0 && collection ? at[name] : await at[name](...rest)
  }
  if (at === true || at === undefined) return at ?? null
  return Array.isArray(at) ? at.map(shown) : shown(at)
}
