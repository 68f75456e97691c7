// What servers do with Chat through the official Node library: `node server-stories.mjs STORY URL`.

import assert from 'node:assert/strict'
import twilio from 'twilio'

const CHANNELS = 300
const ATTRIBUTES = [
  '{ "foo" : "bar" }',
  '{"b":1,"a":2,"a":3}',
  '  [1.0, 1e3, -0, 12345678901234567890]\n',
  '"\\u00e9 é \u{1f600} \\ud83d\\ude00 \\/"',
  'null',
  '{\t}',
]

const sids = (things) => things.map(({ sid }) => sid)

async function refused(status, code, action) {
  await assert.rejects(action, (error) => {
    assert.deepEqual([error.status, error.code], [status, code], error.message)
    return true
  })
}

/** Runs a story in a service of its own. */
const inService = (story) => async (client) => {
  const { sid } = await client.chat.v2.services.create({ friendlyName: 'Story' })
  try {
    await story(client.chat.v2.services(sid), client, sid)
  } finally {
    assert.equal(await client.chat.v2.services(sid).remove(), true)
  }
}

async function onboarding(client) {
  const made = await client.chat.v2.services.create({ friendlyName: 'Clinic' })
  assert.ok(made.dateCreated instanceof Date)
  const service = client.chat.v2.services(made.sid)
  assert.ok(sids(await client.chat.v2.services.list()).includes(made.sid))
  const guest = await service.roles.create({ friendlyName: 'guest', type: 'deployment', permission: ['joinChannel'] })
  const reader = await service.roles.create({ friendlyName: 'reader', type: 'channel', permission: ['leaveChannel'] })
  const taught = await service.roles(reader.sid).update({ permission: ['leaveChannel', 'sendMessage'] })
  assert.deepEqual(taught.permissions, ['leaveChannel', 'sendMessage'])
  const changed = await service.update({
    friendlyName: 'Clinic 2',
    defaultServiceRoleSid: guest.sid,
    defaultChannelRoleSid: reader.sid,
    reachabilityEnabled: true,
    webhookFilters: ['onMessageSent', 'onUserAdded'],
    'limits.channelMembers': 50,
    'limits.userChannels': 60,
    'notifications.newMessage.enabled': true,
  })
  assert.deepEqual([changed.friendlyName, changed.reachabilityEnabled], ['Clinic 2', true])
  assert.deepEqual(changed.limits, { channel_members: 50, user_channels: 60 })
  assert.deepEqual(changed.webhookFilters, ['onMessageSent', 'onUserAdded'])
  assert.equal((await service.users.create({ identity: 'ann' })).roleSid, guest.sid)
  await refused(409, 50201, () => service.users.create({ identity: 'ann' }))
  await refused(409, 20409, () => service.roles(guest.sid).remove())
  const credential = await client.chat.v2.credentials.create({ type: 'fcm', friendlyName: 'phones', secret: 'a-key' })
  assert.equal((await client.chat.v2.credentials(credential.sid).update({ friendlyName: 'x' })).friendlyName, 'x')
  assert.equal(await client.chat.v2.credentials(credential.sid).remove(), true)
  assert.equal(await service.remove(), true)
  await refused(404, 20404, () => service.fetch())
}

const privateChannelWithRoles = inService(async (service) => {
  const permission = ['sendMessage', 'removeMember', 'deleteAnyMessage']
  const teacher = await service.roles.create({ friendlyName: 'teacher', type: 'channel', permission })
  const dateCreated = new Date('2015-07-30T20:00:00Z')
  const made = await service.channels.create({ uniqueName: 'class-7b', type: 'private', dateCreated, createdBy: 'ms-lee' })
  const room = service.channels('class-7b')
  assert.deepEqual([(await room.fetch()).sid, made.type, made.dateCreated], [made.sid, 'private', dateCreated])
  await room.members.create({ identity: 'ms-lee', roleSid: teacher.sid })
  for (const identity of ['pia', 'quentin']) await room.members.create({ identity })
  const pupil = (await service.fetch()).defaultChannelRoleSid
  const roles = Object.fromEntries((await room.members.list()).map(({ identity, roleSid }) => [identity, roleSid]))
  assert.deepEqual(roles, { 'ms-lee': teacher.sid, pia: pupil, quentin: pupil })
  assert.equal((await room.members('pia').update({ roleSid: teacher.sid })).roleSid, teacher.sid)
  await refused(409, 50404, () => room.members.create({ identity: 'pia' }))
  assert.deepEqual(sids(await service.channels.list({ type: ['private'] })), [made.sid])
  assert.deepEqual(await service.channels.list({ type: ['public'] }), [])
  const own = await service.users('pia').userChannels.list()
  assert.deepEqual(own.map(({ channelSid, status }) => [channelSid, status]), [[made.sid, 'joined']])
  const muted = await service.users('pia').userChannels(made.sid).update({ notificationLevel: 'muted' })
  assert.equal(muted.notificationLevel, 'muted')
  assert.equal(await service.roles(teacher.sid).remove(), true)
  assert.equal((await room.members('ms-lee').fetch()).roleSid, pupil)
  assert.equal(await room.remove(), true)
})

const moderation = inService(async (service) => {
  const room = service.channels((await service.channels.create()).sid)
  for (const identity of ['troll', 'ann']) await room.members.create({ identity })
  const spam = []
  for (const body of ['spam 0', 'spam 1', 'spam 2']) spam.push(await room.messages.create({ from: 'troll', body }))
  const edited = await room.messages(spam[0].sid).update({ body: '***', lastUpdatedBy: 'moderator' })
  assert.deepEqual([edited.body, edited.wasEdited, edited.lastUpdatedBy, edited.from], ['***', true, 'moderator', 'troll'])
  assert.equal(await room.messages(spam[1].sid).remove(), true)
  await refused(404, 20404, () => room.messages(spam[1].sid).fetch())
  assert.equal(await room.members('troll').remove(), true)
  await refused(404, 20404, () => room.members('troll').fetch())
  const { membersCount, messagesCount } = await room.fetch()
  assert.deepEqual([membersCount, messagesCount], [1, 2])
  const late = await room.messages.create({ from: 'ann', body: 'Thanks' })
  assert.deepEqual((await room.messages.list()).map(({ index }) => index), [0, 2, late.index])
})

const invites = inService(async (service) => {
  const room = service.channels((await service.channels.create({ type: 'private' })).sid)
  await refused(404, 20404, () => room.invites.create({ identity: 'ann' }))
  for (const identity of ['ann', 'bob']) await service.users.create({ identity })
  const made = await room.invites.create({ identity: 'ann' })
  const other = await room.invites.create({ identity: 'bob' })
  assert.equal(made.createdBy, 'system')
  await refused(409, 50212, () => room.invites.create({ identity: 'ann' }))
  assert.deepEqual(sids(await room.invites.list({ identity: ['bob', 'nobody'] })), [other.sid])
  assert.deepEqual((await service.users('ann').userChannels.list()).map(({ status }) => status), ['invited'])
  await room.members.create({ identity: 'ann' })
  assert.equal(await room.invites(other.sid).remove(), true)
  assert.deepEqual(await room.invites.list(), [])
})

const pagingOfChannels = inService(async (service) => {
  const made = []
  for (let number = 0; number < CHANNELS; number += 1) {
    made.push((await service.channels.create({ type: number % 3 ? 'private' : 'public' })).sid)
  }
  assert.deepEqual(sids(await service.channels.list()), made)
  assert.deepEqual(sids(await service.channels.list({ limit: 120, pageSize: 50 })), made.slice(0, 120))
  assert.deepEqual(sids(await service.channels.list({ limit: 1000 })), made)
  const open = sids(await service.channels.list({ type: ['public'], pageSize: 20 }))
  assert.deepEqual(open, made.filter((_, number) => number % 3 === 0))
  const first = await service.channels.page({ pageSize: 100 })
  const second = await first.nextPage()
  assert.deepEqual(sids(second.instances), made.slice(100, 200))
  assert.deepEqual(sids((await second.previousPage()).instances), made.slice(0, 100))
})

const attributesByteForByte = inService(async (service) => {
  const room = service.channels((await service.channels.create()).sid)
  await service.users.create({ identity: 'ann' })
  await room.members.create({ identity: 'ann' })
  const message = await room.messages.create({ body: 'x' })
  for (const attributes of ATTRIBUTES) {
    assert.equal((await service.channels.create({ attributes })).attributes, attributes)
    for (const thing of [room, service.users('ann'), room.members('ann'), room.messages(message.sid)]) {
      assert.equal((await thing.update({ attributes })).attributes, attributes)
      assert.equal((await thing.fetch()).attributes, attributes)
    }
  }
  await refused(400, 50304, () => room.update({ attributes: '{' }))
  await refused(400, 50303, () => room.update({ attributes: JSON.stringify('x'.repeat(20000)) }))
})

const olderVersions = inService(async (service, client, sid) => {
  const v1 = client.chat.v1.services(sid)
  const alias = client.ipMessaging.v2.services(sid)
  await v1.channels.create({ uniqueName: 'old', type: 'public' })
  await alias.channels('old').messages.create({ from: 'ann', body: 'from IP Messaging' })
  await v1.channels('old').messages.create({ body: 'from version 1' })
  const bodies = (await service.channels('old').messages.list()).map(({ body }) => body)
  assert.deepEqual(bodies, ['from IP Messaging', 'from version 1'])
  const migrated = await client.chat.v3.channels(sid, 'old').update({ type: 'private' })
  assert.equal(migrated.type, 'private')
  assert.equal((await v1.channels('old').fetch()).type, 'private')
})

const stories = {
  onboarding,
  privateChannelWithRoles,
  moderation,
  invites,
  pagingOfChannels,
  attributesByteForByte,
  olderVersions,
}

const [story, url] = process.argv.slice(2)
const client = twilio(process.env.STORY_ACCOUNT, process.env.STORY_SECRET)
client.chat.baseUrl = `${url}/chat`
client.ipMessaging.baseUrl = `${url}/ip-messaging`
await stories[story](client)
