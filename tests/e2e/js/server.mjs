// The official Node server library. `twilio` is slow to load, so only for those who ask.

const made = new Map()

async function service({ base_url, account_sid, auth_token, service_sid }) {
  if (!made.has(base_url)) {
    const { default: twilio } = await import('twilio')
    const client = twilio(account_sid, auth_token)
    client.chat.baseUrl = base_url
    made.set(base_url, client)
  }
  const { services } = made.get(base_url).chat.v2
  return service_sid === null ? services : services(service_sid)
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
})

/** A path of calls from the service: [["channels", "general"], ["messages"], ["create", {…}]]. */
export async function server({ path, ...account }) {
  let at = await service(account)
  for (const [name, ...rest] of path) {
    // Collections are properties that are also functions: without arguments they stand for themselves.
    at = rest.length === 0 && typeof at[name]?.create === 'function' ? at[name] : await at[name](...rest)
  }
  if (at === true || at === undefined) return at ?? null
  return Array.isArray(at) ? at.map(shown) : shown(at)
}
