// One version of a Twilio client SDK, started again and again. Arguments: the alias of its npm package, a file beside
// whose node_modules it is. JSON lines:
//
//   → {"start": {"uri", "token", "channels"}}   create a client, wait until so many channels are joined
//   ← {"ready", "joined"}                       seconds since before `create`; the client stays
//   → {"stop": true}                            ← {"stopped": true}
//   ← {"failed": text}                          in place of either answer

import { Console } from 'node:console'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

globalThis.console = new Console(process.stderr) // where the SDKs log
const [alias, beside] = process.argv.slice(2)
const { Client } = createRequire(beside)(alias)
const joinedEvent = alias.startsWith('conversations') ? 'conversationJoined' : 'channelJoined'
const tell = (message) => process.stdout.write(JSON.stringify(message) + '\n')
let client

async function start({ uri, token, channels }) {
  const began = performance.now()
  const since = () => (performance.now() - began) / 1000
  client = new Client(token, { twilsock: { uri } })
  const joined = new Set()
  const all = new Promise((resolve) => {
    client.on(joinedEvent, (channel) => joined.add(channel.sid).size >= channels && resolve(since()))
  })
  const ready = new Promise((resolve, reject) => {
    client.on('stateChanged', (state) => (state === 'initialized' ? resolve(since()) : reject(new Error(state))))
  })
  tell({ ready: await ready, joined: await all })
}

async function stop() {
  await client.shutdown()
  tell({ stopped: true })
}

const failed = (error) => tell({ failed: String(error?.stack ?? error) })

// The SDKs leave promises behind when a client is shut down.
process.on('unhandledRejection', (error) => process.stderr.write(`unhandled: ${error?.stack ?? error}\n`))

// The end of stdin is the end of the process.
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line)
    ;(command.start ? start(command.start) : stop()).catch(failed)
  })
  .on('close', () => process.exit(0))
