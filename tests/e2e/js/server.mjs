// The official Node server library. `twilio` is slow to load, so only for those who ask.

let made = null

async function service({ base_url, account_sid, auth_token, service_sid }) {
  if (made === null) {
    const { default: twilio } = await import('twilio')
    made = twilio(account_sid, auth_token)
    made.chat.baseUrl = base_url
  }
  return service_sid === undefined ? made.chat.v2.services : made.chat.v2.services(service_sid)
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
  for (const [name, ...rest] of path) at = await at[name](...rest)
  if (at === true || at === undefined) return at ?? null
  return Array.isArray(at) ? at.map(shown) : shown(at)
}
