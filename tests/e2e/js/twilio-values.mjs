// The SDKs' objects as plain values with the same names in all versions.

const date = (value) => (value ? new Date(value).toISOString() : null)
const orNull = (value) => value ?? null

export const channel = (it) => ({
  sid: it.sid,
  unique_name: orNull(it.uniqueName),
  friendly_name: orNull(it.friendlyName),
  attributes: it.attributes,
  status: it.status,
  type: orNull(it.type),
  created_by: orNull(it.createdBy),
  date_created: date(it.dateCreated),
  date_updated: date(it.dateUpdated),
  notification_level: orNull(it.notificationLevel),
  last_read: orNull(it.lastConsumedMessageIndex ?? it.lastReadMessageIndex),
  last_message: it.lastMessage ? { index: it.lastMessage.index, date: date(it.lastMessage.dateCreated ?? it.lastMessage.timestamp) } : null,
})

export const descriptor = (it) => ({
  sid: it.sid,
  unique_name: orNull(it.uniqueName),
  friendly_name: orNull(it.friendlyName),
  attributes: it.attributes,
  created_by: orNull(it.createdBy),
  status: orNull(it.status),
  members_count: orNull(it.membersCount),
  messages_count: orNull(it.messagesCount),
  last_read: orNull(it.lastConsumedMessageIndex),
  type: orNull(it.type),
})

export const member = (it) => ({
  sid: it.sid,
  identity: it.identity,
  channel: (it.channel ?? it.conversation)?.sid ?? null,
  attributes: it.attributes,
  role: orNull(it.roleSid),
  type: orNull(it.type),
  is_typing: it.isTyping,
  last_read: orNull(it.lastConsumedMessageIndex ?? it.lastReadMessageIndex),
  last_read_at: date(it.lastConsumptionTimestamp ?? it.lastReadTimestamp),
})

export const media = (it) =>
  it ? { sid: it.sid, content_type: it.contentType, filename: orNull(it.filename), size: it.size } : null

export const message = (it) => ({
  sid: it.sid,
  index: it.index,
  channel: (it.channel ?? it.conversation)?.sid ?? null,
  author: it.author,
  body: orNull(it.body),
  attributes: it.attributes,
  type: it.type,
  member: orNull(it.memberSid ?? it.participantSid),
  date_created: date(it.dateCreated ?? it.timestamp),
  date_updated: date(it.dateUpdated),
  last_updated_by: orNull(it.lastUpdatedBy),
  media: media(it.media ?? it.attachedMedia?.[0]),
})

export const user = (it) => ({
  identity: it.identity,
  friendly_name: orNull(it.friendlyName),
  attributes: it.attributes,
  online: orNull(it.online ?? it.isOnline),
  notifiable: orNull(it.notifiable ?? it.isNotifiable),
})
