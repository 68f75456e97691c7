// One version of the Twilio client SDKs, driven over JSON lines: commands on stdin, answers and events on stdout.
// Its only argument is the alias of the npm package.
//
//   → {"id", "client", "op", "args"}
//   ← {"id", "result"} or {"id", "error": {code, status, message}}
//   ← {"client", "event", "data"}

import { Console } from 'node:console'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { face } from './twilio-face.mjs'

globalThis.console = new Console(process.stderr) // where the SDKs log
const { Client } = createRequire(import.meta.url)(process.argv[2])
const clients = new Map()

const tell = (message) => process.stdout.write(JSON.stringify(message) + '\n')

function refusal(error) {
  return {
    code: error?.body?.code ?? error?.code ?? -1,
    status: error?.status ?? error?.httpStatusCode ?? 0,
    message: String(error?.message ?? error),
  }
}

async function perform({ id, client, op, args }) {
  try {
    let result = null
    if (op === 'create') clients.set(client, face(Client, args, (event, data) => tell({ client, event, data })))
    else result = await clients.get(client)[op](args)
    tell({ id, result: result ?? null })
  } catch (error) {
    if (process.env.DEBUG) process.stderr.write(`${op}: ${error?.stack ?? error}\n`)
    tell({ id, error: refusal(error) })
  }
}

// The SDKs leave promises behind when a client cannot connect.
process.on('unhandledRejection', (error) => process.stderr.write(`unhandled: ${error?.stack ?? error}\n`))

// The end of stdin is the end of the process.
createInterface({ input: process.stdin })
  .on('line', (line) => perform(JSON.parse(line)))
  .on('close', () => process.exit(0))
