// One vocabulary over all versions: channels, members and "consumed" are conversations, participants and "read" in the
// Conversations SDK. Channels are named by SID; what is returned are plain values.

import { channel, member, message, user, descriptor } from './twilio-values.mjs'

const EVENTS = {
  channelAdded: 'channel_added',
  channelJoined: 'channel_joined',
  channelInvited: 'channel_invited',
  channelLeft: 'channel_left',
  channelRemoved: 'channel_removed',
  memberJoined: 'member_joined',
  memberLeft: 'member_left',
  messageAdded: 'message_added',
  messageRemoved: 'message_removed',
  typingStarted: 'typing_started',
  typingEnded: 'typing_ended',
  userSubscribed: 'user_subscribed',
  userUnsubscribed: 'user_unsubscribed',
}
const UPDATES = {
  channelUpdated: ['channel_updated', 'channel'],
  memberUpdated: ['member_updated', 'member'],
  messageUpdated: ['message_updated', 'message'],
  userUpdated: ['user_updated', 'user'],
}
const VALUES = { channel, member, message, typing: member, user }

// As the Conversations SDK calls it.
const renamed = (name) => name.replace('channel', 'conversation').replace('member', 'participant')

export function face(Client, { token, uri, options = {} }, emit) {
  const client = new Client(token, { ...options, twilsock: { uri } })
  const conversations = typeof client.createConversation === 'function'
  const own = conversations ? renamed : (name) => name
  const pages = new Map() // by number: what `next` and `previous` turn
  let read = [] // what the last paginator held
  listen(client, own, emit)
  const ready = client.initialize ? client.initialize() : initialized(client)
  ready.catch(() => {})

  const get = (sid) => client[conversations ? 'getConversationBySid' : 'getChannelBySid'](sid)
  const call = async (sid, chatName, conversationsName, ...args) =>
    (await get(sid))[conversations ? conversationsName : chatName](...args)
  const members = (sid) => call(sid, 'getMembers', 'getParticipants')
  const messageAt = async (sid, index) => {
    const page = await call(sid, 'getMessages', 'getMessages', 1, index, 'forward')
    const found = page.items.find((each) => each.index === index)
    if (!found) throw new Error(`no message ${index}`)
    return found
  }
  const paged = (paginator, value) => {
    const number = pages.size + 1
    pages.set(number, [paginator, value])
    read = paginator.items
    return { page: number, items: read.map(value), next: paginator.hasNextPage, previous: paginator.hasPrevPage }
  }
  const all = async (paginator, value) => {
    const found = paginator.items.map(value)
    return paginator.hasNextPage ? [...found, ...(await all(await paginator.nextPage(), value))] : found
  }

  return {
    ready: async () => void (await ready),
    state: () => client.connectionState,
    me: async () => user(client.user),
    renew: async (args) => void (await client.updateToken(args.token)),
    shutdown: async () => void (await client.shutdown()),

    create_channel: async ({ friendly_name: friendlyName, unique_name: uniqueName, attributes, is_private: isPrivate }) => {
      const given = Object.entries({ friendlyName, uniqueName, attributes, isPrivate }).filter(([, v]) => v !== undefined)
      const wanted = Object.fromEntries(given.filter(([name]) => !conversations || name !== 'isPrivate'))
      return channel(await (conversations ? client.createConversation(wanted) : client.createChannel(wanted)))
    },
    channel: async ({ sid }) => channel(await get(sid)),
    channel_by_name: async ({ name }) =>
      channel(await client[conversations ? 'getConversationByUniqueName' : 'getChannelByUniqueName'](name)),
    channels: async () =>
      all(await client[conversations ? 'getSubscribedConversations' : 'getSubscribedChannels'](), channel),
    public_channels: async () => all(await client.getPublicChannelDescriptors(), descriptor),
    own_channels: async () => all(await client.getUserChannelDescriptors(), descriptor),
    join: async ({ sid }) => channel(await call(sid, 'join', 'join')),
    leave: async ({ sid }) => channel(await call(sid, 'leave', 'leave')),
    decline: async ({ sid }) => channel(await call(sid, 'decline', 'decline')),
    invite: async ({ sid, identity }) => void (await call(sid, 'invite', 'invite', identity)),
    delete_channel: async ({ sid }) => void (await call(sid, 'delete', 'delete')),
    update_channel: async ({ sid, ...changes }) => {
      const found = await get(sid)
      if ('attributes' in changes) await found.updateAttributes(changes.attributes)
      if ('friendly_name' in changes) await found.updateFriendlyName(changes.friendly_name)
      if ('unique_name' in changes) await found.updateUniqueName(changes.unique_name)
      if ('notification_level' in changes) await found.setUserNotificationLevel(changes.notification_level)
      return channel(found)
    },

    members: async ({ sid }) => (await members(sid)).map(member),
    add: async ({ sid, identity, attributes }) =>
      void (await call(sid, 'add', 'add', identity, ...(attributes === undefined ? [] : [attributes]))),
    remove: async ({ sid, member: who }) => void (await call(sid, 'removeMember', 'removeParticipant', who)),
    update_member: async ({ sid, identity, attributes }) => {
      const found = (await members(sid)).find((each) => each.identity === identity)
      return member(await found.updateAttributes(attributes))
    },
    counts: async ({ sid }) => ({
      members: await call(sid, 'getMembersCount', 'getParticipantsCount'),
      messages: await call(sid, 'getMessagesCount', 'getMessagesCount'),
    }),

    send: async ({ sid, body, attributes }) => call(sid, 'sendMessage', 'sendMessage', body, attributes),
    // Sends without waiting in between; the indexes in the order of the bodies.
    send_all: async ({ sid, bodies }) => {
      const found = await get(sid)
      return Promise.all(bodies.map((body) => found.sendMessage(body)))
    },
    send_media: async ({ sid, base64, content_type: contentType, attributes }) =>
      call(sid, 'sendMessage', 'sendMessage', { contentType, media: Buffer.from(base64, 'base64') }, attributes),
    media_url: async ({ sid, index }) => {
      const found = (await messageAt(sid, index)).media
      return (await found.getContentTemporaryUrl?.()) ?? (await found.getContentUrl())
    },
    messages: async ({ sid, size, anchor, direction }) =>
      paged(await call(sid, 'getMessages', 'getMessages', size, anchor, direction), message),
    turn: async ({ page, to }) => {
      const [paginator, value] = pages.get(page)
      return paged(await (to === 'next' ? paginator.nextPage() : paginator.prevPage()), value)
    },
    message: async ({ sid, index }) => message(await messageAt(sid, index)),
    edit: async ({ sid, index, ...changes }) => {
      const found = await messageAt(sid, index)
      if ('body' in changes) await found.updateBody(changes.body)
      if ('attributes' in changes) await found.updateAttributes(changes.attributes)
      return message(found)
    },
    delete_message: async ({ sid, index }) => void (await (await messageAt(sid, index)).remove()),

    read: ({ sid, index }) => call(sid, 'updateLastConsumedMessageIndex', 'updateLastReadMessageIndex', index),
    advance: ({ sid, index }) => call(sid, 'advanceLastConsumedMessageIndex', 'advanceLastReadMessageIndex', index),
    read_all: ({ sid }) => call(sid, 'setAllMessagesConsumed', 'setAllMessagesRead'),
    read_none: ({ sid }) => call(sid, 'setNoMessagesConsumed', 'setAllMessagesUnread'),
    unread: ({ sid }) => call(sid, 'getUnconsumedMessagesCount', 'getUnreadMessagesCount'),
    typing: async ({ sid }) => void (await call(sid, 'typing', 'typing')),

    user: async ({ identity }) => user(await client.getUser(identity)),
    user_of: async ({ sid, identity }) => user(await (await members(sid)).find((m) => m.identity === identity).getUser()),
    users: async ({ sid }) => Promise.all((await call(sid, 'getUserDescriptors', 'getUserDescriptors')).items?.map(user) ?? []),
    update_me: async (changes) => {
      if ('friendly_name' in changes) await client.user.updateFriendlyName(changes.friendly_name)
      if ('attributes' in changes) await client.user.updateAttributes(changes.attributes)
      return user(client.user)
    },

    register_push: async ({ type, token: id }) => void (await client.setPushRegistrationId(type, id)),
    unregister_push: async ({ type }) => void (await client.unsetPushRegistrationId(type)),
    parse_push: ({ payload }) => Client.parsePushNotification(payload),
  }
}

// From Chat 6 and Conversations 2 on a client starts by itself and says how that ended.
const initialized = (client) =>
  new Promise((resolve, reject) => {
    client.on('stateChanged', (state) => (state === 'initialized' ? resolve() : reject(new Error(state))))
  })

function listen(client, own, emit) {
  for (const [name, plain] of Object.entries(EVENTS)) {
    const kind = name.match(/^[a-z]+/)[0]
    client.on(own(name), (value) => emit(plain, VALUES[kind](value)))
  }
  for (const [name, [plain, kind]] of Object.entries(UPDATES)) {
    client.on(own(name), (args) => emit(plain, { reasons: args.updateReasons, ...VALUES[kind](args[own(kind)]) }))
  }
  client.on('connectionStateChanged', (state) => emit('connection_state', { state }))
  client.on('connectionError', ({ terminal, httpStatusCode, errorCode, message: text }) =>
    emit('connection_error', { terminal, status: httpStatusCode ?? null, code: errorCode ?? null, message: text }),
  )
  client.on('stateChanged', (state) => emit('state', { state }))
  client.on('tokenAboutToExpire', () => emit('token_about_to_expire', {}))
  client.on('tokenExpired', () => emit('token_expired', {}))
}
