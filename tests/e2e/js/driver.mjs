// Official JavaScript clients, driven over JSON lines: commands on stdin, answers and events on stdout.
//
//   → {"id", "client", "op", "args"}                      one call
//   ← {"id", "result"} or {"id", "error": {code, message, temporary}}
//   ← {"client", "event": {"kind", …}}                    what happened to a client
//   ← {"client", "ask": n} → {"answer": n, "token"}       the library wants a token
//   ← {"client", "ask": n, "state": channel} → {"answer": n, "state": {offset, epoch}}

import { createInterface } from 'node:readline'
import { Centrifuge as CentrifugeJson, UnauthorizedError } from 'centrifuge'
import { Centrifuge as CentrifugeProtobuf } from 'centrifuge/build/protobuf'
import WebSocket from 'ws'
import { server } from './server.mjs'

const clients = new Map()
const questions = new Map()
let asked = 0

const tell = (message) => process.stdout.write(JSON.stringify(message) + '\n')

function ask(client, more = {}) {
  const number = ++asked
  tell({ client, ask: number, ...more })
  return new Promise((resolve) => questions.set(number, resolve))
}

// Protobuf payloads are bytes; the application sees JSON either way.
const codecs = {
  json: { encode: (value) => value, decode: (value) => value },
  protobuf: {
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (value) => (value === undefined || value === null || value.length === 0 ? null : JSON.parse(new TextDecoder().decode(value))),
  },
}

function create(name, { websocket, protobuf, data }) {
  const codec = protobuf ? codecs.protobuf : codecs.json
  const Client = protobuf ? CentrifugeProtobuf : CentrifugeJson
  const client = new Client(websocket, {
    websocket: WebSocket,
    getToken: async () => {
      const { token } = await ask(name)
      if (token === null) throw new UnauthorizedError('no token')
      return token
    },
    data: codec.encode(data),
    minReconnectDelay: 50,
    maxReconnectDelay: 1000,
    timeout: 60_000,
  })
  const event = (kind, more = {}) => tell({ client: name, event: { kind, ...more } })
  const publication = (ctx, channel) => ({ channel, data: codec.decode(ctx.data), offset: ctx.offset ?? 0 })
  const subscribed = (ctx, channel) => ({
    channel,
    data: codec.decode(ctx.data),
    offset: ctx.streamPosition?.offset ?? 0,
    epoch: ctx.streamPosition?.epoch ?? '',
    recovered: ctx.recovered,
    was_recovering: ctx.wasRecovering,
  })
  const coded = (ctx) => ({ code: ctx.code ?? 0, reason: ctx.reason ?? '' })
  client.on('connecting', (ctx) => event('connecting', coded(ctx)))
  client.on('connected', (ctx) => event('connected', { client: ctx.client, data: codec.decode(ctx.data) }))
  client.on('disconnected', (ctx) => event('disconnected', coded(ctx)))
  client.on('error', (ctx) => event('error', { code: ctx.error.code, reason: ctx.error.message }))
  client.on('subscribing', (ctx) => event('subscribing', { channel: ctx.channel }))
  client.on('subscribed', (ctx) => event('subscribed', subscribed(ctx, ctx.channel)))
  client.on('unsubscribed', (ctx) => event('unsubscribed', { channel: ctx.channel }))
  client.on('publication', (ctx) => event('publication', publication(ctx, ctx.channel)))

  function subscribe({ channel, state }) {
    let subscription = client.getSubscription(channel)
    if (subscription === null) {
      const getState = state ? async () => (await ask(name, { state: channel })).state : undefined
      subscription = client.newSubscription(channel, { getState, minResubscribeDelay: 50 })
      subscription.on('subscribing', (ctx) => event('subscribing', { channel, ...coded(ctx) }))
      subscription.on('subscribed', (ctx) => event('subscribed', subscribed(ctx, channel)))
      subscription.on('unsubscribed', (ctx) => event('unsubscribed', { channel, ...coded(ctx) }))
      subscription.on('publication', (ctx) => event('publication', publication(ctx, channel)))
      subscription.on('error', (ctx) => event('error', { channel, code: ctx.error.code, reason: ctx.error.message }))
    }
    subscription.subscribe()
  }

  return {
    connect: () => client.connect(),
    disconnect: () => client.disconnect(),
    rpc: async ({ method, params }) => codec.decode((await client.rpc(method, codec.encode(params))).data),
    send: ({ data }) => client.send(codec.encode(data)),
    // Calls of one turn leave in one frame.
    together: async ({ calls }) =>
      Promise.all(
        calls.map(async ([method, params]) => {
          try {
            return { result: codec.decode((await client.rpc(method, codec.encode(params))).data) }
          } catch (error) {
            return { error: error.code }
          }
        }),
      ),
    publish: async ({ channel, data }) => void (await client.publish(channel, codec.encode(data))),
    subscribe,
    unsubscribe: ({ channel }) => client.getSubscription(channel).unsubscribe(),
    history: async ({ channel, ...options }) => {
      const found = await client.history(channel, options)
      return {
        publications: found.publications.map((each) => ({ kind: 'publication', ...publication(each, channel) })),
        offset: found.offset,
        epoch: found.epoch,
      }
    },
    presence: async ({ channel }) => {
      const { clients: found } = await client.presence(channel)
      return Object.fromEntries(
        Object.entries(found).map(([id, info]) => [id, { user: info.user, info: codec.decode(info.connInfo) ?? null }]),
      )
    },
    presence_stats: async ({ channel }) => {
      const found = await client.presenceStats(channel)
      return [found.numClients, found.numUsers]
    },
  }
}

async function perform({ id, client, op, args }) {
  try {
    let result
    if (op === 'create') clients.set(client, create(client, args))
    else if (op === 'server') result = await server(args)
    else result = await clients.get(client)[op](args)
    tell({ id, result: result ?? null })
  } catch (error) {
    if (error.code === undefined) process.stderr.write(`${error.stack ?? error}\n`)
    tell({ id, error: { code: error.code ?? -1, message: String(error.message), temporary: error.temporary ?? false } })
  }
}

// The end of stdin is the end of the process.
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const message = JSON.parse(line)
    if (message.answer === undefined) {
      perform(message)
    } else {
      questions.get(message.answer)(message)
      questions.delete(message.answer)
    }
  })
  .on('close', () => process.exit(0))
